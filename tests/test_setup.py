"""The set-up: what the locks promise, and that a step runs when its inputs change and only then."""

from __future__ import annotations

import importlib.util
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parent.parent
LOCKS = ("requirements.lock", "requirements-dev.lock", "requirements-node.lock")


def pins(lock: str) -> dict[str, str]:
    """Package → version of a lock."""
    found = re.findall(r"^([a-z0-9._-]+)==(\S+)", (ROOT / lock).read_text("utf-8"), re.MULTILINE)
    return dict(found)


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_has_a_hash_for_every_package_and_names_no_host_or_path(lock: str) -> None:
    text = (ROOT / lock).read_text("utf-8")
    blocks = re.split(r"\n(?=[a-z0-9])", text.strip())
    assert len(blocks) == len(pins(lock))
    assert all("--hash=sha256:" in block for block in blocks)
    assert not re.search(r"https?://|file:|--index-url|--find-links|(?<![\w.])/\w+/", text)


def test_what_both_locks_pin_is_pinned_to_the_same_version() -> None:
    product, developer = pins("requirements.lock"), pins("requirements-dev.lock")
    assert product.items() <= developer.items()


def test_every_package_the_project_asks_for_is_in_its_lock() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]

    def names(requirements: list[str]) -> set[str]:
        return {re.split(r"[\[<>=;~! ]", requirement)[0].lower() for requirement in requirements}

    extras = project["optional-dependencies"]
    assert names(project["dependencies"]) | names(extras["build"]) <= pins("requirements.lock").keys()
    assert names(extras["dev"]) <= pins("requirements-dev.lock").keys()
    assert names(extras["node"]) <= pins("requirements-node.lock").keys()


def test_the_makefile_has_the_stable_commands() -> None:
    text = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z0-9]+):", text, re.MULTILINE))
    assert targets == {"demo", "install", "test", "check", "fix", "e2e", "load", "docs", "clean"}


@pytest.fixture
def stamps(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """The set-up's `stamps` module, at work in an empty folder."""
    monkeypatch.syspath_prepend(str(ROOT / "setup"))
    before = set(sys.modules)
    spec = importlib.util.spec_from_file_location("stamps", ROOT / "setup" / "stamps.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "stamps", module)  # dataclasses look their module up
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "STAMPS", tmp_path / ".stamps")
    yield module
    for name in set(sys.modules) - before - {"stamps"}:
        if (getattr(sys.modules[name], "__file__", None) or "").startswith(str(ROOT / "setup")):
            del sys.modules[name]


def test_a_step_runs_once_for_the_same_inputs_and_again_when_they_change(
    stamps: ModuleType, tmp_path: Path
) -> None:
    ran: list[str] = []
    (tmp_path / "lock").write_text("1")
    steps = [
        stamps.Step("packages", "packages", lambda: ran.append("packages"), inputs=("lock",)),
        stamps.Step("build", "build", lambda: ran.append("build"), after=("packages",)),
        stamps.Step("other", "other", lambda: ran.append("other")),
    ]
    stamps.run(steps)
    stamps.run(steps)
    assert ran == ["packages", "build", "other"]
    (tmp_path / "lock").write_text("2")
    stamps.run(steps)
    assert ran[3:] == ["packages", "build"]


def test_a_step_that_fails_or_lost_its_result_runs_again(stamps: ModuleType) -> None:
    ran: list[str] = []
    result = {"there": False}

    def work() -> None:
        ran.append("work")
        if len(ran) == 1:
            raise OSError("no network")
        result["there"] = True

    steps = [stamps.Step("work", "work", work, done=lambda: result["there"])]
    with pytest.raises(OSError, match="no network"):
        stamps.run(steps)
    stamps.run(steps)
    stamps.run(steps)
    assert len(ran) == 2
    result["there"] = False
    stamps.run(steps)
    assert len(ran) == 3

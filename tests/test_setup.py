"""The set-up: what the locks promise, and that a step runs when its inputs change and only then."""

from __future__ import annotations

import importlib
import re
import sys
import tomllib
from collections.abc import Callable, Iterator
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
def setup_module(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], ModuleType]]:
    """Imports a module of the set-up; they are forgotten after the test."""
    monkeypatch.syspath_prepend(str(ROOT / "setup"))
    yield importlib.import_module
    for name, module in list(sys.modules.items()):
        if (getattr(module, "__file__", None) or "").startswith(str(ROOT / "setup")):
            del sys.modules[name]


@pytest.fixture
def stamps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, setup_module: Callable[[str], ModuleType]
) -> ModuleType:
    """The set-up's `stamps` module, at work in an empty folder."""
    module = setup_module("stamps")
    monkeypatch.setattr(module, "ROOT", tmp_path)
    monkeypatch.setattr(module, "STAMPS", tmp_path / ".stamps")
    return module


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


def test_each_command_brings_only_what_it_uses(setup_module: Callable[[str], ModuleType]) -> None:
    steps = setup_module("steps")
    asked = ("check", "fix", "docs", "test", "e2e", "load")
    more = {
        command: {step.name for step in steps.for_tasks(command)} - {step.name for step in steps.INSTALL}
        for command in asked
    }
    assert more["check"] == more["fix"] == more["docs"] == {"developer"}
    assert more["test"] == {"developer", "stand-in", "postgresql", "browser"}
    assert more["e2e"] == {"developer", "stand-in", "browser"}
    assert more["load"] == {"developer", "stand-in", "peers"}


def test_what_a_step_reads_is_there(setup_module: Callable[[str], ModuleType]) -> None:
    """An input that is not there would never make its step run again."""
    steps = setup_module("steps")
    every = {step for command in ("test", "load") for step in steps.for_tasks(command)}
    assert [name for step in every for name in step.inputs if not list(ROOT.glob(name))] == []
    names = {step.name for step in every}
    assert all(set(step.after) <= names for step in every)


@pytest.fixture
def npm(
    monkeypatch: pytest.MonkeyPatch, setup_module: Callable[[str], ModuleType]
) -> tuple[ModuleType, list[tuple[str, ...]], set[str]]:
    """(steps, what was run as (folder, *arguments), names of folders where running scripts fails)."""
    steps = setup_module("steps")
    ran: list[tuple[str, ...]] = []
    broken: set[str] = set()

    def command(title: str, arguments: tuple[str, ...], *, folder: Path, hint: str) -> None:
        ran.append((folder.name, *arguments))
        if folder.name in broken and "--ignore-scripts" not in arguments:
            raise steps.Failure(f"{title} failed with status 1.")

    monkeypatch.setattr(steps, "command", command)
    return steps, ran, broken


def test_the_stand_in_runs_no_scripts_of_its_packages(
    npm: tuple[ModuleType, list[tuple[str, ...]], set[str]],
) -> None:
    steps, ran, _ = npm
    steps.STAND_IN.run()
    ((folder, *arguments),) = ran
    assert folder == "couchdb_stand_in"
    assert arguments[:2] == ["npm", "ci"]
    assert "--ignore-scripts" in arguments


def test_a_peer_that_cannot_be_built_is_named_and_stops_nothing(
    npm: tuple[ModuleType, list[tuple[str, ...]], set[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    steps, ran, broken = npm
    steps.PEERS.run()
    assert len(ran) == 1
    assert capsys.readouterr().err == ""
    broken.add("peers")
    steps.PEERS.run()
    assert ["--ignore-scripts" in words for words in ran] == [False, False, True]
    assert "npm ci of the peers failed" in capsys.readouterr().err


@pytest.fixture
def no_postgresql(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, setup_module: Callable[[str], ModuleType]
) -> ModuleType:
    """The set-up's `postgresql` on a machine without a server."""
    module = setup_module("postgresql")
    monkeypatch.setattr(module, "PROGRAMS", tmp_path / "programs")
    monkeypatch.setattr(module, "SETTINGS", tmp_path / "etc" / "createcluster.d")
    monkeypatch.setattr(module.shutil, "which", lambda _name: None)
    monkeypatch.delenv("POSTGRESQL_URL", raising=False)
    return module


def test_without_root_postgresql_is_named_once_and_stops_nothing(
    no_postgresql: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(no_postgresql.system_packages, "may_install", lambda: False)
    no_postgresql.POSTGRESQL.run()
    assert "sudo apt-get install postgresql" in capsys.readouterr().err
    assert no_postgresql.POSTGRESQL.done()


def test_postgresql_is_installed_without_a_server_of_the_machines_own(
    no_postgresql: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    seen: list[tuple[object, ...]] = []
    settings = no_postgresql.SETTINGS

    def install(packages: tuple[str, ...], what_for: str) -> None:
        seen.append((packages, *(path.read_text() for path in settings.iterdir())))
        if len(seen) > 1:
            raise no_postgresql.Failure("no network")

    monkeypatch.setattr(no_postgresql.system_packages, "may_install", lambda: True)
    monkeypatch.setattr(no_postgresql.system_packages, "install", install)
    no_postgresql.POSTGRESQL.run()
    assert seen == [(("postgresql",), "create_main_cluster = false\n")]
    assert not settings.parent.exists()
    settings.mkdir(parents=True)
    (settings / "own.conf").write_text("ssl = on\n")
    no_postgresql.POSTGRESQL.run()
    assert [path.name for path in settings.iterdir()] == ["own.conf"]
    assert "no network" in capsys.readouterr().err
    assert not no_postgresql.POSTGRESQL.done()


def test_a_machine_that_has_postgresql_is_left_alone(
    no_postgresql: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    def install(*_: object) -> None:
        raise AssertionError("nothing is to be installed")

    monkeypatch.setattr(no_postgresql.system_packages, "install", install)
    programs = no_postgresql.PROGRAMS / "15" / "bin"
    programs.mkdir(parents=True)
    (programs / "initdb").touch()
    no_postgresql.POSTGRESQL.run()
    assert no_postgresql.POSTGRESQL.done()

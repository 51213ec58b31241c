"""The documents name what exists: files, folders, and each other."""

from __future__ import annotations

import re
import subprocess
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
NAMED = re.compile(
    r"`((?:[\w.-]+/)*[\w-][\w.-]*\.(?:py|ts|svelte|md|toml|lock|json|html|css|js)|(?:[\w.-]+/)+)`"
)
"""A path in code quotes: a file by its ending, or a folder by its closing slash."""
MADE = (".venv/", ".stamps/", "dist/", "node_modules/")
"""Made on the machine, not kept in the repository."""


@cache
def project_files() -> tuple[str, ...]:
    """Every file of the project, kept or about to be, from its root; folders too, with a closing slash."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("\0")
    files = [name for name in listed if name and (ROOT / name).exists()]
    folders = {f"{folder}/" for name in files for folder in Path(name).parents if folder != Path()}
    return (*files, *sorted(folders))


def documents() -> list[str]:
    """Every document of the project."""
    return [name for name in project_files() if name.endswith(".md")]


@pytest.mark.parametrize("document", documents())
def test_every_file_a_document_names_exists(document: str) -> None:
    """A name may leave out the folders above it, as people do: `log/port.py`, `app.py`."""
    ends = [f"/{name}" for name in project_files()]
    named = set(NAMED.findall((ROOT / document).read_text("utf-8")))
    missing = {name for name in named if not any(end.endswith(f"/{name}") for end in ends)}
    assert {name for name in missing if not any(made in f"/{name}" for made in MADE)} == set()


@pytest.mark.parametrize("document", documents())
def test_every_link_inside_the_project_leads_somewhere(document: str) -> None:
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", (ROOT / document).read_text("utf-8"))
    local = [link for link in links if "://" not in link and not link.startswith("mailto:")]
    assert [link for link in local if not (ROOT / document).parent.joinpath(link).exists()] == []

"""The documents name what exists: files, folders and commands."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
NAMED = re.compile(
    r"`((?:[\w.-]+/)*[\w-][\w.-]*\.(?:py|ts|svelte|md|toml|lock|json|html|css|js)|(?:[\w.-]+/)+)`"
)
"""A path in code quotes: a file by its ending, or a folder by its closing slash."""
BUILT = (".venv/", ".stamps/", "pwa/dist/", "pwa/node_modules/")
"""Made on the machine, not kept in the repository."""
FOLDERS = (
    ROOT,
    *(
        ROOT / name
        for name in ("backend/ward_hub", "backend", "sync", "sync/ward_sync", "pwa", "pwa/src", "docs")
    ),
)
"""Where a path named in a document may start."""


def documents() -> list[Path]:
    """Every document of the project."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    ).stdout.split()
    return sorted(ROOT / name for name in listed if "node_modules" not in name and (ROOT / name).exists())


@pytest.mark.parametrize("document", documents(), ids=lambda path: str(path.relative_to(ROOT)))
def test_every_file_a_document_names_exists(document: Path) -> None:
    missing = [
        name
        for name in NAMED.findall(document.read_text("utf-8"))
        if not name.startswith(BUILT) and not _exists(name, document.parent)
    ]
    assert not missing


@pytest.mark.parametrize("document", documents(), ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_inside_the_project_leads_somewhere(document: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", document.read_text("utf-8"))
    local = [link for link in links if "://" not in link and not link.startswith("mailto:")]
    assert [link for link in local if not (document.parent / link).exists()] == []


def _exists(name: str, here: Path) -> bool:
    return any((folder / name).exists() for folder in (here, *FOLDERS))

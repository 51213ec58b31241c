"""The checks and tests, in the order in which they fail soonest."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from failure import Failure
from places import PWA, ROOT, VENV, environment

BIN = VENV / "bin"
PYTEST = (str(BIN / "python"), "-m", "pytest")


@dataclass(frozen=True)
class Task:
    """A program to run in a folder of the project; its output is the reader's."""

    title: str
    arguments: tuple[str, ...]
    folder: Path = ROOT


CHECK: tuple[Task, ...] = (
    Task("ruff format", (str(BIN / "ruff"), "format", "--check", "--quiet", ".")),
    Task("ruff check", (str(BIN / "ruff"), "check", "--quiet", ".")),
    Task("mypy", (str(BIN / "mypy"), "--no-error-summary")),
    Task("types and style of the app", ("npm", "run", "--silent", "check"), PWA),
)

TASKS: dict[str, tuple[Task, ...]] = {
    "install": (),
    "check": CHECK,
    "fix": (
        Task("ruff format", (str(BIN / "ruff"), "format", ".")),
        Task("ruff check --fix", (str(BIN / "ruff"), "check", "--fix", ".")),
        Task("style of the app", ("npm", "run", "--silent", "fix"), PWA),
    ),
    "test": (
        *CHECK,
        Task("tests of the app", ("npm", "run", "--silent", "test"), PWA),
        # A file at a time on each core.
        Task(
            "tests of the hub",
            (*PYTEST, "-q", "-n", "2", "--dist", "loadfile", "--ignore=tests/e2e"),
        ),
        # The browser tests last: pytest's closing line ends the run.
        Task("browser tests", (*PYTEST, "-q", "tests/e2e")),
    ),
    "e2e": (Task("browser tests", (*PYTEST, "tests/e2e")),),
    "docs": (Task("documents", (*PYTEST, "-q", "tests/test_documents.py")),),
    "load": (Task("load tests", (str(BIN / "python"), "loadtests/run.py")),),
}


def run(command: str) -> None:
    """Run the command's tasks one after the other; raises Failure at the first that fails."""
    if command == "load" and not (ROOT / "loadtests" / "run.py").exists():
        raise Failure("there is no loadtests/run.py")
    for task in TASKS[command]:
        print(f"== {task.title}", flush=True)
        started = time.monotonic()
        status = subprocess.run(task.arguments, cwd=task.folder, env=environment(), check=False).returncode
        if status:
            raise Failure(f"FAILED at {task.title} (status {status}): {_shown(task)}")
        # pytest's own closing line is to be the last one.
        if "pytest" not in task.arguments:
            print(f"== {task.title}: ok, {time.monotonic() - started:.1f} s", flush=True, file=sys.stdout)


def _shown(task: Task) -> str:
    place = "" if task.folder == ROOT else f" in {task.folder.relative_to(ROOT)}/"
    return " ".join(part.replace(f"{ROOT}/", "") for part in task.arguments) + place

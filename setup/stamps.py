"""Runs the steps that are not done yet.

A step is done when its stamp holds the hash of its present inputs and its results are there. The stamp is
written after the step, so one that was broken off runs again; a step that runs takes away the stamps of those
that build on it.
"""

from __future__ import annotations

import hashlib
import shutil
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from places import PEER_SERVERS, PWA, ROOT, STAMPS, STAND_IN_SERVER, VENV


@dataclass(frozen=True)
class Step:
    """One part of the set-up.

    `inputs`: files and folders (relative to the project) whose contents decide whether it must run again.
    `fingerprint`: what else does, such as a version. `done`: whether the results are there. `after`: names of
    the steps it builds on.
    """

    name: str
    title: str
    run: Callable[[], None]
    inputs: tuple[str, ...] = ()
    fingerprint: Callable[[], str] = lambda: ""
    done: Callable[[], bool] = lambda: True
    after: tuple[str, ...] = ()


def run(steps: Sequence[Step]) -> None:
    """Bring every step up to date, in order. Raises Failure from the step that fails."""
    STAMPS.mkdir(exist_ok=True)
    for step in steps:
        stamp = STAMPS / step.name
        wanted = _hash(step)
        if stamp.exists() and stamp.read_text() == wanted and step.done():
            continue
        for dependent in _dependents(step.name, steps):
            (STAMPS / dependent).unlink(missing_ok=True)
        stamp.unlink(missing_ok=True)
        print(f"set-up: {step.title} …", flush=True, file=sys.stderr)
        started = time.monotonic()
        step.run()
        stamp.write_text(wanted)
        print(f"set-up: {step.title}: {time.monotonic() - started:.0f} s", flush=True, file=sys.stderr)


def clean() -> None:
    """Take away everything the set-up made. Data folders of the hub are left alone."""
    packages = (folder / "node_modules" for folder in (PWA, STAND_IN_SERVER, PEER_SERVERS))
    for folder in (VENV, STAMPS, PWA / "dist", *packages):
        shutil.rmtree(folder, ignore_errors=True)
    for cache in (".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis", "test-results", "build"):
        shutil.rmtree(ROOT / cache, ignore_errors=True)


def _dependents(name: str, steps: Sequence[Step]) -> set[str]:
    """Names of the steps that build on `name`, directly or through others."""
    found: set[str] = set()
    for step in steps:  # steps stand in their order, so one pass reaches all
        if name in step.after or found.intersection(step.after):
            found.add(step.name)
    return found


def _hash(step: Step) -> str:
    """Hex SHA-256 over names and contents of the inputs, and the fingerprint."""
    digest = hashlib.sha256(step.fingerprint().encode())
    for path in _files(step.inputs):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        digest.update(f"\n{path.relative_to(ROOT).as_posix()} {content}".encode())
    return digest.hexdigest()


def _files(inputs: Iterable[str]) -> list[Path]:
    files: set[Path] = set()
    for name in inputs:
        place = ROOT / name
        if place.is_dir():
            files.update(path for path in place.rglob("*") if path.is_file())
        elif place.is_file():
            files.add(place)
        else:
            files.update(path for path in ROOT.glob(name) if path.is_file())
    return sorted(files)

"""The servers that are measured side by side: how each is started, on a core of its own, and what it speaks.

The peers live in loadtests/peers (npm packages at fixed versions; pycrdt-websocket from the environment).
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import psutil

from tests.helpers.free_ports import free_ports

PEERS = Path(__file__).parent / "peers"
SERVER_CORE, LOAD_CORE = 0, 1
_START_S = 20.0


@dataclass(frozen=True, slots=True)
class Kind:
    """A server. `y`: it speaks the y-websocket dialect (a socket a document, no acknowledgements)."""

    name: str
    script: str
    arguments: tuple[str, ...] = ()
    y: bool = False
    keeps: bool = True
    """Whether it stores documents at all."""


HUB = Kind("ward-hub", "")
HOCUSPOCUS = Kind("@hocuspocus/server", "hocuspocus.mjs")
STORE_FIRST = Kind("@hocuspocus/server, storing first", "hocuspocus.mjs", ("--store-first",))
Y_WEBSOCKET = Kind("@y/websocket-server", "y_websocket.mjs", y=True, keeps=False)
PYCRDT_WEBSOCKET = Kind("pycrdt-websocket", "pycrdt_websocket.py", y=True)
KINDS = (HUB, HOCUSPOCUS, STORE_FIRST, Y_WEBSOCKET, PYCRDT_WEBSOCKET)


@dataclass(frozen=True, slots=True)
class Running:
    """A server that listens."""

    kind: Kind
    port: int
    process: psutil.Process

    def cpu_s(self) -> float:
        """CPU seconds taken so far, by the process and its children."""
        taken = self.process.cpu_times()
        return float(taken.user + taken.system)

    def own_kib(self) -> float:
        """Memory of its own (USS) in KiB."""
        return float(self.process.memory_full_info().uss) / 1024

    def kill(self) -> None:
        """As power loss for the program: SIGKILL."""
        self.process.kill()
        self.process.wait(10)


@cache
def node() -> str | None:
    """A Node.js that the peers' compiled parts were built for, None where there is none."""
    folders = [str(Path(sys.executable).parent), *os.get_exec_path()]
    for folder in dict.fromkeys(folders):
        found = shutil.which("node", path=folder)
        if found is None:
            continue
        loads = "new (require('better-sqlite3'))(':memory:')"
        if subprocess.run([found, "-e", loads], cwd=PEERS, capture_output=True, check=False).returncode == 0:
            return found
    return None


def missing(kind: Kind) -> str | None:
    """Why a server cannot be started here, None when it can."""
    if kind.script.endswith(".mjs") and node() is None:
        return "no Node.js that loads loadtests/peers/node_modules (npm ci there, with the node on the path)"
    return None


@contextlib.contextmanager
def running(kind: Kind, folder: Path) -> Iterator[Running]:
    """Start a server on its core with its files in `folder`; it is ended with the block."""
    (port,) = free_ports(1)
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "server.log").open("ab") as log, on_core(SERVER_CORE):
        process = subprocess.Popen(
            _command(kind, port, folder), cwd=PEERS.parents[1], stdout=subprocess.PIPE, stderr=log, text=True
        )
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        if process.poll() is not None or not line:
            raise RuntimeError(f"{kind.name} did not start: {(folder / 'server.log').read_text()[-500:]}")
        yield Running(kind, port, psutil.Process(process.pid))
    finally:
        if process.poll() is None:
            process.terminate()
        try:
            process.wait(_START_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


@contextlib.contextmanager
def on_core(core: int) -> Iterator[None]:
    """What is started in the block runs on that core, where the system can say so and has as many."""
    if not hasattr(os, "sched_setaffinity") or core >= (os.cpu_count() or 1):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _command(kind: Kind, port: int, folder: Path) -> list[str]:
    if kind is HUB:
        hub = [sys.executable, "-m", "ward_hub.cli.main", "lab"]
        return [*hub, "--port", str(port), "--data", str(folder), "--store", "sqlite:log.db"]
    script = str(PEERS / kind.script)
    if kind.script.endswith(".py"):
        return [sys.executable, script, str(port), str(folder)]
    found = node()
    assert found is not None, "missing() has been asked"
    return [found, script, str(port), str(folder / "peer.sqlite"), *kind.arguments]

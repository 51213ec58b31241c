"""A server that speaks CouchDB's protocol, for tests: `COUCHDB_URL`, else the stand-in of npm, else a skip.

The stand-in (tests/couchdb_stand_in) is PouchDB's server, in memory, on loopback. It is in order, on time and
asks for no password, which CouchDB need not be: what only CouchDB shows carries the mark `couchdb_only`.
"""

from __future__ import annotations

import asyncio
import atexit
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import cache
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import unquote, urlsplit
from urllib.request import Request, urlopen

import pytest

from tests.helpers.free_ports import free_ports

STAND_IN = Path(__file__).parents[1] / "couchdb_stand_in"
PROGRAM = STAND_IN / "node_modules" / "pouchdb-server" / "bin" / "pouchdb-server"
START_S = 30.0
LOOK_EVERY_S = 0.05
STOP_S = 5.0


class StandIn:
    """One process of PouchDB's server. `folder`: keeps the databases there, else in memory."""

    def __init__(self, folder: Path | None = None) -> None:
        (self.port,) = free_ports(1)
        self.url = f"http://127.0.0.1:{self.port}"
        self._folder = folder
        self._own = tempfile.mkdtemp(prefix="couchdb-stand-in-")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers. Raises AssertionError with its output when it does not."""
        keep = ["-d", str(self._folder)] if self._folder is not None else ["-m"]
        command = [_node(), str(PROGRAM), "--no-stdout-logs", "-o", "127.0.0.1", "-p", str(self.port), *keep]
        output = Path(self._own) / "output.txt"
        with output.open("ab") as log:
            self._process = subprocess.Popen(
                command,
                cwd=self._own,  # it writes its log and its configuration there
                stdout=log,
                stderr=log,
                # one of its own errors, unhandled, would end it (seen with a filter in a feed)
                env={**os.environ, "NODE_OPTIONS": "--unhandled-rejections=warn"},
            )
        deadline = time.monotonic() + START_S
        while not self._answers():
            ended = self._process.poll() is not None
            if ended or time.monotonic() > deadline:
                self.stop()
                raise AssertionError(f"the stand-in for CouchDB does not start:\n{output.read_text('utf-8')}")
            time.sleep(LOOK_EVERY_S)

    @property
    def pid(self) -> int:
        assert self._process is not None, "the stand-in does not run"
        return self._process.pid

    def kill(self) -> None:
        """SIGKILL; `start` brings it back on its port."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def stop(self) -> None:
        """End it for good."""
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)
            self._process.terminate()
            try:
                self._process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                self.kill()
            self._process = None
        shutil.rmtree(self._own, ignore_errors=True)

    def _answers(self) -> bool:
        try:
            with urlopen(Request(self.url, headers={"Accept": "application/json"}), timeout=1.0):
                return True
        except (URLError, OSError):
            return False


@cache
def _node() -> str:
    """The program itself: the `node` of a Python package is its parent, and a signal would end only that."""
    paths = os.pathsep.join([str(Path(sys.prefix) / "bin"), os.environ.get("PATH", "")])
    node = shutil.which("node", path=paths)
    assert node is not None, "no node to run the stand-in with"
    asked = subprocess.run([node, "-p", "process.execPath"], check=True, capture_output=True, text=True)
    return asked.stdout.strip()


def real_url() -> str | None:
    """The address of a real CouchDB's server, with a user who may make databases; None without one."""
    return (os.environ.get("COUCHDB_URL") or "").rstrip("/") or None


def need_stand_in() -> None:
    """Skip with the reason where the stand-in is not installed."""
    if not PROGRAM.exists():
        pytest.skip("no CouchDB: COUCHDB_URL is not set, and tests/couchdb_stand_in has no node_modules")


@cache
def _shared() -> StandIn:
    server = StandIn()
    server.start()
    atexit.register(server.stop)
    return server


def server_url() -> str:
    """Return the server that the tests of this session share, or skip with a reason.

    A stand-in that is installed and does not start is a failure, in CI as elsewhere.
    """
    real = real_url()
    if real is not None:
        return real
    need_stand_in()
    return _shared().url


def fresh_database() -> str:
    """Return the address of a database that is not there yet, on the shared server."""
    return f"{server_url()}/test_{os.urandom(6).hex()}"


def ask(method: str, url: str, body: object = None) -> Any:
    """Send one request to a server or database and return its JSON; a password may stand in the address."""
    parts = urlsplit(url)
    headers = {"Accept": "application/json", "Content-Type": "application/json"}
    if parts.username is not None:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        headers["Authorization"] = "Basic " + b64encode(pair.encode()).decode()
    plain = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()
    data = json.dumps(body).encode() if body is not None else None
    with urlopen(Request(plain, data=data, headers=headers, method=method), timeout=10.0) as answer:
        return json.load(answer)


@asynccontextmanager
async def database() -> AsyncIterator[str]:
    """The address of a database of a test's own, removed afterwards."""
    url = fresh_database()
    yield url
    with suppress(HTTPError):
        await asyncio.to_thread(ask, "DELETE", url)

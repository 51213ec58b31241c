"""A PostgreSQL server for tests: the one of `POSTGRESQL_URL`, else a private cluster by Debian's binaries.

The cluster lies in a temporary folder, listens on loopback only, syncs to disk as in production, and ends
with the tests. Where neither is to be had the test is skipped with a printed reason.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg  # type: ignore[import-untyped]
import psutil
import pytest

from tests.helpers.free_ports import free_ports
from tests.helpers.hub_process import run_async

USER, PASSWORD = "ward", "not a secret: p@ss/word"
QUOTED = "not%20a%20secret%3A%20p%40ss%2Fword"
START_S = 60.0
STOP_S = 20.0
LOOK_EVERY_S = 0.05
SETTINGS = {
    "fsync": "on",
    "listen_addresses": "127.0.0.1",
    "log_min_messages": "warning",
    "max_connections": "60",
    "max_wal_senders": "0",
    "shared_buffers": "16MB",
    "unix_socket_directories": "",
    "wal_level": "minimal",
}


class PostgresqlServer:
    """A cluster of its own, which a test may kill and start again on the same data."""

    def __init__(self, binaries: Path) -> None:
        """Make the cluster; start it by `start`."""
        self._binaries = binaries
        self._user = _unprivileged()
        self.folder = Path(tempfile.mkdtemp(prefix="wardline-postgresql-"))
        self._data = self.folder / "data"
        (self.port,) = free_ports(1)
        self._process: subprocess.Popen[bytes] | None = None
        secret = self.folder / "password"
        secret.write_text(PASSWORD)
        if self._user is not None:
            for path in (self.folder, secret):
                shutil.chown(path, self._user, pwd.getpwnam(self._user).pw_gid)
        arguments: list[str | Path] = [
            "-D",
            self._data,
            "-U",
            USER,
            "-A",
            "scram-sha-256",
            "--pwfile",
            secret,
        ]
        arguments += ["-E", "UTF8", "--locale=C", "--no-sync"]
        self._run("initdb", *arguments)

    @property
    def url(self) -> str:
        """The address of the database that every cluster has."""
        return f"postgresql://{USER}:{QUOTED}@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        """Start the server and wait until it takes connections."""
        assert self._process is None, "the server runs already"
        settings = [part for name, value in SETTINGS.items() for part in ("-c", f"{name}={value}")]
        command = [str(self._binaries / "postgres"), "-D", str(self._data), "-p", str(self.port), *settings]
        with (self.folder / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                command, stdout=log, stderr=log, start_new_session=True, cwd=self.folder, **self._as_user()
            )
        ready = [str(self._binaries / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        deadline = time.monotonic() + START_S
        while subprocess.run(ready, check=False).returncode:
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise AssertionError(f"PostgreSQL did not start:\n{self.output()}")
            time.sleep(LOOK_EVERY_S)

    def kill(self) -> None:
        """SIGKILL to the server and to each of its processes: they lead sessions of their own."""
        process, self._process = self._process, None
        if process is None:
            return
        try:
            family = psutil.Process(process.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            family = []
        process.kill()
        process.wait()
        for child in family:
            try:
                child.kill()
            except psutil.NoSuchProcess:
                continue
        psutil.wait_procs(family, timeout=STOP_S)

    def stop(self) -> None:
        """End the server in order; connections are cut."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.kill()
        self._process = None

    def remove(self) -> None:
        """End the server and take its folder away."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def output(self) -> str:
        """The end of what the server has printed."""
        log = self.folder / "server.log"
        return log.read_text("utf-8", errors="replace")[-8000:] if log.exists() else ""

    def _run(self, program: str, *arguments: str | Path) -> None:
        command = [str(self._binaries / program), *map(str, arguments)]
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, cwd=self.folder, **self._as_user()
        )
        assert done.returncode == 0, f"{program}: {done.stdout}{done.stderr}"

    def _as_user(self) -> dict[str, Any]:
        # PostgreSQL refuses to run as root.
        if self._user is None:
            return {}
        return {"user": self._user, "group": pwd.getpwnam(self._user).pw_gid, "extra_groups": []}


def new_server() -> PostgresqlServer:
    """A running cluster of the test's own, to be killed; skips where there are no binaries."""
    server = PostgresqlServer(_binaries())
    try:
        server.start()
    except BaseException:
        server.remove()
        raise
    return server


def server_url() -> str:
    """The address of the server that all tests share, with the right to make databases; or skips."""
    return os.environ.get("POSTGRESQL_URL") or _shared().url


_numbers = count(1)


@asynccontextmanager
async def database(server: str | None = None) -> AsyncIterator[str]:
    """The address of a new, empty database on the shared server, or on `server`; it is dropped at the end."""
    server = server or server_url()
    name = f"wardline_test_{os.getpid()}_{next(_numbers)}"
    await _execute(server, f"CREATE DATABASE {name}")
    parts = urlsplit(server)
    try:
        yield urlunsplit(parts._replace(path=f"/{name}"))
    finally:
        await _execute(server, f"DROP DATABASE {name} WITH (FORCE)")


async def database_without_log() -> str:
    """The address of a database of this run in which no log is. To make one anew takes ten times as long."""
    url = _for_logs(server_url())
    await _execute(url, "DROP SCHEMA IF EXISTS wardline_log CASCADE")
    return url


@cache
def _for_logs(server: str) -> str:
    name = f"wardline_test_{os.getpid()}_logs"
    run_async(_execute(server, f"CREATE DATABASE {name}"))
    atexit.register(lambda: asyncio.run(_execute(server, f"DROP DATABASE {name} WITH (FORCE)")))
    return urlunsplit(urlsplit(server)._replace(path=f"/{name}"))


async def _execute(url: str, statement: str) -> None:
    async with asyncio.timeout(START_S):
        connection = await asyncpg.connect(url)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


@cache
def _shared() -> PostgresqlServer:
    server = new_server()
    atexit.register(server.remove)
    return server


def _binaries() -> Path:
    """Debian's folder of the newest version's programs, or the one on the path; skips where there is none."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    on_path = shutil.which("initdb")
    if not found and on_path is None:
        pytest.skip("no PostgreSQL: set POSTGRESQL_URL, or install the package postgresql")
    return found[-1].parent if found else Path(str(on_path)).resolve().parent


def _unprivileged() -> str | None:
    """Whom the server runs as: None for ourselves."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in ("postgres", "nobody") if name in names)

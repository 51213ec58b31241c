"""A real hub for tests: `ward-hub serve`, to be killed and started again on the same data."""

from __future__ import annotations

import asyncio
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import httpx
from ward_hub.db.engine import open_database, sqlite_url
from ward_hub.directory import fixture
from ward_hub.identity.enrolment import make_code

from tests.helpers.free_ports import free_ports
from tests.helpers.namespaces import Host

T = TypeVar("T")

START_S = 60.0
STOP_S = 10.0
LOOK_EVERY_S = 0.05
PASSWORD = "test-ward"
DATABASE = "ward.sqlite"
CONNECT = """
import socket, sys
sys.exit(socket.socket().connect_ex((sys.argv[1], int(sys.argv[2]))))
"""


def run_async(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end in a thread: Playwright's sync API keeps a loop running in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


def build_template(folder: Path) -> Path:
    """Build the standard ward once; hubs start from copies of the returned folder."""

    async def build() -> None:
        database = open_database(sqlite_url(folder / DATABASE))
        try:
            await database.upgrade()
            now = time.time_ns() // 1_000_000
            await fixture.build_standard_ward(database, now=now, password=PASSWORD)
        finally:
            await database.close()

    folder.mkdir(parents=True, exist_ok=True)
    run_async(build())
    return folder


class HubProcess:
    """One hub on loopback, or on a host of a test's own network. Its output goes to `log`."""

    def __init__(self, folder: Path, template: Path, at: Host | None = None) -> None:
        """`folder`: empty, for data and log. `template`: data of a built ward. `at`: where it runs."""
        self.data = folder / "data"
        self.log = folder / "hub.log"
        shutil.copytree(template, self.data)
        self.data.chmod(0o700)
        self.port, self.mllp_port = free_ports(2)
        self._at = at
        self._address = "127.0.0.1" if at is None else at.address
        self.url = f"http://{self._address}:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the hub and wait until it answers."""
        assert self._process is None, "the hub runs already"
        command = self._there(sys.executable, "-m", "ward_hub.cli.main", "serve", "--host", self._address)
        command += ["--port", str(self.port), "--mllp-port", str(self.mllp_port), "--data", str(self.data)]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        deadline = time.monotonic() + START_S
        while not self._answers():
            ended = self._ended_within(LOOK_EVERY_S)
            if ended is not None or time.monotonic() > deadline:
                self.kill()
                what = "did not answer" if ended is None else f"ended with status {ended}"
                raise AssertionError(f"the hub {what}:\n{self.output()}")

    def kill(self) -> None:
        """SIGKILL: what was not on disk is lost."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End the hub in order."""
        self._end(signal.SIGTERM)

    @property
    def running(self) -> bool:
        return self._process is not None

    @property
    def pid(self) -> int:
        """Process id of the running hub."""
        assert self._process is not None, "the hub does not run"
        return self._process.pid

    def enrol(self, terminal: str) -> str:
        """Return the address that opens the terminal's page and enrols it, once."""

        async def code() -> str:
            database = open_database(sqlite_url(self.data / DATABASE))
            try:
                async with database.session.begin() as session:
                    return await make_code(session, terminal, time.time_ns() // 1_000_000)
            finally:
                await database.close()

        return f"{self.address(terminal)}#enrol={run_async(code())}"

    def address(self, terminal: str) -> str:
        """Return the address of the terminal's page."""
        kind = next(known.kind.value for known in fixture.terminals() if known.id == terminal)
        return f"{self.url}/t/{kind}/{terminal}/"

    def output(self) -> str:
        """The end of what the hub has printed."""
        return self.log.read_text("utf-8", errors="replace")[-8000:] if self.log.exists() else ""

    def _there(self, *words: str) -> list[str]:
        return list(words) if self._at is None else self._at.command(*words)

    def _answers(self) -> bool:
        if self._at is not None:
            port = str(self.port)
            return (
                subprocess.run(self._there(sys.executable, "-c", CONNECT, self._address, port)).returncode
                == 0
            )
        try:
            return httpx.get(f"{self.url}/health/live", timeout=1, trust_env=False).status_code == 200
        except httpx.HTTPError:
            return False

    def _ended_within(self, seconds: float) -> int | None:
        assert self._process is not None
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def _end(self, how: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.send_signal(how)
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise AssertionError(f"the hub did not end by {how.name}:\n{self.output()}") from None

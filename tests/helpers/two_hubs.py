"""Several hub processes of one installation: one database of CouchDB's protocol, one SQL file, one folder of
keys; and light terminals that know all their addresses.
"""

from __future__ import annotations

import asyncio
import json
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from pycrdt import Doc
from ward_hub.db.engine import open_database, sqlite_url
from ward_hub.demo.hub_account import HubAccount, HubAway
from ward_hub.demo.light_terminals import LightTerminal, Place
from ward_hub.demo.terminal_key import TerminalKey
from ward_hub.directory import fixture
from ward_hub.directory.store import terminal_value
from ward_hub.directory.tables import TerminalRow
from ward_hub.identity.enrolment import make_code
from ward_sync.awareness import GONE, decode_awareness
from ward_sync.messages import (
    AuthDenied,
    AuthToken,
    Awareness,
    Frame,
    Message,
    SyncStep1,
    SyncStep2,
    Update,
)
from ward_sync.update import EMPTY_STATE_VECTOR
from websockets.exceptions import ConnectionClosed, WebSocketException

from tests.helpers.free_ports import free_ports
from tests.helpers.hub_process import DATABASE, START_S, STOP_S
from tests.helpers.ward_hub_here import empty_app, now_ms

AGAIN_S = 0.1
"""A terminal's pause between two addresses."""


class OneOfHubs:
    """One hub's process. Its output goes to `log`."""

    def __init__(self, folder: Path, port: int, mllp_port: int, common: Sequence[str]) -> None:
        self.log = folder / "hub.log"
        self.url = f"http://127.0.0.1:{port}"
        self.mllp_port = mllp_port
        data = folder / "data"
        data.mkdir(mode=0o700, parents=True)
        self._command = [sys.executable, "-m", "ward_hub.cli.main", "serve", "--host", "127.0.0.1"]
        self._command += ["--port", str(port), "--mllp-port", str(mllp_port), "--data", str(data), *common]
        self.process: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        """Start it and wait until it answers."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(self._command, stdout=log, stderr=log)  # noqa: ASYNC220
        deadline = time.monotonic() + START_S
        async with httpx.AsyncClient(base_url=self.url, timeout=1, trust_env=False) as http:
            while True:
                with suppress(httpx.HTTPError):
                    if (await http.get("/health/live")).status_code == 200:
                        return
                if self.process.poll() is not None or time.monotonic() > deadline:
                    raise AssertionError(f"the hub does not start:\n{self.output()}")
                await asyncio.sleep(0.05)

    def send(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def kill(self) -> None:
        """SIGKILL: what was not on disk is lost."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def ended(self) -> bool:
        return self.process is None or self.process.poll() is not None

    def stop(self) -> None:
        """End it in order."""
        if self.process is not None:
            self.process.terminate()
            try:
                self.process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                self.kill()
                raise AssertionError(f"the hub did not end:\n{self.output()}") from None
            self.process = None

    def lines(self) -> list[str]:
        """All that it has printed."""
        return self.log.read_text("utf-8", errors="replace").splitlines() if self.log.exists() else []

    def output(self) -> str:
        """The end of what it has printed."""
        return "\n".join(self.lines()[-100:])


class MovingTerminal(LightTerminal):
    """A light terminal that goes to the next address as soon as a hub is lost, and remembers presence."""

    def __init__(
        self, addresses: Sequence[str], key: TerminalKey, place: Place, rooms: Sequence[str]
    ) -> None:
        self._https = [httpx.AsyncClient(base_url=url, timeout=3, trust_env=False) for url in addresses]
        self._accounts = [HubAccount(http, place.terminal, key) for http in self._https]
        super().__init__(addresses[0], self._accounts[0], place, rooms, now_ms, follow=True)
        self.addresses = list(addresses)
        self.number = 0
        """Which of the addresses it is at, or trying."""
        self.present: dict[int, dict[str, object]] = {}
        self.docs: dict[str, Doc[Any]] = {}
        """Documents opened beside those every terminal has; lost with the hub."""
        self.denied: list[str] = []

    async def run(self) -> None:
        try:
            while not self.aside:
                at = self.number % len(self.addresses)
                self._account = self._accounts[at]
                self._socket_url = self.addresses[at].replace("http", "ws", 1) + "/sync"
                with suppress(HubAway, OSError, WebSocketException, TimeoutError):
                    token = await self._ready()
                    if token is not None:
                        await self._stay(token)
                self._closed()
                self.number += 1
                await asyncio.sleep(AGAIN_S)
        finally:
            for http in self._https:
                await http.aclose()

    @property
    def hub(self) -> str:
        return self.addresses[self.number % len(self.addresses)]

    async def open(self, document: str) -> None:
        """Open one more document at the hub this terminal is at."""
        self.docs[document] = Doc()
        await self._send(document, AuthToken((await self._account.token()).token))
        await self._send(document, SyncStep1(EMPTY_STATE_VECTOR))

    def sees(self, terminal: str) -> bool:
        """Whether the terminal is announced at the ward's presence, as this one was told."""
        return any(state.get("terminal") == terminal for state in self.present.values())

    async def _receive(self, frame: Frame) -> None:
        doc = self.docs.get(frame.address)
        if isinstance(frame.message, AuthDenied):
            self.denied.append(frame.address)
        elif doc is not None and isinstance(frame.message, SyncStep2 | Update):
            doc.apply_update(frame.message.update)
        if isinstance(frame.message, Awareness):
            for entry in decode_awareness(frame.message.payload):
                if entry.state == GONE:
                    self.present.pop(entry.client, None)
                else:
                    self.present[entry.client] = json.loads(entry.state)
        await super()._receive(frame)

    async def _send(self, address: str, message: Message) -> None:
        # What a dying socket does not take is said again at the next hub.
        with suppress(ConnectionClosed):
            await super()._send(address, message)

    def _closed(self) -> None:
        super()._closed()
        self.present.clear()
        self.docs.clear()


@dataclass
class TwoHubs:
    """The installation. `hubs` are not started yet."""

    folder: Path
    hubs: list[OneOfHubs]
    tasks: list[asyncio.Task[None]] = field(default_factory=list)

    def stop(self) -> None:
        for hub in self.hubs:
            hub.kill() if hub.ended() else hub.stop()

    @property
    def sql(self) -> str:
        return sqlite_url(self.folder / "shared" / DATABASE)

    async def code(self, terminal: str) -> str:
        """A one-time code to enrol the terminal with."""
        database = open_database(self.sql)
        try:
            async with database.session.begin() as session:
                return await make_code(session, terminal, now_ms())
        finally:
            await database.close()

    async def terminal(self, name: str, first: int) -> MovingTerminal:
        """Enrol a terminal at hub number `first` and bring it on the wire there."""
        key = TerminalKey.generate()
        code = await self.code(name)
        database = open_database(self.sql)
        async with database.session() as session:
            value = terminal_value(await session.get_one(TerminalRow, name))
        await database.close()
        urls = [hub.url for hub in self.hubs]
        urls = urls[first:] + urls[:first]
        async with httpx.AsyncClient(base_url=urls[0], timeout=10, trust_env=False) as http:
            await HubAccount(http, name, key).enrol(code)
        place = Place(value.id, value.kind.value, value.ward, value.profile, value.room, value.bed)
        terminal = MovingTerminal(urls, key, place, [room.id for room in fixture.rooms()])
        self.tasks.append(asyncio.create_task(terminal.run()))
        async with asyncio.timeout(15):
            await terminal.joined.wait()
        return terminal


def make_hubs(folder: Path, template: Path, couch: str, app: Path | None = None, count: int = 2) -> TwoHubs:
    """Hubs on the database at `couch` and a copy of the ward built in `template`; none is started yet."""
    shutil.copytree(template, folder / "shared")
    keys = folder / "keys"
    keys.mkdir(mode=0o700)
    ports = free_ports(2 * count)
    addresses = " ".join(f"http://127.0.0.1:{port}" for port in ports[:count])
    common = ["--store", f"couchdb:{couch}", "--sql", sqlite_url(folder / "shared" / DATABASE)]
    common += ["--secrets", str(keys), "--hubs", addresses, "--app", str(app or empty_app(folder / "app"))]
    hubs = [
        OneOfHubs(folder / f"hub{number}", ports[number], ports[count + number], common)
        for number in range(count)
    ]
    return TwoHubs(folder, hubs)


@asynccontextmanager
async def two_hubs(folder: Path, template: Path, couch: str) -> AsyncIterator[TwoHubs]:
    """As `make_hubs`; ended with the terminals of the test."""
    installation = make_hubs(folder, template, couch)
    try:
        yield installation
    finally:
        for task in installation.tasks:
            task.cancel()
        await asyncio.gather(*installation.tasks, return_exceptions=True)
        installation.stop()

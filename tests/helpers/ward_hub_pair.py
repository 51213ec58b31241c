"""A hospital's hub and a ward hub, two processes, with an uplink between them that can be cut."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
from pycrdt import Array, Doc
from ward_hub.demo.hub_account import HubAccount
from ward_hub.demo.light_terminals import LightTerminal, Place
from ward_hub.demo.terminal_key import TerminalKey
from ward_hub.directory import fixture
from ward_sync.awareness import GONE, decode_awareness
from ward_sync.codec import decode, encode
from ward_sync.messages import AuthToken, Awareness, Ping, SyncStep1, SyncStep2, Update
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

from tests.helpers.fault_proxy import FaultProxy
from tests.helpers.hub_process import HubProcess
from tests.helpers.ward_hub_here import empty_app, now_ms

WARD = fixture.WARD
ROOMS = [room.id for room in fixture.rooms()]
NOTHING = b"\x00\x00"


class UplinkedHub(HubProcess):
    """A ward hub with an empty data folder."""

    def __init__(self, folder: Path, upstream: str, code: str) -> None:
        empty = folder / "empty"
        empty.mkdir(parents=True)
        super().__init__(folder, empty)
        self.upstream, self.code = upstream, code

    def start(self) -> None:
        os.environ.update(WARDLINE_UPSTREAM=self.upstream, WARDLINE_UPSTREAM_CODE=self.code)
        try:
            super().start()
        finally:
            del os.environ["WARDLINE_UPSTREAM"], os.environ["WARDLINE_UPSTREAM_CODE"]


class Pair:
    """Both hubs and the terminals of a test; a terminal keeps its key wherever it goes."""

    def __init__(self, above: HubProcess, ward: UplinkedHub, proxy: FaultProxy) -> None:
        self.above = above
        self.ward = ward
        self._proxy = proxy
        self._keys: dict[str, TerminalKey] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._http: dict[str, httpx.AsyncClient] = {}
        self.replicas: list[Replica] = []

    def cut(self) -> None:
        """The uplink is dead: what was open breaks, what is tried hangs."""
        self._proxy.freeze()
        self._proxy.cut()

    def heal(self) -> None:
        self._proxy.thaw()
        self._proxy.cut()

    def http(self, hub: HubProcess) -> httpx.AsyncClient:
        return self._http.setdefault(
            hub.url, httpx.AsyncClient(base_url=hub.url, timeout=10, trust_env=False)
        )

    async def account(self, hub: HubProcess, terminal: str) -> HubAccount:
        """The terminal's account at a hub; enrolled at its first one, by a code of the hospital's hub."""
        enrolled = terminal in self._keys
        account = HubAccount(
            self.http(hub), terminal, self._keys.setdefault(terminal, TerminalKey.generate())
        )
        if not enrolled:
            address = await asyncio.to_thread(self.above.enrol, terminal)
            await account.enrol(address.partition("#enrol=")[2])
        return account

    async def terminal(self, hub: HubProcess, terminal: str) -> LightTerminal:
        """Bring a terminal on the wire at a hub; returns when its documents are open."""
        account = await self.account(hub, terminal)
        value = next(known for known in fixture.terminals() if known.id == terminal)
        place = Place(value.id, value.kind.value, value.ward, value.profile, value.room, value.bed)
        light = LightTerminal(hub.url, account, place, ROOMS, now_ms, follow=True)
        self._tasks.append(asyncio.create_task(light.run()))
        await asyncio.wait_for(light.joined.wait(), 10)
        return light

    async def replica(self, hub: HubProcess, token: str, document: str) -> Replica:
        """Open one document at a hub with a token."""
        replica = Replica(hub.url, token, document)
        self.replicas.append(replica)
        await replica.open()
        return replica

    async def sign_in(self, hub: HubProcess, terminal: str, number: str, password: str) -> str:
        """A person's token at the terminal."""
        token = (await (await self.account(hub, terminal)).token()).token
        answer = await self.http(hub).post(
            "/api/staff/sign-in",
            json={"number": number, "password": password},
            headers={"authorization": f"Bearer {token}"},
        )
        assert answer.status_code == 200, answer.text
        return str(answer.json()["token"])

    async def journal(self, hub: HubProcess, token: str) -> dict[str, dict[str, Any]]:
        """The journal of the ward at a hub, by call."""
        until = now_ms() + 60_000
        answer = await self.http(hub).get(
            f"/api/wards/{WARD}/calls?from={until - 3_600_000}&to={until}",
            headers={"authorization": f"Bearer {token}"},
        )
        assert answer.status_code == 200, answer.text
        lines = answer.json()["calls"]
        assert len({line["id"] for line in lines}) == len(lines)
        return {line["id"]: line for line in lines}

    async def close(self) -> None:
        for replica in self.replicas:
            await replica.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for http in self._http.values():
            await http.aclose()


class Replica:
    """One document at one hub, written and read."""

    def __init__(self, url: str, token: str, document: str) -> None:
        self._url = url.replace("http", "ws", 1) + "/sync"
        self._token = token
        self.document = document
        self.doc: Doc[Any] = Doc()
        self._present: dict[int, str] = {}
        self._socket: ClientConnection | None = None
        self._task: asyncio.Task[None] | None = None
        self._joined = asyncio.Event()

    async def open(self) -> None:
        """Join, and stay as long as the hub does."""
        self._socket = await connect(self._url, ping_interval=None, compression=None, max_size=2**24)
        await self._send(AuthToken(self._token))
        await self._send(SyncStep1(self.doc.get_state()))
        self._task = asyncio.create_task(self._read(self._socket))
        await asyncio.wait_for(self._joined.wait(), 10)

    async def change(self, edit: Callable[[Doc[Any]], None]) -> None:
        before = self.doc.get_state()
        with self.doc.transaction():
            edit(self.doc)
        await self._send(Update(self.doc.get_update(before)))

    def events(self) -> list[Any]:
        """The lines of a memo document."""
        found: list[Any] = self.doc.get("events", type=Array).to_py() or []
        return found

    @property
    def present(self) -> set[str]:
        """The terminals that are announced at the document."""
        return {json.loads(state)["terminal"] for state in self._present.values()}

    async def close(self) -> None:
        if self._socket is not None:
            await self._socket.close()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _read(self, socket: ClientConnection) -> None:
        with suppress(WebSocketException):
            async for data in socket:
                assert isinstance(data, bytes)
                message = decode(data).message
                if isinstance(message, Ping):
                    await socket.send(b"\x0a")
                elif isinstance(message, SyncStep2 | Update):
                    self.doc.apply_update(message.update)
                    self._joined.set()
                elif isinstance(message, SyncStep1):
                    update = self.doc.get_update(message.state_vector)
                    await self._send(SyncStep2(update))
                elif isinstance(message, Awareness):
                    self._hear_presence(message.payload)

    def _hear_presence(self, payload: bytes) -> None:
        for entry in decode_awareness(payload):
            if entry.state == GONE:
                self._present.pop(entry.client, None)
            else:
                self._present[entry.client] = entry.state

    async def _send(self, message: AuthToken | SyncStep1 | SyncStep2 | Update) -> None:
        assert self._socket is not None
        await self._socket.send(encode(self.document, message))


def command(hub: HubProcess, *words: str) -> str:
    """Run a command beside the hub; returns what it prints."""
    full = [sys.executable, "-m", "ward_hub.cli.main", *words, "--data", str(hub.data)]
    return subprocess.run(full, check=True, capture_output=True, text=True, timeout=60).stdout


@asynccontextmanager
async def hub_pair(folder: Path, standard_ward: Path) -> AsyncIterator[Pair]:
    """Both hubs, running and linked. A failure is told with their output."""
    os.environ["WARDLINE_APP"] = str(empty_app(folder / "app"))
    above = HubProcess(folder / "above", standard_ward)
    await asyncio.to_thread(above.start)
    try:
        code = await asyncio.to_thread(command, above, "ward-hubs", "add", "box", "--wards", WARD)
        async with FaultProxy("127.0.0.1", above.port) as proxy:
            ward = UplinkedHub(folder / "ward", f"http://127.0.0.1:{proxy.port}", code.strip())
            await asyncio.to_thread(ward.start)
            pair = Pair(above, ward, proxy)
            try:
                yield pair
            except BaseException as error:
                error.add_note(f"{above.output()}\n--- ward hub\n{ward.output()}")
                raise
            finally:
                await pair.close()
                for hub in (ward, above):
                    if hub.running:
                        await asyncio.to_thread(hub.stop)
    finally:
        del os.environ["WARDLINE_APP"]
        if above.running:
            await asyncio.to_thread(above.kill)

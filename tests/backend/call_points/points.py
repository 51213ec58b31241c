"""The gateway over a real host, gate, call service and database, with three call points; and a device."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

import httpx
from pycrdt import Array, Doc
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.applications import Starlette
from starlette.requests import Request
from ward_hub.access.gate import WardGate
from ward_hub.access.port import Access, Principal
from ward_hub.access.presence import check_presence
from ward_hub.audit.port import AuditEntry
from ward_hub.call_points.announcer import Announcer
from ward_hub.call_points.calling import Calling
from ward_hub.call_points.custody import load_custody
from ward_hub.call_points.service import CallPoints
from ward_hub.calls.call_types import load_call_types
from ward_hub.calls.directories import WardDirectories
from ward_hub.calls.entry import read_item
from ward_hub.calls.journal import Journal
from ward_hub.calls.service import CallService
from ward_hub.calls.signatures import verify
from ward_hub.db.engine import Database
from ward_hub.directory.current import CurrentDirectory
from ward_hub.directory.model import Terminal, TerminalKind
from ward_hub.directory.projector import DirectoryProjector
from ward_hub.directory.store import store_terminals
from ward_hub.doc_rooms.host import Host
from ward_hub.doc_rooms.peer import Peer
from ward_hub.doc_rooms.rules import DocumentRules, same_rules
from ward_hub.documents import names
from ward_hub.edge.call_points_api import call_points_routes
from ward_hub.edge.errors import WardError
from ward_hub.edge.office_call_points import office_call_points_routes
from ward_hub.identity.sessions import StaffSessions
from ward_hub.identity.tokens import Tokens
from ward_hub.log.memory import MemoryLog
from ward_hub.office.port import OfficePrincipal, Permission
from ward_sync.awareness import decode_awareness
from ward_sync.calls import Board, fold
from ward_sync.facts import HeardFact
from ward_sync.messages import Awareness, SyncStep1, SyncStep2, Update
from ward_sync.presence import Presence, PresenceEntry

from tests.backend.ward import NOW, standard_ward
from tests.helpers.hub import FakeConnection, settle

POINTS = (
    Terminal("bath-r01", "thoracic", TerminalKind.CALL_POINT, "bathroom-caller-network", "卫", "B", "r01"),
    Terminal("drip-b02", "thoracic", TerminalKind.CALL_POINT, "drip-sensor", "滴", "D", "r01", "b02", "SN-7"),
    Terminal("bath-x", "thoracic", TerminalKind.CALL_POINT, "bathroom-caller-network", "无", "N"),
)


class Trail:
    """An audit trail that keeps its lines."""

    def __init__(self) -> None:
        self.lines: list[AuditEntry] = []

    async def add(self, session: AsyncSession, entry: AuditEntry) -> None:
        self.lines.append(entry)

    async def record(self, entry: AuditEntry) -> None:
        self.lines.append(entry)


class Door:
    """Whoever is set, signed in."""

    def __init__(self) -> None:
        self.principal: OfficePrincipal | None = person(*Permission)

    async def who(self, request: Request) -> OfficePrincipal:
        if self.principal is None:
            raise WardError("signed_out")
        return self.principal


def person(
    *permissions: Permission, ward: str | None = None, clinical: bool = False, staff: str = "e001"
) -> OfficePrincipal:
    return OfficePrincipal(
        staff, "石工", "engineer", ward, frozenset(permissions), clinical, "s1", "10.0.0.9"
    )


@dataclass
class Now:
    """A clock that a test moves."""

    ms: int = NOW

    def __call__(self) -> int:
        return self.ms


@dataclass
class Ward:
    """A running gateway. `restarted` gives another over the same data."""

    folder: Path
    database: Database
    now: Now
    log: MemoryLog = field(default_factory=MemoryLog)
    audit: Trail = field(default_factory=Trail)
    door: Door = field(default_factory=Door)

    async def start(self) -> None:
        self.current = CurrentDirectory()
        types = load_call_types()
        self.directories = WardDirectories(self.current, types, self.now)
        sessions = StaffSessions(self.database)
        gate = WardGate(Tokens(b"s" * 32, "installation"), sessions, self.current, self.now)
        journal = Journal(self.database, self.log, self.directories.of, self.now)
        self.calls = CallService(
            self.log, gate, self.directories.of, verify, journal, lambda *_: False, self.now
        )
        self.host = Host(self.log, gate, same_rules(DocumentRules()), self.calls, self.now, 1, check_presence)
        self.calls.attach(self.host)
        self.projector = DirectoryProjector(
            self.database, self.current, self.host, self.host, types, self.now
        )
        await self.projector.load()
        nonces = count(1)
        clients = count(1000)
        self.points = CallPoints(
            self.database,
            self.current.terminal,
            Calling(
                self.calls,
                self.host,
                self.directories.of,
                self.now,
                lambda: hashlib.sha256(f"{self.now()}-{next(nonces)}".encode()).hexdigest()[:16],
            ),
            Announcer(self.host, gate, lambda _bits: next(clients), self.now),
            load_custody(self.folder),
            self.audit,
            self.projector.changed,
            self.now,
        )
        await self.points.load()
        app = Starlette(
            routes=[
                *call_points_routes(self.points, self.now),
                *office_call_points_routes(self.door, self.points, lambda: self.current.model, self.now),
            ]
        )
        transport = httpx.ASGITransport(app, client=("10.0.0.7", 1))
        self.http = httpx.AsyncClient(transport=transport, base_url="http://hub")

    async def stop(self) -> None:
        self.points.close()
        await self.http.aclose()
        await self.host.close()

    async def restart(self) -> None:
        """Another process over the same data: nothing in memory is left."""
        await self.stop()
        await self.start()

    async def device(self, terminal: str = "bath-r01") -> Device:
        """A device with a fresh key from the back office."""
        answer = await self.http.post(f"/api/office/call-points/{terminal}/key")
        assert answer.status_code == 200, answer.text
        return Device(self, terminal, answer.json()["key"])

    async def watch(self, terminal: str, kind: str, room: str | None) -> Watcher:
        """A terminal that reads presence and the room's calls."""
        return await Watcher(self, terminal, kind, room).join()


_USED = count(1)


class Device:
    """A call point's device: signs requests, as docs/call-points.md tells its maker."""

    def __init__(self, ward: Ward, terminal: str, key: str) -> None:
        self.ward = ward
        self.terminal = terminal
        self.key = key
        self.path = f"/api/call-points/{terminal}/events"

    def request(self, event: str, **more: Any) -> tuple[bytes, dict[str, str]]:
        """Return body and headers. `nonce`, `time`: other than usual; further values go into the body."""
        nonce = more.pop("nonce", f"nonce-{next(_USED):016d}")
        time = str(more.pop("time", self.ward.now()))
        body = json.dumps({"event": event, "nonce": nonce, **more}).encode()
        return body, self.headers(time, nonce, body)

    def headers(self, time: str, nonce: str, body: bytes) -> dict[str, str]:
        secret = base64.urlsafe_b64decode(self.key + "=" * (-len(self.key) % 4))
        text = f"POST\n{self.path}\n{time}\n{nonce}\n{hashlib.sha256(body).hexdigest()}"
        signature = hmac.new(secret, text.encode(), hashlib.sha256).hexdigest()
        return {
            "x-wardline-time": time,
            "x-wardline-nonce": nonce,
            "x-wardline-signature": signature,
        }

    async def post(self, body: bytes, headers: dict[str, str]) -> httpx.Response:
        return await self.ward.http.post(self.path, content=body, headers=headers)

    async def say(self, event: str, **more: Any) -> httpx.Response:
        return await self.post(*self.request(event, **more))

    async def state(self, event: str, **more: Any) -> str:
        """Say it; return what became of it, or the code of its refusal."""
        answer = (await self.say(event, **more)).json()
        return str(answer["error"]["code"] if "error" in answer else answer["state"])


class Watcher:
    """A reading terminal: what it holds of a room's calls, verified with the keys in its directory, and who
    it sees present."""

    def __init__(self, ward: Ward, terminal: str, kind: str, room: str | None) -> None:
        self.ward = ward
        self.sockets: list[tuple[FakeConnection, Peer]] = []
        self.terminal = terminal
        self.kind = kind
        self.room = room
        self.present: dict[int, dict[str, Any]] = {}
        self.renewed: dict[int, int] = {}
        self.seen: dict[str, tuple[bool, int, dict[str, str]]] = {}
        self.since = ward.now()

    async def join(self) -> Watcher:
        principal = Principal(self.terminal, self.kind, "thoracic", self.room, None, None, None, 2**53 - 1)
        for document in (names.presence("thoracic"), names.calls("thoracic", "r01")):
            connection = FakeConnection()
            peer = self.ward.host.attach(connection, document, document, principal, Access(read=True))
            self.sockets.append((connection, peer))
            self.ward.host.hear(peer, SyncStep1(b"\x00"))
        self.doc: Doc[Any] = Doc()
        await self.hear()
        return self

    async def hear(self) -> None:
        await settle()
        for connection, _ in self.sockets:
            for message in connection.messages():
                if isinstance(message, Awareness):
                    for entry in decode_awareness(message.payload):
                        self._see(entry.client, json.loads(entry.state))
                elif isinstance(message, SyncStep2 | Update):
                    self.doc.apply_update(message.update)
        # as y-protocols does it in the browser
        for client, at in list(self.renewed.items()):
            if self.ward.now() - at >= 30_000:
                self._see(client, None)

    def _see(self, client: int, state: dict[str, Any] | None) -> None:
        gone = self.present.get(client)
        self.renewed.pop(client, None)
        if state is None and gone is not None:
            self.seen[gone["terminal"]] = (False, self.ward.now(), {})
        elif state is not None:
            self.present[client] = state
            self.renewed[client] = self.ward.now()
            self.seen[state["terminal"]] = (True, self.ward.now(), state["inputs"])

    async def board(self) -> Board:
        """The fold of what it holds."""
        await self.hear()
        directory = self.ward.directories.of("thoracic")
        assert directory is not None
        facts = []
        for item in list(self.doc.get("facts", type=Array)):
            entry = read_item(item)
            key = directory.terminals[entry.fact.body.terminal].key or ""
            verified = verify(_raw(key), entry.fact.data, entry.fact.signature)
            facts.append(HeardFact(entry.id, entry.fact.body, entry.heard_at, self.ward.now(), verified))
        presence = Presence(
            self.since,
            {name: PresenceEntry(here, at, inputs=inputs) for name, (here, at, inputs) in self.seen.items()},
            frozenset(point.id for point in POINTS),
        )
        return fold(facts, directory, presence, self.ward.now())

    async def troubles(self) -> set[str]:
        return {trouble.key for trouble in (await self.board()).troubles}


def _raw(key: str) -> bytes:
    return base64.urlsafe_b64decode(key + "=" * (-len(key) % 4))


@asynccontextmanager
async def gateway(folder: Path) -> AsyncIterator[Ward]:
    async with standard_ward(folder) as database:
        async with database.session.begin() as session:
            await store_terminals(session, POINTS)
        ward = Ward(folder, database, Now())
        await ward.start()
        try:
            yield ward
        finally:
            await ward.stop()

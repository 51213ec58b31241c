"""A call service over a document in memory, and a small ward of signing terminals."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from pycrdt import Array, Doc
from sqlalchemy.exc import OperationalError
from ward_hub.access.port import Access, AccessRefused, Principal
from ward_hub.calls.entry import Entry
from ward_hub.calls.service import CallService
from ward_hub.calls.signatures import verify
from ward_hub.documents import names
from ward_hub.log.memory import MemoryLog
from ward_hub.log.port import BEGINNING, Record, RecordKind, StorageFull
from ward_sync.directory import Directory, parse_directory

from tests.helpers.signing import Signer

T = TypeVar("T")
NOW = 1_800_000_000_000
ROOM = names.calls("thoracic", "r01")


@dataclass
class Sender:
    principal: Principal | None


class FakeGate:
    """Everybody but the corridor may send facts."""

    def authenticate(self, token: str) -> Principal:
        raise AccessRefused("permission-denied")

    def access(self, principal: Principal, document: str) -> Access:
        return Access(read=True, facts=principal.kind != "corridor")


class FakeDocuments:
    """Documents in memory over a log that can be full."""

    def __init__(self, store: MemoryLog) -> None:
        self.docs: dict[str, Doc[Any]] = {}
        self.store = store
        self.full = False
        self.told: list[tuple[str, str, Any]] = []

    def doc(self, document: str) -> Doc[Any]:
        return self.docs.setdefault(document, Doc())

    async def edit(
        self, document: str, edit: Callable[[Doc[Any]], None], extra: Sequence[Record] = ()
    ) -> None:
        if self.full:
            raise StorageFull
        await self.store.append(extra)
        edit(self.doc(document))

    async def read(self, document: str, look: Callable[[Doc[Any]], T]) -> T:
        return look(self.doc(document))

    def broadcast_stateless(self, document: str, payload: str, but: Any = None) -> None:
        self.told.append((document, payload, but))


class FakeArchive:
    """Finds what a test has put there."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    async def closing(self, calls: Sequence[str]) -> list[Entry]:
        return []

    async def naming(self, calls: Sequence[str]) -> list[Entry]:
        return [entry for entry in self.entries if set(entry.fact.body.calls) & set(calls)]


class FakePeople:
    """Who is signed in where is what a test says."""

    def __init__(self) -> None:
        self.behind: set[tuple[str, str]] = set()
        self.extended: list[str] = []
        self.broken = False

    async def stood_behind(self, staff: str, terminal: str, at: int, now: int) -> bool:
        if self.broken:
            raise OperationalError("select", {}, Exception("disk"))
        return (staff, terminal) in self.behind

    def extend(self, terminal: str, now: int) -> None:
        self.extended.append(terminal)


CALL_TYPES: dict[str, Any] = {
    "patient": {
        "priority": "routine",
        "tone": "low",
        "light": "steady",
        "clear": "tender",
        "placed_by": ["bedside"],
    },
    "emergency": {
        "priority": "urgent",
        "tone": "medium",
        "light": "urgent",
        "clear": "strict",
        "placed_by": ["bedside"],
    },
    "bathroom": {
        "priority": "urgent",
        "tone": "medium",
        "light": "urgent",
        "clear": "strict",
        "placed_by": ["door"],
    },
}


class Ward:
    """Two rooms, one bed each, a door and a station; everything the service asks for, settable."""

    def __init__(self) -> None:
        self.now = NOW
        self.bedside = Signer("bed-b01")
        self.door = Signer("door-r01")
        self.station = Signer("station-main")
        self.stranger = Signer("bed-b01")
        self.all_tender = False
        self.revoked: set[str] = set()
        self.seen: set[str] = set()
        self.log = MemoryLog()
        self.archive = FakeArchive()
        self.documents = FakeDocuments(self.log)
        self.people = FakePeople()
        self.service = CallService(
            store=self.log,
            gate=FakeGate(),
            directory=lambda ward: self.directory() if ward == "thoracic" else None,
            verify=verify,
            archive=self.archive,
            seen_between=lambda terminal, _from, _until: terminal in self.seen,
            clock=lambda: self.now,
            people=self.people,
        )
        self.service.attach(self.documents)

    def directory(self) -> Directory:
        terminals = {
            signer.terminal: {
                "kind": kind,
                "room": "r01" if kind != "station" else None,
                "bed": "b01" if kind == "bedside" else None,
                "key": signer.public_key,
                "state": "revoked" if signer.terminal in self.revoked else "active",
            }
            for signer, kind in ((self.bedside, "bedside"), (self.door, "door"), (self.station, "station"))
        }
        roots: dict[str, Any] = {
            "ward": {"id": "thoracic", "all_tender": self.all_tender},
            "rooms": {"r01": {"beds": ["b01"]}},
            "beds": {"b01": {"room": "r01", "priority": "routine"}},
            "terminals": terminals,
            "call_types": CALL_TYPES,
            "staff": {"n001": {"role": "nurse"}, "n002": {"role": "nurse"}},
        }
        return parse_directory(roots)

    def sender(self, signer: Signer, kind: str) -> Sender:
        return Sender(
            Principal(signer.terminal, kind, "thoracic", signer.room, None, None, None, self.now + 1)
        )

    async def send(self, *wires: str, document: str = ROOM, kind: str = "bedside") -> list[dict[str, Any]]:
        """Send a facts frame; returns the answers."""
        payload = json.dumps({"t": "facts", "facts": list(wires)})
        answers = await self.service.handle(self.sender(self.bedside, kind), document, payload)
        return [json.loads(answer) for answer in answers]

    def items(self, document: str = ROOM) -> list[list[Any]]:
        return list(self.documents.doc(document).get("facts", type=Array))

    async def records(self) -> list[Record]:
        return [
            r async for _, r in self.log.read(BEGINNING, frozenset({RecordKind.FACT, RecordKind.REFUSED}))
        ]

"""The standard ward with its back office: changes over real SQL, with fakes for what belongs to others."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession
from ward_hub.audit.port import AuditEntry
from ward_hub.calls.call_types import load_call_types
from ward_hub.db.engine import Database
from ward_hub.directory.current import CurrentDirectory
from ward_hub.directory.fixture import WARD
from ward_hub.directory.model import DirectoryModel
from ward_hub.directory.projector import DirectoryProjector
from ward_hub.documents.port import Roots
from ward_hub.office.changes import Changes, ChangesParts
from ward_hub.office.entities.all import all_adapters
from ward_hub.office.open_calls import OpenCall, OpenCalls, StandingCalls
from ward_hub.office.port import Edit, EditsRefused, Entity, OfficePrincipal, Permission, Value

from tests.backend.ward import NOW, read_model, standard_ward

HOUR = 3_600_000


def officer(
    *permissions: Permission, ward: str | None = None, staff: str = "a001", role: str = "system_admin"
) -> OfficePrincipal:
    """Somebody in the back office; with all permissions when none is named."""
    return OfficePrincipal(
        staff=staff,
        name="石工",
        role=role,
        ward=ward,
        permissions=frozenset(permissions or Permission),
        clinical=False,
        session="s1",
        address="10.0.0.9",
    )


@dataclass
class FakeAudit:
    """Keeps what was written; `failing` refuses."""

    entries: list[AuditEntry] = field(default_factory=list)
    failing: bool = False

    async def add(self, session: AsyncSession, entry: AuditEntry) -> None:
        if self.failing:
            raise OSError("the trail cannot be written")
        self.entries.append(entry)

    async def record(self, entry: AuditEntry) -> None:
        self.entries.append(entry)


@dataclass
class FakeCalls:
    """Open calls as a test sets them."""

    open: list[OpenCall] = field(default_factory=list)
    terminals: set[str] = field(default_factory=set)

    async def of(self, ward: str) -> Sequence[OpenCall]:
        return self.open if ward == WARD else []

    async def standing(self, ward: str) -> StandingCalls:
        if ward != WARD:
            return StandingCalls()
        placed = {call.terminal for call in self.open}
        return StandingCalls(tuple(self.open), frozenset(self.terminals | placed))


class FakeAdapter:
    """What another part keeps."""

    def __init__(self) -> None:
        self.values: dict[str, Value] = {}

    async def read(self, session: AsyncSession, ward: str | None, entity_id: str) -> Value | None:
        return self.values.get(entity_id)

    async def write(
        self, session: AsyncSession, ward: str | None, entity_id: str, value: Value | None
    ) -> None:
        if value is None:
            self.values.pop(entity_id, None)
        else:
            self.values[entity_id] = value


class Screens:
    """Publisher and host in one."""

    def __init__(self) -> None:
        self.documents: dict[str, Roots] = {}
        self.dropped: list[tuple[str, int]] = []

    async def publish(self, document: str, roots: Roots) -> None:
        self.documents[document] = roots

    async def drop_terminal(self, terminal: str, code: int) -> None:
        self.dropped.append((terminal, code))

    async def recheck(self) -> None: ...


class Office:
    """The back office of the standard ward."""

    def __init__(self, database: Database, calls: OpenCalls | None = None) -> None:
        """`calls`: in place of those that a test sets."""
        self.database = database
        self.now = NOW
        self.audit = FakeAudit()
        self.calls = FakeCalls()
        self.permissions = FakeAdapter()
        self.occupied: set[str] = set()
        self.people: list[frozenset[str]] = []
        self.screens = Screens()
        self.current = CurrentDirectory()
        self.call_types = load_call_types()
        self.projector = DirectoryProjector(
            database, self.current, self.screens, self.screens, self.call_types, lambda: self.now
        )
        self.changes = Changes(
            ChangesParts(
                database=database,
                adapters=all_adapters(self.call_types, self.permissions, FakeAdapter()),
                shipped_call_types=set(self.call_types),
                audit=self.audit,
                calls=calls or self.calls,
                occupied=lambda ward: self.occupied if ward == WARD else set(),
                directory_changed=self.projector.poll,
                people_changed=self._people_changed,
                clock=lambda: self.now,
            )
        )

    async def _people_changed(self, people: frozenset[str]) -> None:
        self.people.append(people)

    async def read(self, entity: Entity, entity_id: str, ward: str | None = WARD) -> dict[str, Any] | None:
        adapter = all_adapters(self.call_types, self.permissions, FakeAdapter())[entity]
        async with self.database.session() as session:
            value = await adapter.read(session, ward, entity_id)
        return None if value is None else dict(value)

    async def edit(self, entity: Entity, entity_id: str, ward: str | None = WARD, /, **changed: Any) -> Edit:
        """An edit of what is there, with some fields changed; of what is not, with just these fields."""
        before = await self.read(entity, entity_id, ward)
        return Edit(entity, ward, entity_id, before, {**(before or {}), **changed})

    async def removal(self, entity: Entity, entity_id: str, ward: str | None = WARD) -> Edit:
        return Edit(entity, ward, entity_id, await self.read(entity, entity_id, ward), None)

    async def apply(self, *edits: Edit, who: OfficePrincipal | None = None, note: str = "") -> int:
        """Make the change; returns its id."""
        applied = await self.changes.apply(who or officer(), edits, note)
        assert applied.id is not None
        return applied.id

    async def refused(self, *edits: Edit, who: OfficePrincipal | None = None) -> EditsRefused:
        """Have the change refused; nothing of it is there."""
        before = await read_model(self.database, self.now)
        try:
            await self.changes.apply(who or officer(), edits, "")
        except EditsRefused as refused:
            assert await read_model(self.database, self.now) == before
            return refused
        raise AssertionError("it was not refused")

    async def model(self) -> DirectoryModel:
        return await read_model(self.database, self.now)


@asynccontextmanager
async def office_of(folder: Path) -> AsyncIterator[Office]:
    async with standard_ward(folder) as database:
        yield Office(database)


HOSTING: dict[str, Any] = {
    "from_group": "east",
    "to": ["station-vice"],
    "from_ms": NOW - HOUR,
    "until_ms": NOW + HOUR,
}
RULE: dict[str, Any] = {
    "from_group": "west",
    "to": ["station-main"],
    "weekdays": [1, 2, 3, 4, 5, 6, 7],
    "from": "22:00",
    "until": "06:00",
    "first": "2027-01-01",
    "last": None,
}
OWN_TYPE: dict[str, Any] = {
    "zh": "送水",
    "en": "Water",
    "priority": "service",
    "tone": "low",
    "light": "steady",
    "clear": "tender",
    "may_talk": False,
    "placed_by": ["bedside"],
}

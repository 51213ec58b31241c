"""Fleet control with all around it played: who is connected, what devices are told, the audit trail."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession
from ward_hub.access.port import Access, AccessRefused, Principal
from ward_hub.audit.port import AuditEntry
from ward_hub.db.engine import Database
from ward_hub.directory.current import CurrentDirectory
from ward_hub.directory.fixture import WARD
from ward_hub.directory.model import TerminalState
from ward_hub.directory.tables import TerminalRow
from ward_hub.documents import names
from ward_hub.documents.port import Roots
from ward_hub.fleet.device_line import DeviceLine
from ward_hub.fleet.meter import DeviceMeter
from ward_hub.fleet.seen import Line
from ward_hub.fleet.service import Fleet
from ward_hub.office.port import OfficePrincipal, Permission

from tests.backend.fleet.apps import BASE, write_app
from tests.backend.ward import NOW, read_model, standard_ward

ADMIN = OfficePrincipal(
    "a001", "系统管理员", "system_admin", None, frozenset(Permission), False, "session-a", "10.0.0.9"
)
ENGINEER = OfficePrincipal(
    "e001",
    "工程师",
    "engineer",
    WARD,
    frozenset(
        {
            Permission.WARD_READ,
            Permission.TERMINALS_WRITE,
            Permission.FLEET_CONTROL,
            Permission.FLEET_VIEW,
        }
    ),
    False,
    "session-e",
    "10.0.0.8",
)
STRANGER = replace(ENGINEER, staff="e002", ward="cardiac", session="session-s")
NOBODY = replace(ADMIN, staff="s001", permissions=frozenset({Permission.WARD_READ}), session="session-n")

REPORT: dict[str, Any] = {
    "t": "report",
    "mac": "02-00-5e-10-00-01",
    "serial": "SN1",
    "model": "Panel 7",
    "browser": "Chrome 156",
    "version": "1.0.0",
    "build": BASE,
    "can": ["restart", "volume", "brightness", "screen"],
    "volume": 40,
    "brightness": 80,
    "screen": "on",
    "offset_ms": 12.4,
    "rtt_ms": 8,
    "hung": 0,
    "started_at": NOW - 5_000,
}


class Trail:
    """Takes lines; `broken` makes it refuse them."""

    def __init__(self) -> None:
        self.entries: list[AuditEntry] = []
        self.broken = False

    async def add(self, session: AsyncSession, entry: AuditEntry) -> None:
        await self.record(entry)

    async def record(self, entry: AuditEntry) -> None:
        if self.broken:
            raise OSError("the trail cannot be written")
        self.entries.append(entry)

    def said(self) -> list[tuple[str, str, Any]]:
        return [(entry.action.value, entry.result, entry.detail.get("do")) for entry in self.entries]


class Documents:
    """Device documents, and who has theirs open to be told something."""

    def __init__(self) -> None:
        self.roots: dict[str, dict[str, Any]] = {}
        self.written: list[tuple[str, Roots]] = []
        self.told: list[tuple[str, dict[str, Any]]] = []
        self.open: set[str] = set()
        self.states: list[str] = []
        self.failing: Exception | None = None

    async def publish(self, document: str, roots: Roots) -> None:
        if self.failing is not None:
            raise self.failing
        self.written.append((document, roots))
        held = self.roots.setdefault(document, {})
        held.update({name: dict(root) for name, root in roots.items()})

    def presence(self, document: str) -> list[str]:
        return self.states

    def send_stateless(self, document: str, terminal: str, payload: str) -> bool:
        if terminal not in self.open:
            return False
        self.told.append((terminal, json.loads(payload)))
        return True

    def wish(self, terminal: str) -> Mapping[str, Any]:
        """What stands in the terminal's document."""
        found: Mapping[str, Any] = self.roots.get(names.device(WARD, terminal), {}).get("wish", {})
        return found

    def take(self) -> list[tuple[str, dict[str, Any]]]:
        told, self.told = self.told, []
        return told


class OwnGate:
    """Lets a terminal have its own device document."""

    def authenticate(self, token: str) -> Principal:
        raise AccessRefused("expired")

    def access(self, principal: Principal, document: str) -> Access:
        return Access(read=True)


@dataclass
class Peer:
    principal: Principal | None


class FleetHub:
    """A hub's fleet control over a database that outlives it."""

    def __init__(self, database: Database, data: Path, app: Path, current: CurrentDirectory) -> None:
        self.database = database
        self.current = current
        self.now = NOW
        self.lines_now: dict[str, Line] = {}
        self.office_sessions = {"session-a", "session-e", "session-s", "session-n"}
        self.audit = Trail()
        self.documents = Documents()
        self.line = DeviceLine(OwnGate())
        self.line.attach(self.documents)
        self.meter = DeviceMeter(self.line, self.clock)
        self.changes = 0
        numbers = count(1)
        self.fleet = Fleet(
            database=database,
            data=data,
            app_folder=app,
            current=current,
            documents=self.documents,
            lines=self,
            line=self.line,
            meter=self.meter,
            audit=self.audit,
            directory_changed=self.changed,
            viewers=self.open_office_sessions,
            clock=self.clock,
            reachable=lambda terminal: terminal != "pda-02",
            make_id=lambda: f"{next(numbers):016x}",
        )

    def clock(self) -> int:
        return self.now

    def lines(self) -> dict[str, Line]:
        return dict(self.lines_now)

    async def changed(self) -> None:
        self.changes += 1
        self.current.replace_model(await read_model(self.database, self.now))

    async def open_office_sessions(self) -> set[str]:
        return self.office_sessions

    def connect(self, *terminals: str, silent_ms: int = 0) -> None:
        for terminal in terminals:
            self.lines_now[terminal] = Line("10.1.0.1", silent_ms)
            self.documents.open.add(terminal)

    def disconnect(self, *terminals: str) -> None:
        for terminal in terminals:
            self.lines_now.pop(terminal, None)
            self.documents.open.discard(terminal)

    async def say(self, terminal: str, message: Mapping[str, Any], at: str | None = None) -> list[Any]:
        """The terminal sends a frame at its own device document (or another's); returns the answers."""
        found = self.current.terminal(terminal)
        assert found is not None
        principal = Principal(
            terminal, found.kind.value, found.ward, found.room, found.bed, None, None, self.now + 1
        )
        document = names.device(WARD, at or terminal)
        answers = await self.meter.handle(Peer(principal), document, json.dumps(message))
        return [json.loads(answer) for answer in answers]

    async def report(self, terminal: str, **fields: Any) -> list[Any]:
        return await self.say(terminal, REPORT | fields)

    async def second(self, seconds: float = 1.0) -> None:
        """Time passes, and every work is done once."""
        self.now += int(seconds * 1000)
        for work in self.fleet.works:
            await work()


@asynccontextmanager
async def fleet_ward(folder: Path) -> AsyncIterator[Database]:
    """The standard ward with every terminal enrolled (without keys: nobody signs here)."""
    async with standard_ward(folder) as database:
        async with database.session.begin() as session:
            await session.execute(update(TerminalRow).values(state=TerminalState.ACTIVE.value))
        yield database


async def fleet_hub(database: Database, folder: Path) -> FleetHub:
    """A hub that starts on the database; a second one is the hub after a restart."""
    app = folder / "base-app"
    if not app.is_dir():
        write_app(app, BASE)
    current = CurrentDirectory()
    current.replace_model(await read_model(database))
    hub = FleetHub(database, folder, app, current)
    await hub.fleet.load()
    return hub

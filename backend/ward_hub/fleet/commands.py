"""Commands to many terminals at once (DEV-02): sent or wished, and how each terminal took them.

Volume, brightness and the screen are wishes: they last, and reach a terminal that was away. Restart and
identify are messages: a terminal that is not connected, does not answer within 10 s or cannot do it is said
to be so. A restart during a call is refused by the terminal itself (`in_call`), which knows best.
"""

from __future__ import annotations

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from ward_hub.audit.port import AuditAction, AuditEntry, AuditTrail
from ward_hub.db.engine import Database
from ward_hub.directory.model import Terminal, TerminalKind, TerminalState
from ward_hub.documents.port import Json
from ward_hub.fleet.report import Report
from ward_hub.fleet.reports import DeviceReports
from ward_hub.fleet.tables import FleetCommandRow, FleetResultRow
from ward_hub.fleet.wishes import DeviceWishes
from ward_hub.office.port import OfficePrincipal

ANSWER_MS = 10_000
KEPT_MS = 90 * 24 * 3_600_000
REMEMBERED = 100
"""Commands in memory, for the page that watches one; older ones are read from SQL."""
_CHUNK = 500
_YIELD_EVERY = 50

OUTCOMES = frozenset({"done", "not_able", "in_call", "failed"})
"""What a terminal may answer."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Doing:
    """How one `do` is carried out: as the wish `field` set to `value` (or the command's), else a message."""

    needs: str | None
    field: str | None = None
    value: str | None = None

    @property
    def takes_value(self) -> bool:
        return self.field is not None and self.value is None


DOINGS: Mapping[str, Doing] = {
    "restart": Doing("restart"),
    "identify": Doing(None),
    "volume": Doing("volume", "volume"),
    "brightness": Doing("brightness", "brightness"),
    "screen_on": Doing("screen", "screen", "on"),
    "screen_off": Doing("screen", "screen", "off"),
}


class BadCommand(ValueError):
    """A command that cannot be; the message says what was expected."""


class Teller(Protocol):
    """The line to the devices (fleet/device_line.py)."""

    def tell(self, ward: str, terminal: str, message: Mapping[str, Any]) -> bool: ...


@dataclass(slots=True)
class Command:
    """A command as it was given. `results`: terminal → outcome, `waiting` until it has ended."""

    id: str
    at: int
    staff: str
    do: str
    value: int | None
    results: dict[str, str]

    def json(self, shown: Callable[[str], bool] = lambda _terminal: True) -> dict[str, Json]:
        """FleetCommand of the API, with the terminals that `shown` lets through."""
        return {
            "id": self.id,
            "at": self.at,
            "staff": self.staff,
            "do": self.do,
            "value": self.value,
            "results": [
                {"terminal": terminal, "outcome": outcome}
                for terminal, outcome in self.results.items()
                if shown(terminal)
            ],
        }


class FleetCommands:
    """Gives commands and hears what became of them. `tick` belongs to a round."""

    def __init__(
        self,
        database: Database,
        reports: DeviceReports,
        wishes: DeviceWishes,
        line: Teller,
        audit: AuditTrail,
        clock: Callable[[], int],
        make_id: Callable[[], str],
    ) -> None:
        """`make_id`: 16 hex digits, never the same twice."""
        self._database = database
        self._reports = reports
        self._wishes = wishes
        self._line = line
        self._audit = audit
        self._clock = clock
        self._make_id = make_id
        self._commands: OrderedDict[str, Command] = OrderedDict()
        self._due_at: dict[tuple[str, str], int] = {}
        """(command, terminal) → when its time to answer is over."""
        self._wished: dict[tuple[str, str], str] = {}
        """(terminal, field) → the command whose wish stands and has not been seen to be fulfilled."""
        self._changed: set[tuple[str, str]] = set()

    async def load(self) -> None:
        """Take up what was open: old messages are not answered any more, wishes are still waited for."""
        now = self._clock()
        async with self._database.session.begin() as session:
            await session.execute(delete(FleetCommandRow).where(FleetCommandRow.at < now - KEPT_MS))
            open_ids = select(FleetResultRow.command).where(FleetResultRow.outcome == "waiting").distinct()
            rows = await session.scalars(
                select(FleetCommandRow).where(FleetCommandRow.id.in_(open_ids)).order_by(FleetCommandRow.at)
            )
            for row in rows:
                results = await session.scalars(
                    select(FleetResultRow).where(FleetResultRow.command == row.id)
                )
                outcomes = {result.terminal: result.outcome for result in results}
                command = Command(row.id, row.at, row.staff, row.do, row.value, outcomes)
                self._commands[row.id] = command
                doing = DOINGS.get(row.do)
                for terminal, outcome in outcomes.items():
                    if outcome != "waiting":
                        continue
                    if doing is None or doing.field is None:
                        self._end(command, terminal, "no_answer")
                    else:
                        self._supersede(terminal, doing.field, command.id)

    async def give(
        self, who: OfficePrincipal, targets: Iterable[Terminal], do: str, value: int | None
    ) -> Command:
        """Carry a command out at the terminals, which are theirs to command, and return it.

        Stored and on the audit trail before anyone is told. Raises BadCommand.
        """
        doing = _checked(do, value)
        now = self._clock()
        command = Command(self._make_id(), now, who.staff, do, value, {})
        connected = self._reports.connected()
        meant: list[Terminal] = []
        for terminal in targets:
            outcome = self._before_sending(terminal, doing, terminal.id in connected)
            command.results[terminal.id] = outcome
            if outcome == "waiting":
                meant.append(terminal)
        wish = doing.value if doing.value is not None else value
        changes = {terminal.id: {doing.field: wish} for terminal in meant} if doing.field else {}
        await self._store(command, who, changes)
        self._remember(command)
        if doing.field is None:
            await self._send(command, meant, now)
        else:
            self._wishes.take(changes, again=True)
            for terminal in meant:
                self._supersede(terminal.id, doing.field, command.id)
                if terminal.id in connected:
                    self._due_at[command.id, terminal.id] = now + ANSWER_MS
            await self._wishes.publish()
            for terminal in meant:
                # One that has it so already has nothing new to report.
                report = self._reports.report(terminal.id) if terminal.id in connected else None
                if report is not None:
                    self.reported(terminal.id, report)
        return command

    async def find(self, command_id: str) -> Command | None:
        """Return a command of the last 90 days."""
        held = self._commands.get(command_id)
        if held is not None:
            return held
        async with self._database.session() as session:
            row = await session.get(FleetCommandRow, command_id)
            if row is None:
                return None
            outcomes = await _outcomes(session, command_id)
        return Command(row.id, row.at, row.staff, row.do, row.value, outcomes)

    def did(self, terminal: str, command_id: str, outcome: str) -> bool:
        """A terminal answers a message; returns whether it was one of ours to it."""
        command = self._commands.get(command_id)
        if command is None or command.results.get(terminal) not in ("waiting", "no_answer"):
            return False
        if DOINGS[command.do].field is not None:
            return False
        self._end(command, terminal, outcome)
        return True

    def reported(self, terminal: str, report: Report) -> None:
        """A report shows whether a wish was fulfilled."""
        for field in ("volume", "brightness", "screen"):
            command_id = self._wished.get((terminal, field))
            if command_id is None:
                continue
            command = self._commands.get(command_id)
            if command is None:
                del self._wished[terminal, field]
                continue
            doing = DOINGS[command.do]
            wanted = doing.value if doing.value is not None else command.value
            if getattr(report, field) == wanted:
                del self._wished[terminal, field]
                self._end(command, terminal, "done")

    async def tick(self) -> None:
        """End what was not answered in time; store what has changed."""
        now = self._clock()
        for (command_id, terminal), due_at in list(self._due_at.items()):
            if now >= due_at:
                command = self._commands[command_id]
                self._end(command, terminal, "no_answer")
        await self._store_changed()

    async def close(self) -> None:
        await self._store_changed()

    def _before_sending(self, terminal: Terminal, doing: Doing, connected: bool) -> str:
        if terminal.kind is TerminalKind.CALL_POINT:
            return "not_able"
        report = self._reports.report(terminal.id)
        if report is not None and doing.needs is not None and doing.needs not in report.can:
            return "not_able"
        if not connected and (doing.field is None or terminal.state is not TerminalState.ACTIVE):
            return "not_connected"
        return "waiting"

    async def _store(
        self, command: Command, who: OfficePrincipal, changes: Mapping[str, Mapping[str, Any]]
    ) -> None:
        results = [
            {"command": command.id, "terminal": terminal, "outcome": outcome}
            for terminal, outcome in command.results.items()
        ]
        async with self._database.session.begin() as session:
            session.add(
                FleetCommandRow(
                    id=command.id, at=command.at, staff=command.staff, do=command.do, value=command.value
                )
            )
            await session.flush()
            for start in range(0, len(results), _CHUNK):
                await session.execute(insert(FleetResultRow), results[start : start + _CHUNK])
            await self._wishes.write(session, changes)
            await self._audit.add(
                session,
                AuditEntry(
                    AuditAction.FLEET_COMMAND,
                    "ok",
                    staff=who.staff,
                    ward=who.ward,
                    terminal=next(iter(command.results)) if len(command.results) == 1 else None,
                    subject=command.id,
                    address=who.address,
                    detail={"do": command.do, "value": command.value, "terminals": len(command.results)},
                ),
            )

    async def _send(self, command: Command, meant: list[Terminal], now: int) -> None:
        message = {"t": "do", "id": command.id, "do": command.do}
        for count, terminal in enumerate(meant, start=1):
            # Its answer may come before this loop ends.
            self._due_at[command.id, terminal.id] = now + ANSWER_MS
            if not self._line.tell(terminal.ward, terminal.id, message):
                self._end(command, terminal.id, "not_connected")
            if count % _YIELD_EVERY == 0:
                await asyncio.sleep(0)  # calls go between

    def _remember(self, command: Command) -> None:
        self._commands[command.id] = command
        if len(self._commands) <= REMEMBERED:
            return
        kept = set(self._wished.values()) | {command_id for command_id, _ in self._due_at}
        for command_id in list(self._commands):
            if len(self._commands) <= REMEMBERED:
                break
            unstored = any(changed == command_id for changed, _ in self._changed)
            if command_id not in kept and not unstored and command_id != command.id:
                del self._commands[command_id]

    def _supersede(self, terminal: str, field: str, command_id: str) -> None:
        """A newer wish for the same thing: what the older one wanted was never reached."""
        older = self._wished.get((terminal, field))
        self._wished[terminal, field] = command_id
        command = self._commands.get(older or "")
        if command is not None and command.results.get(terminal) == "waiting":
            self._end(command, terminal, "not_connected")

    def _end(self, command: Command, terminal: str, outcome: str) -> None:
        command.results[terminal] = outcome
        self._due_at.pop((command.id, terminal), None)
        self._changed.add((command.id, terminal))

    async def _store_changed(self) -> None:
        if not self._changed:
            return
        due, self._changed = self._changed, set()
        by_outcome: dict[tuple[str, str], list[str]] = {}
        for command_id, terminal in due:
            outcome = self._commands[command_id].results[terminal]
            by_outcome.setdefault((command_id, outcome), []).append(terminal)
        try:
            async with self._database.session.begin() as session:
                for (command_id, outcome), terminals in by_outcome.items():
                    for start in range(0, len(terminals), _CHUNK):
                        await session.execute(
                            update(FleetResultRow)
                            .where(
                                FleetResultRow.command == command_id,
                                FleetResultRow.terminal.in_(terminals[start : start + _CHUNK]),
                            )
                            .values(outcome=outcome)
                        )
        except BaseException:
            self._changed |= due
            raise


async def _outcomes(session: AsyncSession, command_id: str) -> dict[str, str]:
    results = await session.scalars(
        select(FleetResultRow).where(FleetResultRow.command == command_id).order_by(FleetResultRow.terminal)
    )
    return {result.terminal: result.outcome for result in results}


def _checked(do: str, value: int | None) -> Doing:
    doing = DOINGS.get(do)
    if doing is None:
        raise BadCommand(f"do: expected one of {', '.join(DOINGS)}")
    if doing.takes_value:
        if type(value) is not int or not 0 <= value <= 100:
            raise BadCommand("value: expected 0 to 100")
    elif value is not None:
        raise BadCommand(f"value: expected null for {do}")
    return doing

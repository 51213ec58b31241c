"""The call journal (CALL-06): a reaction that reads accepted facts from the log and keeps one line a call.

It can run late or again without harm: what it holds is a function of the facts. Several hubs may read at
once: the one that moves the cursor from where it began has read that part, the other begins again. It also
answers which facts ended calls that have left their documents.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import asdict

from sqlalchemy import Select, delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from ward_sync.directory import Directory
from ward_sync.journal import records
from ward_sync.retention import closing_facts

from ward_hub.calls.entry import Entry, read_item, read_record
from ward_hub.calls.tables import CallFact, CallFactName, CallLine, JournalCursor
from ward_hub.db.engine import Database
from ward_hub.log.port import BEGINNING, Cursor, Log, RecordKind

BATCH = 500
LOOK_S = 1.0
"""How often the log is read when nobody says that something came."""

log = logging.getLogger(__name__)


class _Moved(Exception):
    """Another hub has read on meanwhile."""


class Journal:
    """One line a call, from the log. `directory`: ward → its directory now."""

    def __init__(
        self,
        database: Database,
        store: Log,
        directory: Callable[[str], Directory | None],
        clock: Callable[[], int],
    ) -> None:
        self._database = database
        self._store = store
        self._directory = directory
        self._clock = clock
        self._turn = asyncio.Lock()

    async def catch_up(self) -> int:
        """Read what the log took since; returns how many facts that were."""
        count = 0
        async with self._turn:
            while True:
                try:
                    async for taken in self._read_on():
                        count += taken
                    return count
                except (_Moved, IntegrityError):
                    continue

    async def _read_on(self) -> AsyncIterator[int]:
        """Read from the cursor to the end; yields how many facts each batch had. Raises _Moved, and
        IntegrityError where another hub set the first cursor in the same moment."""
        async with self._database.session() as session:
            cursor = await session.get(JournalCursor, 1)
        before = cursor.place if cursor else None
        after = before or BEGINNING
        batch: list[Entry] = []
        async for place, record in self._store.read(after, frozenset({RecordKind.FACT})):
            batch.append(read_record(record))
            after = place
            if len(batch) >= BATCH:
                await self._keep(batch, before, after)
                yield len(batch)
                batch, before = [], after
        if batch:
            await self._keep(batch, before, after)
            yield len(batch)

    async def closing(self, calls: Sequence[str]) -> list[Entry]:
        """The facts that close those of the calls that are over (CF44)."""
        entries = {entry.id: entry for entry in await self.naming(calls)}
        ids: set[str] = set()
        for ward in {entry.fact.body.ward for entry in entries.values()}:
            heard = [entry.heard for entry in entries.values() if entry.fact.body.ward == ward]
            directory = self._directory(ward) or Directory()
            for call in calls:
                ids.update(closing_facts(heard, call, directory, self._clock()))
        return [entries[fact] for fact in sorted(ids)]

    async def naming(self, calls: Sequence[str]) -> list[Entry]:
        """Every fact that names one of the calls, each `placed` among them."""
        await self.catch_up()
        async with self._database.session() as session:
            facts = await session.scalars(
                select(CallFact)
                .join(CallFactName, CallFactName.fact == CallFact.id)
                .where(CallFactName.call.in_(calls))
                .distinct()
            )
            return [_entry(fact) for fact in facts]

    async def list_calls(
        self,
        ward: str,
        from_ms: int,
        to_ms: int,
        bed: str | None = None,
        type_: str | None = None,
        limit: int = 5000,
    ) -> list[CallLine]:
        """The ward's calls placed in [from_ms, to_ms), newest first, at most `limit`."""
        await self.catch_up()
        wanted = select_calls(ward, from_ms, to_ms, bed, type_).limit(limit)
        async with self._database.session() as session:
            return list(await session.scalars(wanted))

    async def _keep(self, batch: list[Entry], before: Cursor | None, place: Cursor) -> None:
        """Write a batch. First the cursor moves from `before`: that row lets in one hub at a time."""
        async with self._database.session.begin() as session:
            if before is None:
                session.add(JournalCursor(id=1, place=place))
                await session.flush()
            else:
                moved = await session.execute(
                    update(JournalCursor)
                    .where(JournalCursor.id == 1, JournalCursor.place == before)
                    .values(place=place)
                )
                if moved.rowcount == 0:  # type: ignore[attr-defined]  # an UPDATE's result has it
                    raise _Moved
            touched: set[str] = set()
            for entry in batch:
                named = entry.fact.body.calls or (entry.id,)
                touched.update(named)
                if await session.get(CallFact, entry.id) is None:
                    session.add(_row(entry))
                    # The foreign key wants the fact first.
                    await session.flush()
                    session.add_all(CallFactName(call=call, fact=entry.id) for call in named)
            await session.flush()
            await self._refresh(session, sorted(touched))

    async def _refresh(self, session: AsyncSession, calls: Sequence[str]) -> None:
        """Write the lines of these calls anew from all their facts."""
        facts = await session.scalars(
            select(CallFact)
            .join(CallFactName, CallFactName.fact == CallFact.id)
            .where(CallFactName.call.in_(calls))
            .distinct()
        )
        entries = [_entry(fact) for fact in facts]
        wards = {entry.fact.body.ward for entry in entries}
        unverified: defaultdict[str, set[str]] = defaultdict(set)
        for entry in entries:
            if entry.fact.body.staff and not entry.staff_verified:
                for call in entry.fact.body.calls or (entry.id,):
                    unverified[call].add(entry.fact.body.staff)
        await session.execute(delete(CallLine).where(CallLine.id.in_(calls)))
        for ward in sorted(wards):
            heard = [entry.heard for entry in entries if entry.fact.body.ward == ward]
            for record in records(heard, self._directory(ward) or Directory(), self._clock()):
                if record.id in calls:
                    names = sorted(unverified[record.id])
                    session.add(CallLine(**asdict(record), staff_unverified=names))


def select_calls(
    ward: str | None, from_ms: int, to_ms: int, bed: str | None = None, type_: str | None = None
) -> Select[CallLine]:
    """The query for calls placed in [from_ms, to_ms), newest first."""
    wanted = select(CallLine).where(CallLine.at >= from_ms, CallLine.at < to_ms)
    for column, value in ((CallLine.ward, ward), (CallLine.bed, bed), (CallLine.type, type_)):
        if value is not None:
            wanted = wanted.where(column == value)
    return wanted.order_by(CallLine.at.desc(), CallLine.id)


def _row(entry: Entry) -> CallFact:
    return CallFact(
        id=entry.id,
        act=entry.fact.body.act.value,
        wire=entry.wire,
        heard_at=entry.heard_at,
        missed=entry.missed,
        staff_verified=entry.staff_verified,
    )


def _entry(fact: CallFact) -> Entry:
    return read_item([fact.wire, fact.heard_at, fact.missed, not fact.staff_verified])

"""The call journal made anew from the log: what is derived is emptied and filled by the same reading."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import delete, select

from ward_hub.calls.journal import BATCH, Journal
from ward_hub.calls.tables import CallFact, CallFactName, CallLine, JournalCursor
from ward_hub.db.engine import Database
from ward_hub.log.port import Record, RecordKind


class KnowsFacts(Protocol):
    async def known(self, keys: Sequence[str]) -> dict[str, Record]: ...


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a replay did: facts read, calls listed, lines that are not as they were, lines that are gone."""

    facts: int
    calls: int
    changed: int
    gone: int


class FactsMissing(Exception):
    """The journal has facts that the log does not have: a replay would lose them."""

    def __init__(self, count: int) -> None:
        super().__init__(f"{count} facts of the journal are not in the log")
        self.count = count


async def replay_journal(
    journal: Journal, database: Database, store: KnowsFacts, drop_unknown: bool = False
) -> Replayed:
    """Empty the journal in one transaction and fill it from the log; interrupted, a hub's next look goes on.

    Links of recordings are not derived and stay. What the fold says of a call depends on the directory too:
    a line may differ from before where that has changed since. Raises FactsMissing, with nothing changed,
    when the journal has facts that the log does not have, unless `drop_unknown`; and what SQL and log raise.
    """
    missing = await _not_in_log(database, store)
    if missing and not drop_unknown:
        raise FactsMissing(missing)
    before = await _lines(database)
    async with database.session.begin() as session:
        for table in (CallLine, CallFactName, CallFact, JournalCursor):
            await session.execute(delete(table))
    facts = await journal.catch_up()
    after = await _lines(database)
    changed = sum(before.get(call) != line for call, line in after.items())
    return Replayed(facts, len(after), changed, len(before.keys() - after.keys()))


async def _not_in_log(database: Database, store: KnowsFacts) -> int:
    async with database.session() as session:
        ids = list(await session.scalars(select(CallFact.id)))
    missing = 0
    for start in range(0, len(ids), BATCH):
        part = ids[start : start + BATCH]
        known = await store.known(part)
        missing += sum(fact not in known or known[fact].kind is not RecordKind.FACT for fact in part)
    return missing


async def _lines(database: Database) -> dict[str, int]:
    """Each call's line as a number that differs when the line does."""
    async with database.session() as session:
        rows = await session.stream(select(*CallLine.__table__.columns))
        return {row.id: hash(repr(tuple(row))) async for row in rows}

"""Changes of identity in SQL, and the stays they are about. All in the caller's transaction."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from sqlalchemy import delete, exists, insert, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from ward_hub.record.encounter import Encounter
from ward_hub.record.identity import ChangeKind, IdentityChange
from ward_hub.record.store import CHUNK, load_encounters
from ward_hub.record.tables import EncounterNumberRow, EncounterRow, IdentityChangeRow, IdentityNumberRow

MOST_CHANGES = 1_000
"""Of one person, merges of merges included; a feed that sends more is broken and must not stop others."""
KEPT_MS = 7 * 86_400_000
"""Late messages count for three days; of who has no stay here nothing is kept longer than it takes."""


async def load_changes(
    session: AsyncSession, numbers: Collection[str], visits: Collection[str]
) -> tuple[IdentityChange, ...]:
    """Return the changes that name any of these, and those that name any number of theirs, and so on."""
    found: dict[int, IdentityChange] = {}
    asked: set[str] = set()
    wanted = set(numbers)
    if visits:
        query = select(IdentityChangeRow).where(IdentityChangeRow.visit.in_(list(visits)))
        _add(found, (await session.scalars(query)).all())
        wanted |= {number for change in found.values() for number in change.numbers}
    while (fresh := sorted(wanted - asked)[:CHUNK]) and len(found) < MOST_CHANGES:
        asked |= set(fresh)
        named = select(IdentityNumberRow.change).where(IdentityNumberRow.number.in_(fresh))
        query = select(IdentityChangeRow).where(IdentityChangeRow.id.in_(named)).limit(MOST_CHANGES)
        _add(found, (await session.scalars(query)).all())
        wanted |= {number for change in found.values() for number in change.numbers}
    return tuple(sorted(found.values(), key=lambda change: change.instant))


async def load_stays_of(
    session: AsyncSession, numbers: Collection[str], visits: Collection[str]
) -> dict[str, Encounter]:
    """Return the stays of whoever has one of the numbers, and those with one of the hospital's numbers."""
    stays: set[str] = set()
    ordered = sorted(numbers)
    for start in range(0, len(ordered), CHUNK):
        chunk = ordered[start : start + CHUNK]
        query = select(EncounterNumberRow.stay).where(EncounterNumberRow.number.in_(chunk))
        stays |= set((await session.scalars(query)).all())
    named = select(EncounterRow.stay).where(EncounterRow.visit.in_(list(visits)))
    stays |= set((await session.scalars(named)).all())
    return await load_encounters(session, sorted(stays))


async def store_changes(session: AsyncSession, changes: Iterable[IdentityChange], now: int) -> None:
    """Write changes that were not known. `now` in ms."""
    for change in changes:
        row = IdentityChangeRow(
            kind=change.kind.value,
            at=change.at,
            message=change.arrived,
            surviving=list(change.surviving),
            prior=list(change.prior),
            visit=change.visit,
            particulars=dict(change.particulars),
            received_at=now,
        )
        session.add(row)
        await session.flush()
        rows = [{"number": number, "change": row.id} for number in sorted(change.numbers)]
        if rows:
            await session.execute(insert(IdentityNumberRow), rows)


async def forget_changes(session: AsyncSession, now: int) -> None:
    """Delete what is older than `KEPT_MS` and about nobody who has been here in that time."""
    before = now - KEPT_MS
    here = or_(EncounterRow.ended_at.is_(None), EncounterRow.ended_at >= before)
    of_numbers = exists(
        select(EncounterNumberRow.stay)
        .join(EncounterRow, EncounterRow.stay == EncounterNumberRow.stay)
        .join(IdentityNumberRow, IdentityNumberRow.number == EncounterNumberRow.number)
        .where(IdentityNumberRow.change == IdentityChangeRow.id, here)
    )
    of_visit = exists(select(EncounterRow.stay).where(EncounterRow.visit == IdentityChangeRow.visit, here))
    old = select(IdentityChangeRow.id).where(IdentityChangeRow.received_at < before, ~of_numbers, ~of_visit)
    ids = list((await session.scalars(old.limit(CHUNK))).all())
    if ids:
        await session.execute(delete(IdentityNumberRow).where(IdentityNumberRow.change.in_(ids)))
        await session.execute(delete(IdentityChangeRow).where(IdentityChangeRow.id.in_(ids)))


def _add(found: dict[int, IdentityChange], rows: Iterable[IdentityChangeRow]) -> None:
    for row in rows:
        found[row.id] = IdentityChange(
            ChangeKind(row.kind),
            row.at,
            row.message,
            tuple(row.surviving),
            tuple(row.prior),
            row.visit,
            dict(row.particulars),
        )

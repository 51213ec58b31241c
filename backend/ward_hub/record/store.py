"""Loads the part of the record that an event can touch, and stores what it became.

All in the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, func, insert, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from ward_hub.documents.port import Json
from ward_hub.record.encounter import Encounter, Movement, MovementKind, Own, Place, Said, course
from ward_hub.record.identity import PERSON
from ward_hub.record.occupancy import BedKey, present
from ward_hub.record.tables import BedOccupancy, EncounterNumberRow, EncounterRow, MovementRow

CHUNK = 400
"""Ids in one `IN (…)`: SQLite takes 32,766 parameters, older ones 999."""


@dataclass(frozen=True, slots=True)
class Ward:
    """The stays that are in a ward, and who of them lies in which bed."""

    encounters: Mapping[str, Encounter]
    beds: Mapping[str, str]


async def load_touched(
    session: AsyncSession, visits: Collection[str], beds: Collection[BedKey]
) -> tuple[dict[str, Encounter], dict[BedKey, str | None]]:
    """Return what `reconcile.Record` asks for: encounters by stay, and who has the beds now.

    `visits` are the event's, `beds` those it names. A stay that is over matters to a bed only if it came
    there after somebody who is still said to be there, so only those are read: a bed has hundreds in a few
    years.
    """
    named = (await session.scalars(select(EncounterRow.stay).where(EncounterRow.visit.in_(visits)))).all()
    encounters = await _load(session, named)
    wanted = set(beds) | {
        (one.place.ward, one.place.bed)
        for encounter in encounters.values()
        for one in encounter.movements
        if one.place is not None and one.place.ward is not None and one.place.bed is not None
    }
    if wanted:
        in_beds = tuple_(MovementRow.ward, MovementRow.bed).in_(sorted(wanted))
        open_query = (
            select(MovementRow.stay)
            .join(EncounterRow)
            .where(in_beds, EncounterRow.ended_at.is_(None))
            .distinct()
        )
        here = (await session.scalars(open_query)).all()
        encounters |= await _load(session, [stay for stay in here if stay not in encounters])
        earliest = min((one.at for each in encounters.values() for one in each.movements), default=0)
        later_query = (
            select(MovementRow.stay)
            .join(EncounterRow)
            .where(in_beds, EncounterRow.ended_at.is_not(None), EncounterRow.last_at >= earliest)
            .distinct()
        )
        later = (await session.scalars(later_query)).all()
        encounters |= await _load(session, [stay for stay in later if stay not in encounters])
    held: dict[BedKey, str | None] = dict.fromkeys(wanted)
    if wanted:
        rows = select(BedOccupancy).where(tuple_(BedOccupancy.ward, BedOccupancy.bed).in_(sorted(wanted)))
        held |= {(row.ward, row.bed): row.stay for row in (await session.scalars(rows)).all()}
    return encounters, held


async def store(
    session: AsyncSession,
    encounters: Iterable[Encounter],
    beds: Mapping[BedKey, str | None],
    now: int,
) -> None:
    """Write the encounters as they are now, and the new occupants of the beds. `now` in ms."""
    for encounter in encounters:
        await _store_encounter(session, encounter, now)
    # First all that left, then all that came: a swap would meet the key that keeps a stay off two beds.
    for ward, bed in beds:
        await session.execute(delete(BedOccupancy).where(BedOccupancy.ward == ward, BedOccupancy.bed == bed))
    rows = [
        {"ward": ward, "bed": bed, "stay": stay, "since": now}
        for (ward, bed), stay in beds.items()
        if stay is not None
    ]
    if rows:
        await session.execute(insert(BedOccupancy), rows)


async def load_ward(session: AsyncSession, ward: str) -> Ward:
    """Return the stays that are in the ward, with a bed or without."""
    query = select(EncounterRow.stay).where(EncounterRow.ward == ward)
    encounters = await _load(session, (await session.scalars(query)).all())
    held = (await session.scalars(select(BedOccupancy).where(BedOccupancy.ward == ward))).all()
    return Ward(encounters, {row.bed: row.stay for row in held})


async def load_recently_gone(session: AsyncSession, since: int) -> list[str]:
    """Return the stays that left the wards of this hub after `since` (ms)."""
    query = select(EncounterRow.stay).where(EncounterRow.ward.is_(None), EncounterRow.updated_at >= since)
    return list((await session.scalars(query)).all())


async def load_departed(session: AsyncSession, since: int) -> dict[str, str]:
    """Return stay → the last ward of this hub it lay in, of the stays that ended after `since` (ms)."""
    query = (
        select(MovementRow.stay, MovementRow.ward)
        .join(EncounterRow)
        .where(EncounterRow.ended_at >= since, MovementRow.ward.is_not(None))
        .order_by(MovementRow.at, MovementRow.id)
    )
    return {stay: ward for stay, ward in (await session.execute(query)).all() if ward is not None}


async def load_encounters(session: AsyncSession, stays: Sequence[str]) -> dict[str, Encounter]:
    """Return the stays of these ids."""
    return await _load(session, stays)


async def _load(session: AsyncSession, stays: Sequence[str]) -> dict[str, Encounter]:
    found: dict[str, Encounter] = {}
    for start in range(0, len(stays), CHUNK):
        chunk = stays[start : start + CHUNK]
        movements: dict[str, list[Movement]] = {}
        query = select(MovementRow).where(MovementRow.stay.in_(chunk)).order_by(MovementRow.id)
        for row in (await session.scalars(query)).all():
            place = Place(row.ward, row.bed, row.outside) if row.placed else None
            movement = Movement(MovementKind(row.kind), row.at, row.message, place)
            movements.setdefault(row.stay, []).append(movement)
        for one in (await session.scalars(select(EncounterRow).where(EncounterRow.stay.in_(chunk)))).all():
            found[one.stay] = Encounter(
                stay=one.stay,
                visit=one.visit,
                identifiers=tuple(one.identifiers),
                movements=tuple(movements.get(one.stay, ())),
                particulars={name: Said(*said) for name, said in one.particulars.items()},
                own=_own(one),
            )
    return found


def _own(row: EncounterRow) -> Own:
    if row.own is None:
        said = {name: Said(*one) for name, one in row.particulars.items() if name in PERSON}
        return Own(dict.fromkeys(row.identifiers, row.last_at), said)
    said = {name: Said(*one) for name, one in row.own["said"].items()}
    return Own(dict(row.own["numbers"]), said)


async def _store_encounter(session: AsyncSession, encounter: Encounter, now: int) -> None:
    folded = course(encounter.movements)
    here = folded.now
    first = folded.spans[0].since[0] if folded.spans else None
    values: dict[str, object] = {
        "visit": encounter.visit,
        "identifiers": list(encounter.identifiers),
        "particulars": _said(encounter.particulars),
        "own": {"numbers": dict(encounter.own.numbers), "said": _said(encounter.own.said)},
        "status": folded.status,
        "ward": here.place.ward if here is not None and present(folded) else None,
        "bed": here.place.bed if here is not None and present(folded) else None,
        "admitted_at": folded.admitted_at if folded.admitted_at is not None else first,
        "ended_at": folded.ended_at,
        "last_at": max((one.at for one in encounter.movements), default=0),
        "updated_at": now,
    }
    known = await session.scalar(
        select(func.count()).select_from(EncounterRow).where(EncounterRow.stay == encounter.stay)
    )
    if known:
        query = update(EncounterRow).where(EncounterRow.stay == encounter.stay).values(**values)
        # The rows this session has loaded are read again by nobody in it.
        await session.execute(query, execution_options={"synchronize_session": False})
    else:
        await session.execute(insert(EncounterRow).values(stay=encounter.stay, **values))
    await _store_numbers(session, encounter)
    await _store_movements(session, encounter)


def _said(particulars: Mapping[str, Said]) -> dict[str, list[Json]]:
    return {name: [one.at, one.arrived, one.value] for name, one in particulars.items()}


async def _store_numbers(session: AsyncSession, encounter: Encounter) -> None:
    query = select(EncounterNumberRow.number).where(EncounterNumberRow.stay == encounter.stay)
    known = set((await session.scalars(query)).all())
    wanted = {number[:200] for number in (*encounter.identifiers, *encounter.own.numbers)}
    if gone := known - wanted:
        await session.execute(
            delete(EncounterNumberRow).where(
                EncounterNumberRow.stay == encounter.stay, EncounterNumberRow.number.in_(gone)
            )
        )
    if added := wanted - known:
        rows = [{"number": number, "stay": encounter.stay} for number in sorted(added)]
        await session.execute(insert(EncounterNumberRow), rows)


async def _store_movements(session: AsyncSession, encounter: Encounter) -> None:
    query = select(MovementRow).where(MovementRow.stay == encounter.stay)
    rows = {(row.kind, row.at, row.message): row.id for row in (await session.scalars(query)).all()}
    wanted = {(str(one.kind), one.at, one.arrived): one for one in encounter.movements}
    gone = [row for key, row in rows.items() if key not in wanted]
    if gone:
        await session.execute(delete(MovementRow).where(MovementRow.id.in_(gone)))
    added = [
        {
            "stay": encounter.stay,
            "kind": one.kind,
            "at": one.at,
            "message": one.arrived,
            "placed": one.place is not None,
            "ward": one.place.ward if one.place else None,
            "bed": one.place.bed if one.place else None,
            "outside": one.place.text[:200] if one.place else "",
        }
        for key, one in wanted.items()
        if key not in rows
    ]
    if added:
        await session.execute(insert(MovementRow), added)

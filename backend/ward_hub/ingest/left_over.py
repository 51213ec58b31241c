"""What the feed leaves for a person: messages that were not taken, and patients without a bed."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from ward_hub.db.engine import Database
from ward_hub.record.tables import BedOccupancy, EncounterRow, FeedMessage


@dataclass(frozen=True, slots=True)
class Rejected:
    """A message that was not taken. `answer` AE or AR; `code` of HL7 table 0357; `times` it was sent."""

    id: int
    received_at: int
    sender: str
    control_id: str
    kind: str
    visit: str | None
    answer: str
    code: int | None
    reason: str
    times: int


async def rejected(database: Database, limit: int = 100) -> list[Rejected]:
    """Return the newest messages that wait for a person, newest first; tries to mend one are not listed."""
    waiting = (FeedMessage.state == "not_taken") & FeedMessage.repair_of.is_(None)
    query = select(FeedMessage).where(waiting).order_by(FeedMessage.id.desc())
    async with database.session() as session:
        return [_rejected(row) for row in (await session.scalars(query.limit(limit))).all()]


async def without_bed(database: Database) -> list[tuple[str, str]]:
    """Return (ward, stay) of those who are in a ward but in none of its beds, for a person to place."""
    lying = select(BedOccupancy.stay)
    query = select(EncounterRow.ward, EncounterRow.stay).where(
        EncounterRow.ward.is_not(None), EncounterRow.stay.not_in(lying)
    )
    async with database.session() as session:
        rows = (await session.execute(query.order_by(EncounterRow.ward, EncounterRow.stay))).all()
    return [(ward, stay) for ward, stay in rows if ward is not None]


def _rejected(row: FeedMessage) -> Rejected:
    return Rejected(
        id=row.id,
        received_at=row.received_at,
        sender=row.sender,
        control_id=row.control_id,
        kind=row.kind,
        visit=row.visit,
        answer=row.answer,
        code=row.code,
        reason=row.reason or "",
        times=row.times,
    )

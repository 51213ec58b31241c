"""People and their turns. Passwords, PINs and badges are kept elsewhere and are never part of a value."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from ward_hub.directory.tables import BedRow, DutyRow, StaffRow
from ward_hub.office.entities.port import Field, of_ward
from ward_hub.office.entities.rows import add, find, remove
from ward_hub.office.port import Value


class StaffAdapter:
    """Whoever has a password, a PIN or a past at a terminal cannot be removed, but made inactive."""

    async def read(self, session: AsyncSession, _ward: str | None, person: str) -> Value | None:
        row = await find(session, StaffRow, person)
        return None if row is None else staff_json(row)

    async def write(self, session: AsyncSession, _ward: str | None, person: str, value: Value | None) -> None:
        row = await find(session, StaffRow, person)
        if value is None:
            if row is not None:
                await remove(session, person, row)
            return
        if row is None:
            row = StaffRow(id=person)
            add(session, person, row)
        field = Field(value)
        row.ward, row.number, row.name = field.text_or_none("ward"), field.text("number"), field.text("name")
        row.role, row.title = field.text("role"), field.text_or_none("title")
        row.active, row.position = field.yes("active"), field.whole("order")


def staff_json(row: StaffRow) -> Value:
    return {
        "ward": row.ward,
        "number": row.number,
        "name": row.name,
        "role": row.role,
        "title": row.title,
        "active": row.active,
        "order": row.position,
    }


class DutyAdapter:
    """Beds that are no longer in the ward are not shown, and gone once the turn is written."""

    async def read(self, session: AsyncSession, ward: str | None, key: str) -> Value | None:
        row = await _turn(session, of_ward(ward), key)
        if row is None:
            return None
        there = set(await session.scalars(select(BedRow.id).where(BedRow.ward == row.ward)))
        return duty_json(row, there)

    async def write(self, session: AsyncSession, ward: str | None, key: str, value: Value | None) -> None:
        row = await _turn(session, of_ward(ward), key)
        if value is None:
            await session.delete(row)
            return
        if row is None:
            row = DutyRow(ward=of_ward(ward), key=key)
            session.add(row)
        field = Field(value)
        row.staff, row.pda, row.beds = field.text("staff"), field.text_or_none("pda"), field.texts("beds")
        row.since, row.until = field.whole("since"), field.whole_or_none("until")


def duty_json(row: DutyRow, beds: set[str]) -> Value:
    """The turn's value; `beds`: those of its ward."""
    return {
        "staff": row.staff,
        "beds": [bed for bed in row.beds if bed in beds],
        "since": row.since,
        "until": row.until,
        "pda": row.pda,
    }


async def _turn(session: AsyncSession, ward: str, key: str) -> DutyRow | None:
    found: DutyRow | None = await session.scalar(
        select(DutyRow).where(DutyRow.ward == ward, DutyRow.key == key)
    )
    return found

"""Call groups (CALL-04): who is asked for whose calls.

Regrouping loses no call: who is asked is worked out anew from the groups at every fold, and a source that is
in no group is heard at every station of the ward.
"""

from __future__ import annotations

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from ward_hub.directory.tables import BedRow, GroupMemberRow, GroupRow, RoomRow, StaffRow
from ward_hub.documents.port import Json
from ward_hub.office.entities.port import Field, of_ward
from ward_hub.office.port import Value

PARTS = {
    "stations": "station",
    "beds": "bed",
    "rooms": "room",
    "staff": "staff",
    "escalate_to": "escalate_to",
}
"""Field of the value → part of the members' table."""
_OF_THE_WARD: dict[str, type[BedRow] | type[RoomRow] | type[StaffRow]] = {
    "bed": BedRow,
    "room": RoomRow,
    "staff": StaffRow,
}


class GroupAdapter:
    """Members that are no longer in the ward are not shown, and gone once the group is written."""

    async def read(self, session: AsyncSession, ward: str | None, group: str) -> Value | None:
        row = await session.get(GroupRow, (of_ward(ward), group))
        if row is None:
            return None
        value: dict[str, Json] = {"name": row.name, "order": row.position}
        for field, part in PARTS.items():
            value[field] = list(await self._members(session, of_ward(ward), group, part))
        return value

    async def write(self, session: AsyncSession, ward: str | None, group: str, value: Value | None) -> None:
        ward = of_ward(ward)
        row = await session.get(GroupRow, (ward, group))
        await session.execute(
            delete(GroupMemberRow).where(GroupMemberRow.ward == ward, GroupMemberRow.group_id == group)
        )
        if value is None:
            await session.delete(row)
            return
        if row is None:
            row = GroupRow(ward=ward, id=group)
            session.add(row)
        field = Field(value)
        row.name, row.position = field.text("name"), field.whole("order")
        await session.flush()
        for name, part in PARTS.items():
            session.add_all(
                GroupMemberRow(ward=ward, group_id=group, part=part, member=member, position=position)
                for position, member in enumerate(field.texts(name))
            )

    async def _members(self, session: AsyncSession, ward: str, group: str, part: str) -> list[str]:
        wanted = (
            select(GroupMemberRow.member)
            .where(GroupMemberRow.ward == ward, GroupMemberRow.group_id == group, GroupMemberRow.part == part)
            .order_by(GroupMemberRow.position)
        )
        table = _OF_THE_WARD.get(part)
        if table is not None:
            wanted = wanted.where(GroupMemberRow.member.in_(select(table.id).where(table.ward == ward)))
        return list(await session.scalars(wanted))

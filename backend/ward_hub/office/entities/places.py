"""Hospital, wards, rooms and beds.

A bed keeps its id, so what lies there stays there when it is called otherwise or put into another room: the
patient, the calls' journal, the groups that hold it. A bed with an open call keeps its room until the call is
over (`uses.py`): its facts lie in the room's calls document, and the door that attends to it is the room's.
Groups and turns that named a removed bed or room no longer show it; put back, it is in them again.
"""

from __future__ import annotations

from sqlalchemy.ext.asyncio import AsyncSession

from ward_hub.directory.tables import BedRow, HospitalRow, RoomRow, WardRow
from ward_hub.office.entities.port import Field, of_ward
from ward_hub.office.entities.rows import add, find, remove
from ward_hub.office.port import EditsRefused, Problem, Value


class HospitalAdapter:
    """The one house, whatever id it is asked by. Until it was named it has empty names."""

    async def read(self, session: AsyncSession, _ward: str | None, _id: str) -> Value | None:
        row = await session.get(HospitalRow, 1)
        if row is None:
            return {"name": "", "name_en": "", "settings": {}, "marks": {}}
        return {
            "name": row.name,
            "name_en": row.name_en,
            "settings": dict(row.settings),
            "marks": dict(row.marks),
        }

    async def write(self, session: AsyncSession, _ward: str | None, _id: str, value: Value | None) -> None:
        if value is None:
            problem = Problem(0, None, "The hospital cannot be removed.", "医院信息不能删除。")
            raise EditsRefused("still_used", (problem,))
        row = await session.get(HospitalRow, 1)
        if row is None:
            row = HospitalRow(id=1)
            session.add(row)
        field = Field(value)
        row.name, row.name_en = field.text("name"), field.text("name_en")
        row.settings, row.marks = field.object("settings"), field.object("marks")


class WardAdapter:
    async def read(self, session: AsyncSession, _ward: str | None, ward: str) -> Value | None:
        row = await find(session, WardRow, ward)
        return None if row is None else ward_json(row)

    async def write(self, session: AsyncSession, _ward: str | None, ward: str, value: Value | None) -> None:
        row = await find(session, WardRow, ward)
        if value is None:
            if row is not None:
                await remove(session, ward, row)
            return
        if row is None:
            row = WardRow(id=ward)
            add(session, ward, row)
        field = Field(value)
        row.name, row.name_en = field.text("name"), field.text("name_en")
        row.settings, row.marks = field.object("settings"), field.object("marks")
        row.escalation_ms, row.reminder_ms = field.wholes("escalation_ms"), field.whole("reminder_ms")
        row.all_tender = field.yes("all_tender")
        row.night_from, row.night_to = field.text("night_from"), field.text("night_to")


class RoomAdapter:
    async def read(self, session: AsyncSession, ward: str | None, room: str) -> Value | None:
        row = await find(session, RoomRow, (of_ward(ward), room))
        return None if row is None else room_json(row)

    async def write(self, session: AsyncSession, ward: str | None, room: str, value: Value | None) -> None:
        row = await find(session, RoomRow, (of_ward(ward), room))
        if value is None:
            if row is not None:
                await remove(session, (row.ward, room), row)
            return
        if row is None:
            row = RoomRow(ward=of_ward(ward), id=room)
            add(session, (row.ward, room), row)
        row.name, row.position = Field(value).text("name"), Field(value).whole("order")


class BedAdapter:
    async def read(self, session: AsyncSession, ward: str | None, bed: str) -> Value | None:
        row = await find(session, BedRow, (of_ward(ward), bed))
        return None if row is None else bed_json(row)

    async def write(self, session: AsyncSession, ward: str | None, bed: str, value: Value | None) -> None:
        row = await find(session, BedRow, (of_ward(ward), bed))
        if value is None:
            if row is not None:
                await remove(session, (row.ward, bed), row)
            return
        if row is None:
            row = BedRow(ward=of_ward(ward), id=bed)
            add(session, (row.ward, bed), row)
        field = Field(value)
        row.label, row.call_name = field.text("label"), field.text("call_name")
        row.room, row.position = field.text("room"), field.whole("order")


def ward_json(row: WardRow) -> Value:
    return {
        "name": row.name,
        "name_en": row.name_en,
        "settings": dict(row.settings),
        "marks": dict(row.marks),
        "escalation_ms": list(row.escalation_ms),
        "reminder_ms": row.reminder_ms,
        "all_tender": row.all_tender,
        "night_from": row.night_from,
        "night_to": row.night_to,
    }


def room_json(row: RoomRow) -> Value:
    return {"name": row.name, "order": row.position}


def bed_json(row: BedRow) -> Value:
    return {"label": row.label, "call_name": row.call_name, "room": row.room, "order": row.position}

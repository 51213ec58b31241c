"""Terminals as slots on the wall: what they are called, where they hang, which device is meant.

Key and state are never part of a value: enrolment binds and revocation takes away. A slot that is removed and
put back is planned again, whatever it was: its device enrols anew. While a call stands in which a terminal
has a part it keeps kind and place (`uses.py`), since its facts count by them.
"""

from __future__ import annotations

from sqlalchemy import delete
from sqlalchemy.ext.asyncio import AsyncSession

from ward_hub.directory.model import TerminalState
from ward_hub.directory.tables import TerminalKeyRow, TerminalRow
from ward_hub.identity.tables import EnrolmentCodeRow, StaffSessionRow
from ward_hub.office.entities.port import Field
from ward_hub.office.entities.rows import add, find, remove
from ward_hub.office.port import Value


class TerminalAdapter:
    async def read(self, session: AsyncSession, _ward: str | None, terminal: str) -> Value | None:
        row = await find(session, TerminalRow, terminal)
        return None if row is None else terminal_json(row)

    async def write(
        self, session: AsyncSession, _ward: str | None, terminal: str, value: Value | None
    ) -> None:
        row = await find(session, TerminalRow, terminal)
        if value is None and row is not None:
            for history in (TerminalKeyRow, EnrolmentCodeRow, StaffSessionRow):
                await session.execute(delete(history).where(history.terminal == terminal))
            await remove(session, terminal, row)
        if value is None:
            return
        if row is None:
            row = TerminalRow(id=terminal, state=TerminalState.PLANNED.value)
            add(session, terminal, row)
        field = Field(value)
        row.ward, row.kind, row.profile = field.text("ward"), field.text("kind"), field.text("profile")
        row.name, row.name_en = field.text("name"), field.text("name_en")
        row.room, row.bed = field.text_or_none("room"), field.text_or_none("bed")
        row.serial, row.mac = field.text_or_none("serial"), field.text_or_none("mac")
        row.supervised, row.position = field.yes("supervised"), field.whole("order")


def terminal_json(row: TerminalRow) -> Value:
    return {
        "ward": row.ward,
        "kind": row.kind,
        "profile": row.profile,
        "name": row.name,
        "name_en": row.name_en,
        "room": row.room,
        "bed": row.bed,
        "serial": row.serial,
        "mac": row.mac,
        "supervised": row.supervised,
        "order": row.position,
    }

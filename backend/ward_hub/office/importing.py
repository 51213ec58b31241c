"""Imports of beds, people and terminals from a spreadsheet: taken whole as one change, or not at all.

The file: `sheets.py`; what its columns mean: `import_rows.py`. A dry run finds out the same and leaves all as
it is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from ward_hub.access.port import AccessRefused
from ward_hub.audit.port import AuditAction
from ward_hub.db.engine import Database
from ward_hub.directory.tables import BedRow, RoomRow, StaffRow, TerminalRow, WardRow
from ward_hub.office.changes import Changes
from ward_hub.office.entities.people import staff_json
from ward_hub.office.entities.places import bed_json, room_json
from ward_hub.office.entities.terminals import terminal_json
from ward_hub.office.import_plans import plan_import
from ward_hub.office.import_rows import COLUMNS, TITLES, Plan, RowError, There
from ward_hub.office.port import Edit, EditsRefused, OfficePrincipal, Permission
from ward_hub.office.sheets import SheetRow, read_sheet, write_template
from ward_hub.office.values import edit_faults

NEEDED = {
    "beds": Permission.WARD_WRITE,
    "staff": Permission.STAFF_WRITE,
    "terminals": Permission.TERMINALS_WRITE,
}
MAX_ERRORS = 1_000


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of it. `change` None: dry, refused, or nothing was to be changed."""

    rows: int
    errors: tuple[RowError, ...]
    edits: tuple[Edit, ...]
    change: int | None


class Importing:
    def __init__(self, database: Database, changes: Changes) -> None:
        self._database = database
        self._changes = changes

    async def run(
        self, who: OfficePrincipal, kind: str, ward: str | None, data: bytes, dry: bool
    ) -> Imported:
        """Read the file and make the change, or with `dry` find out whether it could be made.

        `kind`: beds, staff or terminals; `ward` may be None for staff only. Raises AccessRefused,
        SheetRefused, and EditsRefused(`changed_meanwhile`) when somebody else was quicker.
        """
        if not (who.may(NEEDED[kind]) and who.sees(ward)):
            raise AccessRefused("permission-denied")
        sheet = await asyncio.to_thread(read_sheet, data)
        async with self._database.session() as session:
            there = await _there(session, kind, ward)
        plan = await asyncio.to_thread(_plan, kind, sheet, there)
        edits = [edit for _, edit in plan.edits]
        change: int | None = None
        try:
            # Also when rows were wrong already: what is wrong with the others is to be told with them.
            applied = await self._changes.apply(
                who,
                edits,
                f"导入{TITLES[kind]}（{plan.rows} 行）",
                action=AuditAction.IMPORT,
                dry=dry or bool(plan.errors),
            )
            change = applied.id
            edits = list(applied.edits)
        except EditsRefused as refused:
            if refused.code == "changed_meanwhile":
                raise
            _blame_rows(plan, refused)
        errors = sorted(plan.errors, key=lambda error: error.row)[:MAX_ERRORS]
        return Imported(plan.rows, tuple(errors), tuple(edits), change)


def template(kind: str) -> bytes:
    """An XLSX file with the columns of the kind."""
    return write_template(TITLES[kind], [column.names[0] for column in COLUMNS[kind]])


def _plan(kind: str, sheet: Sequence[SheetRow], there: There) -> Plan:
    plan = plan_import(kind, sheet, there)
    _drop_wrong(plan)
    return plan


def _drop_wrong(plan: Plan) -> None:
    """Tell of the edits that are wrong by themselves and leave them out, with what stands on them: so that
    what else is wrong with the others is found too."""
    dropped: set[str] = set()
    kept: list[tuple[int, Edit]] = []
    for row, edit in plan.edits:
        faults = edit_faults(edit)
        for fault in faults:
            plan.error(
                row, fault.field if fault.field in plan.heads else None, fault.message, fault.message_zh
            )
        if faults:
            dropped.add(edit.id)
        elif (edit.after or {}).get("room") not in dropped:
            kept.append((row, edit))
    plan.edits = kept


def _blame_rows(plan: Plan, refused: EditsRefused) -> None:
    """What is wrong with an edit is told of the row it came from, at the column of the field."""
    for problem in refused.problems:
        row, _ = plan.edits[problem.index]
        column = problem.field if problem.field in plan.heads else None
        plan.error(row, column, problem.message, problem.message_zh)


async def _there(session: AsyncSession, kind: str, ward: str | None) -> There:
    wards = {row.id: row.name for row in await session.scalars(select(WardRow))}
    if kind == "staff":
        people = {row.id: staff_json(row) for row in await session.scalars(select(StaffRow))}
        return There(ward, wards, staff=people)
    of_ward = select(RoomRow).where(RoomRow.ward == ward)
    rooms = {row.id: room_json(row) for row in await session.scalars(of_ward)}
    beds = {row.id: bed_json(row) for row in await session.scalars(select(BedRow).where(BedRow.ward == ward))}
    if kind == "beds":
        return There(ward, wards, rooms, beds)
    rows = (await session.scalars(select(TerminalRow))).all()
    terminals = {row.id: terminal_json(row) for row in rows if row.ward == ward}
    return There(ward, wards, rooms, beds, terminals, terminal_ids=frozenset(row.id for row in rows))

"""Which rows of the hospital's directory and staff a ward hub holds, and how they travel: JSON by table.

Only what it takes to serve its wards alone. What is not here it does not have: other wards, the clinical
record, sessions, the back office's accounts, the audit trail, keys of call points.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import ColumnElement, LargeBinary, Table, and_, delete, insert, select, true, update
from sqlalchemy.ext.asyncio import AsyncSession

from ward_hub.accounts.tables import StaffPinRow
from ward_hub.db.base import Base
from ward_hub.directory.tables import (
    BedRow,
    CallTypeOverrideRow,
    DutyRow,
    GroupMemberRow,
    GroupRow,
    HospitalRow,
    HostingRow,
    HostingRuleRow,
    RevisionRow,
    RoomRow,
    StaffRow,
    TerminalRow,
    WardRow,
)
from ward_hub.documents.port import Json
from ward_hub.identity.tables import CredentialRow

Wards = Sequence[str]
Rows = list[dict[str, Json]]
Tables = Mapping[str, Rows]


@dataclass(frozen=True, slots=True)
class Mirrored:
    """A table and which of its rows belong to the wards."""

    row: type[Base]
    which: Callable[[Wards], ColumnElement[bool]]

    @property
    def table(self) -> Table:
        return cast(Table, self.row.__table__)


def _people(wards: Wards) -> Any:
    return select(StaffRow.id).where(StaffRow.ward.in_(wards))


def _terminals(wards: Wards) -> Any:
    return select(TerminalRow.id).where(TerminalRow.ward.in_(wards))


MIRRORED: tuple[Mirrored, ...] = (
    Mirrored(HospitalRow, lambda _wards: true()),
    Mirrored(WardRow, lambda wards: WardRow.id.in_(wards)),
    Mirrored(RoomRow, lambda wards: RoomRow.ward.in_(wards)),
    Mirrored(BedRow, lambda wards: BedRow.ward.in_(wards)),
    Mirrored(StaffRow, lambda wards: StaffRow.ward.in_(wards)),
    Mirrored(TerminalRow, lambda wards: TerminalRow.ward.in_(wards)),
    Mirrored(GroupRow, lambda wards: GroupRow.ward.in_(wards)),
    Mirrored(GroupMemberRow, lambda wards: GroupMemberRow.ward.in_(wards)),
    Mirrored(
        DutyRow,
        # Whoever is lent from another ward cannot be named here: nothing of that ward is.
        lambda wards: and_(
            DutyRow.ward.in_(wards),
            DutyRow.staff.in_(_people(wards)),
            DutyRow.pda.is_(None) | DutyRow.pda.in_(_terminals(wards)),
        ),
    ),
    Mirrored(HostingRow, lambda wards: HostingRow.ward.in_(wards)),
    Mirrored(HostingRuleRow, lambda wards: HostingRuleRow.ward.in_(wards)),
    Mirrored(CallTypeOverrideRow, lambda wards: CallTypeOverrideRow.ward.in_(wards)),
    Mirrored(CredentialRow, lambda wards: CredentialRow.staff.in_(_people(wards))),
    Mirrored(StaffPinRow, lambda wards: StaffPinRow.staff.in_(_people(wards))),
    Mirrored(RevisionRow, lambda _wards: true()),
)
"""Parents before children."""

_RETIRED: Mapping[str, dict[str, Json]] = {
    "terminals": {"state": "revoked", "public_key": None, "room": None, "bed": None},
    "staff": {"active": False},
}
"""What becomes of rows that sessions here point to, once the hospital has them no longer. Never deleted."""
_UNIQUE: Mapping[str, tuple[str, ...]] = {
    "terminals": ("public_key",),
    "staff": ("number",),
    "staff_pins": ("badge_hash",),
}
"""Columns whose values may wander from row to row between two mirrors."""


async def read_tables(session: AsyncSession, wards: Wards) -> dict[str, Rows]:
    """Return the rows of the wards by table."""
    found: dict[str, Rows] = {}
    for mirrored in MIRRORED:
        table = mirrored.table
        rows = await session.execute(
            select(table).where(mirrored.which(wards)).order_by(*table.primary_key.columns)
        )
        found[table.name] = [
            {name: _to_json(value) for name, value in row._mapping.items()} for row in rows.all()
        ]
    return found


async def write_tables(session: AsyncSession, tables: Tables) -> None:
    """Make the tables equal to the mirror, in the caller's transaction. Raises KeyError or ValueError for a
    mirror of another version."""
    wanted = {mirrored.table: _by_key(mirrored.table, tables[mirrored.table.name]) for mirrored in MIRRORED}
    held = {table: await _held(session, table) for table in wanted}
    for table, rows in wanted.items():
        await _make_room(session, table, rows, held[table])
        for key, row in rows.items():
            before = held[table].get(key)
            if before is None:
                await session.execute(insert(table).values(row))
            elif (changed := _changed(table, before, row)) is not None:
                await session.execute(update(table).where(_is(table, key)).values(changed))
    for table in reversed(wanted):
        gone = [key for key in held[table] if key not in wanted[table]]
        for key in gone:
            await _let_go(session, table, key)


async def _held(session: AsyncSession, table: Table) -> dict[tuple[Any, ...], dict[str, Any]]:
    rows = await session.execute(select(table))
    return {_key(table, dict(row._mapping)): dict(row._mapping) for row in rows.all()}


async def _make_room(
    session: AsyncSession,
    table: Table,
    wanted: Mapping[tuple[Any, ...], Mapping[str, Any]],
    held: Mapping[tuple[Any, ...], dict[str, Any]],
) -> None:
    """Take unique values away from rows that will have others, before somebody else gets them."""
    for column in _UNIQUE.get(table.name, ()):
        for key, row in held.items():
            if row[column] is not None and wanted.get(key, {}).get(column) != row[column]:
                parked = f"-{key[0]}"[:32] if column == "number" else None
                row[column] = parked
                await session.execute(update(table).where(_is(table, key)).values({column: parked}))


async def _let_go(session: AsyncSession, table: Table, key: tuple[Any, ...]) -> None:
    if table.name == "wards":
        return
    retired = _RETIRED.get(table.name)
    if retired is None:
        await session.execute(delete(table).where(_is(table, key)))
    else:
        await session.execute(update(table).where(_is(table, key)).values(retired))


def _changed(table: Table, before: Mapping[str, Any], row: Mapping[str, Any]) -> dict[str, Any] | None:
    """What to write of a row that is held already; None for nothing."""
    changed = dict(row)
    if table.name == "staff_pins" and before["changed_at"] == row["changed_at"]:
        # Wrong PINs tried here stay counted, whatever the hospital's hub counts.
        changed["pin_failed"] = max(before["pin_failed"], row["pin_failed"])
        changed["pin_locked"] = bool(before["pin_locked"] or row["pin_locked"])
    return None if all(before[name] == value for name, value in changed.items()) else changed


def _by_key(table: Table, rows: Rows) -> dict[tuple[Any, ...], dict[str, Any]]:
    names = {column.name for column in table.columns}
    found = {}
    for row in rows:
        if row.keys() != names:
            raise ValueError(f"{table.name}: expected the columns {', '.join(sorted(names))}")
        values = {column.name: _from_json(column.type, row[column.name]) for column in table.columns}
        found[_key(table, values)] = values
    return found


def _key(table: Table, row: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(row[column.name] for column in table.primary_key.columns)


def _is(table: Table, key: tuple[Any, ...]) -> ColumnElement[bool]:
    return and_(*(column == value for column, value in zip(table.primary_key.columns, key, strict=True)))


def _to_json(value: Any) -> Json:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    return value  # type: ignore[no-any-return]  # columns hold texts, whole numbers, flags and JSON


def _from_json(kind: Any, value: Json) -> Any:
    if isinstance(kind, LargeBinary) and isinstance(value, str):
        return base64.b64decode(value, validate=True)
    return value

"""What the back office shows of a ward's configuration, whole, as it is stored (WardConfig of its types)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from ward_hub.devices.profiles import load_profiles
from ward_hub.directory.model import TerminalKind
from ward_hub.directory.store import PAST_KEPT_MS, read_revision
from ward_hub.directory.tables import (
    BedRow,
    CallTypeOverrideRow,
    DutyRow,
    GroupRow,
    HostingRow,
    HostingRuleRow,
    RoomRow,
    StaffRow,
    TerminalRow,
    WardRow,
)
from ward_hub.office.entities.groups import GroupAdapter
from ward_hub.office.entities.hosting import hosting_json, hosting_rule_json
from ward_hub.office.entities.people import duty_json, staff_json
from ward_hub.office.entities.places import bed_json, room_json, ward_json
from ward_hub.office.entities.terminals import terminal_json
from ward_hub.office.port import Value

ROTA_BACK_MS = 14 * 24 * 3_600_000
"""Turns so much older are shown besides: a week's rota is made from the one before."""


async def list_wards(session: AsyncSession) -> list[dict[str, str]]:
    """Every ward's id and names, in the order of the ids."""
    rows = await session.scalars(select(WardRow).order_by(WardRow.id))
    return [{"id": row.id, "name": row.name, "name_en": row.name_en} for row in rows]


async def ward_config(
    session: AsyncSession, ward: str, shipped: Mapping[str, Value], occupied: Collection[str], now: int
) -> dict[str, Any] | None:
    """The ward, None when there is none. `shipped`: call types without their ids; `now` in ms.

    Turns and hostings that are over for longer than a day are left out.
    """
    row = await session.get(WardRow, ward)
    if row is None:
        return None
    since = now - PAST_KEPT_MS
    rooms = await session.scalars(
        select(RoomRow).where(RoomRow.ward == ward).order_by(RoomRow.position, RoomRow.id)
    )
    beds = (
        await session.scalars(select(BedRow).where(BedRow.ward == ward).order_by(BedRow.position, BedRow.id))
    ).all()
    bed_ids = {bed.id for bed in beds}
    terminals = await session.scalars(
        select(TerminalRow).where(TerminalRow.ward == ward).order_by(TerminalRow.position, TerminalRow.id)
    )
    staff = await session.scalars(
        select(StaffRow).where(StaffRow.ward == ward).order_by(StaffRow.position, StaffRow.id)
    )
    duty = await session.scalars(
        select(DutyRow)
        .where(DutyRow.ward == ward, DutyRow.until.is_(None) | (DutyRow.until > since - ROTA_BACK_MS))
        .order_by(DutyRow.since, DutyRow.key)
    )
    hosting = await session.scalars(
        select(HostingRow)
        .where(HostingRow.ward == ward, HostingRow.until_ms > since)
        .order_by(HostingRow.from_ms, HostingRow.id)
    )
    rules = await session.scalars(
        select(HostingRuleRow).where(HostingRuleRow.ward == ward).order_by(HostingRuleRow.id)
    )
    return {
        "revision": await read_revision(session),
        "id": ward,
        "ward": ward_json(row),
        "rooms": [{"id": one.id, **room_json(one)} for one in rooms],
        "beds": [{"id": one.id, **bed_json(one)} for one in beds],
        "groups": await _groups(session, ward),
        "terminals": [{"id": one.id, **terminal_json(one), "state": one.state} for one in terminals],
        "staff": [{"id": one.id, **staff_json(one)} for one in staff],
        "duty": [{"id": one.key, **duty_json(one, bed_ids)} for one in duty],
        "hosting": [{"id": one.id, **hosting_json(one)} for one in hosting],
        "hosting_rules": [{"id": one.id, **hosting_rule_json(one)} for one in rules],
        "call_types": await _call_types(session, ward, shipped),
        "occupied": sorted(bed_ids & set(occupied)),
        "profiles": _profiles(),
    }


async def list_staff(session: AsyncSession) -> list[tuple[str, Value]]:
    """Everybody's id and value: administrators first, then by ward."""
    rows = await session.scalars(
        select(StaffRow).order_by(StaffRow.ward.is_not(None), StaffRow.ward, StaffRow.position, StaffRow.id)
    )
    return [(row.id, staff_json(row)) for row in rows]


async def _groups(session: AsyncSession, ward: str) -> list[dict[str, Any]]:
    ids = await session.scalars(
        select(GroupRow.id).where(GroupRow.ward == ward).order_by(GroupRow.position, GroupRow.id)
    )
    adapter = GroupAdapter()
    return [{"id": group, **(await adapter.read(session, ward, group) or {})} for group in ids.all()]


async def _call_types(session: AsyncSession, ward: str, shipped: Mapping[str, Value]) -> list[dict[str, Any]]:
    rows = await session.scalars(
        select(CallTypeOverrideRow).where(CallTypeOverrideRow.ward == ward).order_by(CallTypeOverrideRow.id)
    )
    held: dict[str, Value] = {**shipped, **{row.id: row.value for row in rows}}
    return [{"id": name, **value, "shipped": shipped.get(name)} for name, value in held.items()]


def _profiles() -> dict[str, list[dict[str, str]]]:
    profiles = load_profiles().values()
    return {
        kind.value: [{"id": one.id, "name": one.name} for one in profiles if one.kind is kind]
        for kind in TerminalKind
    }

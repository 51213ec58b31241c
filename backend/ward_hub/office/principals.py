"""Who changes the configuration: a person in the back office, or a station with its hosting key.

What an edit needs, in one table; nothing is allowed that it does not name.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from ward_hub.access.port import AccessRefused
from ward_hub.directory.tables import GroupMemberRow, HostingRow
from ward_hub.office.port import Edit, Entity, OfficePrincipal, Permission

NEEDED: Mapping[Entity, Permission] = {
    Entity.HOSPITAL: Permission.WARD_WRITE,
    Entity.WARD: Permission.WARD_WRITE,
    Entity.ROOM: Permission.WARD_WRITE,
    Entity.BED: Permission.WARD_WRITE,
    Entity.GROUP: Permission.WARD_WRITE,
    Entity.CALL_TYPE: Permission.WARD_WRITE,
    Entity.HOSTING: Permission.HOSTING_WRITE,
    Entity.HOSTING_RULE: Permission.HOSTING_WRITE,
    Entity.DUTY: Permission.DUTY_WRITE,
    Entity.STAFF: Permission.STAFF_WRITE,
    Entity.PERMISSIONS: Permission.PERMISSIONS_WRITE,
    Entity.TERMINAL: Permission.TERMINALS_WRITE,
    Entity.DEVICE_SCHEDULE: Permission.FLEET_CONTROL,
}
_IN_THE_VALUE = frozenset({Entity.TERMINAL, Entity.STAFF, Entity.DEVICE_SCHEDULE})
"""Things with an id of the installation whose value says which ward's they are."""
_ONE_S_OWN = ("role", "ward", "active")


@dataclass(frozen=True, slots=True)
class StationPrincipal:
    """A station that hosts calls by its key; `staff` is the person signed in at it, if there is one."""

    terminal: str
    terminal_name: str
    ward: str
    staff: str | None
    staff_name: str | None
    address: str


Who = OfficePrincipal | StationPrincipal


def wards_of(edit: Edit) -> set[str | None]:
    """The wards an edit touches; None: what belongs to no ward."""
    if edit.ward is not None:
        return {edit.ward}
    if edit.entity is Entity.WARD:
        return {edit.id}
    if edit.entity in _IN_THE_VALUE:
        wards = {value.get("ward") for value in (edit.before, edit.after) if value is not None}
        return {ward if isinstance(ward, str) else None for ward in wards}
    return {None}


def require(who: OfficePrincipal, edits: Sequence[Edit]) -> None:
    """Raises AccessRefused unless the person may make all of the edits.

    Nobody changes what they are themselves: role, ward, and whether they are active.
    """
    for edit in edits:
        needed = NEEDED[edit.entity]
        if not all(who.may(needed) and who.sees(ward) for ward in wards_of(edit)):
            raise AccessRefused("permission-denied")
        if edit.entity is Entity.STAFF and edit.id == who.staff and is_another(edit):
            raise AccessRefused("permission-denied")


def is_another(edit: Edit) -> bool:
    """Of a person: whether an edit changes what they may do."""
    before, after = edit.before or {}, edit.after or {}
    return any(before.get(key) != after.get(key) for key in _ONE_S_OWN)


async def require_station(session: AsyncSession, who: StationPrincipal, edits: Sequence[Edit]) -> None:
    """Raises AccessRefused unless all of the edits are hostings of groups that name the station (CALL-07)."""
    for edit in edits:
        if edit.entity is not Entity.HOSTING or edit.ward is None:
            raise AccessRefused("permission-denied")
        groups = {str(value["from_group"]) for value in (edit.before, edit.after) if value is not None}
        entered = await session.get(HostingRow, (edit.ward, edit.id))
        if entered is not None:
            groups.add(entered.from_group)
        for group in groups:
            named = await session.get(GroupMemberRow, (edit.ward, group, "station", who.terminal))
            if named is None:
                raise AccessRefused("permission-denied")

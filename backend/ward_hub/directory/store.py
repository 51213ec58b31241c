"""The directory in SQL: reads it whole as frozen values, writes it in small changes.

Every write happens in the caller's transaction and bumps the revision, by which the running hub notices what
another process wrote. Keys are bound in `ward_hub.identity.enrolment` and taken away here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, time, tzinfo

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from ward_hub.devices.profiles import load_profiles
from ward_hub.directory.hosting_rules import HostingRule, expand, zone_of
from ward_hub.directory.model import (
    Bed,
    CallGroup,
    DirectoryModel,
    Duty,
    Hospital,
    Hosting,
    Role,
    Room,
    Staff,
    Terminal,
    TerminalKind,
    TerminalState,
    Ward,
)
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
    TerminalKeyRow,
    TerminalRow,
    WardRow,
)
from ward_hub.documents.names import ID
from ward_hub.documents.port import Json

PAST_KEPT_MS = 24 * 3_600_000
"""Turns and hostings that ended longer ago are left out of the model: a late fold still finds yesterday's."""

_PARTS = ("station", "bed", "room", "staff", "escalate_to")


class UnsuitableProfile(ValueError):
    """A terminal's device profile is not one of its kind."""

    def __init__(self, terminal: Terminal, known: list[str]) -> None:
        kind = terminal.kind.value
        expected = " or ".join(known) or "none: no device of this kind is known"
        super().__init__(f"{terminal.id}: expected a {kind} profile ({expected}), got {terminal.profile!r}")


class UnknownTerminal(LookupError):
    """No terminal has this id."""


async def read_revision(session: AsyncSession) -> int:
    """The number of changes so far; 0 for an empty directory."""
    return await session.scalar(select(RevisionRow.value)) or 0


async def bump_revision(session: AsyncSession) -> None:
    """Say that the directory changed. Every write of this module does; others that write terminals must."""
    changed = await session.execute(update(RevisionRow).values(value=RevisionRow.value + 1))
    if changed.rowcount == 0:  # type: ignore[attr-defined]  # an UPDATE's result has it
        session.add(RevisionRow(id=1, value=1))
    await session.flush()


async def load_directory(session: AsyncSession, now: int) -> DirectoryModel:
    """Read every ward of the installation at one revision.

    Turns and hostings that ended before `now` - PAST_KEPT_MS are left out; weekly hosting is there as the
    hostings of the days around `now`.
    """
    revision = await read_revision(session)
    row = await session.get(HospitalRow, 1)
    hospital = Hospital(row.name, row.name_en, row.settings, row.marks) if row else Hospital("", "")
    zone = zone_of(hospital.settings)
    wards = (await session.scalars(select(WardRow).order_by(WardRow.id))).all()
    return DirectoryModel(
        revision=revision,
        hospital=hospital,
        wards={row.id: await _load_ward(session, row, zone, now) for row in wards},
    )


async def _load_ward(session: AsyncSession, row: WardRow, zone: tzinfo, now: int) -> Ward:
    ward, since = row.id, now - PAST_KEPT_MS
    first, second, third = row.escalation_ms
    rooms = await session.scalars(
        select(RoomRow).where(RoomRow.ward == ward).order_by(RoomRow.position, RoomRow.id)
    )
    beds = await session.scalars(
        select(BedRow).where(BedRow.ward == ward).order_by(BedRow.position, BedRow.id)
    )
    terminals = await session.scalars(
        select(TerminalRow).where(TerminalRow.ward == ward).order_by(TerminalRow.position, TerminalRow.id)
    )
    staff = await session.scalars(
        select(StaffRow).where(StaffRow.ward == ward).order_by(StaffRow.position, StaffRow.id)
    )
    duty = await session.scalars(
        select(DutyRow)
        .where(DutyRow.ward == ward, DutyRow.until.is_(None) | (DutyRow.until > since))
        .order_by(DutyRow.since, DutyRow.key)
    )
    return Ward(
        id=ward,
        name=row.name,
        name_en=row.name_en,
        escalation_ms=(first, second, third),
        reminder_ms=row.reminder_ms,
        all_tender=row.all_tender,
        night_from=row.night_from,
        night_to=row.night_to,
        settings=row.settings,
        marks=row.marks,
        rooms={room.id: Room(room.id, room.name, room.position) for room in rooms},
        beds={bed.id: Bed(bed.id, bed.label, bed.call_name, bed.room, bed.position) for bed in beds},
        terminals={terminal.id: terminal_value(terminal) for terminal in terminals},
        groups=await _load_groups(session, ward),
        staff={person.id: staff_value(person) for person in staff},
        duty=tuple(Duty(turn.staff, tuple(turn.beds), turn.since, turn.until, turn.pda) for turn in duty),
        hosting=await _load_hosting(session, ward, zone, now),
        call_types=await load_call_types_of(session, ward),
    )


async def _load_hosting(session: AsyncSession, ward: str, zone: tzinfo, now: int) -> dict[str, Hosting]:
    """What was entered, and what the rules come to, by id."""
    rules = await session.scalars(
        select(HostingRuleRow).where(HostingRuleRow.ward == ward).order_by(HostingRuleRow.id)
    )
    found = {hosting.id: hosting for hosting in expand(map(hosting_rule, rules), zone, now)}
    entered = await session.scalars(
        select(HostingRow)
        .where(HostingRow.ward == ward, HostingRow.until_ms > now - PAST_KEPT_MS)
        .order_by(HostingRow.id)
    )
    for plan in entered:
        found[plan.id] = Hosting(plan.id, plan.from_group, tuple(plan.to), plan.from_ms, plan.until_ms)
    return dict(sorted(found.items()))


async def load_call_types_of(session: AsyncSession, ward: str) -> dict[str, Json]:
    """The ward's own call types and those it has otherwise than shipped, as in its settings document."""
    rows = await session.scalars(
        select(CallTypeOverrideRow).where(CallTypeOverrideRow.ward == ward).order_by(CallTypeOverrideRow.id)
    )
    return {row.id: {"id": row.id, **row.value} for row in rows}


def hosting_rule(row: HostingRuleRow) -> HostingRule:
    """The frozen value of a rule's row."""
    return HostingRule(
        id=row.id,
        from_group=row.from_group,
        to=tuple(row.to),
        weekdays=frozenset(row.weekdays),
        from_time=time.fromisoformat(row.from_time),
        until_time=time.fromisoformat(row.until_time),
        first=date.fromisoformat(row.first),
        last=date.fromisoformat(row.last) if row.last else None,
    )


def terminal_value(row: TerminalRow) -> Terminal:
    """The frozen value of a terminal's row."""
    return Terminal(
        id=row.id,
        ward=row.ward,
        kind=TerminalKind(row.kind),
        profile=row.profile,
        name=row.name,
        name_en=row.name_en,
        room=row.room,
        bed=row.bed,
        serial=row.serial,
        mac=row.mac,
        state=TerminalState(row.state),
        public_key=row.public_key,
        supervised=row.supervised,
    )


def staff_value(row: StaffRow) -> Staff:
    """The frozen value of a person's row."""
    return Staff(row.id, row.ward, row.number, row.name, Role(row.role), row.title, row.active)


async def _load_groups(session: AsyncSession, ward: str) -> dict[str, CallGroup]:
    members = await session.scalars(
        select(GroupMemberRow).where(GroupMemberRow.ward == ward).order_by(GroupMemberRow.position)
    )
    held: dict[tuple[str, str], list[str]] = {}
    for member in members:
        held.setdefault((member.group_id, member.part), []).append(member.member)
    groups = await session.scalars(
        select(GroupRow).where(GroupRow.ward == ward).order_by(GroupRow.position, GroupRow.id)
    )
    return {
        group.id: CallGroup(
            group.id,
            group.name,
            group.position,
            *(tuple(held.get((group.id, part), ())) for part in _PARTS),
        )
        for group in groups
    }


async def store_hospital(session: AsyncSession, hospital: Hospital) -> None:
    """Set the installation's house."""
    await session.merge(
        HospitalRow(
            id=1,
            name=hospital.name,
            name_en=hospital.name_en,
            settings=dict(hospital.settings),
            marks=dict(hospital.marks),
        )
    )
    await bump_revision(session)


async def store_ward(session: AsyncSession, ward: Ward) -> None:
    """Set the ward's own fields; what belongs to it (rooms, beds, …) is stored by its own function."""
    _check_ids((ward.id,))
    await session.merge(
        WardRow(
            id=ward.id,
            name=ward.name,
            name_en=ward.name_en,
            escalation_ms=list(ward.escalation_ms),
            reminder_ms=ward.reminder_ms,
            all_tender=ward.all_tender,
            night_from=ward.night_from,
            night_to=ward.night_to,
            settings=dict(ward.settings),
            marks=dict(ward.marks),
        )
    )
    await bump_revision(session)


async def store_rooms(session: AsyncSession, ward: str, rooms: Iterable[Room]) -> None:
    """Add or change rooms."""
    for room in rooms:
        _check_ids((room.id,))
        await session.merge(RoomRow(ward=ward, id=room.id, name=room.name, position=room.order))
    await bump_revision(session)


async def store_beds(session: AsyncSession, ward: str, beds: Iterable[Bed]) -> None:
    """Add or change beds; their rooms must be there."""
    for bed in beds:
        _check_ids((bed.id,))
        await session.merge(
            BedRow(
                ward=ward,
                id=bed.id,
                room=bed.room,
                label=bed.label,
                call_name=bed.call_name,
                position=bed.order,
            )
        )
    await bump_revision(session)


async def store_terminals(session: AsyncSession, terminals: Iterable[Terminal]) -> None:
    """Add terminals, or change what the back office may change: never the key or the state.

    Raises UnsuitableProfile when a terminal's device is not known, or is of another kind.
    """
    profiles = load_profiles()
    for order, terminal in enumerate(terminals):
        _check_ids((terminal.id,))
        profile = profiles.get(terminal.profile)
        if profile is None or profile.kind is not terminal.kind:
            fitting = [one.id for one in profiles.values() if one.kind is terminal.kind]
            raise UnsuitableProfile(terminal, fitting)
        row = await session.get(TerminalRow, terminal.id)
        if row is None:
            row = TerminalRow(id=terminal.id, state=TerminalState.PLANNED.value, position=order)
            session.add(row)
        row.ward, row.kind, row.profile = terminal.ward, terminal.kind.value, terminal.profile
        row.name, row.name_en = terminal.name, terminal.name_en
        row.room, row.bed = terminal.room, terminal.bed
        row.serial, row.mac, row.supervised = terminal.serial, terminal.mac, terminal.supervised
    await bump_revision(session)


async def store_group(session: AsyncSession, ward: str, group: CallGroup) -> None:
    """Set a call group with all its members, in their order (CALL-04)."""
    _check_ids((group.id,))
    await session.merge(GroupRow(ward=ward, id=group.id, name=group.name, position=group.order))
    await session.flush()
    await session.execute(
        delete(GroupMemberRow).where(GroupMemberRow.ward == ward, GroupMemberRow.group_id == group.id)
    )
    parts: Mapping[str, Sequence[str]] = dict(
        zip(_PARTS, (group.stations, group.beds, group.rooms, group.staff, group.escalate_to), strict=True)
    )
    for part, members in parts.items():
        session.add_all(
            GroupMemberRow(ward=ward, group_id=group.id, part=part, member=member, position=position)
            for position, member in enumerate(members)
        )
    await bump_revision(session)


async def store_staff(session: AsyncSession, people: Iterable[Staff]) -> None:
    """Add or change people. Passwords are kept elsewhere (`ward_hub.identity.staff`)."""
    for order, person in enumerate(people):
        _check_ids((person.id,))
        await session.merge(
            StaffRow(
                id=person.id,
                ward=person.ward,
                number=person.number,
                name=person.name,
                role=person.role.value,
                title=person.title,
                active=person.active,
                position=order,
            )
        )
    await bump_revision(session)


async def store_duty(session: AsyncSession, ward: str, duty: Iterable[Duty]) -> None:
    """Set the ward's turns: those that were stored before are replaced."""
    await session.execute(delete(DutyRow).where(DutyRow.ward == ward))
    session.add_all(
        DutyRow(
            ward=ward,
            key=f"turn-{number:03d}",
            staff=turn.staff,
            pda=turn.pda,
            beds=list(turn.beds),
            since=turn.since,
            until=turn.until,
        )
        for number, turn in enumerate(duty)
    )
    await bump_revision(session)


async def store_hosting(session: AsyncSession, ward: str, hosting: Iterable[Hosting]) -> None:
    """Set the ward's hosting plan (CALL-07): what was stored before is replaced."""
    await session.execute(delete(HostingRow).where(HostingRow.ward == ward))
    session.add_all(
        HostingRow(
            ward=ward,
            id=plan.id,
            from_group=plan.from_group,
            to=list(plan.to),
            from_ms=plan.from_ms,
            until_ms=plan.until_ms,
        )
        for plan in hosting
    )
    await bump_revision(session)


async def revoke_terminal(session: AsyncSession, terminal: str, now: int) -> bool:
    """Take the terminal's key away; it goes to the history. Returns whether it had one.

    Raises UnknownTerminal. Codes handed out for it are ended by `ward_hub.identity.enrolment.end_codes`.
    """
    row = await session.get(TerminalRow, terminal)
    if row is None:
        raise UnknownTerminal(terminal)
    had_key = row.public_key is not None
    retire_key(session, row, now, "revoked")
    row.state = TerminalState.REVOKED.value
    await bump_revision(session)
    return had_key


def retire_key(session: AsyncSession, row: TerminalRow, now: int, why: str) -> None:
    """Move the row's key, if it has one, to the history."""
    if row.public_key is None:
        return
    session.add(
        TerminalKeyRow(
            terminal=row.id, public_key=row.public_key, bound_at=row.bound_at, ended_at=now, why=why
        )
    )
    row.public_key = None
    row.bound_at = None


def _check_ids(ids: Iterable[str]) -> None:
    for value in ids:
        if not re.fullmatch(ID, value):
            raise ValueError(f"expected an id of small letters, digits, '.', '_', '-', got {value!r}")

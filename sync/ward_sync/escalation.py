"""Who is asked about a row, and how far it has escalated (CF30 to CF35). Derived, never written."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from ward_sync.directory import Directory, Group
from ward_sync.facts import source_of

# The home station sounds if the stations it is hosted to have not received a call within this time.
HOSTING_GRACE_MS: Final = 10_000
TOP_LEVEL: Final = 3
# Urgent calls ask the whole group at once, a code asks everyone.
_FLOORS: Final = {"code": 3, "urgent": 1}
_RECEIVERS: Final = frozenset({"station", "pda"})


@dataclass(frozen=True, slots=True)
class Asking:
    """What escalation looks at: a row's source and type, who declined or has received all of it.

    `ring_from`: since when its longest ringing call rings (ms), None when none rings.
    """

    source: str
    room: str | None
    to: str | None
    priority: str
    ring_from: int | None
    escalates: bool
    declined_by: frozenset[str]
    received_by: frozenset[str]


def escalate(asking: Asking, directory: Directory, now: int) -> tuple[int, tuple[str, ...]]:
    """Return the level (0 to 3) and the terminals asked, sorted; never nobody while there is a receiver."""
    level = _FLOORS.get(asking.priority, 0)
    if asking.ring_from is not None and asking.escalates:
        waited = now - asking.ring_from
        level = max(level, sum(waited >= step for step in directory.ward.escalation_ms))
    asked = _asked(asking, level, directory, now)
    while level < TOP_LEVEL and _all_declined(asked, asking.declined_by, directory, now):
        level += 1
        asked = _asked(asking, level, directory, now)
    asked = {
        name
        for name in asked - asking.declined_by
        if name not in directory.terminals or directory.terminals[name].state != "revoked"
    }
    kind, name = source_of(asking.source)
    if kind == "terminal":
        asked.discard(name)
    if not any(_receives(name, directory) for name in asked):
        asked.update(entry for entry in directory.terminals if _receives(entry, directory))
    return level, tuple(sorted(asked))


def groups_of(source: str, room: str | None, directory: Directory, now: int) -> list[Group]:
    """Return the call groups that hold a source: by bed, by room, by the terminal itself (CF31)."""
    groups = list(directory.groups.values())
    kind, name = source_of(source)
    if kind == "bed":
        found = [group for group in groups if name in group.beds]
        if found:
            return found
    if kind == "terminal":
        staff = {duty.staff for duty in directory.duty.values() if duty.pda == name and duty.active(now)}
        found = [group for group in groups if name in group.stations or not staff.isdisjoint(group.staff)]
        if found:
            return found
    if room is None:
        return []
    found = [group for group in groups if room in group.rooms]
    if found or kind == "bed":
        return found
    beds = directory.beds_of(room)
    return [group for group in groups if not beds.isdisjoint(group.beds)]


def _asked(asking: Asking, level: int, directory: Directory, now: int) -> set[str]:
    if asking.to is not None:
        # A call to a station is that station's; unheard, the other stations hear it, PDAs never do.
        return {asking.to} | (_stations(directory) if level >= 1 else set())
    groups = groups_of(asking.source, asking.room, directory, now)
    asked = _stations_asked(asking, groups, level, directory, now)
    group_pdas = _pdas_of_groups(groups, directory, now)
    asked |= _pdas_of_source(asking, directory, now) or group_pdas
    if level >= 1:
        asked |= group_pdas
    if level >= 2:
        asked |= _pdas(directory, now) | _stations(directory)
    if level >= TOP_LEVEL:
        heads = {name for name, role in directory.staff_roles.items() if role == "head_nurse"}
        asked |= {duty.pda for duty in directory.duty.values() if duty.pda and duty.staff in heads}
        asked |= {name for group in groups for name in group.escalate_to}
    return asked


def _stations_asked(
    asking: Asking, groups: Iterable[Group], level: int, directory: Directory, now: int
) -> set[str]:
    asked: set[str] = set()
    for group in groups:
        hosts = {
            name
            for plan in directory.hosting.values()
            if plan.from_group == group.id and plan.from_ms <= now < plan.until_ms
            for name in plan.to
        }
        asked |= hosts
        if not hosts or level > 0 or _hosts_are_late(hosts, asking, now):
            asked.update(group.stations)
    return asked or _stations(directory)


def _hosts_are_late(hosts: set[str], asking: Asking, now: int) -> bool:
    if asking.ring_from is None or not hosts.isdisjoint(asking.received_by):
        return False
    return now - asking.ring_from >= HOSTING_GRACE_MS


def _pdas_of_source(asking: Asking, directory: Directory, now: int) -> set[str]:
    """Return the PDAs on duty for the bed, or for any bed of the room."""
    kind, name = source_of(asking.source)
    if kind == "bed":
        beds = frozenset({name})
    else:
        beds = directory.beds_of(asking.room) if asking.room is not None else frozenset()
    return {
        duty.pda
        for duty in directory.duty.values()
        if duty.pda and duty.active(now) and not beds.isdisjoint(duty.beds)
    }


def _pdas_of_groups(groups: list[Group], directory: Directory, now: int) -> set[str]:
    """Return the PDAs on duty of the groups' staff; of the whole ward when no group holds the source."""
    if not groups:
        return _pdas(directory, now)
    staff = {name for group in groups for name in group.staff}
    return {
        duty.pda for duty in directory.duty.values() if duty.pda and duty.active(now) and duty.staff in staff
    }


def _pdas(directory: Directory, now: int) -> set[str]:
    return {duty.pda for duty in directory.duty.values() if duty.pda and duty.active(now)}


def _stations(directory: Directory) -> set[str]:
    return {
        entry.id
        for entry in directory.terminals.values()
        if entry.kind == "station" and entry.state == "active"
    }


def _receives(name: str, directory: Directory) -> bool:
    entry = directory.terminals.get(name)
    return entry is not None and entry.kind in _RECEIVERS and entry.state == "active"


def _all_declined(asked: set[str], declined_by: frozenset[str], directory: Directory, now: int) -> bool:
    known = {duty.pda for duty in directory.duty.values()}
    pdas = {
        name
        for name in asked
        if name in known or (name in directory.terminals and directory.terminals[name].kind == "pda")
    }
    return bool(pdas) and pdas <= declined_by

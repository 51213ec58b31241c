"""From the directory to the documents the terminals hold. Pure: the same values give the same documents.

A screen never receives what it may not show, so a bedside's share is cut here: its own room, its own bed, the
keys of terminals that may act on its calls but not their names.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from dataclasses import replace

from ward_hub.calls.call_types import call_types_of
from ward_hub.devices.profiles import load_profiles
from ward_hub.directory.model import (
    CallGroup,
    DirectoryModel,
    Duty,
    Hosting,
    Priority,
    Role,
    Terminal,
    TerminalKind,
    TerminalState,
    Ward,
)
from ward_hub.documents import names
from ward_hub.documents.port import Json, Roots

Occupancy = Mapping[str, Mapping[str, str | None]]
"""Ward → bed → stay."""
Priorities = Mapping[str, Mapping[str, Priority]]
"""Ward → bed → class in the call list."""

_ACTING_WARD_WIDE = frozenset({TerminalKind.STATION, TerminalKind.PDA, TerminalKind.WHITEBOARD})
_ACTING_IN_ROOM = frozenset({TerminalKind.DOOR, TerminalKind.BEDSIDE, TerminalKind.CALL_POINT})


def project(
    model: DirectoryModel,
    occupancy: Occupancy,
    priorities: Priorities,
    call_types: Mapping[str, Json],
    now: int,
    relay_key: str | None = None,
) -> dict[str, Roots]:
    """Return every document of the directory by name, ready for `Publisher.publish`.

    `now` (ms) decides whose turn it is; the result stays the same until `model.next_change_at(now)`.
    `call_types`: the shipped ones, over which the ward's own come.
    `relay_key`: public key of the hub's media relay, base64url of the raw point; None without one.
    """
    documents = project_hospital(model)
    for ward in model.wards:
        documents |= project_ward(
            model, ward, occupancy.get(ward, {}), priorities.get(ward, {}), call_types, now, relay_key
        )
    return documents


def project_hospital(model: DirectoryModel) -> dict[str, Roots]:
    """The documents that belong to no ward."""
    return {names.hospital_settings(): _hospital_settings(model)}


def project_ward(
    model: DirectoryModel,
    ward_id: str,
    stays: Mapping[str, str | None],
    priorities: Mapping[str, Priority],
    call_types: Mapping[str, Json],
    now: int,
    relay_key: str | None = None,
) -> dict[str, Roots]:
    """The documents of one ward: settings, directory, and each bedside's share."""
    ward = model.wards[ward_id]
    documents: dict[str, Roots] = {
        names.ward_settings(ward_id): _ward_settings(ward, call_types),
        names.directory(ward_id): ward_directory(model, ward_id, priorities, now, relay_key),
    }
    for bed in ward.beds:
        priority = priorities.get(bed, "routine")
        documents[names.bed_directory(ward_id, bed)] = bed_directory(
            model, ward_id, bed, stays.get(bed), priority, now, relay_key
        )
    return documents


def ward_directory(
    model: DirectoryModel,
    ward_id: str,
    priorities: Mapping[str, Priority],
    now: int,
    relay_key: str | None = None,
) -> Roots:
    """The whole directory of a ward, for stations, doors, corridor, whiteboard and PDAs."""
    ward = model.wards[ward_id]
    return {
        "ward": _ward_root(ward, relay_key),
        "rooms": {room: _room(ward, room, ward.beds) for room in ward.rooms},
        "beds": {bed: _bed(ward, bed, priorities.get(bed, "routine")) for bed in ward.beds},
        "terminals": {
            terminal.id: _terminal(terminal, with_name=True)
            for terminal in (*ward.terminals.values(), *_visiting_stations(model, ward, ward.groups.values()))
        },
        "groups": {group.id: _group(ward, group) for group in ward.groups.values()},
        "staff": {person: _staff(ward, person) for person, value in ward.staff.items() if value.active},
        "duty": _duty(ward, ward.duty, now),
        "hosting": {plan.id: _hosting(plan) for plan in ward.hosting.values()},
    }


def bed_directory(
    model: DirectoryModel,
    ward_id: str,
    bed_id: str,
    stay: str | None,
    priority: Priority,
    now: int,
    relay_key: str | None = None,
) -> Roots:
    """The share of one bedside: what its own calls need, and who looks after it."""
    ward = model.wards[ward_id]
    room = ward.beds[bed_id].room
    groups = [group for group in ward.groups.values() if bed_id in group.beds or room in group.rooms]
    duty = [replace(turn, beds=(bed_id,)) for turn in ward.duty if bed_id in turn.beds]
    on_duty = [turn.staff for turn in duty if turn.covers(now)]
    team = _team(ward, on_duty)
    home = [terminal for terminal in ward.terminals.values() if _may_act(terminal, room)]
    visiting = _visiting_stations(model, ward, groups)
    group_ids = {group.id for group in groups}
    return {
        "ward": _ward_root(ward, relay_key),
        "rooms": {room: _room(ward, room, (bed_id,))},
        "beds": {bed_id: _bed(ward, bed_id, priority)},
        "terminals": {terminal.id: _terminal(terminal, with_name=False) for terminal in (*home, *visiting)},
        "groups": {group.id: _group(ward, group, only_bed=bed_id, only_room=room) for group in groups},
        "staff": {person: _staff(ward, person) for person in team},
        "duty": _duty(ward, [turn for turn in duty if turn.staff in team], now),
        "hosting": {
            plan.id: _hosting(plan) for plan in ward.hosting.values() if plan.from_group in group_ids
        },
        "self": {
            "bed": bed_id,
            "stay": stay,
            "door": next(
                (t.id for t in home if t.kind is TerminalKind.DOOR),
                None,
            ),
            "stations": _stations(ward, groups),
            "team": [
                {
                    "role": ward.staff[person].title or ward.staff[person].role.value,
                    "name": ward.staff[person].name,
                }
                for person in team
            ],
        },
    }


def _hospital_settings(model: DirectoryModel) -> Roots:
    hospital = model.hospital
    return {
        "settings": {**hospital.settings, "name": hospital.name, "name_en": hospital.name_en},
        "marks": dict(hospital.marks),
    }


def _ward_settings(ward: Ward, call_types: Mapping[str, Json]) -> Roots:
    return {
        "settings": {
            **ward.settings,
            "name": ward.name,
            "name_en": ward.name_en,
            "night": {"from": ward.night_from, "to": ward.night_to},
            "all_tender": ward.all_tender,
            "talk": {
                "limit_ms": ward.talk.limit_ms,
                "video": ward.talk.video,
                "recording": ward.talk.recording,
            },
        },
        "call_types": call_types_of(call_types, ward.call_types),
        "marks": dict(ward.marks),
    }


def _ward_root(ward: Ward, relay_key: str | None) -> dict[str, Json]:
    value: dict[str, Json] = {
        "id": ward.id,
        "name": ward.name,
        "name_en": ward.name_en,
        "escalation_ms": list(ward.escalation_ms),
        "reminder_ms": ward.reminder_ms,
        "all_tender": ward.all_tender,
        "talk_limit_ms": ward.talk.limit_ms,
        "video": ward.talk.video,
        "recording": ward.talk.recording,
    }
    return value if relay_key is None else {**value, "relay_key": relay_key}


def _room(ward: Ward, room: str, shown_beds: Iterable[str]) -> Json:
    value = ward.rooms[room]
    return {
        "id": room,
        "name": value.name,
        "order": value.order,
        "beds": [bed for bed in shown_beds if ward.beds[bed].room == room],
    }


def _bed(ward: Ward, bed: str, priority: Priority) -> Json:
    value = ward.beds[bed]
    return {
        "id": bed,
        "label": value.label,
        "call_name": value.call_name,
        "room": value.room,
        "order": value.order,
        "priority": priority,
    }


def _terminal(terminal: Terminal, *, with_name: bool) -> Json:
    value: dict[str, Json] = {
        "id": terminal.id,
        "kind": terminal.kind.value,
        "profile": terminal.profile,
        "state": terminal.state.value,
        "supervised": terminal.supervised,
    }
    if with_name:
        value |= {"name": terminal.name, "name_en": terminal.name_en}
    if terminal.room is not None:
        value["room"] = terminal.room
    if terminal.bed is not None:
        value["bed"] = terminal.bed
    profile = load_profiles().get(terminal.profile)
    if profile is not None and profile.cameras:
        value["camera"] = True
    if terminal.public_key is not None and terminal.state is TerminalState.ACTIVE:
        value["key"] = base64.urlsafe_b64encode(terminal.public_key).rstrip(b"=").decode("ascii")
    return value


def _may_act(terminal: Terminal, room: str) -> bool:
    """Whether an act of this terminal can stand in the room's calls: a bed holds those of its neighbours too,
    and without their keys could not tell a neighbour's press or cancel from a stranger's."""
    return terminal.kind in _ACTING_WARD_WIDE or (terminal.kind in _ACTING_IN_ROOM and terminal.room == room)


def _group(ward: Ward, group: CallGroup, only_bed: str | None = None, only_room: str | None = None) -> Json:
    share = only_bed is not None
    return {
        "id": group.id,
        "name": group.name,
        "order": group.order,
        "stations": list(group.stations),
        "beds": [bed for bed in group.beds if bed in ward.beds and (not share or bed == only_bed)],
        "rooms": [room for room in group.rooms if room in ward.rooms and (not share or room == only_room)],
        "staff": [] if share else [person for person in group.staff if person in ward.staff],
        "escalate_to": list(group.escalate_to),
    }


def _staff(ward: Ward, person: str) -> Json:
    value = ward.staff[person]
    return {"id": person, "name": value.name, "role": value.role.value}


def _duty(ward: Ward, duty: Iterable[Duty], now: int) -> dict[str, Json]:
    """One entry a person: the turn of now (of two, the later begun), else the next, else the last."""
    chosen: dict[str, Duty] = {}
    for turn in duty:
        if turn.staff not in ward.staff or not ward.staff[turn.staff].active:
            continue
        before = chosen.get(turn.staff)
        if before is None or _nearness(turn, now) >= _nearness(before, now):
            chosen[turn.staff] = turn
    entries: dict[str, Json] = {}
    for turn in chosen.values():
        entry: dict[str, Json] = {"staff": turn.staff, "beds": list(turn.beds), "since": turn.since}
        if turn.pda is not None:
            entry["pda"] = turn.pda
        if turn.until is not None:
            entry["until"] = turn.until
        entries[turn.staff] = entry
    return entries


def _nearness(turn: Duty, now: int) -> tuple[int, int]:
    if turn.covers(now):
        return (2, turn.since)
    return (1, -turn.since) if turn.since > now else (0, turn.since)


def _hosting(plan: Hosting) -> Json:
    return {
        "id": plan.id,
        "from_group": plan.from_group,
        "to": list(plan.to),
        "from_ms": plan.from_ms,
        "until_ms": plan.until_ms,
    }


def _visiting_stations(
    model: DirectoryModel, ward: Ward, groups: Iterable[CallGroup]
) -> tuple[Terminal, ...]:
    """Terminals of other wards that groups or the hosting plan of this ward name."""
    groups = list(groups)
    group_ids = {group.id for group in groups}
    named = [terminal for group in groups for terminal in (*group.stations, *group.escalate_to)]
    named += [
        terminal for plan in ward.hosting.values() if plan.from_group in group_ids for terminal in plan.to
    ]
    found = (model.terminal(terminal) for terminal in dict.fromkeys(named) if terminal not in ward.terminals)
    return tuple(terminal for terminal in found if terminal is not None)


def _stations(ward: Ward, groups: Iterable[CallGroup]) -> list[Json]:
    named = dict.fromkeys(station for group in groups for station in group.stations)
    if named:
        return list(named)
    return [t.id for t in ward.terminals.values() if t.kind is TerminalKind.STATION]


def _team(ward: Ward, on_duty: Iterable[str]) -> list[str]:
    """Staff ids: nurses on duty for the bed, then the head nurse, then the director."""
    active = [person for person in ward.staff.values() if person.active]
    leaders = [person.id for person in active if person.role is Role.HEAD_NURSE]
    leaders += [person.id for person in active if person.title == "director"]
    known = {person.id for person in active}
    return list(dict.fromkeys(person for person in (*on_duty, *leaders) if person in known))

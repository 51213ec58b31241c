"""Which documents a ward hub keeps open at the hub above, and which of them go both ways."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta, tzinfo

from ward_hub.access import hubs
from ward_hub.directory.model import Ward
from ward_hub.documents import names
from ward_hub.documents.memo_months import month_of, months_before

SHIFTS = ("day", "evening", "night")
DAYS = (-1, 0, 1)
"""Handovers of these days are kept at hand; others come once somebody opens them."""


def always_open(
    wards: Mapping[str, Ward], stays: Mapping[str, Mapping[str, str | None]], now: int, zone: tzinfo
) -> set[str]:
    """The documents without which a ward cannot be served alone. `stays`: ward → bed → stay; `now` in ms."""
    found = {names.hospital_settings()}
    today = datetime.fromtimestamp(now / 1000, zone).date()
    for ward in wards.values():
        one = ward.id
        found |= {
            names.ward_settings(one),
            names.directory(one),
            names.presence(one),
            names.calls(one, None),
            names.beds(one),
            names.board(one),
            *(names.memos(one, month) for month in months_before(month_of(now), 2)),
            names.reach(one),
        }
        for room in ward.rooms:
            found |= {names.calls(one, room), names.door(one, room)}
        found |= {names.bed_directory(one, bed) for bed in ward.beds}
        found |= {names.device(one, terminal) for terminal in ward.terminals}
        for days in DAYS:
            date = (today + timedelta(days)).isoformat()
            found |= {names.handover(one, date, shift) for shift in SHIFTS}
        for stay in stays.get(one, {}).values():
            if stay is not None:
                found |= {names.card(stay), names.clinical(stay), names.notes(stay)}
    return found


def kind_of(document: str) -> names.DocumentKind | None:
    name = names.parse_document(document)
    return None if name is None else name.kind


def goes_up(document: str) -> bool:
    """Whether what is written here goes to the hub above as it is (UP3)."""
    return kind_of(document) in hubs.BOTH_WAYS


def has_calls(document: str) -> bool:
    return kind_of(document) in hubs.CALLS


def is_presence(document: str) -> bool:
    return kind_of(document) is names.DocumentKind.PRESENCE


def tells_of_rows(document: str) -> bool:
    """Whether a change of it means that the mirror has changed too."""
    kinds = (names.DocumentKind.DIRECTORY, names.DocumentKind.BEDS, names.DocumentKind.WARD_SETTINGS)
    return kind_of(document) in kinds

"""Finds the ward and bed here that a hospital's location means."""

from __future__ import annotations

from collections.abc import Sequence

from ward_hub.ingest.event import Location
from ward_hub.ingest.mapping import Mapping
from ward_hub.ingest.ports import WardPlaces
from ward_hub.ingest.reconcile import Locate, Unknown
from ward_hub.record.encounter import Place


def locator(wards: Sequence[WardPlaces], mapping: Mapping) -> Locate:
    """Return the function that places locations in these wards.

    A ward that the mapping does not know lies outside this hub. A bed is found by its label or id; a room
    that is known must be the bed's own, one that is not known is overlooked, as many systems send a building
    or nothing there.
    """
    by_id = {ward.id: ward for ward in wards}

    def locate(location: Location) -> Place | Unknown:
        ward_id = mapping.wards.get(location.ward.upper(), location.ward.lower())
        ward = by_id.get(ward_id)
        if ward is None:
            return Place(None, text=location.ward)
        if not location.bed or location.bed == '""':
            return Place(ward.id)
        return _bed(ward, location, mapping)

    return locate


def _bed(ward: WardPlaces, location: Location, mapping: Mapping) -> Place | Unknown:
    label, room = mapping.bed_label(location.bed), mapping.room_name(location.room)
    found = [
        (one, bed)
        for one in ward.rooms
        for bed in one.beds
        if label in (mapping.bed_label(bed.label), bed.id.upper())
        or location.bed.upper() == bed.label.upper()
    ]
    rooms = {one.id for one in ward.rooms if room in (mapping.room_name(one.name), one.id.upper())}
    if rooms:
        inside = [(one, bed) for one, bed in found if one.id in rooms]
        if found and not inside:
            own = found[0][0].name
            return Unknown(f"PV1-3: expected room {own} for bed {location.bed!r}, got {location.room!r}")
        found = inside
    if len(found) != 1:
        got = "no such bed" if not found else f"{len(found)} beds of that name"
        return Unknown(f"PV1-3: expected a bed of ward {ward.id}, got {location.bed!r}: {got}")
    return Place(ward.id, found[0][1].id)

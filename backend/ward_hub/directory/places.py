"""The wards as the feed wants to know them (`ward_hub.ingest.ports.Places`), from the current directory."""

from __future__ import annotations

from collections.abc import Sequence

from ward_hub.directory.current import CurrentDirectory
from ward_hub.directory.model import Role, Ward
from ward_hub.ingest.ports import BedPlace, RoomPlace, WardPlaces


class CurrentPlaces:
    """Answers from memory; changes with the directory."""

    def __init__(self, current: CurrentDirectory) -> None:
        self._current = current

    def wards(self) -> Sequence[WardPlaces]:
        """Every ward with its rooms, beds and leaders (director first, then head nurses)."""
        return [_places(ward) for ward in self._current.model.wards.values()]


def _places(ward: Ward) -> WardPlaces:
    active = [person for person in ward.staff.values() if person.active]
    leaders = [("director", person.name) for person in active if person.title == "director"]
    leaders += [("head_nurse", person.name) for person in active if person.role is Role.HEAD_NURSE]
    return WardPlaces(
        id=ward.id,
        rooms=tuple(
            RoomPlace(
                room.id,
                room.name,
                tuple(BedPlace(bed.id, bed.label) for bed in ward.beds.values() if bed.room == room.id),
            )
            for room in ward.rooms.values()
        ),
        leaders=tuple(leaders),
    )

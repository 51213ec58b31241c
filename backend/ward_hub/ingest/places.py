"""`Places` over the directory as it is in memory."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ward_hub.directory.model import DirectoryModel, Role, Ward
from ward_hub.ingest.ports import BedPlace, RoomPlace, WardPlaces


class DirectoryPlaces:
    """Answers from the directory that `current` returns, which may be another one at each call."""

    def __init__(self, current: Callable[[], DirectoryModel]) -> None:
        self._current = current

    def wards(self) -> Sequence[WardPlaces]:
        """Return every ward with its rooms and beds as they are now."""
        return [_ward(ward) for ward in self._current().wards.values()]


def _ward(ward: Ward) -> WardPlaces:
    beds: dict[str, list[BedPlace]] = {}
    for bed in sorted(ward.beds.values(), key=lambda bed: (bed.order, bed.id)):
        beds.setdefault(bed.room, []).append(BedPlace(bed.id, bed.label))
    rooms = sorted(ward.rooms.values(), key=lambda room: (room.order, room.id))
    people = [person for person in ward.staff.values() if person.active]
    directors = [("director", person.name) for person in people if person.title == "director"]
    heads = [("head_nurse", person.name) for person in people if person.role is Role.HEAD_NURSE]
    return WardPlaces(
        ward.id,
        tuple(RoomPlace(room.id, room.name, tuple(beds.get(room.id, ()))) for room in rooms),
        tuple(directors + heads),
    )

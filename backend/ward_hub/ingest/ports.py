"""What the feed needs to know of the wards: their rooms and beds, and who leads them.

Whom it tells about beds is `ward_hub.directory.occupancy.OccupancySink`, whom it gives documents
`ward_hub.documents.port.Publisher`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class BedPlace:
    """A bed: its id and the label on the wall."""

    id: str
    label: str


@dataclass(frozen=True, slots=True)
class RoomPlace:
    """A room with its beds, in their order."""

    id: str
    name: str
    beds: tuple[BedPlace, ...]


@dataclass(frozen=True, slots=True)
class WardPlaces:
    """A ward with its rooms, in their order; `leaders` are (role, name) that every door shows."""

    id: str
    rooms: tuple[RoomPlace, ...]
    leaders: tuple[tuple[str, str], ...] = ()


class Places(Protocol):
    """The wards of this hub, answered at once from memory."""

    def wards(self) -> Sequence[WardPlaces]:
        """Return every ward with its rooms and beds as they are now."""
        ...

"""What the feed needs to know of the wards: their rooms and beds, and who leads them.

Whom it tells about beds is `ward_hub.directory.occupancy.OccupancySink`, whom it gives documents
`ward_hub.documents.port.Publisher`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol


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


class AlarmNotTaken(Exception):
    """An alarm could not be told. `again`: it can be later (the store was full); else it is of no call point
    here, or it may not place this."""

    def __init__(self, text: str, *, again: bool = False) -> None:
        super().__init__(text)
        self.again = again


class AlarmPoints(Protocol):
    """The call points, as the feed tells them what it hears of devices (ORU^R40)."""

    def find(self, names: Sequence[str]) -> str | None:
        """Return the one active call point that bears one of the names as its id or serial."""
        ...

    async def tell(
        self,
        point: str,
        phase: Literal["start", "continue", "end"],
        alert: str,
        call_type: str | None,
        at: int | None,
    ) -> None:
        """Tell a point of its device's alarm: a call until the last of its alerts has ended.

        `alert` is the same for all phases of one; `call_type` None for the point's usual one; `at` in ms when
        it was some time ago, else None. Telling it twice is telling it once. Raises AlarmNotTaken.
        """
        ...

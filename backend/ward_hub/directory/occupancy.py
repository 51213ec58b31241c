"""What the clinical side tells the directory: which stay lies in which bed, and whose calls come first.

Rights to a stay's documents follow from it at once, so these inputs are kept in memory and come anew from the
feed's record at every start.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from ward_hub.directory.model import Priority


class OccupancySink(Protocol):
    """Takes what the feed knows of beds. Beds that a call does not name stay as they were."""

    async def set_occupancy(self, ward: str, stays: Mapping[str, str | None]) -> None:
        """Bed → stay id, None for an empty bed.

        On return the rights are in force (documents of stays that left are closed at the bedside) and the
        directory documents say so, or will as soon as the store takes writes again. Never raises.
        """
        ...

    async def set_bed_priorities(self, ward: str, priorities: Mapping[str, Priority]) -> None:
        """Bed → class of its patient in the call list (A9): special and first come before routine."""
        ...

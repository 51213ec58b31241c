"""How deep a document's shared types may lie in each other, judged before an update is applied. Rule SY6."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ward_sync.nesting import MAX_DEPTH, Nesting, Placed
from ward_sync.update import UpdateShape

MAX_LOOSE_TYPES = 1_000
"""Shared types taken before what they hang on is known: they may lie deeper than they seem."""


class Depth:
    """The shared types of one document; costs nothing where there are none."""

    def __init__(self) -> None:
        self._nesting = Nesting()
        self._loose_types = 0

    def load(self, updates: Sequence[bytes]) -> None:
        """Read a document that has been accepted: its whole state, then what waits."""
        for update in updates:
            self._nesting.take(self._nesting.place(update, {}))

    def place(self, update: bytes, shape: UpdateShape, state: Mapping[int, int]) -> Placed | None:
        """Where an update to a document of this state lies; None where nothing is nested."""
        if not shape.types and not self._nesting:
            return None
        return self._nesting.place(update, state)

    def reason_against(self, placed: Placed | None, shape: UpdateShape) -> str | None:
        """Why an update's shared types are refused, or None."""
        if placed is None:
            return None
        if placed.deepest > MAX_DEPTH:
            return "malformed"
        if placed.loose and self._loose_types + shape.types > MAX_LOOSE_TYPES:
            return "too_many_waiting"
        return None

    def take(self, placed: Placed | None, shape: UpdateShape) -> None:
        """Remember where an accepted update lies."""
        if placed is not None:
            self._nesting.take(placed)
            if placed.loose:
                self._loose_types += shape.types

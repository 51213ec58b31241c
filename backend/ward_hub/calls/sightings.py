"""When the hub last had each terminal: enough to tell a press that waited from one nobody could miss.

In memory only: after a restart nothing is known, and a late press then rings rather than arriving as missed.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet


class Sightings:
    """The end of each terminal's newest finished session. Times in ms."""

    def __init__(self) -> None:
        self._here: dict[str, int] = {}
        self._left: dict[str, int] = {}

    def observe(self, terminals: AbstractSet[str], now: int) -> None:
        """Take note of who is connected now; called about once a second."""
        for terminal in [known for known in self._here if known not in terminals]:
            self._left[terminal] = self._here.pop(terminal)
        for terminal in terminals:
            self._here[terminal] = now

    def seen_between(self, terminal: str, from_ms: int, until_ms: int) -> bool:
        """Whether a session of the terminal that has ended since was open after `from_ms`."""
        left = self._left.get(terminal)
        return left is not None and from_ms < left < until_ms

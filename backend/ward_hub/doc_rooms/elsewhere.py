"""The other hubs of the installation as the host sees them: what is not stored and must yet reach terminals
connected there. The log carries all else.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from ward_sync.awareness import Entry


@dataclass(frozen=True, slots=True)
class Held:
    """One awareness entry and the terminal that it is of; empty for one that has gone."""

    entry: Entry
    terminal: str


class Elsewhere(Protocol):
    """Nothing here waits or raises."""

    def announced(self, document: str, entries: Sequence[Held]) -> None:
        """Terminals of this hub say so of themselves at the document."""
        ...

    def forgot(self, document: str) -> None:
        """The document left memory, and with it whoever had announced something there."""
        ...

    def presence(self, document: str) -> Iterable[tuple[str, Held]]:
        """(hub, entry) of all that terminals of other hubs announce at the document."""
        ...

    def came(self, terminal: str) -> None:
        """The terminal has opened something at this hub, after having nothing open."""
        ...

    def went(self, terminal: str) -> None:
        """The terminal has nothing open any more."""
        ...

    def send(self, document: str, terminal: str, payload: str) -> bool:
        """Have a stateless frame sent to a terminal of another hub; returns whether one has that terminal.
        That is no receipt."""
        ...

    def broadcast(self, document: str, payload: str) -> None:
        """Have a stateless frame sent to the terminals of other hubs that have the document open."""
        ...

    def terminals(self) -> Iterable[str]:
        """The terminals connected to other hubs."""
        ...

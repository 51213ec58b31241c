"""Which calls stand in a ward now: from its calls documents, folded as every screen folds them.

For whoever must not pull the ground from under a call. Calls that are over stay in their documents for some
minutes; the terminals that had a part in them count too, because the fold still looks at what they are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from pycrdt import Array, Doc
from ward_sync.calls import fold
from ward_sync.directory import Directory

from ward_hub.calls.entry import Entry, read_item
from ward_hub.documents import names

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class OpenCall:
    """One call that is not over: `source` as in its press (`bed:b01`), `terminal` the one that placed it."""

    id: str
    room: str | None
    bed: str | None
    source: str
    type: str
    terminal: str


@dataclass(frozen=True, slots=True)
class StandingCalls:
    """A ward's open calls, and the terminals with a part in any call that its documents still hold."""

    open: tuple[OpenCall, ...] = ()
    terminals: frozenset[str] = frozenset()


class OpenCalls(Protocol):
    """Says which calls stand."""

    async def of(self, ward: str) -> Sequence[OpenCall]:
        """The ward's open calls."""
        ...

    async def standing(self, ward: str) -> StandingCalls:
        """The ward's open calls, and who has a part in what its documents hold."""
        ...


class Documents(Protocol):
    """What is needed of the host of doc rooms."""

    async def read(self, document: str, look: Callable[[Doc[Any]], T]) -> T: ...


class CallsInDocuments:
    """`OpenCalls` over the calls documents. `rooms`: ward → its rooms; `directory`: ward → its directory."""

    def __init__(
        self,
        documents: Documents,
        rooms: Callable[[str], Sequence[str]],
        directory: Callable[[str], Directory | None],
        clock: Callable[[], int],
    ) -> None:
        self._documents = documents
        self._rooms = rooms
        self._directory = directory
        self._clock = clock

    async def of(self, ward: str) -> Sequence[OpenCall]:
        """See `OpenCalls`. Raises LogUnavailable when a document cannot be read."""
        return (await self.standing(ward)).open

    async def standing(self, ward: str) -> StandingCalls:
        """See `OpenCalls`. Raises LogUnavailable when a document cannot be read."""
        entries: list[Entry] = []
        for room in (None, *self._rooms(ward)):
            items = await self._documents.read(names.calls(ward, room), _items)
            entries += [read_item(item) for item in items]
        directory = self._directory(ward) or Directory()
        board = fold([entry.heard for entry in entries], directory, None, self._clock())
        bodies = {entry.id: entry.fact.body for entry in entries}
        found = [
            OpenCall(call, row.room, row.bed, row.source, row.type, bodies[call].terminal)
            for row in board.rows
            for call in row.calls
        ]
        return StandingCalls(tuple(found), frozenset(body.terminal for body in bodies.values()))


def _items(doc: Doc[Any]) -> list[Any]:
    return list(doc.get("facts", type=Array))

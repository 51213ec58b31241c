"""How many calls stand, by state, in the calls documents that are in memory: where a call is open, its room's
terminals have the document open.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Protocol, TypeVar

from pycrdt import Array, Doc
from ward_sync.calls import fold
from ward_sync.directory import Directory
from ward_sync.facts import HeardFact

from ward_hub.calls.entry import read_item
from ward_hub.documents import names

T = TypeVar("T")
FRESH_MS = 5_000
"""A count is good for so long: whoever asks each second must not make the hub fold each second."""


class Documents(Protocol):
    def loaded(self) -> Iterable[str]: ...

    async def read(self, document: str, look: Callable[[Doc[Any]], T]) -> T: ...


class OpenCallCounts:
    """Counts when it is asked. `clock` gives ms."""

    def __init__(
        self,
        documents: Documents,
        directory: Callable[[str], Directory | None],
        clock: Callable[[], int],
    ) -> None:
        self._documents = documents
        self._directory = directory
        self._clock = clock
        self._counted_at: int | None = None
        self._counts: Mapping[str, int] = {}

    async def count(self) -> Mapping[str, int]:
        """State (waiting, taken, talking, attended) → open calls. Raises LogUnavailable."""
        now = self._clock()
        if self._counted_at is None or not 0 <= now - self._counted_at < FRESH_MS:
            self._counts = await self._count(now)
            self._counted_at = now
        return self._counts

    async def _count(self, now: int) -> Mapping[str, int]:
        by_ward: defaultdict[str, list[HeardFact]] = defaultdict(list)
        for document in self._documents.loaded():
            name = names.parse_document(document)
            if name is None or name.ward is None:
                continue
            if name.kind in (names.DocumentKind.ROOM_CALLS, names.DocumentKind.WARD_CALLS):
                items = await self._documents.read(document, _items)
                by_ward[name.ward] += [read_item(item).heard for item in items]
        counts: Counter[str] = Counter()
        for ward, facts in by_ward.items():
            if not facts:
                continue
            for row in fold(facts, self._directory(ward) or Directory(), None, now).rows:
                counts[row.state] += len(row.calls)
        return counts


def _items(doc: Doc[Any]) -> list[Any]:
    return list(doc.get("facts", type=Array))

"""The call lists of wards as the hub sees them: the fold over the calls documents, read anew when the log has
news of them. Without presence: troubles are the screens' own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Protocol, TypeVar

from pycrdt import Array, Doc
from ward_sync.calls import Board, fold
from ward_sync.directory import Directory
from ward_sync.facts import HeardFact

from ward_hub.calls.entry import read_item
from ward_hub.documents import names
from ward_hub.log.port import Cursor, Log, RecordKind

T = TypeVar("T")


class Documents(Protocol):
    async def read(self, document: str, look: Callable[[Doc[Any]], T]) -> T: ...


class WardBoards:
    """Facts by calls document, kept while their ward is asked for."""

    def __init__(
        self,
        store: Log,
        documents: Documents,
        directory: Callable[[str], Directory | None],
        newest: Callable[[], Awaitable[Cursor]],
    ) -> None:
        """`newest` returns a place in the log that is not after its end: where reading begins."""
        self._store = store
        self._documents = documents
        self._directory = directory
        self._newest = newest
        self._after: Cursor | None = None
        self._facts: dict[str, list[HeardFact]] = {}
        self._fresh: set[str] = set()
        """Read at the last look, and once more at the next: of another hub's fact the log may tell this hub
        before the document in memory has it."""

    async def read(self, wards: Iterable[str], now: int) -> dict[str, tuple[Board, Directory]]:
        """Return board and directory of each ward at `now` (ms); wards that are gone are left out."""
        directories = {ward: found for ward in wards if (found := self._directory(ward)) is not None}
        wanted = {
            names.calls(ward, room): ward
            for ward, directory in directories.items()
            for room in (None, *directory.rooms)
        }
        if self._after is None:
            self._after = await self._newest()
        stale = {document for document in wanted if document not in self._facts or document in self._fresh}
        news: set[str] = set()
        after = self._after
        async for place, record in self._store.read(after, frozenset({RecordKind.FACT})):
            after = place
            if record.document in wanted:
                news.add(record.document)
        for document in [known for known in self._facts if known not in wanted]:
            del self._facts[document]
        await asyncio.gather(*(self._reread(document) for document in sorted(stale | news)))
        self._fresh = news
        # Only now: a document that could not be read is read again by the next look.
        self._after = after
        boards: dict[str, tuple[Board, Directory]] = {}
        for ward, directory in directories.items():
            facts = [fact for document, of in wanted.items() if of == ward for fact in self._facts[document]]
            boards[ward] = (fold(facts, directory, None, now), directory)
        return boards

    async def _reread(self, document: str) -> None:
        items = await self._documents.read(document, lambda doc: list(doc.get("facts", type=Array)))
        self._facts[document] = [read_item(item).heard for item in items]

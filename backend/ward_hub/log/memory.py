"""A log that keeps everything in memory, for trials and tests. Durable for as long as the process."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from ward_hub.log.port import Cursor, Finding, Record, RecordKind
from ward_hub.log.snapshot import merge


class MemoryLog:
    """Log adapter without a disk."""

    def __init__(self) -> None:
        self._records: list[tuple[int, Record]] = []
        self._updates: dict[str, list[bytes]] = {}
        self._keys: dict[str, Record] = {}
        self._last = 0

    async def append(self, records: Sequence[Record]) -> None:
        for record in records:
            self._last += 1
            self._records.append((self._last, record))
            if record.kind is RecordKind.UPDATE:
                self._updates.setdefault(record.document, []).append(record.payload)
            elif record.key is not None:
                first = self._keys.setdefault(record.key, record)
                if record.kind is RecordKind.FACT and first.kind is RecordKind.REFUSED:
                    self._keys[record.key] = record

    async def load(self, document: str) -> list[bytes]:
        return list(self._updates.get(document, ()))

    async def known(self, keys: Sequence[str]) -> dict[str, Record]:
        return {key: self._keys[key] for key in keys if key in self._keys}

    async def read(
        self, after: Cursor, kinds: frozenset[RecordKind] | None = None
    ) -> AsyncIterator[tuple[Cursor, Record]]:
        last = int(after or 0)
        for seq, record in list(self._records):
            if seq > last and (kinds is None or record.kind in kinds):
                yield str(seq), record

    async def follow(self) -> AsyncIterator[tuple[Record, ...] | None]:
        return
        yield

    async def check(self) -> AsyncIterator[Finding]:
        return
        yield

    async def compact(self, document: str) -> None:
        updates = self._updates.get(document, [])
        if len(updates) < 2:
            return
        self._updates[document] = [merge(updates)]
        self._records = [
            (seq, record)
            for seq, record in self._records
            if not (record.kind is RecordKind.UPDATE and record.document == document)
        ]

    async def close(self) -> None:
        return None

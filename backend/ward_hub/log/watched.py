"""A log that remembers whether its last append was taken, so that stations can be told of a full disk."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

from ward_hub.log.port import Cursor, Finding, Log, LogUnavailable, Record, RecordKind, StorageFull


class WatchedLog:
    """The log `inner`; `taking` is False from a failed append to the next one that succeeds."""

    def __init__(self, inner: Log) -> None:
        self._inner = inner
        self.taking = True

    async def append(self, records: Sequence[Record]) -> None:
        try:
            await self._inner.append(records)
        except (StorageFull, LogUnavailable):
            self.taking = False
            raise
        self.taking = self.taking or bool(records)

    async def load(self, document: str) -> list[bytes]:
        return await self._inner.load(document)

    async def known(self, keys: Sequence[str]) -> dict[str, Record]:
        return await self._inner.known(keys)

    def read(
        self, after: Cursor, kinds: frozenset[RecordKind] | None = None
    ) -> AsyncIterator[tuple[Cursor, Record]]:
        return self._inner.read(after, kinds)

    def follow(self) -> AsyncIterator[tuple[Record, ...] | None]:
        return self._inner.follow()

    async def compact(self, document: str) -> None:
        await self._inner.compact(document)

    def check(self) -> AsyncIterator[Finding]:
        return self._inner.check()

    async def close(self) -> None:
        await self._inner.close()

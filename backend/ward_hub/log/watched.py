"""A log that is watched: whether its last append was taken, so that stations can be told of a full disk, and
how many appends there were, how large, and how long they took.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence

from ward_hub.log.port import Cursor, Finding, Log, LogUnavailable, Record, RecordKind, StorageFull
from ward_hub.watching.buckets import seconds, sizes


class WatchedLog:
    """The log `inner`; `taking` is False from a failed append to the next one that succeeds.

    `taken`: records by kind, `update` of terminals and `hub_update` of the hub told apart; `append_s` and
    `group_sizes` of the appends that succeeded; `failures`: appends by why they failed, `full` or
    `unavailable`; `failed_at`: when the last one failed, by `clock` (monotonic, seconds).
    """

    def __init__(self, inner: Log, clock: Callable[[], float] = time.monotonic) -> None:
        self._inner = inner
        self._clock = clock
        self.taking = True
        self.full = False
        self.failed_at: float | None = None
        self.taken: Counter[str] = Counter()
        self.failures: Counter[str] = Counter()
        self.append_s = seconds()
        self.group_sizes = sizes()
        self.compactions = 0

    async def append(self, records: Sequence[Record]) -> None:
        began = self._clock()
        try:
            await self._inner.append(records)
        except (StorageFull, LogUnavailable) as error:
            self.taking = False
            self.full = isinstance(error, StorageFull)
            self.failed_at = self._clock()
            self.failures["full" if self.full else "unavailable"] += 1
            raise
        if records:
            self.taking = True
            self.full = False
            self.append_s.observe(self._clock() - began)
            self.group_sizes.observe(len(records))
            for record in records:
                own = record.kind is RecordKind.UPDATE and record.terminal is None
                self.taken["hub_update" if own else record.kind.value] += 1

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
        self.compactions += 1

    def check(self) -> AsyncIterator[Finding]:
        return self._inner.check()

    async def close(self) -> None:
        await self._inner.close()

"""A log in memory that fails when it is told to."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ward_hub.log.memory import MemoryLog
from ward_hub.log.port import Record


class FailingLog(MemoryLog):
    """`error`: what the next appends raise; `before`: called within each append."""

    def __init__(self) -> None:
        super().__init__()
        self.error: Exception | None = None
        self.before: Callable[[], None] = lambda: None

    async def append(self, records: Sequence[Record]) -> None:
        self.before()
        if self.error is not None:
            raise self.error
        await super().append(records)

    async def compact(self, document: str) -> None:
        return None

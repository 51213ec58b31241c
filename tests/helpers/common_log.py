"""One log of several hubs, in memory: each hub's view appends to the same list and follows the others."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

from ward_hub.log.memory import MemoryLog
from ward_hub.log.port import LogUnavailable, Record


class CommonLog(MemoryLog):
    """What all hubs have stored."""

    def __init__(self) -> None:
        super().__init__()
        self.views: list[HubLog] = []

    def view(self) -> HubLog:
        view = HubLog(self)
        self.views.append(view)
        return view


class HubLog(MemoryLog):
    """The log as one hub sees it. `cut`: it reaches nothing; `mute`: it hears nothing of the others;
    `doubt`: the next append is stored and fails all the same."""

    shared = True

    def __init__(self, common: CommonLog) -> None:
        super().__init__()
        self._common = common
        self._queue: asyncio.Queue[tuple[Record, ...] | None] = asyncio.Queue()
        self.cut = self.mute = self.doubt = False

    async def append(self, records: Sequence[Record]) -> None:
        if self.cut:
            raise LogUnavailable("cut off")
        await self._common.append(records)
        documents = dict.fromkeys(record.document for record in records)
        for view in self._common.views:
            for document in documents:
                if view is not self and not view.mute:
                    view.tell(tuple(record for record in records if record.document == document))
        if self.doubt:
            self.doubt = False
            raise LogUnavailable("no answer came")

    def tell(self, records: tuple[Record, ...] | None) -> None:
        """Put something into the feed; None: the place was lost."""
        self._queue.put_nowait(records)

    async def load(self, document: str) -> list[bytes]:
        if self.cut:
            raise LogUnavailable("cut off")
        return await self._common.load(document)

    async def known(self, keys: Sequence[str]) -> dict[str, Record]:
        if self.cut:
            raise LogUnavailable("cut off")
        return await self._common.known(keys)

    def read(self, *args, **kwargs):  # type: ignore[no-untyped-def]
        return self._common.read(*args, **kwargs)

    async def follow(self) -> AsyncIterator[tuple[Record, ...] | None]:
        while True:
            yield await self._queue.get()

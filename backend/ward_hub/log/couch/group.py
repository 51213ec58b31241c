"""Group commit: whatever waits while one `_bulk_docs` is under way goes out with the next.

A write in doubt (no answer, a broken connection, no quorum yet) is sent again under the same id until it is
known to be there or its time is up; for a document that is written once this cannot store it twice.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ward_hub.log.couch.client import Couch, TooLarge
from ward_hub.log.couch.documents import Json
from ward_hub.log.port import LogRefused, LogUnavailable, StorageFull

GROUP_BYTES = 64 * 1024
"""About 200 small updates: so large a request still takes only some ten milliseconds."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.05, 1.0
SHORTEST_S = 0.5
CLOSING_S = 3.0
"""How long closing waits for writes in doubt."""


@dataclass(slots=True, eq=False)
class _Write:
    document: Json
    weight: int
    until: float
    again: bool
    future: asyncio.Future[str | None] = field(init=False)
    doubt: bool = False

    def __post_init__(self) -> None:
        self.future = asyncio.get_running_loop().create_future()

    def done(self, revision: str | None) -> None:
        if not self.future.done():
            self.future.set_result(revision)

    def failed(self, error: Exception) -> None:
        if not self.future.done():
            self.future.set_exception(error)


class GroupCommit:
    """Writes documents to one database, one request at a time."""

    def __init__(self, couch: Couch, clock: Callable[[], float]) -> None:
        """`clock`: monotonic, in seconds."""
        self._couch = couch
        self._clock = clock
        self._waiting: deque[_Write] = deque()
        self._task: asyncio.Task[None] | None = None
        self._failures = 0
        self._end: float | None = None
        self.requests = 0
        """How many were sent."""

    @property
    def waiting(self) -> int:
        """How many documents wait to be written."""
        return len(self._waiting)

    async def put(self, document: Json, weight: int, until: float, again: bool = True) -> str | None:
        """Store a document; return its revision, None where its id (or another revision) is there already.

        `weight`: its bytes. `until`: by the clock, when to give up. `again`: whether to send it again when
        in doubt, for what is written once; None may then mean that an earlier try has stored it.
        Raises StorageFull (not stored), LogRefused, LogUnavailable (unknown).
        """
        write = _Write(document, weight, until, again)
        self._waiting.append(write)
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._run())
        return await write.future

    def hurry(self) -> None:
        """From now on writes in doubt are given up soon: the log is closing."""
        self._end = self._clock() + CLOSING_S

    async def close(self) -> None:
        """Finish what waits."""
        if self._task is not None:
            await asyncio.wait((self._task,))

    async def _run(self) -> None:
        while self._waiting:
            if batch := self._take():
                await self._send(batch)

    def _take(self) -> list[_Write]:
        now = self._clock()
        batch: list[_Write] = []
        weight = 0
        while self._waiting and (not batch or weight + self._waiting[0].weight <= GROUP_BYTES):
            write = self._waiting.popleft()
            if write.until <= now or (self._end is not None and self._end <= now):
                write.failed(LogUnavailable("no answer in time; whether it was stored is unknown"))
                continue
            batch.append(write)
            weight += write.weight
        return batch

    async def _send(self, batch: list[_Write]) -> None:
        ends = [write.until for write in batch] + ([] if self._end is None else [self._end])
        left_s = min(ends) - self._clock()
        within_s = max(SHORTEST_S, min(self._couch.request_s, left_s))
        self.requests += 1
        try:
            answer = await self._couch.bulk([write.document for write in batch], within_s)
        except TooLarge as error:
            if len(batch) == 1:
                batch[0].failed(error)
            for write in batch if len(batch) > 1 else ():
                await self._send([write])
        except (StorageFull, LogRefused) as error:
            for write in batch:
                write.failed(
                    LogUnavailable(str(error)) if write.doubt and isinstance(error, StorageFull) else error
                )
        except LogUnavailable as error:
            await self._doubt(batch, error)
        except Exception as error:
            for write in batch:
                write.failed(LogUnavailable(f"the database's answer cannot be read: {type(error).__name__}"))
        else:
            await self._settle(batch, answer.status, answer.body)

    async def _settle(self, batch: list[_Write], status: int, body: Any) -> None:
        rows = {row.get("id"): row for row in body if isinstance(row, dict)} if isinstance(body, list) else {}
        doubt: list[_Write] = []
        reason = "not yet stored at quorum" if status != 201 else "not stored"
        for write in batch:
            row = rows.get(write.document["_id"], {})
            error = row.get("error")
            if error == "conflict":
                write.done(None)
            elif error in ("forbidden", "unauthorized"):
                write.failed(LogUnavailable(f"the database refuses a document: {row.get('reason')}"))
            elif status == 201 and "rev" in row and error is None:
                write.done(str(row["rev"]))
            else:
                reason = f"{reason} ({error})" if error else reason
                doubt.append(write)
        if doubt:
            await self._doubt(doubt, LogUnavailable(reason))
        else:
            self._failures = 0

    async def _doubt(self, batch: list[_Write], error: LogUnavailable) -> None:
        """Send it again after a pause; what may not be sent again has failed."""
        for write in reversed(batch):
            write.doubt = True
            if write.again:
                self._waiting.appendleft(write)
            else:
                write.failed(error)
        pause_s = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2**self._failures)
        self._failures += 1
        await asyncio.sleep(pause_s)

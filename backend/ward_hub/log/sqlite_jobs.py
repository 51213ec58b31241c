"""Work handed to the log's threads and its outcome handed back to the loop that waits for it."""

from __future__ import annotations

import asyncio
import errno
import queue
import sqlite3
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from ward_hub.log.port import LogDamaged, LogUnavailable, StorageFull

T = TypeVar("T")

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


@dataclass(slots=True, eq=False)
class Job:
    """Work on a connection, and who waits for what it returns."""

    work: Callable[[sqlite3.Connection], Any]
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Any]

    def run(self, connection: sqlite3.Connection) -> Outcome:
        try:
            return self.loop, self.future, self.work(connection)
        except LogUnavailable as error:
            return self.loop, self.future, error
        except Exception as error:
            return self.loop, self.future, translate(error)


Outcome = tuple[asyncio.AbstractEventLoop, "asyncio.Future[Any]", Any]
"""Who waits, and for what: a value, or the exception it gets."""


def settle(outcomes: Iterable[Outcome]) -> None:
    """Hand outcomes to the loops that wait: one wake-up a loop."""
    by_loop: dict[asyncio.AbstractEventLoop, list[Outcome]] = {}
    for outcome in outcomes:
        by_loop.setdefault(outcome[0], []).append(outcome)
    for loop, own in by_loop.items():
        try:
            loop.call_soon_threadsafe(_resolve, own)
        except RuntimeError:
            continue  # the loop has ended; nobody waits any more


def _resolve(outcomes: list[Outcome]) -> None:
    for _, future, value in outcomes:
        if future.done():
            continue
        if isinstance(value, Exception):
            future.set_exception(value)
        else:
            future.set_result(value)


def translate(error: Exception) -> Exception:
    """Return the port's exception for what SQLite or the file system said."""
    if isinstance(error, sqlite3.Error):
        name = getattr(error, "sqlite_errorname", "") or ""
        if name == "SQLITE_FULL" or "full" in str(error):
            return StorageFull(str(error))
        if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
            return LogDamaged(str(error))
    if isinstance(error, OSError) and error.errno in _FULL:
        return StorageFull(str(error))
    return LogUnavailable(str(error))


class Worker:
    """A thread with a connection of its own that does one job after the other."""

    def __init__(self, connection: sqlite3.Connection, name: str) -> None:
        self._connection = connection
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._closed = False
        self._thread = threading.Thread(target=self._loop, name=name, daemon=True)
        self._thread.start()

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Return what the work returns. Raises LogUnavailable, LogDamaged or StorageFull."""
        if self._closed:
            raise LogUnavailable("the log is closed")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._jobs.put(Job(work, loop, future))
        return await future

    async def close(self) -> None:
        """Finish what waits, then close the connection."""
        if self._closed:
            return
        self._closed = True
        self._jobs.put(None)
        await asyncio.to_thread(self._thread.join)
        self._connection.close()

    def _loop(self) -> None:
        while (job := self._jobs.get()) is not None:
            settle([job.run(self._connection)])

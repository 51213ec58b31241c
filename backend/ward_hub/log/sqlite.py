"""The log in a SQLite file: WAL, synchronous=FULL, one writer thread, group commit.

All appends that wait when the writer is free become one transaction, hence one fdatasync (measured: 260 µs
for one record, 300 µs for a hundred). Reads have a thread and a connection of their own (sqlite_reader.py);
how records lie in the file is sqlite_rows.py, compaction sqlite_compact.py, checks sqlite_check.py.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeVar

from ward_hub.log import sqlite_compact
from ward_hub.log import sqlite_rows as rows
from ward_hub.log.port import Cursor, Finding, LogUnavailable, Record, RecordKind, Severity
from ward_hub.log.snapshot import merge
from ward_hub.log.sqlite_files import hold, is_held, sync_folder
from ward_hub.log.sqlite_jobs import Job, Outcome, settle, translate
from ward_hub.log.sqlite_reader import SqliteReader
from ward_hub.log.sqlite_wal import read_tail

__all__ = ["SqliteLog", "is_held"]

T = TypeVar("T")
log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Append:
    records: Sequence[Record]
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[None]


class SqliteLog:
    """Log adapter on one SQLite file, which one process may hold at a time."""

    def __init__(
        self,
        path: Path,
        max_pages: int | None = None,
        step: sqlite_compact.Step = lambda _name: None,
    ) -> None:
        """Open or create the file. For tests: `max_pages` limits its size as a full disk does, `step` is
        told of each step of a compaction.

        Raises LogUnavailable when the file is held by another process, LogDamaged when it is no log.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = hold(path)
        try:
            self.cut = self._look_at_tail(path)
            new = not path.exists()
            self._connection = rows.connect(path)
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute("PRAGMA synchronous=FULL")
            self._connection.executescript(f"BEGIN IMMEDIATE; {rows.SCHEMA} COMMIT;")
            if self.cut is not None:
                # What was passed over leaves the disk too, or the next start would tell of it again.
                self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            if max_pages is not None:
                self._connection.execute(f"PRAGMA max_page_count={int(max_pages)}")
            if new:
                sync_folder(path.parent)
            self._next = 1 + rows.last_seq(self._connection)
            self._reader = SqliteReader(rows.connect(path))
        except (sqlite3.Error, OSError) as error:
            self._lock.close()
            wrong = translate(error)
            raise type(wrong)(f"{path.name}: {error}") from error
        self._step = step
        self._writes: queue.SimpleQueue[_Append | Job | None] = queue.SimpleQueue()
        self._closed = False
        self._thread = threading.Thread(target=self._write_loop, name="log-writer", daemon=True)
        self._thread.start()

    async def append(self, records: Sequence[Record]) -> None:
        if not records:
            return
        self._check_open()
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        self._writes.put(_Append(records, loop, future))
        await future

    async def load(self, document: str) -> list[bytes]:
        return await self._reader.load(document)

    async def known(self, keys: Sequence[str]) -> dict[str, Record]:
        return await self._reader.known(keys)

    def read(
        self, after: Cursor, kinds: frozenset[RecordKind] | None = None
    ) -> AsyncIterator[tuple[Cursor, Record]]:
        return self._reader.read(after, kinds)

    async def follow(self) -> AsyncIterator[tuple[Record, ...] | None]:
        return
        yield

    async def compact(self, document: str) -> None:
        plan = await self._reader.worker.run(partial(sqlite_compact.plan, document=document))
        self._step("read")
        if len(plan.updates) > 1:
            try:
                payload = await asyncio.to_thread(merge, plan.updates)
            except ValueError as error:
                raise LogUnavailable(f"{document!r} stays as it is: {error}") from error
            self._step("merged")
            if not await self._write(
                partial(sqlite_compact.store_snapshot, of=plan, payload=payload, step=self._step)
            ):
                return
        if not plan.updates:
            return
        delete = partial(sqlite_compact.delete_slice, document=document, step=self._step)
        while await self._write(delete):
            pass

    async def check(self) -> AsyncIterator[Finding]:
        self._check_open()
        if self.cut is not None:
            yield self.cut
        async for finding in self._reader.check():
            yield finding

    async def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._writes.put(None)
        await asyncio.to_thread(self._thread.join)
        # The last connection that closes empties the write-ahead file.
        await self._reader.close()
        self._connection.close()
        self._lock.close()

    def _look_at_tail(self, path: Path) -> Finding | None:
        """What SQLite will pass over in silence, told and kept for `check`."""
        tail = read_tail(path)
        found = None if tail is None else tail.finding
        if found is not None:
            level = logging.ERROR if found.severity is Severity.DAMAGE else logging.WARNING
            log.log(level, "%s, %s: %s", path.name, found.place, found.what)
        return found

    def _check_open(self) -> None:
        if self._closed:
            raise LogUnavailable("the log is closed")

    async def _write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        self._check_open()
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._writes.put(Job(work, loop, future))
        return await future

    def _write_loop(self) -> None:
        running = True
        while running:
            waiting: list[_Append] = []
            job: Job | None = None
            item = self._writes.get()
            while True:
                if isinstance(item, _Append):
                    waiting.append(item)
                elif item is None:
                    running = False
                    break
                else:
                    job = item
                    break
                try:
                    item = self._writes.get_nowait()
                except queue.Empty:
                    break
            if waiting:
                settle(self._commit(waiting))
            if job is not None:
                settle([job.run(self._connection)])

    def _commit(self, group: list[_Append]) -> list[Outcome]:
        """Store all appends in one transaction; when that fails, each in its own, so that one that is too
        large for what is left of the disk does not take the others with it."""
        try:
            self._insert(group)
            return [(append.loop, append.future, None) for append in group]
        except Exception as error:
            # Whatever it is: the thread goes on, and whoever waits is told.
            if len(group) == 1:
                return [(group[0].loop, group[0].future, translate(error))]
        return [outcome for append in group for outcome in self._commit([append])]

    def _insert(self, group: list[_Append]) -> None:
        stored: list[rows.Row] = []
        seq = self._next
        for append in group:
            for record in append.records:
                stored.append(rows.row_of(seq, record))
                seq += 1
        connection = self._connection
        try:
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(rows.INSERT, stored)
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
        self._next = seq

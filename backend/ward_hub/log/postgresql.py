"""The log in PostgreSQL, for sites that run one hub and keep their databases there.

All appends that wait when the writer is free become one statement, hence one commit. One connection writes
and holds the lock (postgresql_writer.py); reads have a small pool. Numbers are given and committed in one
order, so a reader's place is a number. A snapshot and what follows it are read by one statement, so that no
compaction comes between.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg  # type: ignore[import-untyped]

from ward_hub.log.check import check_records
from ward_hub.log.port import (
    Cursor,
    Finding,
    Log,
    LogRefused,
    LogUnavailable,
    Record,
    RecordKind,
    Severity,
    StorageFull,
)
from ward_hub.log.postgresql_rows import (
    INSERT,
    KNOWN,
    LOAD,
    PAGE,
    READ_PAGE,
    REPLACED,
    SNAPSHOT,
    checksum,
    record_of,
    row_of,
    verify,
)
from ward_hub.log.postgresql_writer import CONNECT_S, ERRORS, STATEMENT_S, Address, Writer
from ward_hub.log.snapshot import merge

logger = logging.getLogger(__name__)

GROUP_RECORDS = 2_000
GROUP_BYTES = 4 * 1024 * 1024
READERS = 4
FIRST_PAUSE_S, LONGEST_PAUSE_S, REFUSED_PAUSE_S = 0.1, 2.0, 30.0


async def open_postgresql_log(url: str) -> Log:
    """Open the log in the database at `postgresql://USER:PASSWORD@HOST:PORT/DATABASE`; tables are made.

    Raises LogUnavailable when the server is not reached or another hub holds the log, LogRefused for a wrong
    password or role, StorageFull, and ValueError for what is no address.
    """
    log = PostgresqlLog(Address(url), secrets.token_hex(8))
    await log.open()
    return log


@dataclass(slots=True)
class _Append:
    rows: list[tuple[Any, ...]]
    size: int
    future: asyncio.Future[None]


@dataclass(slots=True)
class _Job:
    work: Callable[[asyncpg.Connection], Awaitable[None]]
    future: asyncio.Future[None]


class PostgresqlLog:
    """Log adapter on one database, which one hub may hold at a time. Belongs to one event loop."""

    def __init__(self, address: Address, mark: str) -> None:
        """`mark`: names this start of this hub, like no other. Call `open` first."""
        self._address = address
        self._writer = Writer(address, mark)
        self._waiting: deque[_Append | _Job] = deque()
        self._wake = asyncio.Event()
        self._closed = False
        self._why: LogUnavailable | StorageFull = LogUnavailable("the log is not open")
        self._tasks: list[asyncio.Task[None]] = []
        self._pool: asyncpg.Pool | None = None
        self._compacting = asyncio.Lock()

    async def open(self) -> None:
        """Connect; errors as `open_postgresql_log`."""
        await self._writer.open()
        try:
            self._pool = await asyncpg.create_pool(
                self._address.url,
                min_size=1,
                max_size=READERS,
                timeout=CONNECT_S,
                command_timeout=STATEMENT_S,
                server_settings={
                    "application_name": "ward-hub reader",
                    "default_transaction_read_only": "on",
                },
            )
        except ERRORS as error:
            await self._writer.close()
            raise self._address.translate(error) from None
        self._tasks = [asyncio.create_task(self._write(), name="log-writer")]

    async def append(self, records: Sequence[Record]) -> None:
        if records:
            future = asyncio.get_running_loop().create_future()
            size = sum(len(record.payload) for record in records)
            await self._enqueue(_Append([row_of(record) for record in records], size, future), future)

    async def load(self, document: str) -> list[bytes]:
        return (await self._load(document))[0]

    async def known(self, keys: Sequence[str]) -> dict[str, Record]:
        if not keys:
            return {}
        found = [record_of(row)[1] for row in await self._fetch(KNOWN, list(dict.fromkeys(keys)))]
        return {record.key: record for record in found if record.key is not None}

    async def read(
        self, after: Cursor, kinds: frozenset[RecordKind] | None = None
    ) -> AsyncIterator[tuple[Cursor, Record]]:
        names = sorted(kind.value for kind in (RecordKind if kinds is None else kinds))
        last = int(after or 0)
        while True:
            rows = await self._fetch(PAGE, last, names)
            for row in rows:
                last, record = record_of(row)
                yield str(last), record
            if len(rows) < READ_PAGE:
                return

    async def follow(self) -> AsyncIterator[tuple[Record, ...] | None]:
        return
        yield

    async def compact(self, document: str) -> None:
        async with self._compacting:
            updates, last = await self._load(document)
            if len(updates) < 2:
                return
            try:
                payload = await asyncio.to_thread(merge, updates)
            except ValueError as error:
                raise LogUnavailable(f"{document}: {error}") from None

            async def replace(connection: asyncpg.Connection) -> None:
                async with connection.transaction():
                    found = checksum(document, "snapshot", payload, 0, None, None, None)
                    await connection.execute(SNAPSHOT, document, last, payload, found)
                    await connection.execute(REPLACED, document, last)

            future = asyncio.get_running_loop().create_future()
            await self._enqueue(_Job(replace, future), future)

    async def check(self) -> AsyncIterator[Finding]:
        for setting in ("fsync", "full_page_writes"):
            if (value := (await self._fetch(f"SHOW {setting}"))[0][0]) != "on":
                what = f"is {value}: a power cut may lose what was acknowledged"
                yield Finding(Severity.NOTICE, f"setting {setting} of the server", what)
        rows = await self._fetch("SELECT document FROM wardline_log.snapshot ORDER BY document")
        async for finding in check_records(self, [row["document"] for row in rows]):
            yield finding

    async def close(self) -> None:
        self._closed = True
        self._wake.set()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._writer.close()
        pool, self._pool = self._pool, None
        if pool is not None:
            try:
                async with asyncio.timeout(STATEMENT_S):
                    await pool.close()
            except ERRORS:
                pool.terminate()

    async def _fetch(self, query: str, *values: object) -> list[Any]:
        if self._closed or self._pool is None:
            raise LogUnavailable("the log is closed")
        try:
            async with asyncio.timeout(CONNECT_S + STATEMENT_S):
                return list(await self._pool.fetch(query, *values))
        except ERRORS as error:
            raise self._address.translate(error) from None

    async def _load(self, document: str) -> tuple[list[bytes], int]:
        """Return (updates, number of the last); a snapshot counts as the first."""
        updates: list[bytes] = []
        last = 0
        for row in await self._fetch(LOAD, document):
            verify(row)
            updates.append(row["payload"])
            last = row["seq"]
        return updates, last

    async def _enqueue(self, item: _Append | _Job, future: asyncio.Future[None]) -> None:
        if self._closed:
            raise LogUnavailable("the log is closed")
        if self._writer.connection is None:
            self._wake.set()
            raise type(self._why)(str(self._why))
        self._waiting.append(item)
        self._wake.set()
        await future

    async def _write(self) -> None:
        try:
            await self._write_on()
        finally:
            self._closed = True
            self._why = LogUnavailable("the log is closed")
            self._fail_all()

    async def _write_on(self) -> None:
        """Write what waits, group by group; with the connection lost, fail it and connect again."""
        pause = FIRST_PAUSE_S
        while not self._closed or self._waiting:
            connection = self._writer.connection
            if connection is None:
                self._fail_all()
                if self._closed:
                    return
                pause = await self._connect_again(pause)
                continue
            pause = FIRST_PAUSE_S
            if not self._waiting:
                self._wake.clear()
                await self._woken_or_lost(connection)
            elif isinstance(first := self._waiting[0], _Job):
                self._waiting.popleft()
                await self._run(connection, first)
            else:
                await self._commit(connection, self._next_group())

    async def _woken_or_lost(self, connection: asyncpg.Connection) -> None:
        lost = self._on_loss
        connection.add_termination_listener(lost)
        try:
            if not connection.is_closed():
                await self._wake.wait()
        finally:
            connection.remove_termination_listener(lost)

    def _on_loss(self, connection: object) -> None:
        if not self._closed:
            self._lost(LogUnavailable(f"{self._address.shown}: the connection was lost"))
        self._wake.set()

    async def _connect_again(self, pause: float) -> float:
        """Try once, then wait where it failed; returns how long to wait the next time, in s."""
        try:
            await self._writer.open()
        except (LogUnavailable, StorageFull) as error:
            if str(error) != str(self._why):
                logger.warning("log: %s", error)
            self._why = error
            # A refusal does not pass by itself, and asking on fills the server's own log.
            wait_s = REFUSED_PAUSE_S if isinstance(error, LogRefused) else pause
            await self._closed_within(wait_s)
            return min(2 * pause, LONGEST_PAUSE_S)
        logger.info("log: %s: connected again", self._address.shown)
        return FIRST_PAUSE_S

    async def _closed_within(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while not self._closed and (left := until - loop.time()) > 0:
            self._wake.clear()
            try:
                async with asyncio.timeout(left):
                    await self._wake.wait()
            except TimeoutError:
                return

    def _next_group(self) -> list[_Append]:
        group: list[_Append] = []
        rows = size = 0
        while self._waiting and isinstance(first := self._waiting[0], _Append):
            rows, size = rows + len(first.rows), size + first.size
            if group and (rows > GROUP_RECORDS or size > GROUP_BYTES):
                break
            group.append(first)
            self._waiting.popleft()
        return group

    async def _commit(self, connection: asyncpg.Connection, group: list[_Append]) -> None:
        """Store all appends by one statement; when the server refuses that, each by its own, so that one that
        is too large for what is left of the disk does not take the others with it."""
        rows = [row for append in group for row in append.rows]
        try:
            await connection.execute(INSERT, *map(list, zip(*rows, strict=True)))
        except ERRORS as error:
            why = self._translate(connection, error)
            if len(group) > 1 and self._writer.connection is connection:
                for append in group:
                    await self._commit(connection, [append])
                return
            for append in group:
                _fail(append.future, why)
            return
        except BaseException:
            for append in group:
                _fail(append.future, LogUnavailable("the log's writer has ended"))
            raise
        for append in group:
            if not append.future.done():
                append.future.set_result(None)

    async def _run(self, connection: asyncpg.Connection, job: _Job) -> None:
        try:
            async with asyncio.timeout(2 * STATEMENT_S):
                await job.work(connection)
        except ERRORS as error:
            _fail(job.future, self._translate(connection, error))
        else:
            if not job.future.done():
                job.future.set_result(None)

    def _translate(self, connection: asyncpg.Connection, error: Exception) -> LogUnavailable | StorageFull:
        """The port's error; a connection on which something is in doubt is cut."""
        why = self._address.translate(error)
        if not isinstance(error, asyncpg.PostgresError) or connection.is_closed():
            self._writer.drop()
            self._lost(why)
        return why

    def _lost(self, why: LogUnavailable | StorageFull) -> None:
        if str(why) != str(self._why):
            logger.warning("log: %s", why)
        self._why = why

    def _fail_all(self) -> None:
        while self._waiting:
            _fail(self._waiting.popleft().future, self._why)


def _fail(future: asyncio.Future[None], why: Exception) -> None:
    if not future.done():
        future.set_exception(type(why)(str(why)))

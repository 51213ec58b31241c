"""The one connection that writes a log in PostgreSQL, and the driver's errors as the port's.

That connection also holds the lock by which one hub at a time writes: whoever has lost it cannot write, and
whoever gets it knows that what was under way on the lost one has either been stored or never will be. What is
written is the log's (postgresql.py).
"""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

import asyncpg  # type: ignore[import-untyped]

from ward_hub.log.port import LogRefused, LogUnavailable, StorageFull

FORMAT = 1
LOCK = 0x776172646C6F67
"""Advisory lock of the database; the letters `wardlog`."""
CONNECT_S = 10.0
STATEMENT_S = 15.0
"""A server that has not answered within this is taken for lost; what it was told may have been stored."""
LOCK_PATIENCE_S = 3.0
"""The server takes a moment to notice that a killed hub is gone."""
LOOK_EVERY_S = 0.1

_SETTINGS = {
    "synchronous_commit": "on",
    "search_path": "wardline_log",
    "timezone": "UTC",
    # A hub whose machine has lost its power holds the lock no longer than 25 s.
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
}

_SCHEMA = """
CREATE SCHEMA IF NOT EXISTS wardline_log;
CREATE TABLE IF NOT EXISTS wardline_log.record (
  seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, document text COLLATE "C" NOT NULL, kind text NOT NULL,
  payload bytea NOT NULL, at bigint NOT NULL, terminal text, staff text, key text COLLATE "C",
  sum bigint NOT NULL);
CREATE INDEX IF NOT EXISTS record_update ON wardline_log.record (document, seq) WHERE kind = 'update';
CREATE INDEX IF NOT EXISTS record_key ON wardline_log.record (key) WHERE key IS NOT NULL;
CREATE TABLE IF NOT EXISTS wardline_log.snapshot (
  document text COLLATE "C" PRIMARY KEY, seq bigint NOT NULL, payload bytea NOT NULL, sum bigint NOT NULL);
CREATE TABLE IF NOT EXISTS wardline_log.about (
  one boolean PRIMARY KEY DEFAULT true CHECK (one), format integer NOT NULL, writer text NOT NULL);
"""


class Address:
    """Where the log is: `url` with the password, for the driver only; `shown` without, for messages."""

    def __init__(self, url: str) -> None:
        """Raises ValueError for what is no address of a database."""
        try:
            parts = urlsplit(url)
            port = f":{parts.port}" if parts.port else ""
            user = f"{parts.username}@" if parts.username else ""
            self.shown = f"postgresql://{user}{parts.hostname or ''}{port}{parts.path}"
        except ValueError:
            # The text of urlsplit's error may hold what it could not read, the password with it.
            raise ValueError("store: expected postgresql://USER:PASSWORD@HOST:PORT/DATABASE") from None
        self.url = url

    async def connect(self, name: str) -> asyncpg.Connection:
        """Open a connection that the server knows by this name. Raises LogRefused or LogUnavailable."""
        try:
            async with asyncio.timeout(CONNECT_S):
                return await asyncpg.connect(
                    self.url,
                    command_timeout=STATEMENT_S,
                    server_settings={**_SETTINGS, "application_name": name},
                )
        except ERRORS as error:
            raise self.translate(error) from None

    def translate(self, error: BaseException) -> LogUnavailable | StorageFull:
        """Return the port's error. Values and passwords stay out: a server's DETAIL quotes rows."""
        if isinstance(error, asyncpg.PostgresError):
            text = f"{self.shown}: {error.args[0] if error.args else type(error).__name__} ({error.sqlstate})"
            if isinstance(error, asyncpg.DiskFullError):
                return StorageFull(text)
            if (error.sqlstate or "").startswith("28") or isinstance(
                error, asyncpg.InsufficientPrivilegeError
            ):
                return LogRefused(text)
            return LogUnavailable(text)
        if isinstance(error, TimeoutError):
            return LogUnavailable(f"{self.shown}: no answer in time")
        if isinstance(error, OSError):
            return LogUnavailable(f"{self.shown}: {error.strerror or 'not reached'}")
        # The driver quotes the values that it cannot send.
        return LogUnavailable(f"{self.shown}: {type(error).__name__}")


ERRORS = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError, ValueError)


class Writer:
    """The writing connection. `mark` names this start of this hub, like no other."""

    def __init__(self, address: Address, mark: str) -> None:
        self._address = address
        self._mark = mark
        self._began = False
        self._connection: asyncpg.Connection | None = None

    @property
    def connection(self) -> asyncpg.Connection | None:
        """The open connection, None while there is none."""
        if self._connection is not None and self._connection.is_closed():
            self._connection = None
        return self._connection

    async def open(self) -> None:
        """Connect, get the lock, make the tables where there are none.

        Raises LogUnavailable: not reached, held by another hub, or written by another since the last time;
        LogRefused; StorageFull.
        """
        connection = await self._address.connect(f"ward-hub {self._mark}")
        try:
            await self._lock(connection)
            await self._prepare(connection)
        except ERRORS as error:
            connection.terminate()
            raise self._address.translate(error) from None
        except BaseException:
            connection.terminate()
            raise
        self._connection = connection

    def drop(self) -> None:
        """Cut the connection: what is under way on it is in doubt."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()

    async def close(self) -> None:
        """Close the connection in order; the lock is free when this returns."""
        connection, self._connection = self._connection, None
        if connection is not None:
            try:
                await connection.close(timeout=STATEMENT_S)
            except ERRORS:
                connection.terminate()

    async def _lock(self, connection: asyncpg.Connection) -> None:
        if self._began:
            # What this hub left behind on a connection that was cut may still hold the lock.
            await connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE application_name = $1 AND datname = current_database() AND pid <> pg_backend_pid()",
                f"ward-hub {self._mark}",
            )
        loop = asyncio.get_running_loop()
        deadline = loop.time() + LOCK_PATIENCE_S
        while not await connection.fetchval("SELECT pg_try_advisory_lock($1)", LOCK):
            if loop.time() > deadline:
                where = await connection.fetchval(_HOLDER, LOCK)
                at = f" at {where}" if where else ""
                raise LogUnavailable(
                    f"{self._address.shown} is held by another hub{at}: PostgreSQL serves one hub at a time"
                )
            await asyncio.sleep(LOOK_EVERY_S)

    async def _prepare(self, connection: asyncpg.Connection) -> None:
        shown = self._address.shown
        encoding = await connection.fetchval("SHOW server_encoding")
        if encoding != "UTF8":
            raise LogUnavailable(f"{shown}: expected a database with encoding UTF8, got {encoding}")
        # Looked for first: who may not make a schema may well use one that is there.
        if await connection.fetchval("SELECT to_regclass('wardline_log.about')") is None:
            async with connection.transaction():
                await connection.execute(_SCHEMA)
        about = await connection.fetchrow("SELECT format, writer FROM wardline_log.about")
        if about is not None and about["format"] > FORMAT:
            raise LogUnavailable(
                f"{shown}: format {about['format']} of a newer version; this one reads {FORMAT}"
            )
        if self._began and (about is None or about["writer"] != self._mark):
            # What this hub holds in memory is behind what the other has stored.
            raise LogUnavailable(
                f"{shown}: another hub has written meanwhile; this hub must be started again"
            )
        await connection.execute(
            "INSERT INTO wardline_log.about (format, writer) VALUES ($1, $2)"
            " ON CONFLICT (one) DO UPDATE SET writer = excluded.writer, format = excluded.format",
            FORMAT,
            self._mark,
        )
        self._began = True


_HOLDER = """
SELECT host(activity.client_addr) FROM pg_locks JOIN pg_stat_activity AS activity USING (pid)
WHERE locktype = 'advisory' AND granted AND pg_locks.database =
  (SELECT oid FROM pg_database WHERE datname = current_database())
  AND (classid::bigint << 32) | objid::bigint = $1
"""

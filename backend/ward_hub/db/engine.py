"""The SQL store: opens SQLite or PostgreSQL, brings its tables to the newest revision, hands out sessions.

Directory, staff, clinical record and journal live here; the log of documents has its own store.
"""

from __future__ import annotations

import asyncio
import threading
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

MIGRATIONS = Path(__file__).parent / "migrations"
BUSY_TIMEOUT_MS = 10_000
"""How long a writer waits for another one's lock: the command line writes beside the running hub."""

_UPGRADE_LOCK_KEY = 0x57617264
"""PostgreSQL advisory lock that serialises upgrades of several hubs; the letters `Ward`."""

_WRITES = "wardline_writes"
"""Execution option of a connection whose transaction will write."""

_alembic_lock = threading.Lock()
"""`alembic.context` is one per process, and upgrades of two databases would meet in it."""


class DatabaseUnavailable(SQLAlchemyError):
    """The SQL store is not reached, or does not let the hub in. Names it without its password."""


class Sessions:
    """`sessions()` reads; `sessions.begin()` is one transaction that writes."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._reading = async_sessionmaker(engine, expire_on_commit=False)
        self._writing = async_sessionmaker(
            engine.execution_options(**{_WRITES: True}), expire_on_commit=False
        )

    def __call__(self) -> AsyncSession:
        return self._reading()

    def begin(self) -> AbstractAsyncContextManager[AsyncSession]:
        return self._writing.begin()


class Database:
    """An open SQL store.

    `async with database.session() as session` reads, `async with database.session.begin() as session` is one
    transaction that writes.
    """

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine
        self.session = Sessions(engine)

    async def upgrade(self) -> None:
        """Bring the tables to the newest revision, in one transaction.

        Safe beside other threads, loops and processes that do the same: the second one finds nothing to do.
        Raises DatabaseUnavailable.
        """
        # Not an asyncio.Lock: the holder may belong to another thread's event loop.
        while not _alembic_lock.acquire(blocking=False):  # noqa: ASYNC110
            await asyncio.sleep(0.02)
        try:
            async with self.engine.execution_options(**{_WRITES: True}).connect() as connection:
                if self.engine.dialect.name != "sqlite":
                    await connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_UPGRADE_LOCK_KEY})")
                await connection.run_sync(_upgrade)
                await connection.commit()
        except (DBAPIError, OSError) as error:
            reason = str(error.orig if isinstance(error, DBAPIError) else error).splitlines()[0]
            place = self.engine.url.set(password=None).render_as_string()
            raise DatabaseUnavailable(f"{place}: {reason}") from error
        finally:
            _alembic_lock.release()

    async def close(self) -> None:
        """Close every connection."""
        await self.engine.dispose()


def open_database(url: str) -> Database:
    """Return the SQL store at `url`; nothing is read or created before the first use.

    `sqlite:PATH`, `sqlite:///PATH`, `sqlite://` (in memory) or `postgresql://…`; asynchronous drivers are
    filled in. Call `await database.upgrade()` before anything else. Raises ValueError for other stores.
    """
    # Errors are logged: what was to be written, names and staff numbers among it, stays out of their text.
    address = _driver_url(url)
    # A connection that the server has closed meanwhile is noticed before it is used: one round trip more.
    elsewhere = address.get_backend_name() != "sqlite"
    engine = create_async_engine(address, hide_parameters=True, pool_pre_ping=elsewhere)
    if engine.dialect.name == "sqlite":
        event.listen(engine.sync_engine, "connect", _set_pragmas)
        event.listen(engine.sync_engine, "begin", _begin)
    return Database(engine)


def sqlite_url(path: Path) -> str:
    """The address of a SQLite file, as `open_database` takes it."""
    return f"sqlite:///{path}"


def _driver_url(url: str) -> URL:
    if url.startswith("sqlite:") and not url.startswith("sqlite://"):
        url = sqlite_url(Path(url.removeprefix("sqlite:")))
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        # Their text may hold the password.
        raise ValueError("sql: expected sqlite:PATH or postgresql://USER:PASSWORD@HOST/DATABASE") from None
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        return parsed.set(drivername="sqlite+aiosqlite")
    if backend == "postgresql":
        return parsed.set(drivername="postgresql+asyncpg")
    raise ValueError(f"expected a sqlite: or postgresql: address, got {backend}:")


def _set_pragmas(connection: Any, _record: object) -> None:
    # The driver would begin a transaction only at its first write: see _begin.
    connection.isolation_level = None
    # WAL lets the hub read while the command line writes; FULL because an enrolment that was answered must
    # survive a power cut. journal_mode is a property of the file, the others of the connection.
    cursor = connection.cursor()
    for pragma in (
        f"busy_timeout={BUSY_TIMEOUT_MS}",
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin(connection: Connection) -> None:
    # A transaction that has read may not write after another has committed: SQLite says "database is locked",
    # at once, whatever the time-out. So one that will write says so first, and waits for its turn.
    writes = connection.get_execution_options().get(_WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _upgrade(connection: Connection) -> None:
    # Imported here: Alembic and Mako cost some 8 MiB that a running hub should only pay while it starts.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")

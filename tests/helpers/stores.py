"""Where the logs of the contract suite come from: one opener for each kind of store.

An opener is entered with an empty folder and hands out a `Store`, or skips the test with a printed reason.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from ward_hub.log.memory import MemoryLog
from ward_hub.log.port import Log
from ward_hub.log.sqlite import SqliteLog

from tests.helpers.couchdb_server import database


@dataclass(frozen=True, slots=True)
class Store:
    """A place for one log, empty at first.

    `open`: opens the log for the hub of that name. One hub's store is opened again only when it was closed.
    `keeps`: whether a log that is opened again still has everything.
    """

    open: Callable[[str], Awaitable[Log]]
    keeps: bool = True


Opener = Callable[[Path], AbstractAsyncContextManager[Store]]


@asynccontextmanager
async def _memory(folder: Path) -> AsyncIterator[Store]:
    async def open_memory(hub: str) -> Log:
        return MemoryLog()

    yield Store(open_memory, keeps=False)


@asynccontextmanager
async def _sqlite(folder: Path) -> AsyncIterator[Store]:
    async def open_sqlite(hub: str) -> Log:
        return SqliteLog(folder / "log.db")

    yield Store(open_sqlite)


@asynccontextmanager
async def _postgresql(folder: Path) -> AsyncIterator[Store]:
    from ward_hub.log.postgresql import open_postgresql_log

    from tests.helpers.postgresql_server import database_without_log

    url = await database_without_log()

    async def open_postgresql(hub: str) -> Log:
        return await open_postgresql_log(url)

    yield Store(open_postgresql)


@asynccontextmanager
async def _couchdb(folder: Path) -> AsyncIterator[Store]:
    from ward_hub.log.couch.log import open_couch_log

    async with database() as url:

        async def open_couchdb(hub: str) -> Log:
            return await open_couch_log(url, hub)

        yield Store(open_couchdb)


STORES: dict[str, Opener] = {
    "memory": _memory,
    "sqlite": _sqlite,
    "postgresql": _postgresql,
    "couchdb": _couchdb,
}

SEVERAL_HUBS: frozenset[str] = frozenset({"couchdb"})
"""Names of the stores that several hubs may hold at once; the others are held by one."""

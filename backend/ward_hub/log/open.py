"""Opening the log that a store address names. Adapters are imported only when they are asked for."""

from __future__ import annotations

from pathlib import Path

from ward_hub.log.port import Log

EXPECTED = (
    "sqlite:PATH, memory:, postgresql://USER@HOST/DATABASE or couchdb:http://USER:PASSWORD@HOST:5984/DATABASE"
)


async def open_log(store: str, data: Path, hub: str = "hub") -> Log:
    """Open `sqlite:PATH` (a relative path lies in `data`), `memory:`, `postgresql://…` or `couchdb:URL`.

    `hub`: this hub's name among those that write the same log, the same after every start.
    Raises ValueError for another scheme, LogUnavailable when the log is held, damaged or not reached,
    LogRefused when the store does not let the hub in.
    """
    scheme, _, rest = store.partition(":")
    if scheme == "memory":
        from ward_hub.log.memory import MemoryLog

        return MemoryLog()
    if scheme == "sqlite":
        from ward_hub.log.sqlite import SqliteLog

        return SqliteLog(data / (rest or "log.db"))
    if scheme == "postgresql":
        from ward_hub.log.postgresql import open_postgresql_log

        return await open_postgresql_log(store)
    if scheme == "couchdb":
        from ward_hub.log.couch.log import open_couch_log

        return await open_couch_log(rest, hub)
    raise ValueError(f"store {scheme!r}: expected {EXPECTED}")

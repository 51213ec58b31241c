"""Opening the log that a store address names. Adapters are imported only when they are asked for."""

from __future__ import annotations

from pathlib import Path

from ward_hub.log.port import Log


def open_log(store: str, data: Path) -> Log:
    """Open `sqlite:PATH` (a relative path lies in `data`) or `memory:`.

    Raises ValueError for another scheme and LogUnavailable when the log is held or damaged.
    """
    scheme, _, rest = store.partition(":")
    if scheme == "memory":
        from ward_hub.log.memory import MemoryLog

        return MemoryLog()
    if scheme == "sqlite":
        from ward_hub.log.sqlite import SqliteLog

        return SqliteLog(data / (rest or "log.db"))
    raise ValueError(f"store {store!r}: expected sqlite:PATH or memory:")

"""Opening a log to read what is in it, for the commands that do so while no hub writes it.

A SQLite log is opened without making or changing a file. Other stores are opened as a hub opens them:
PostgreSQL refuses while a hub holds it, CouchDB is read beside its hubs.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Protocol

from ward_hub.log.open import open_log
from ward_hub.log.port import Cursor, Finding, Record, RecordKind


class LogAtRest(Protocol):
    """What of the port reads (log/port.py)."""

    async def load(self, document: str) -> list[bytes]: ...

    async def known(self, keys: Sequence[str]) -> dict[str, Record]: ...

    def read(
        self, after: Cursor, kinds: frozenset[RecordKind] | None = None
    ) -> AsyncIterator[tuple[Cursor, Record]]: ...

    def check(self) -> AsyncIterator[Finding]: ...


@contextlib.asynccontextmanager
async def open_at_rest(store: str, data: Path) -> AsyncIterator[LogAtRest]:
    """Open the log of a store address as `serve` takes it (log/open.py).

    Raises LogUnavailable when a hub holds it or there is none, LogDamaged when it is no log, ValueError for
    an address that names none.
    """
    scheme, _, rest = store.partition(":")
    if scheme == "memory":
        raise ValueError("a log in memory is gone with its hub")
    if scheme == "sqlite":
        from ward_hub.log.sqlite_files import look_at

        async with look_at(data / (rest or "log.db")) as still:
            yield still
        return
    log = await open_log(store, data, "reader")
    try:
        yield log
    finally:
        await log.close()

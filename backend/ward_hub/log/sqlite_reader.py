"""The reading half of the SQLite log: a thread and a connection of its own, beside the writer's."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Sequence
from functools import partial

from ward_hub.log import sqlite_rows as rows
from ward_hub.log.port import Cursor, Finding, Record, RecordKind
from ward_hub.log.sqlite_check import check_rows
from ward_hub.log.sqlite_jobs import Worker


class SqliteReader:
    """`load`, `known`, `read` and `check` of the port (log/port.py), on one connection."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        connection.execute("PRAGMA query_only=1")
        self.worker = Worker(connection, "log-reader")

    async def load(self, document: str) -> list[bytes]:
        return await self.worker.run(partial(rows.load, document=document))

    async def known(self, keys: Sequence[str]) -> dict[str, Record]:
        wanted = list(dict.fromkeys(keys))
        return await self.worker.run(partial(rows.known, keys=wanted)) if wanted else {}

    async def read(
        self, after: Cursor, kinds: frozenset[RecordKind] | None = None
    ) -> AsyncIterator[tuple[Cursor, Record]]:
        names = sorted(kinds) if kinds is not None else sorted(RecordKind)
        last = int(after or 0)
        while True:
            page = await self.worker.run(partial(rows.page, after=last, kinds=names))
            for seq, record in page:
                yield str(seq), record
            if len(page) < rows.READ_PAGE:
                return
            last = page[-1][0]

    def check(self) -> AsyncIterator[Finding]:
        """Everything but the write-ahead file, which is looked at before SQLite opens it."""
        return check_rows(self.worker)

    async def close(self) -> None:
        await self.worker.close()

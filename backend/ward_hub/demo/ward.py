"""The demo's ward in SQL: built once, and the one-time codes its screens enrol with."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy import select

from ward_hub.db.engine import Database, open_database, sqlite_url
from ward_hub.demo.terminal_key import TerminalKey
from ward_hub.directory import fixture
from ward_hub.directory.model import Terminal
from ward_hub.directory.store import load_directory, store_ward, terminal_value
from ward_hub.directory.tables import TerminalRow
from ward_hub.documents.port import Json
from ward_hub.identity.enrolment import enrol, make_code

PASSWORD = "wardline-demo"  # noqa: S105 - printed at the start of the demo: loopback and invented people only
WALL = ("station-main", "corridor-1", "bed-b01", "door-r01", "whiteboard", "pda-01")
"""The terminals on the demo wall: a bedside with its own door, and one screen of each other kind."""
TALK: dict[str, Json] = {"limit_ms": 120_000, "video": True, "recording": True}
"""What a ward may choose about talks (A16), all of it on: a demo is there to show it."""


@dataclass(frozen=True, slots=True)
class _Code:
    code: str
    key_before: bytes | None


class DemoWard:
    """The SQL store of the demo, used beside the running hub."""

    def __init__(self, data: Path, now: Callable[[], int]) -> None:
        """`data`: the hub's data folder. `now`: ms since the epoch."""
        self._database: Database = open_database(sqlite_url(data / "ward.sqlite"))
        self._now = now
        self._turn = asyncio.Lock()
        self._codes: dict[str, _Code] = {}

    async def build(self) -> bool:
        """Make tables and the standard ward where they are not yet; returns whether it was built now."""
        await self._database.upgrade()
        if await self.terminals():
            return False
        await fixture.build_standard_ward(self._database, now=self._now(), password=PASSWORD)
        async with self._database.session.begin() as session:
            ward = (await load_directory(session, self._now())).wards[fixture.WARD]
            await store_ward(session, replace(ward, settings={**ward.settings, "talk": TALK}))
        return True

    async def terminals(self) -> list[Terminal]:
        """Every terminal of the ward, in the order of their ids."""
        wanted = select(TerminalRow).where(TerminalRow.ward == fixture.WARD).order_by(TerminalRow.id)
        async with self._database.session() as session:
            return [terminal_value(row) for row in await session.scalars(wanted)]

    async def codes(self) -> dict[str, str]:
        """Return a one-time code for every terminal: the same ones until they have been used.

        A new code ends the one before it, so two askers must not each get their own.
        """
        async with self._turn:
            known = {
                terminal.id: (terminal.public_key, self._codes.get(terminal.id))
                for terminal in await self.terminals()
            }
            async with self._database.session.begin() as session:
                for terminal, (key, code) in known.items():
                    if code is None or code.key_before != key:
                        made = await make_code(session, terminal, self._now())
                        self._codes[terminal] = _Code(made, key)
            return {terminal: self._codes[terminal].code for terminal in known}

    async def bind(self, terminal: Terminal, key: TerminalKey) -> None:
        """Enrol the terminal with this key."""
        known = self._codes.get(terminal.id)
        code = known.code if known else (await self.codes())[terminal.id]
        await enrol(self._database, code, key.point, self._now())

    async def close(self) -> None:
        await self._database.close()

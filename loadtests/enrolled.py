"""Keys for the terminals of a ward that has no screen on this machine, given while no hub runs."""

from __future__ import annotations

import time
from collections.abc import Collection
from pathlib import Path

from ward_hub.db.engine import open_database, sqlite_url
from ward_hub.demo.light_terminals import Place
from ward_hub.demo.terminal_key import TerminalKey
from ward_hub.demo.ward import DemoWard
from ward_hub.directory import fixture
from ward_hub.directory.model import Terminal, TerminalKind
from ward_hub.directory.store import store_terminals

from tests.helpers.hub_process import DATABASE


def now_ms() -> int:
    return time.time_ns() // 1_000_000


async def enrol(
    data: Path, but: Collection[str] = (), more_pdas: Collection[str] = ()
) -> tuple[list[Place], dict[str, TerminalKey]]:
    """Enrol every terminal of the standard ward but some; returns their places and keys.

    `data`: the folder of a hub that does not run: each enrolment would show everybody the directory anew.
    `more_pdas`: PDAs to add to the ward first.
    """
    database = open_database(sqlite_url(data / DATABASE))
    more = [
        Terminal(name, fixture.WARD, TerminalKind.PDA, "pda-phone", name, name, None, None, supervised=False)
        for name in more_pdas
    ]
    async with database.session.begin() as session:
        await store_terminals(session, more)
    await database.close()
    ward = DemoWard(data, now_ms)
    places, keys = [], {}
    for one in await ward.terminals():
        if one.id not in but:
            keys[one.id] = TerminalKey.generate()
            await ward.bind(one, keys[one.id])
            places.append(Place(one.id, one.kind.value, one.ward, one.profile, one.room, one.bed))
    await ward.close()
    return places, keys

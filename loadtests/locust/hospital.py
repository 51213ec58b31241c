"""A hospital's folder for a load test: wards of 100 terminals, all of them enrolled, and their tokens.

Keys are written straight into the directory while no hub runs: thousands of enrolments over HTTP would each
show a ward's directory anew to everyone and measure nothing. Tokens are minted with the secret of the folder,
as the hub itself would; a run that is about joining asks for them instead (`Plan.ask_tokens`).
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from sqlalchemy import update
from ward_hub.db.engine import Database, open_database, sqlite_url
from ward_hub.demo.terminal_key import TerminalKey
from ward_hub.directory import fixture, store
from ward_hub.directory.model import (
    CallGroup,
    Hospital,
    Role,
    Staff,
    Terminal,
    TerminalKind,
    TerminalState,
    Ward,
)
from ward_hub.directory.store import bump_revision
from ward_hub.directory.tables import TerminalRow
from ward_hub.identity.installation import load_installation
from ward_hub.identity.passwords import Passwords
from ward_hub.identity.staff import store_password
from ward_hub.identity.tokens import Tokens, load_secret

from loadtests.enrolled import now_ms
from loadtests.locust.held import always_held, months
from loadtests.locust.seats import Seat
from loadtests.restart import ward_id
from tests.helpers.hub_process import DATABASE

PDAS = 22
"""Two more than the standard ward: a hundred terminals a ward, 3,300 in 33."""
PASSWORD = "load-Test-1"
_FEW = {"bedside": 8, "door": 4, "station": 2, "corridor": 1, "whiteboard": 1, "pda": 4}
"""A small ward of twenty."""


def ward_terminals(ward: str) -> list[Terminal]:
    """The slots of a ward: the standard ones and two PDAs."""
    more = [
        Terminal(name, ward, TerminalKind.PDA, "pda-phone", name, name, supervised=False)
        for name in (f"pda-{number:02d}" for number in range(fixture.PDAS + 1, PDAS + 1))
    ]
    return [replace(slot, id=f"{ward}-{slot.id}", ward=ward) for slot in (*fixture.terminals(), *more)]


def _groups(ward: str) -> list[CallGroup]:
    return [
        replace(
            group,
            stations=tuple(f"{ward}-{station}" for station in group.stations),
            staff=tuple(f"{ward}-{nurse}" for nurse in group.staff),
        )
        for group in fixture.groups()
    ]


async def build(data: Path, wards: int, people: bool = False) -> dict[str, TerminalKey]:
    """Fill an empty folder with so many wards; returns every terminal's key.

    `people`: everybody may sign in with `PASSWORD`, hashed once for all.
    """
    database = open_database(sqlite_url(data / DATABASE))
    keys: dict[str, TerminalKey] = {}
    try:
        await database.upgrade()
        now, hashed = now_ms(), await Passwords().hash(PASSWORD) if people else ""
        async with database.session.begin() as session:
            await store.store_hospital(session, Hospital("示范医院", "Demonstration Hospital"))
        for ward in map(ward_id, range(1, wards + 1)):
            slots = ward_terminals(ward)
            nurses = [
                Staff(f"{ward}-n{n:03d}", ward, f"{ward}-n{n:03d}", f"护士{n}", Role.NURSE)
                for n in range(1, 25)
            ]
            async with database.session.begin() as session:
                await store.store_ward(session, Ward(ward, f"病区{ward}", f"Ward {ward}"))
                await store.store_rooms(session, ward, fixture.rooms())
                await store.store_beds(session, ward, fixture.beds())
                await store.store_terminals(session, slots)
                await store.store_staff(session, nurses)
                for group in _groups(ward):
                    await store.store_group(session, ward, group)
                if people:
                    for nurse in nurses:
                        await store_password(session, nurse.id, hashed, now)
            made = {slot.id: TerminalKey.generate() for slot in slots}
            await _bind(database, made, now)
            keys |= made
    finally:
        await database.close()
    return keys


async def _bind(database: Database, keys: Mapping[str, TerminalKey], now: int) -> None:
    async with database.session.begin() as session:
        for terminal, key in keys.items():
            bound = {"public_key": key.point, "bound_at": now, "state": TerminalState.ACTIVE.value}
            await session.execute(update(TerminalRow).where(TerminalRow.id == terminal).values(**bound))
        await bump_revision(session)


def lying(data: Path) -> dict[str, dict[str, str]]:
    """Return ward → bed → stay, of all whom the feed has brought."""
    with contextlib.closing(sqlite3.connect(f"file:{data / DATABASE}?mode=ro", uri=True)) as connection:
        rows = connection.execute(
            "SELECT ward, bed, stay FROM encounters WHERE ended_at IS NULL AND bed IS NOT NULL"
        ).fetchall()
    found: dict[str, dict[str, str]] = {}
    for ward, bed, stay in rows:
        found.setdefault(ward, {})[bed] = stay
    return found


def seats(
    data: Path, wards: int, keys: Mapping[str, TerminalKey], stays: Mapping[str, Mapping[str, str]], few: bool
) -> list[Seat]:
    """Return the terminals with their documents and a token each. `few`: twenty of a ward."""
    installation = asyncio.run(_installation(data))
    tokens, now = Tokens(load_secret(data), installation), now_ms()
    rooms = [room.id for room in fixture.rooms()]
    made = []
    for ward in map(ward_id, range(1, wards + 1)):
        beds = stays.get(ward, {})
        left = dict(_FEW)
        for slot in ward_terminals(ward):
            kind = slot.kind.value
            if few:
                if not left[kind]:
                    continue
                left[kind] -= 1
            own = beds.get(slot.bed or "")
            held = always_held(
                ward, slot.id, kind, slot.room, slot.bed, rooms, sorted(beds.values()), own, months()
            )
            key = keys[slot.id]
            token = tokens.issue(replace(slot, public_key=key.point), now).token
            made.append(Seat(slot.id, kind, ward, slot.profile, slot.room, slot.bed, key.text, token, held))
    return made


async def _installation(data: Path) -> str:
    database = open_database(sqlite_url(data / DATABASE))
    try:
        return (await load_installation(database)).id
    finally:
        await database.close()


def all_lie(stays: Mapping[str, Mapping[str, str]], wards: Sequence[str]) -> bool:
    """Whether every bed of these wards has a patient."""
    return all(len(stays.get(ward, {})) == len(fixture.beds()) for ward in wards)

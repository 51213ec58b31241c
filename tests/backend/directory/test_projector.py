"""The running hub follows the directory: rights first, documents after, again when the store refused."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from ward_hub.db.engine import Database
from ward_hub.directory import store
from ward_hub.directory.current import CurrentDirectory
from ward_hub.directory.fixture import WARD
from ward_hub.directory.model import Duty, Ward
from ward_hub.directory.occupancy import OccupancySink
from ward_hub.directory.projector import MOVED, REVOKED, DirectoryProjector
from ward_hub.documents import names
from ward_hub.documents.port import Roots

from tests.backend.ward import NOW, Device, enrolled, standard_ward


class Hub:
    """Publisher and host in one, writing down what it was asked, in order."""

    def __init__(self) -> None:
        self.now = NOW
        self.documents: dict[str, Roots] = {}
        self.events: list[str] = []
        self.refusing = False

    async def publish(self, document: str, roots: Roots) -> None:
        if self.refusing:
            raise OSError("the disk is full")
        self.documents[document] = roots
        self.events.append(f"publish {document}")

    async def drop_terminal(self, terminal: str, code: int) -> None:
        self.events.append(f"drop {terminal} {code}")

    async def recheck(self) -> None:
        self.events.append("recheck")

    def take(self) -> list[str]:
        events, self.events = self.events, []
        return events


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    async with standard_ward(tmp_path) as database:
        yield database


def start(database: Database, hub: Hub) -> tuple[DirectoryProjector, CurrentDirectory]:
    current = CurrentDirectory()
    return DirectoryProjector(database, current, hub, hub, {}, clock=lambda: hub.now), current


async def test_at_start_everything_is_published_once(database: Database) -> None:
    hub = Hub()
    projector, current = start(database, hub)
    await projector.poll()
    assert len(hub.documents) == 1 + 2 + 46
    assert current.terminal("bed-b01") is not None
    hub.take()
    await projector.poll()
    assert hub.take() == []


async def test_a_change_publishes_only_the_documents_it_touches(database: Database) -> None:
    hub = Hub()
    projector, _ = start(database, hub)
    await projector.poll()
    hub.take()
    await enrolled(database, "bed-b01", Device())
    await projector.changed()
    assert hub.take() == ["recheck"]
    await projector.poll()
    assert hub.take() == [
        f"publish {names.directory(WARD)}",
        f"publish {names.bed_directory(WARD, 'b01')}",
        f"publish {names.bed_directory(WARD, 'b02')}",
    ]


async def test_revoked_replaced_and_moved_terminals_are_cut_before_anything_is_published(
    database: Database,
) -> None:
    hub = Hub()
    projector, current = start(database, hub)
    for terminal in ("bed-b01", "bed-b02", "bed-b03"):
        await enrolled(database, terminal, Device())
    await projector.poll()
    hub.take()
    await enrolled(database, "bed-b02", Device())
    moved = current.terminal("bed-b03")
    assert moved is not None
    async with database.session.begin() as session:
        await store.revoke_terminal(session, "bed-b01", NOW)
        await store.store_terminals(session, [replace(moved, room="r03")])
    hub.refusing = True
    await projector.poll()
    assert hub.take() == [
        f"drop bed-b01 {REVOKED}",
        f"drop bed-b02 {REVOKED}",
        f"drop bed-b03 {MOVED}",
        "recheck",
    ]
    hub.refusing = False
    await projector.poll()
    assert f"publish {names.directory(WARD)}" in hub.take(), "tried again"


async def test_an_occupied_bed_changes_rights_then_its_share(database: Database) -> None:
    hub = Hub()
    projector, current = start(database, hub)
    sink: OccupancySink = projector
    await projector.poll()
    hub.take()
    await sink.set_occupancy(WARD, {"b01": "stay-1", "b02": None})
    bed = names.bed_directory(WARD, "b01")
    assert hub.take() == ["recheck", f"publish {bed}"]
    assert hub.documents[bed]["self"]["stay"] == "stay-1"
    await sink.set_occupancy(WARD, {"b01": "stay-1"})
    assert hub.take() == []
    await sink.set_bed_priorities(WARD, {"b01": "first"})
    assert hub.take() == [f"publish {names.directory(WARD)}", f"publish {bed}"]
    await sink.set_occupancy("elsewhere", {"b01": "stay-2"})
    assert hub.take() == ["recheck"]
    assert current.occupancy[WARD] == {"b01": "stay-1", "b02": None}


async def test_a_turns_end_is_a_change(database: Database) -> None:
    hub = Hub()
    projector, _ = start(database, hub)
    async with database.session.begin() as session:
        await store.store_duty(
            session, WARD, [Duty("n001", ("b01",), NOW, NOW + 5000), Duty("n002", ("b01",), NOW + 5000)]
        )
    await projector.poll()
    hub.take()
    hub.now += 4999
    await projector.poll()
    assert hub.take() == []
    hub.now += 1
    await projector.poll()
    assert hub.take() == ["recheck", f"publish {names.bed_directory(WARD, 'b01')}"]
    team = hub.documents[names.bed_directory(WARD, "b01")]["self"]["team"]
    assert isinstance(team, list)
    assert team[0] == {"role": "nurse", "name": "王思雨"}


async def test_the_next_look_notices_what_the_command_line_wrote(database: Database) -> None:
    hub = Hub()
    current = CurrentDirectory()
    projector = DirectoryProjector(database, current, hub, hub, {}, clock=lambda: NOW)
    await projector.poll()
    async with database.session.begin() as session:
        await store.store_ward(session, Ward(WARD, "新名", "New name", all_tender=True))
    await projector.poll()
    assert current.model.wards[WARD].all_tender
    assert hub.documents[names.ward_settings(WARD)]["settings"]["name"] == "新名"

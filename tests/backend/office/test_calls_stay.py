"""Changes of the configuration while calls are open lose and double none: real fold, real call service.

Who is asked follows the new groups and hostings at once; the same calls are open before and after.
"""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from pycrdt import Array
from ward_hub.calls.directories import WardDirectories
from ward_hub.calls.entry import read_item
from ward_hub.calls.service import CallService
from ward_hub.calls.signatures import verify
from ward_hub.db.engine import Database
from ward_hub.directory.fixture import WARD
from ward_hub.documents import names
from ward_hub.log.memory import MemoryLog
from ward_hub.office.open_calls import CallsInDocuments
from ward_hub.office.port import Edit, EditsRefused, Entity
from ward_sync.calls import Board, CallRow, fold
from ward_sync.facts import Act

from tests.backend.calls.ward import FakeArchive, FakeDocuments, FakeGate
from tests.backend.calls.ward import Ward as CallWard
from tests.backend.office.ward import HOUR, OWN_TYPE, Office, officer
from tests.backend.ward import NOW, Device, enrolled, standard_ward
from tests.helpers.signing import Signer, id_of

ROOMS = {"bed-b01": "r01", "bed-b30": "r15", "door-r01": "r01"}
TERMINALS = ("bed-b01", "bed-b30", "door-r01", "station-main", "station-vice", "pda-01")


class Key(Device):
    """A signer as a device that enrols."""

    def __init__(self, signer: Signer) -> None:
        self.point = base64.urlsafe_b64decode(signer.public_key + "=")


class Hub(Office):
    """The office with calls of its own instead of those a test says."""

    def __init__(self, database: Database) -> None:
        self.log = MemoryLog()
        self.documents = FakeDocuments(self.log)
        super().__init__(
            database,
            CallsInDocuments(
                self.documents,
                lambda ward: list(self.current.model.wards[ward].rooms),
                lambda ward: self.directories.of(ward),
                lambda: self.now,
            ),
        )
        self.directories = WardDirectories(self.current, self.call_types, lambda: self.now)
        self.service = CallService(
            self.log,
            FakeGate(),
            self.directories.of,
            verify,
            FakeArchive(),
            lambda _terminal, _since, _until: False,
            lambda: self.now,
        )
        self.service.attach(self.documents)
        self.signers = {name: Signer(name, room=ROOMS.get(name)) for name in TERMINALS}

    async def send(self, terminal: str, wire: str, room: str | None) -> None:
        sender = CallWard().sender(self.signers[terminal], terminal.partition("-")[0])
        document = names.calls(WARD, room)
        answers = await self.service.handle(sender, document, f'{{"t":"facts","facts":["{wire}"]}}')
        assert '"t":"stored"' in answers[0], answers

    async def press(self, bed: str, type_: str = "patient") -> str:
        """Press at a bed; returns the call's id."""
        terminal = f"bed-{bed}"
        wire = self.signers[terminal].place(self.now, bed, type_)
        await self.send(terminal, wire, ROOMS[terminal])
        return id_of(wire)

    async def act(self, terminal: str, act: Act, room: str, *calls: str, **more: Any) -> None:
        wire = self.signers[terminal].make(act, self.now, calls, **{**more, "room": room})
        await self.send(terminal, wire, room)

    def board(self) -> Board:
        """What every screen of the ward shows now."""
        directory = self.directories.of(WARD)
        assert directory is not None
        facts = [read_item(item).heard for doc in self.documents.docs for item in self.items(doc)]
        return fold(facts, directory, None, self.now)

    def items(self, document: str) -> list[Any]:
        return list(self.documents.doc(document).get("facts", type=Array))

    def row(self, bed: str) -> CallRow:
        (row,) = (row for row in self.board().rows if row.bed == bed)
        return row

    def calls_shown(self) -> list[str]:
        return sorted(call for row in self.board().rows for call in row.calls)

    def asked_stations(self, bed: str) -> set[str]:
        return {name for name in self.row(bed).asked if name.startswith("station")}


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[Hub]:
    async with standard_ward(folder) as database:
        hub = Hub(database)
        for name in TERMINALS:
            await enrolled(database, name, Key(hub.signers[name]))
        await hub.projector.poll()
        yield hub


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[Hub]:
    async with running(tmp_path) as made:
        yield made


async def test_regrouping_keeps_the_calls_and_asks_the_new_group(hub: Hub) -> None:
    """CALL-04: groups change while calls ring."""
    calls = sorted([await hub.press("b01"), await hub.press("b30")])
    assert hub.asked_stations("b01") == {"station-main", "station-vice"}
    only = await hub.edit(Entity.GROUP, "east", stations=["station-vice"])
    await hub.apply(only)
    assert hub.calls_shown() == calls
    assert hub.asked_stations("b01") == {"station-vice"}
    others = await hub.edit(Entity.GROUP, "west", stations=["station-main"], beds=["b30", "b01"])
    without = await hub.edit(Entity.GROUP, "east", beds=[], rooms=[])
    await hub.apply(without, others)
    assert hub.calls_shown() == calls
    assert hub.asked_stations("b01") == {"station-main"}
    change = await hub.apply(await hub.removal(Entity.GROUP, "east"), await hub.removal(Entity.GROUP, "west"))
    assert hub.calls_shown() == calls
    assert hub.asked_stations("b01") == {"station-main", "station-vice"}, "nobody's is everybody's"
    await hub.changes.undo(officer(), change)
    assert (hub.calls_shown(), hub.asked_stations("b01")) == (calls, {"station-main"})


async def test_a_fact_told_again_after_regrouping_is_no_second_call(hub: Hub) -> None:
    wire = hub.signers["bed-b01"].place(hub.now, "b01")
    await hub.send("bed-b01", wire, "r01")
    await hub.apply(await hub.edit(Entity.GROUP, "east", stations=["station-vice"], beds=["b02"]))
    await hub.send("bed-b01", wire, "r01")
    assert hub.calls_shown() == [id_of(wire)]
    assert len(hub.items(names.calls(WARD, "r01"))) == 1


async def test_hosting_begins_and_ends_while_a_call_rings(hub: Hub) -> None:
    """CALL-07: the proxy is asked first, the home station when nobody there has it, and home again after."""
    await hub.apply(await hub.edit(Entity.GROUP, "east", stations=["station-main"]))
    calls = [await hub.press("b01", "emergency")]
    patient = await hub.press("b30")
    hosting: dict[str, Any] = {
        "from_group": "east",
        "to": ["station-vice"],
        "from_ms": hub.now + 1_000,
        "until_ms": hub.now + 15_000,
    }
    change = await hub.apply(Edit(Entity.HOSTING, WARD, "h1", None, hosting))
    dressing = await hub.press("b01", "dressing")
    everything = sorted([*calls, patient, dressing])

    def asked() -> set[str]:
        (row,) = (row for row in hub.board().rows if row.type == "dressing")
        return {name for name in row.asked if name.startswith("station")}

    assert asked() == {"station-main"}
    for after_ms, stations in (
        (1_000, {"station-vice"}),
        (9_000, {"station-vice"}),
        (10_000, {"station-main", "station-vice"}),
        (15_000, {"station-main"}),
    ):
        hub.now = NOW + after_ms
        await hub.projector.poll()
        assert asked() == stations, after_ms
        assert hub.calls_shown() == everything
    await hub.changes.undo(officer(), change)
    assert hub.calls_shown() == everything


async def test_the_new_station_deals_with_calls_of_before(hub: Hub) -> None:
    call = await hub.press("b01")
    await hub.act("station-main", Act.RECEIVED, "r01", call)
    await hub.apply(await hub.edit(Entity.GROUP, "east", stations=["station-vice"]))
    hub.now += 1_000
    await hub.act("station-vice", Act.CLEARED, "r01", call, policy="tender", way="remote")
    board = hub.board()
    assert (hub.calls_shown(), set(board.closed)) == ([], {call})


async def test_a_bed_keeps_its_room_until_its_call_is_over_and_what_is_over_stays_over(hub: Hub) -> None:
    call = await hub.press("b01")
    move = await hub.edit(Entity.BED, "b01", room="r02")
    swap = await hub.edit(Entity.TERMINAL, "bed-b01", None, bed="b02")
    for edit in (move, swap):
        with pytest.raises(EditsRefused, match="still_used"):
            await hub.changes.apply(officer(), [edit], "")
    await hub.apply(await hub.edit(Entity.BED, "b01", label="1A", call_name="1A床"))
    assert hub.calls_shown() == [call]
    await hub.act("station-main", Act.CLEARED, "r01", call, policy="tender", way="remote")
    station = await hub.edit(
        Entity.TERMINAL, "station-main", None, kind="whiteboard", profile="whiteboard-65"
    )
    with pytest.raises(EditsRefused) as refused:
        await hub.changes.apply(officer(), [station], "")
    assert "该终端涉及尚未结束的呼叫。" in {problem.message_zh for problem in refused.value.problems}
    await hub.apply(await hub.edit(Entity.BED, "b01", room="r02"))
    board = hub.board()
    assert (hub.calls_shown(), set(board.closed)) == ([], {call})
    assert hub.screens.dropped == [("bed-b01", 4205)], "it connects anew at its new place"


async def test_policies_change_while_calls_ring(hub: Hub) -> None:
    """CALL-08: who may clear follows the type at once; the calls stay."""
    calls = sorted([await hub.press("b01", "emergency"), await hub.press("b30", "emergency")])
    assert hub.row("b01").policy == "strict"
    change = await hub.apply(
        await hub.edit(Entity.CALL_TYPE, "emergency", clear="tender", priority="service")
    )
    assert (hub.row("b01").policy, hub.row("b01").class_, hub.calls_shown()) == ("tender", 4, calls)
    await hub.changes.undo(officer(), change)
    assert (hub.row("b01").policy, hub.calls_shown()) == ("strict", calls)
    await hub.apply(await hub.edit(Entity.WARD, WARD, None, all_tender=True, reminder_ms=60_000))
    assert (hub.row("b01").policy, hub.calls_shown()) == ("tender", calls)


async def test_a_type_of_the_ward_s_own_stays_while_it_is_called(hub: Hub) -> None:
    await hub.apply(Edit(Entity.CALL_TYPE, WARD, "water", None, OWN_TYPE))
    call = await hub.press("b01", "water")
    assert hub.row("b01").class_ == 4
    with pytest.raises(EditsRefused, match="still_used"):
        await hub.changes.apply(officer(), [await hub.removal(Entity.CALL_TYPE, "water")], "")
    await hub.act("station-main", Act.CLEARED, "r01", call, policy="tender", way="remote")
    await hub.apply(await hub.removal(Entity.CALL_TYPE, "water"))
    hub.now += HOUR
    assert hub.calls_shown() == []

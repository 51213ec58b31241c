"""Fleet control over the real gate, host and sockets: wishes arrive as documents, frames where they may."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from pycrdt import Doc, Map
from ward_hub.access.gate import WardGate
from ward_hub.access.presence import check_presence
from ward_hub.db.engine import Database
from ward_hub.directory.current import CurrentDirectory
from ward_hub.directory.fixture import WARD
from ward_hub.doc_rooms.by_kind import ByKind
from ward_hub.doc_rooms.host import Host
from ward_hub.doc_rooms.peer import Peer
from ward_hub.doc_rooms.rules import DocumentRules, same_rules
from ward_hub.documents import names
from ward_hub.documents.port import values_of
from ward_hub.edge.sockets import EdgeLimits, HubIdentity, Sockets
from ward_hub.edge.sync_session import SyncSession
from ward_hub.fleet.device_line import DeviceLine
from ward_hub.fleet.meter import DeviceMeter
from ward_hub.fleet.service import Fleet, random_id
from ward_hub.identity.sessions import StaffSessions
from ward_hub.identity.tokens import Tokens
from ward_hub.log.memory import MemoryLog
from ward_sync.codec import decode, encode
from ward_sync.messages import AuthDenied, AuthToken, Message, Stateless, SyncStep1, SyncStep2, Update

from tests.backend.edge.test_sessions import FakeSink
from tests.backend.fleet.apps import BASE, write_app
from tests.backend.fleet.fleet_hub import ADMIN, ENGINEER, REPORT, Trail
from tests.backend.ward import NOW, Device, enrolled, read_model, standard_ward
from tests.helpers.hub import settle


class NoFacts:
    async def handle(self, peer: Peer, document: str, payload: str) -> list[str]:
        return []


class Hub:
    def __init__(self, database: Database, folder: Path, current: CurrentDirectory) -> None:
        self.now = NOW
        self.current = current
        self.tokens = Tokens(b"s" * 32, "here")
        gate = WardGate(self.tokens, StaffSessions(database), current, self.clock)
        line = DeviceLine(gate)
        meter = DeviceMeter(line, self.clock)
        stateless = ByKind({names.DocumentKind.DEVICE: meter}, NoFacts())
        rules = same_rules(DocumentRules())
        self.host = Host(MemoryLog(), gate, rules, stateless, self.clock, 1, check_presence)
        line.attach(self.host)
        self.sockets = Sockets(self.host, gate, HubIdentity("here", 1, "1"), EdgeLimits(), now=100_000)
        self.audit = Trail()
        write_app(folder / "app", BASE)
        self.fleet = Fleet(
            database=database,
            data=folder,
            app_folder=folder / "app",
            current=current,
            documents=self.host,
            lines=self.sockets,
            line=line,
            meter=meter,
            audit=self.audit,
            directory_changed=self.nothing,
            viewers=self.office_sessions,
            clock=self.clock,
            make_id=random_id,
        )

    def clock(self) -> int:
        return self.now

    async def nothing(self) -> None: ...

    async def office_sessions(self) -> set[str]:
        return {ENGINEER.session}

    async def second(self) -> None:
        self.now += 1_000
        for work in self.fleet.works:
            await work()
        await settle()


class Screen:
    """A terminal with its own token, and whatever frames it likes to send."""

    def __init__(self, hub: Hub, terminal: str) -> None:
        found = hub.current.terminal(terminal)
        assert found is not None
        self.token = hub.tokens.issue(found, NOW).token
        self.sink = FakeSink()
        self.session = SyncSession(hub.sockets, self.sink, "10.1.0.7")
        self.session.start()
        self.doc: Doc[Any] = Doc()

    def open(self, document: str) -> None:
        self.session.receive(encode(document, AuthToken(self.token)))
        self.session.receive(encode(document, SyncStep1(self.doc.get_state())))

    def say(self, document: str, message: dict[str, Any]) -> None:
        self.session.receive(encode(document, Stateless(json.dumps(message))))

    async def take(self, document: str) -> list[Message]:
        await settle(40)
        payloads, self.sink.payloads = self.sink.payloads, []
        found = [frame.message for frame in map(decode, payloads) if frame.address == document]
        for message in found:
            if isinstance(message, SyncStep2 | Update):
                self.doc.apply_update(message.update)
        return found

    async def heard(self, document: str) -> list[Any]:
        messages = await self.take(document)
        return [json.loads(one.payload) for one in messages if isinstance(one, Stateless)]

    def wish(self) -> dict[str, Any]:
        return values_of(self.doc, "wish")


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[Hub]:
    async with standard_ward(tmp_path) as database:
        for terminal in ("bed-b01", "bed-b02", "station-main"):
            await enrolled(database, terminal, Device())
        current = CurrentDirectory()
        current.replace_model(await read_model(database))
        made = Hub(database, tmp_path, current)
        await made.fleet.load()
        yield made
        await made.fleet.close()
        await made.host.close()


OWN = names.device(WARD, "bed-b01")


async def test_a_wish_arrives_as_a_document_and_a_report_comes_back(hub: Hub) -> None:
    screen = Screen(hub, "bed-b01")
    screen.open(OWN)
    await hub.second()
    await screen.take(OWN)
    assert screen.wish() == {}
    await hub.fleet.commands.give(ADMIN, [hub.current.terminals["bed-b01"]], "volume", 30)
    await screen.take(OWN)
    assert screen.wish() == {"volume": 30, "brightness": None, "screen": None, "release": None}
    screen.say(OWN, REPORT | {"volume": 30})
    assert await screen.heard(OWN) == []
    [line] = hub.fleet.lines.of([hub.current.terminals["bed-b01"]])
    assert (line["seen"], line["volume"], line["address"]) == ("online", 30, "10.1.0.7")


async def test_a_wish_waits_for_a_terminal_that_comes_later(hub: Hub) -> None:
    await hub.fleet.commands.give(ADMIN, [hub.current.terminals["bed-b01"]], "brightness", 5)
    screen = Screen(hub, "bed-b01")
    screen.open(OWN)
    await hub.second()
    await screen.take(OWN)
    assert screen.wish()["brightness"] == 5


async def test_a_terminal_gets_nothing_of_anothers_device(hub: Hub) -> None:
    """Its own token and hand-made frames: no document, no message, no answer that says more than no."""
    watched, other = Screen(hub, "bed-b01"), Screen(hub, "bed-b02")
    watched.open(OWN)
    for document in (OWN, names.device(WARD, "bed-b02")):
        other.open(document)
    await hub.second()
    assert [type(message) for message in await other.take(OWN)] == [AuthDenied]
    session = await hub.fleet.live.start(ENGINEER, hub.current.terminals["bed-b01"], "x")
    [told] = await watched.heard(OWN)
    assert (told["t"], told["do"], told["clinical"]) == ("live", "start", False)
    event = {"type": 3, "timestamp": 1, "data": {}}
    live = {"t": "live", "id": session.id, "seq": 0, "events": [event]}
    for document in (OWN, names.device(WARD, "bed-b02")):
        other.say(document, live)
    own = names.device(WARD, "bed-b02")
    assert await other.heard(own) == [{"t": "error", "reason": "forbidden"}]
    assert list(session.frames) == []
    watched.say(OWN, live)
    assert await watched.heard(OWN) == []
    assert len(session.frames) == 1
    assert await other.take(OWN) == []


async def test_a_terminal_cannot_write_its_own_wishes(hub: Hub) -> None:
    screen = Screen(hub, "bed-b01")
    screen.open(OWN)
    await hub.fleet.commands.give(ADMIN, [hub.current.terminals["bed-b01"]], "volume", 30)
    await screen.take(OWN)
    made: list[bytes] = []
    subscription = screen.doc.observe(lambda change: made.append(change.update))
    screen.doc.get("wish", type=Map)["volume"] = 100
    screen.doc.unobserve(subscription)
    screen.session.receive(encode(OWN, Update(made[0])))
    await settle(40)
    assert (await hub.host.read(OWN, lambda doc: values_of(doc, "wish")["volume"])) == 30


async def test_a_station_cannot_command_a_bed(hub: Hub) -> None:
    bed, station = Screen(hub, "bed-b01"), Screen(hub, "station-main")
    bed.open(OWN)
    own = names.device(WARD, "station-main")
    station.open(own)
    await hub.second()
    await bed.take(OWN)
    for document in (OWN, own):
        station.say(document, {"t": "do", "id": "0" * 16, "do": "restart"})
    assert await bed.heard(OWN) == []
    assert await station.heard(own) == [{"t": "error", "reason": "malformed"}]

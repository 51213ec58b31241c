"""One document between two hubs: what goes up, what comes down, who is present. UP3, UP6."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pycrdt import Array, Doc
from ward_hub.access.hubs import UPSTREAM, OtherHub
from ward_hub.access.port import Access
from ward_hub.doc_rooms.host import Host
from ward_hub.doc_rooms.rules import DocumentRules
from ward_hub.log.memory import MemoryLog
from ward_hub.upstream.hubs import WardHubs
from ward_hub.upstream.line import Line
from ward_hub.upstream.signals import SignalsDown, SignalsUp
from ward_sync.awareness import GONE, Entry, decode_awareness, encode_awareness
from ward_sync.codec import decode
from ward_sync.messages import Awareness, Frame, Stateless, SyncStep1, SyncStep2, Update

from tests.helpers.hub import FakeConnection, Replica, make_host, principal, settle

MEMOS = "ward/w/memos/2026-11"
BOARD = "ward/w/board"
CALLS = "ward/w/room/r1/calls"
PRESENCE = "ward/w/presence"
FROM_ABOVE = Access(read=True, write=True, announce=True, vouched=True)
ABOVE = OtherHub("hub:upstream", UPSTREAM, frozenset({"w"})).principal(2**53 - 1)


class Told:
    """What lines tell, in order."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []

    def stored(self, document: str) -> None:
        self.told.append(("stored", document))

    def refused(self, document: str) -> None:
        self.told.append(("refused", document))

    def changed(self, document: str) -> None:
        self.told.append(("changed", document))

    def closed(self, document: str) -> None:
        self.told.append(("closed", document))


class Uplinked:
    """A line at a host, and what went up by it."""

    def __init__(self, host: Host, document: str, salt: bytes = b"link") -> None:
        self.sent: list[bytes] = []
        self.told = Told()
        self.line = Line(host, document, salt, self.sent.append, self.told)
        self.line.peer = host.attach(self.line, document, document, ABOVE, FROM_ABOVE)

    def up(self) -> list[Frame]:
        frames, self.sent[:] = [decode(frame) for frame in self.sent], []
        return frames


@pytest.fixture
def host() -> Host:
    return make_host(MemoryLog(), DocumentRules(check=lambda _before, _after, _who: "never"))


async def test_what_people_write_goes_up_and_what_the_hub_derives_does_not() -> None:
    """UP3."""
    host = make_host(MemoryLog())
    for document, goes in ((MEMOS, True), (BOARD, False), (CALLS, False)):
        uplink = Uplinked(host, document)
        here = Replica(host, "station", document)
        here.write("k", 1)
        await settle()
        updates = [frame for frame in uplink.up() if isinstance(frame.message, Update)]
        assert [frame.address for frame in updates] == ([document] if goes else [])
        assert ("changed", document) in uplink.told.told


async def test_what_comes_down_is_stored_shown_and_not_judged_again(host: Host) -> None:
    """UP2, UP3: the check of the kind refuses everything, and is not asked."""
    uplink = Uplinked(host, MEMOS)
    here = Replica(host, "station", MEMOS)
    above: Doc[Any] = Doc()
    above.get("m", type=Array).append("from above")
    uplink.line.hear(Update(above.get_update()))
    await settle()
    assert [message for message in here.hear() if isinstance(message, Update)]
    assert uplink.up() == [], "no echo"
    assert uplink.told.told == [("stored", MEMOS)]
    assert await host.log.load(MEMOS)
    here.write("k", 1)
    await settle()
    assert uplink.up() == [], "what was refused here goes nowhere"


async def test_asked_by_the_hub_above_it_says_what_that_lacks_and_asks_nothing_back() -> None:
    """UP8: the two would ask each other for ever."""
    host = make_host(MemoryLog())
    here = Replica(host, "station", MEMOS)
    here.write("k", 1)
    await settle()
    uplink = Uplinked(host, MEMOS)
    uplink.line.hear(SyncStep1(b"\x00"))
    await settle()
    (frame,) = uplink.up()
    assert isinstance(frame.message, SyncStep2)
    other: Doc[Any] = Doc()
    other.apply_update(frame.message.update)
    assert other.get_state() == here.doc.get_state()
    board = Uplinked(host, BOARD)
    board.line.hear(SyncStep1(b"\x00"))
    await settle()
    assert board.up() == [], "UP3: nothing to give"


def announced(clock: int, state: str = '{"terminal":"bed-b1"}', client: int = 7) -> Awareness:
    return Awareness(encode_awareness([Entry(client, clock, state)]))


async def test_presence_survives_a_new_link_although_its_clocks_do_not_grow() -> None:
    """UP6: under its own client id the same clock would be one that has gone."""
    host = make_host(MemoryLog())
    station = FakeConnection()
    host.attach(station, PRESENCE, PRESENCE, principal("station"), Access(read=True))
    for salt in (b"first", b"second"):
        uplink = Uplinked(host, PRESENCE, salt)
        uplink.line.hear(announced(3))
        await settle()
        assert host.presence(PRESENCE) == ['{"terminal":"bed-b1"}']
        assert uplink.line.peer is not None
        host.detach(uplink.line.peer)
        await settle()
        assert host.presence(PRESENCE) == []
    states = [message for message in station.messages() if isinstance(message, Awareness)]
    found = [entry.state for message in states for entry in decode_awareness(message.payload)]
    assert found == ['{"terminal":"bed-b1"}', GONE] * 2


async def test_terminals_here_are_announced_above_under_the_link_s_own_ids() -> None:
    """UP6."""
    host = make_host(MemoryLog())
    uplink = Uplinked(host, PRESENCE)
    bed = host.attach(
        FakeConnection(), PRESENCE, PRESENCE, principal("bed-b1", "bedside"), Access(announce=True)
    )
    host.hear(bed, announced(3))
    await settle()
    host.detach(bed)
    await settle()
    frames = [frame.message for frame in uplink.up()]
    entries = [
        entry for one in frames if isinstance(one, Awareness) for entry in decode_awareness(one.payload)
    ]
    assert [entry.state for entry in entries] == ['{"terminal":"bed-b1"}', GONE]
    assert entries[0].client == entries[1].client != 7


class Box(WardHubs):
    def __init__(self) -> None:
        pass

    def of_ward(self, ward: str) -> list[str]:
        return ["hub:box"] if ward == "w" else []


async def test_a_frame_for_a_terminal_behind_a_ward_hub_goes_to_that_hub_and_on() -> None:
    """UP6."""
    above, ward = make_host(MemoryLog()), make_host(MemoryLog())
    box = FakeConnection()
    hub = above.attach(box, PRESENCE, PRESENCE, principal("hub:box", "hub"), FROM_ABOVE)
    above.hear(hub, announced(1))
    await settle()
    down = SignalsDown(above, Box())
    assert not down.send_stateless(PRESENCE, "bed-b2", "signal"), "nobody announced that one"
    assert down.send_stateless(PRESENCE, "bed-b1", "signal")
    (told,) = [message for message in box.messages() if isinstance(message, Stateless)]

    bed = FakeConnection()
    ward.attach(bed, PRESENCE, PRESENCE, principal("bed-b1", "bedside"), Access(announce=True))
    sent: list[tuple[str, str]] = []

    def send_up(document: str, payload: str) -> bool:
        sent.append((document, payload))
        return True

    up = SignalsUp(ward, send_up)
    up.came_down(PRESENCE, told.payload)
    assert [message for message in bed.messages() if isinstance(message, Stateless)] == [Stateless("signal")]
    assert up.send_stateless(PRESENCE, "bed-b1", "own")
    assert sent == []
    assert up.send_stateless(PRESENCE, "station-main", "away")
    assert sent == [(PRESENCE, "away")]
    for broken in ("", "[]", '{"t":"for"}', json.dumps({"t": "for", "terminal": "x", "payload": 1})):
        up.came_down(PRESENCE, broken)

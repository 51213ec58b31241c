"""Facts between a ward hub and the hospital's hub: brought until known, believed as taken. UP4, UP5."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest
from pycrdt import Array
from ward_hub.access.hubs import WARD_HUB, OtherHub
from ward_hub.access.port import Access, AccessRefused, Principal
from ward_hub.calls.entry import Entry
from ward_hub.calls.from_hubs import FactsFromHubs
from ward_hub.calls.signatures import verify
from ward_hub.doc_rooms.peer import Peer
from ward_hub.documents import names
from ward_hub.log.memory import MemoryLog
from ward_hub.log.port import BEGINNING
from ward_hub.upstream.facts_up import A_FRAME, FactsUp
from ward_sync.facts import Act

from tests.backend.calls.ward import NOW, ROOM, Sender, Ward
from tests.helpers.signing import Signer, id_of, read

HOUR = 3_600_000
BOX = OtherHub("hub:box", WARD_HUB, frozenset({"thoracic"}))


class HubGate:
    def authenticate(self, token: str) -> Principal:
        raise AccessRefused("permission-denied")

    def access(self, principal: Principal, document: str) -> Access:
        if document.startswith("ward/other"):
            raise AccessRefused("permission-denied")
        return Access(read=True, facts=True)


class Above:
    """The hospital's hub, as far as it takes facts of ward hubs."""

    def __init__(self) -> None:
        self.ward = Ward()
        self.ended: dict[str, list[bytes]] = {}
        self.facts = FactsFromHubs(
            self.ward.service,
            HubGate(),
            lambda ward: self.ward.directory() if ward == "thoracic" else None,
            verify,
            self._ended,
            lambda: self.ward.now,
        )

    async def _ended(self, terminal: str) -> list[bytes]:
        return self.ended.get(terminal, [])

    async def take(
        self, *items: list[Any], document: str = ROOM, principal: Principal | None = None
    ) -> list[dict[str, Any]]:
        peer = cast(Peer, Sender(principal or BOX.principal(NOW)))
        payload = json.dumps({"t": "taken", "items": list(items)})
        return [json.loads(answer) for answer in await self.facts.handle(peer, document, payload)]


@pytest.fixture
def above() -> Above:
    return Above()


def point(signer: Signer) -> bytes:
    return base64.urlsafe_b64decode(signer.public_key + "=" * (-len(signer.public_key) % 4))


async def test_what_a_ward_hub_took_keeps_its_time_and_is_never_late(above: Above) -> None:
    """UP4: pressed and heard on the ward three hours ago; above it is no missed call."""
    at = NOW - 3 * HOUR
    above.ward.seen.add("bed-b01")
    wire = above.ward.bedside.place(at)
    assert await above.take([wire, at + 5, 0]) == [{"t": "stored", "heard": {id_of(wire): at + 5}}]
    assert above.ward.items() == [[wire, at + 5, 0]]
    assert await above.take([wire, at + 9, 0]) == [{"t": "stored", "heard": {id_of(wire): at + 5}}]
    assert len(await above.ward.records()) == 1


async def test_its_mark_of_the_person_stays_and_its_clock_is_not_ahead(above: Above) -> None:
    """UP4, CF45."""
    wire = above.ward.station.make(Act.ACKNOWLEDGED, NOW, ("a" * 32,), staff="n001", room="r01")
    await above.take([wire, NOW + HOUR, 0, 1])
    (item,) = above.ward.items()
    assert item == [wire, NOW, 0, 1]


async def test_entitlement_is_not_judged_twice_but_the_signature_is(above: Above) -> None:
    """UP4, CF10: the terminal was revoked, or had another key, by the time the line was back."""
    above.ward.revoked.add("bed-b01")
    assert (await above.take([above.ward.bedside.place(NOW), NOW, 0]))[0]["t"] == "stored"
    old = Signer("bed-b01")
    replaced = old.place(NOW)
    (refused,) = await above.take([replaced, NOW, 0])
    assert refused["refused"] == [{"id": id_of(replaced), "index": 0, "reason": "bad_signature"}]
    above.ended["bed-b01"] = [point(old)]
    assert (await above.take([replaced, NOW, 0]))[0]["t"] == "stored"


async def test_a_ward_hub_makes_no_facts_and_moves_none(above: Above) -> None:
    """UP4."""
    unknown = Signer("no-such").place(NOW)
    good = above.ward.bedside.place(NOW)
    stored, refused = await above.take([unknown, NOW, 0], ["no fact", NOW, 0], [good, NOW, 0])
    assert stored["heard"] == {id_of(good): NOW}
    assert [one["reason"] for one in refused["refused"]] == ["unknown_terminal", "malformed"]
    (refused,) = await above.take([good, NOW, 0], document=names.calls("thoracic", "r02"))
    assert refused["refused"][0]["reason"] == "wrong_room"
    assert await above.take([good, NOW, 0], document="ward/other/calls") == [
        {"t": "error", "reason": "forbidden"}
    ]


@pytest.mark.parametrize(
    "items",
    [[], [[]], [["x", 1.5, 0]], [["x", -1, 0]], [["x", 1, 2]], [["x", 1, 0, 0, 0]], [["x", 1, 0]] * 33],
)
async def test_a_frame_of_another_form_is_refused_whole(above: Above, items: list[Any]) -> None:
    (answer,) = await above.take(*items)
    assert answer["reason"] == "malformed"
    assert above.ward.items() == []


async def test_a_terminal_cannot_say_that_something_was_taken(above: Above) -> None:
    """UP4: `taken` is a ward hub's word."""
    wire = above.ward.bedside.place(NOW - 3 * HOUR)
    terminal = Principal("bed-b01", "bedside", "thoracic", "r01", "b01", None, None, NOW)
    (answer,) = await above.take([wire, NOW - 3 * HOUR, 0], principal=terminal)
    assert answer["t"] == "error"
    assert above.ward.items() == []


async def test_what_came_down_is_kept_with_the_time_it_carries() -> None:
    """UP5: the journal reads it, and a terminal that brings it hears `stored`."""
    ward = Ward()
    wire = ward.bedside.place(NOW - 50)
    await ward.documents.edit(ROOM, lambda doc: doc.get("facts", type=Array).append([wire, NOW - 40, 0]))
    assert await ward.service.keep_listed(ROOM) == [id_of(wire)]
    assert await ward.service.keep_listed(ROOM) == []
    assert [(record.key, record.at) for record in await ward.records()] == [(id_of(wire), NOW - 40)]
    assert await ward.send(wire) == [{"t": "stored", "heard": {id_of(wire): NOW - 40}}]
    assert len(ward.items()) == 1


class Socket:
    """The way up: open or not; keeps what was sent."""

    def __init__(self) -> None:
        self.open = True
        self.denied: set[str] = set()
        self.sent: list[list[str]] = []
        self.places: list[str] = []

    def send(self, document: str, payload: str) -> bool:
        if self.open:
            items = json.loads(payload)["items"]
            assert 1 <= len(items) <= A_FRAME
            self.sent.append([read(item[0]).id for item in items])
        return self.open

    async def keep(self, place: str) -> None:
        self.places.append(place)


@asynccontextmanager
async def bringing(log: MemoryLog, socket: Socket, place: str = BEGINNING) -> AsyncIterator[FactsUp]:
    facts = FactsUp(log, place, socket.keep, socket.send, lambda document: document in socket.denied)
    task = asyncio.create_task(facts.run())
    try:
        yield facts
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def settled() -> None:
    for _ in range(50):
        await asyncio.sleep(0)


def stored(*ids: str) -> str:
    return json.dumps({"t": "stored", "heard": dict.fromkeys(ids, NOW)})


async def entries(log: MemoryLog, count: int) -> list[str]:
    signer = Signer("bed-b01")
    made = [Entry(wire, read(wire), NOW, False) for wire in (signer.place(NOW) for _ in range(count))]
    await log.append([entry.to_record(ROOM) for entry in made])
    return [entry.id for entry in made]


async def test_facts_go_up_until_named_and_the_place_moves_only_then() -> None:
    """UP4, UP8."""
    log, socket = MemoryLog(), Socket()
    ids = await entries(log, 40)
    async with bringing(log, socket) as facts:
        await settled()
        assert [one for frame in socket.sent for one in frame] == ids
        facts.answered(stored(*ids[:39]))
        await settled()
        assert socket.places == []
        refused = {"t": "refused", "refused": [{"id": ids[39], "index": 0, "reason": "bad_signature"}]}
        facts.answered(json.dumps(refused))
        await settled()
        assert len(socket.places) == 1, "what is refused above holds up nothing"
        assert facts.brought == 39
        (late,) = await entries(log, 1)
        facts.wake()
        await settled()
        assert socket.sent[-1] == [late]
    # A new link, the same place: only what was not answered.
    async with bringing(log, again := Socket(), socket.places[-1]):
        await settled()
    assert again.sent == [[late]]


async def test_what_came_from_above_does_not_wait_and_what_is_denied_is_not_given_up() -> None:
    """UP4, UP5: rights change and directories lag; a call is not dropped for it."""
    log, socket = MemoryLog(), Socket()
    socket.open = False
    ids = await entries(log, 3)
    async with bringing(log, socket) as facts:
        await settled()
        facts.came_down(ids[:2])
        await settled()
        assert socket.sent == []
        socket.denied.add(ROOM)
        facts.wake()
        await settled()
        assert socket.places == []
    socket.denied.clear()
    socket.open = True
    async with bringing(log, socket):
        await settled()
    assert ids[2] in socket.sent[0]


@pytest.mark.parametrize(("reason", "dropped"), [("unknown_terminal", False), ("bad_signature", True)])
async def test_a_passing_refusal_keeps_the_fact_a_lasting_one_does_not(reason: str, dropped: bool) -> None:
    """UP4."""
    log, socket = MemoryLog(), Socket()
    (fact,) = await entries(log, 1)
    async with bringing(log, socket) as facts:
        await settled()
        facts.answered(json.dumps({"t": "refused", "refused": [{"id": fact, "reason": reason}]}))
        await settled()
        assert (len(socket.places) == 1) is dropped
        assert facts.documents() == (set() if dropped else {ROOM})


async def test_what_is_known_to_come_from_above_is_not_sent_back() -> None:
    """UP5: it was kept here before the log is read on."""
    log, socket = MemoryLog(), Socket()
    async with bringing(log, socket) as facts:
        await settled()
        ids = await entries(log, 3)
        facts.came_down(ids[:2])
        await settled()
        assert socket.sent == [ids[2:]]


async def test_a_document_that_opens_later_gets_what_waited() -> None:
    log, socket = MemoryLog(), Socket()
    socket.open = False
    ids = await entries(log, 2)
    async with bringing(log, socket) as facts:
        await settled()
        socket.open = True
        facts.wake()
        await settled()
        assert socket.sent == [ids]

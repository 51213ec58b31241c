"""Light terminals against a real socket: they join, follow, press, and step aside."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, cast

import pytest
from pycrdt import Array
from starlette.applications import Starlette
from ward_hub.demo.hub_account import HubAccount, HubRefused, Token
from ward_hub.demo.light_terminals import LightTerminal, Place, ReceivedFact, documents_of
from ward_hub.demo.terminal_key import TerminalKey
from ward_hub.doc_rooms.host import Host
from ward_hub.doc_rooms.peer import Peer
from ward_hub.doc_rooms.rules import DocumentRules, same_rules
from ward_hub.edge.server import make_server
from ward_hub.edge.sockets import HubIdentity, Sockets
from ward_hub.edge.sync_socket import sync_route
from ward_hub.lab import LAB_LIMITS, LabGate
from ward_hub.log.memory import MemoryLog
from ward_sync.facts import Act, FactBody, decode_wire, encode_body, encode_wire

HEARD_AT = 1_763_600_000_123
BED = Place("bed-b01", "bedside", "w", "bedside-7", "r01", "b01")
STATION = Place("station-main", "station", "w")
CALLS = "ward/w/room/r01/calls"


class Taker:
    """Takes every fact, refuses those of type `code`."""

    host: Host

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.said: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        """What devices say."""

    async def handle(self, peer: Peer, document: str, payload: str) -> list[str]:
        if document.endswith("/device"):
            self.said.put_nowait(json.loads(payload))
            return []
        answers = []
        for wire in json.loads(payload)["facts"]:
            fact = decode_wire(wire)
            if fact.body.type == "code":
                refused = [{"id": fact.id, "index": 0, "reason": "not_entitled"}]
                answers.append(json.dumps({"t": "refused", "refused": refused}))
                continue
            self.taken.append(fact.id)
            await self.host.edit(document, lambda doc, w=wire: _append(doc, w))  # type: ignore[misc]
            answers.append(json.dumps({"t": "stored", "heard": {fact.id: HEARD_AT}}))
        return answers


def _append(doc: Any, wire: str) -> None:
    doc.get("facts", type=Array).append([wire, HEARD_AT, 0])


@dataclass
class Hub:
    url: str
    host: Host
    taker: Taker


@pytest.fixture
async def hub() -> AsyncIterator[Hub]:
    """A bare hub on loopback with every document open to whoever says `secret`."""
    taker, gate = Taker(), LabGate()
    rules = DocumentRules(max_update_bytes=2**20, max_document_bytes=2**24)
    host = taker.host = Host(MemoryLog(), gate, same_rules(rules), taker, _now, 1)
    sockets = Sockets(host, gate, HubIdentity("test", 1, "0"), LAB_LIMITS)

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        host.start()
        sockets.start()
        yield
        await sockets.close()
        await host.close()

    listening: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    app = Starlette(routes=[sync_route(sockets)], lifespan=lifespan)
    server = make_server(app, "127.0.0.1", 0, listening.set_result)
    serving = asyncio.create_task(server.serve())
    yield Hub(f"http://127.0.0.1:{await listening}", host, taker)
    server.should_exit = True
    await serving


class Account:
    """A terminal whose key the hub takes, or does not."""

    def __init__(self, terminal: str, *, refused: bool = False) -> None:
        self.terminal = terminal
        self.key = TerminalKey.generate()
        self._refused = refused

    async def token(self) -> Token:
        if self._refused:
            raise HubRefused(401, "bad_signature")
        return Token("secret", _now() + 600_000, _now(), {})


def light(hub: str, place: Place, *, refused: bool = False, **more: Any) -> LightTerminal:
    account = cast(HubAccount, Account(place.terminal, refused=refused))
    return LightTerminal(hub, account, place, ["r01", "r02"], _now, **more)


@contextlib.asynccontextmanager
async def running(*terminals: LightTerminal) -> AsyncIterator[None]:
    """The terminals at work, all joined."""
    async with asyncio.TaskGroup() as tasks:
        at_work = [tasks.create_task(terminal.run()) for terminal in terminals]
        async with asyncio.timeout(10):
            for terminal in terminals:
                await terminal.joined.wait()
        yield
        for task in at_work:
            task.cancel()


def _now() -> int:
    return time.time_ns() // 1_000_000


def test_each_kind_joins_what_it_may_read() -> None:
    """Contract: a bedside has its own directory and room; a station the ward's directory and every room."""
    assert documents_of(BED, ["r01", "r02"]) == (
        "ward/w/presence",
        "ward/w/bed/b01/directory",
        "ward/w/settings",
        "ward/w/terminal/bed-b01/device",
        CALLS,
    )
    assert documents_of(STATION, ["r01", "r02"])[1:] == (
        "ward/w/directory",
        "ward/w/settings",
        "ward/w/terminal/station-main/device",
        CALLS,
        "ward/w/room/r02/calls",
        "ward/w/calls",
    )


async def test_a_device_follows_its_wishes_and_reports(hub: Hub) -> None:
    """DEV-02: the wish of its document first, then what changes."""
    device = "ward/w/terminal/bed-b01/device"
    await hub.host.publish(device, {"wish": {"volume": 30, "brightness": None, "screen": "off"}})
    bed = light(hub.url, BED)
    async with running(bed), asyncio.timeout(10):
        await _said(hub, volume=30, screen="off")
        await hub.host.publish(device, {"wish": {"volume": 70, "brightness": None, "screen": "on"}})
        await _said(hub, volume=70, screen="on")
        hub.host.broadcast_stateless(device, '{"t":"do","id":"00000000000000ff","do":"restart"}')
        await _said(hub, t="did", id="00000000000000ff", outcome="done")


async def _said(hub: Hub, **wanted: object) -> None:
    """Wait for a message of a device that says all this."""
    while not wanted.items() <= (await hub.taker.said.get()).items():
        pass


async def test_a_press_is_answered_and_reaches_who_follows_the_room(hub: Hub) -> None:
    heard: asyncio.Queue[ReceivedFact] = asyncio.Queue()
    bed, station = light(hub.url, BED), light(hub.url, STATION, follow=True, on_fact=heard.put_nowait)
    async with running(bed, station), asyncio.timeout(10):
        call, verdict = await bed.press("patient", "bed:b01")
        assert verdict == HEARD_AT
        fact = await heard.get()
        assert (fact.fact.id, fact.document, fact.heard_at) == (call, CALLS, HEARD_AT)
        assert fact.fact.body.terminal == "bed-b01"

        answered, _ = await station.act(Act.ACKNOWLEDGED, [call], room="r01")
        assert (await heard.get()).fact.body.calls == (call,)
        assert set(station.facts) == {call, answered}

        _, refusal = await bed.press("code", "bed:b01")
        assert refusal == "not_entitled"


async def test_a_terminal_that_joins_later_has_the_facts_of_before(hub: Hub) -> None:
    body = FactBody(
        act=Act.PLACED, at=1, clock="own", nonce="0" * 16, terminal="bed-b01", ward="w", room="r01",
        source="bed:b01", type="patient",
    )  # fmt: skip
    data = encode_body(body)
    await hub.host.edit(CALLS, lambda doc: _append(doc, encode_wire(bytes(64), data)))
    heard: asyncio.Queue[ReceivedFact] = asyncio.Queue()
    async with running(light(hub.url, STATION, follow=True, on_fact=heard.put_nowait)), asyncio.timeout(10):
        assert (await heard.get()).fact.body == body


async def test_a_light_terminal_steps_aside_when_its_key_is_taken_away(hub: Hub) -> None:
    terminal = light(hub.url, BED)
    task = asyncio.create_task(terminal.run())
    async with asyncio.timeout(10):
        await terminal.joined.wait()
        await hub.host.drop_terminal("secret", 4403)  # the lab's gate names a terminal by its token
        await task
    assert terminal.aside


async def test_a_light_terminal_whose_key_is_refused_again_and_again_stays_away(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ward_hub.demo.light_terminals.BACK_OFF_S", (0.0, 0.0))
    terminal = light(hub.url, BED, refused=True)
    async with asyncio.timeout(10):
        await terminal.run()
    assert terminal.aside

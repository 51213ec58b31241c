"""Links between hubs over real sockets: presence, frames, drops, and who is let in (MH5 to MH7)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import websockets
from starlette.applications import Starlette
from ward_hub.access.port import Principal
from ward_hub.doc_rooms.host import Host
from ward_hub.edge.hubs_socket import hubs_route
from ward_hub.edge.server import make_server
from ward_hub.hubs import frames
from ward_hub.hubs.links import Links
from ward_hub.log.memory import MemoryLog
from ward_sync.awareness import Entry, decode_awareness, encode_awareness
from ward_sync.messages import Awareness, Stateless

from tests.helpers.free_ports import free_ports
from tests.helpers.hub import Replica, make_host, principal
from tests.helpers.ward_hub_here import until

PORTS = 2


class Hub:
    """A host with its links and the socket other hubs find it at."""

    def __init__(self, name: str, port: int, ports: list[int], secret: bytes = b"secret") -> None:
        self.now = 0
        self.url = f"ws://127.0.0.1:{port}/hubs"
        self.host: Host = make_host(MemoryLog())
        self.links = Links(
            name, "inst", secret, [f"http://127.0.0.1:{one}" for one in ports], lambda: self.now
        )
        self.links.attach(self.host)
        self.host.elsewhere = self.links
        self.server = make_server(Starlette(routes=[hubs_route(self.links)]), "127.0.0.1", port)
        self._serving: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self._serving = asyncio.create_task(self.server.serve())
        await until(lambda: self.server.started)
        self.links.start()

    async def stop(self) -> None:
        await self.links.close()
        self.server.should_exit = True
        if self._serving is not None:
            await self._serving
        await self.host.close()


@asynccontextmanager
async def two(secrets: tuple[bytes, bytes] = (b"secret", b"secret")) -> AsyncIterator[tuple[Hub, Hub]]:
    ports = free_ports(PORTS)
    a, b = (Hub(name, port, ports, secret) for name, port, secret in zip("ab", ports, secrets, strict=True))
    await a.start()
    await b.start()
    try:
        yield a, b
    finally:
        await a.stop()
        await b.stop()


async def linked(a: Hub, b: Hub) -> None:
    await until(lambda: a.links.linked == ["b"] and b.links.linked == ["a"])


def announce(replica: Replica, client: int, clock: int, **state: Any) -> None:
    replica.send(Awareness(encode_awareness([Entry(client, clock, json.dumps(state))])))


def states(replica: Replica) -> list[str]:
    replica.hear()
    found: dict[int, str] = {}
    for message in replica.heard:
        if isinstance(message, Awareness):
            found.update((entry.client, entry.state) for entry in decode_awareness(message.payload))
    return [state for state in found.values() if state != "null"]


async def test_presence_at_one_hub_is_presence_at_the_other() -> None:
    """MH5: of who was there before the link, who comes after, and who goes."""
    async with two() as (a, b):
        early = Replica(a.host, "early")
        announce(early, 7, 1, who="early")
        await linked(a, b)
        reader = Replica(b.host, "reader")
        late = Replica(a.host, "late")
        announce(late, 8, 1, who="late")
        await until(lambda: len(states(reader)) == 2)
        assert len(b.host.presence("doc")) == 2
        assert b.host.terminals_anywhere() == {"reader", "early", "late"}
        joins_later = Replica(b.host, "joins later")
        await until(lambda: len(states(joins_later)) == 2)
        a.host.detach(late.peer)
        await until(lambda: states(reader) == ['{"who": "early"}'])
        await until(lambda: b.host.terminals_anywhere() == {"reader", "early", "joins later"})


async def test_presence_of_a_document_nobody_has_open_here_is_known_all_the_same() -> None:
    async with two() as (a, b):
        await linked(a, b)
        announce(Replica(a.host, "one"), 7, 1, who="one")
        await until(lambda: b.host.presence("doc") == ['{"who": "one"}'])
        assert b.host.loaded() == frozenset()


async def test_a_silent_hubs_terminals_are_gone_after_15_s_and_back_with_its_next_word() -> None:
    """MH5."""
    async with two() as (a, b):
        await linked(a, b)
        one, reader = Replica(a.host, "one"), Replica(b.host, "reader")
        announce(one, 7, 1, who="one")
        await until(lambda: len(states(reader)) == 1)
        await a.links.close()
        b.links.sweep(15_000)
        assert len(b.host.presence("doc")) == 1
        b.links.sweep(15_001)
        await until(lambda: states(reader) == [])


async def test_a_terminal_that_moved_is_not_removed_by_the_hub_it_left() -> None:
    """AW3, MH5: its newer state is the other hub's to remove."""
    async with two() as (a, b):
        await linked(a, b)
        here, reader = Replica(a.host, "one"), Replica(b.host, "reader")
        announce(here, 7, 1, at="a")
        await until(lambda: len(states(reader)) == 1)
        moved = Replica(b.host, "one")
        announce(moved, 7, 2, at="b")
        await until(lambda: states(reader) == ['{"at": "b"}'])
        await until(lambda: here.connection.code == 4205)
        a.host.detach(here.peer)
        sign = Replica(a.host, "sign")
        announce(sign, 9, 1, sign=1)
        await until(lambda: len(states(reader)) == 2)
        assert '{"at": "b"}' in states(reader)


async def test_a_frame_for_a_terminal_elsewhere_is_handed_over_there() -> None:
    """MH6."""
    async with two() as (a, b):
        await linked(a, b)
        one = Replica(a.host, "one", right="announce")
        await until(lambda: "one" in b.host.terminals_anywhere())
        assert b.host.send_stateless("doc", "one", "signal")
        assert not b.host.send_stateless("doc", "nobody", "signal")
        await until(lambda: Stateless("signal") in one.hear())
        b.host.broadcast_stateless("doc", "all")
        two_ = Replica(a.host, "two")
        b.host.broadcast_stateless("doc", "all")
        await until(lambda: Stateless("all") in two_.hear())


async def test_a_newer_socket_at_one_hub_closes_the_older_at_another() -> None:
    """MH6, CL4."""
    async with two() as (a, b):
        await linked(a, b)
        older = Replica(a.host, "one")
        await until(lambda: "one" in b.host.terminals_anywhere())
        newer = Replica(b.host, "one")
        await until(lambda: older.connection.code == 4205)
        assert newer.connection.code is None


async def test_what_a_terminal_says_of_itself_reaches_the_hub_that_waits_for_it() -> None:
    async with two() as (a, b):
        await linked(a, b)
        heard: list[tuple[Principal, Any]] = []

        async def take(who: Principal, message: Any) -> None:
            heard.append((who, message))

        b.links.on_passed = take
        a.links.pass_on(principal("pda-01", "pda"), {"t": "visible", "on": True})
        await until(lambda: len(heard) == 1)
        who, message = heard[0]
        assert (who.terminal, who.kind, who.ward, who.room) == ("pda-01", "pda", "thoracic", None)
        assert message == {"t": "visible", "on": True}


async def test_a_hub_is_told_to_look_again() -> None:
    async with two() as (a, b):
        await linked(a, b)
        looks: list[int] = []

        async def look() -> None:
            looks.append(1)
            raise LookupError("its own trouble")

        b.links.on_nudge("sql", look)
        a.links.nudge("something newer")
        a.links.nudge("sql")
        await until(lambda: looks == [1])
        a.links.nudge("sql")
        await until(lambda: looks == [1, 1])
        assert a.links.linked == ["b"]


async def test_a_hundred_words_during_a_look_are_one_more_look() -> None:
    (port,) = free_ports(1)
    hub = Hub("a", port, [])
    begun: list[int] = []
    go = asyncio.Event()

    async def look() -> None:
        begun.append(1)
        await go.wait()

    hub.links.on_nudge("sql", look)
    await hub.links.hear("b", frames.encode("all", terminals=[], presence={}))
    for _ in range(100):
        await hub.links.hear("b", frames.encode("nudge", what="sql"))
    await until(lambda: bool(begun))
    for _ in range(100):
        await hub.links.hear("b", frames.encode("nudge", what="sql"))
    go.set()
    await until(lambda: len(begun) == 2)
    await asyncio.sleep(0)
    assert len(begun) == 2


async def test_a_link_that_was_cut_comes_up_again_with_all_that_is() -> None:
    async with two() as (a, b):
        await linked(a, b)
        await b.stop()
        announce(Replica(a.host, "one"), 7, 1, who="one")
        again = Hub("b", int(b.url.split(":")[2].split("/")[0]), [int(a.url.split(":")[2].split("/")[0])])
        await again.start()
        await until(lambda: again.host.presence("doc") == ['{"who": "one"}'])
        await again.stop()


async def test_hubs_with_another_secret_are_not_let_in(caplog: pytest.LogCaptureFixture) -> None:
    """MH7."""
    async with two((b"secret", b"other")) as (a, b):
        await until(lambda: caplog.text.count("no link to the hub") >= 2)
        assert a.links.linked == b.links.linked == []


@pytest.mark.parametrize(
    "answer",
    [
        b"nonsense",
        frames.encode("hello", hub="b", nonce="x", proof="0" * 64),
        frames.encode("all", terminals=["one"], presence={}),
        b"x" * 5_000,
    ],
)
async def test_whoever_proves_nothing_hears_a_nonce_and_is_shut_out(answer: bytes) -> None:
    """MH7."""
    (port,) = free_ports(1)
    hub = Hub("a", port, [])
    await hub.start()
    try:
        async with websockets.connect(hub.url, proxy=None) as socket:
            assert json.loads(await socket.recv())["t"] == "hello"
            await socket.send(answer)
            with pytest.raises(websockets.ConnectionClosed):
                await socket.recv()
        assert hub.host.terminals_anywhere() == frozenset()
    finally:
        await hub.stop()


async def test_messages_of_a_newer_version_are_passed_over() -> None:
    """MH7: the old and the new version stand beside each other."""
    (port,) = free_ports(1)
    hub = Hub("a", port, [])
    await hub.links.hear("b", frames.encode("all", terminals=[], presence={}))
    await hub.links.hear("b", frames.encode("weather", fine=True))
    await hub.links.hear("b", frames.encode("came", terminal="one", how="by bus"))
    assert hub.host.terminals_anywhere() == {"one"}
    with pytest.raises(frames.Malformed):
        await hub.links.hear("b", frames.encode("came", terminal=5))


async def test_a_hub_that_was_given_up_begins_its_link_anew() -> None:
    """MH6: what was forgotten of it is said again; a word alone would bring it back without its terminals."""
    (port,) = free_ports(1)
    hub = Hub("a", port, [])
    await hub.links.hear("b", frames.encode("all", terminals=["one"], presence={}))
    hub.links.sweep(10**15)
    assert hub.host.terminals_anywhere() == frozenset()
    with pytest.raises(frames.Malformed):
        await hub.links.hear("b", frames.encode("nudge", what="sql"))
    await hub.links.hear("b", frames.encode("all", terminals=["one"], presence={}))
    assert hub.host.terminals_anywhere() == {"one"}

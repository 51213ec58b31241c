"""What the edge and the host tell of connected terminals: from where, how long silent, what they announce."""

from __future__ import annotations

import pytest
from ward_hub.edge.sockets import EdgeLimits, HubIdentity, Sockets
from ward_hub.edge.sync_session import SyncSession
from ward_hub.fleet.seen import Line
from ward_sync.awareness import Entry, encode_awareness
from ward_sync.codec import encode
from ward_sync.messages import AuthToken, Awareness, Stateless

from tests.backend.edge.test_sessions import FakeSink
from tests.helpers.hub import FakeGate, FullLog, make_host, settle


@pytest.fixture
def sockets() -> Sockets:
    gate = FakeGate()
    host = make_host(FullLog(), gate=gate)
    return Sockets(host, gate, HubIdentity("house", 3, "1.2.3"), EdgeLimits(), now=100_000)


def connect(sockets: Sockets, terminal: str, address: str) -> SyncSession:
    session = SyncSession(sockets, FakeSink(), address)
    session.start()
    session.receive(encode("doc", AuthToken(f"{terminal}:write")))
    return session


async def test_a_terminal_has_a_line_while_its_socket_lives(sockets: Sockets) -> None:
    """DEV-01, DEV-03."""
    nobody = SyncSession(sockets, FakeSink(), "10.0.0.9")
    nobody.start()
    one = connect(sockets, "one", "10.0.0.1")
    two = connect(sockets, "two", "10.0.0.2")
    sockets.now += 6_000
    two.receive(encode("hub", Stateless("{}")))
    assert sockets.lines() == {"one": Line("10.0.0.1", 6_000), "two": Line("10.0.0.2", 0)}
    one.lost()
    assert list(sockets.lines()) == ["two"]
    newer = connect(sockets, "two", "10.0.0.3")
    two.lost()
    assert sockets.lines() == {"two": Line("10.0.0.3", 0)}
    newer.lost()
    assert sockets.lines() == {}


async def test_what_is_announced_can_be_read(sockets: Sockets) -> None:
    host = sockets.host
    assert host.presence("doc") == []
    one = connect(sockets, "one", "10.0.0.1")
    one.receive(encode("doc", Awareness(encode_awareness([Entry(7, 1, '{"terminal":"one"}')]))))
    await settle()
    assert host.presence("doc") == ['{"terminal":"one"}']
    one.lost()
    await settle()
    assert host.presence("doc") == []
    await host.close()

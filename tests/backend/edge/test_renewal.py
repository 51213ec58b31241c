"""Tokens that end: the hub asks for another in time, once, and closes what stands on one that has ended."""

from __future__ import annotations

from dataclasses import replace

from ward_hub.access.port import AccessRefused, Principal
from ward_hub.edge.sockets import EdgeLimits, HubIdentity, Sockets
from ward_hub.edge.sync_session import SyncSession
from ward_sync.codec import decode, encode
from ward_sync.messages import AuthGranted, AuthRequest, AuthToken, Close, Message, SyncStep1

from tests.backend.edge.test_sessions import FakeSink
from tests.helpers.hub import FakeGate, FullLog, make_host, settle


class EndingGate(FakeGate):
    """Tokens are `terminal:right@end`, the end in ms."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0

    def authenticate(self, token: str) -> Principal:
        name, _, end = token.partition("@")
        if int(end) <= self.now:
            raise AccessRefused("expired")
        return replace(super().authenticate(name), expires_at=int(end))


class Renewed:
    """A hub with the wall's clock in `gate.now` and one terminal; both clocks go together."""

    def __init__(self, renew_ms: int) -> None:
        self.gate = EndingGate()
        host = make_host(FullLog(), gate=self.gate, clock=lambda: self.gate.now)
        limits = EdgeLimits(renew_ms=renew_ms, ping_ms=10**9, silence_ms=10**9)
        self.sockets = Sockets(host, self.gate, HubIdentity("house", 3, "1.2.3"), limits)
        self.sink = FakeSink()
        self.session = SyncSession(self.sockets, self.sink)
        self.session.start()

    def send(self, address: str, message: Message) -> None:
        self.session.receive(encode(address, message))

    async def at(self, now: int) -> list[tuple[str, Message]]:
        """Go on to a time; what has come by then."""
        self.gate.now = now
        self.sockets.beat(now)
        await settle()
        payloads, self.sink.payloads = self.sink.payloads, []
        frames = [decode(payload) for payload in payloads]
        return [(one.address, one.message) for one in frames if one.address != "hub"]


async def test_a_token_is_asked_for_again_once_and_a_new_one_goes_on() -> None:
    """AU7, AU4."""
    hub = Renewed(renew_ms=1_000)
    hub.send("doc", AuthToken("one:write@10000"))
    hub.send("next", AuthToken("one:write@10400"))
    assert (await hub.at(8_999))[:2] == [
        ("doc", AuthGranted("read-write")),
        ("next", AuthGranted("read-write")),
    ]
    assert await hub.at(9_000) == [("doc", AuthRequest())]
    assert await hub.at(9_400) == [("next", AuthRequest())]
    hub.send("doc", AuthToken("one:write@20000"))
    hub.send("next", AuthToken("one:write@90000"))
    granted = AuthGranted("read-write")
    assert await hub.at(9_600) == [("doc", granted), ("next", granted)]
    assert await hub.at(12_000) == []
    hub.send("doc", SyncStep1(b"\x00"))
    assert len(await hub.at(12_001)) == 2
    assert await hub.at(19_000) == [("doc", AuthRequest())]


async def test_a_document_whose_token_has_ended_is_closed_and_no_other() -> None:
    """AU7."""
    hub = Renewed(renew_ms=1_000)
    hub.send("doc", AuthToken("one:write@10000"))
    hub.send("other", AuthToken("one:write@90000"))
    await hub.at(9_000)
    assert await hub.at(10_000) == [("doc", Close("expired"))]
    hub.send("other", SyncStep1(b"\x00"))
    assert len(await hub.at(10_001)) == 2
    hub.send("doc", AuthToken("one:write@30000"))
    assert await hub.at(10_002) == [("doc", AuthGranted("read-write"))]


async def test_a_refused_token_closes_its_document() -> None:
    """AU4."""
    hub = Renewed(renew_ms=1_000)
    hub.send("doc", AuthToken("one:write@10000"))
    await hub.at(9_000)
    hub.send("doc", AuthToken("one:write@9000"))
    assert await hub.at(9_001) == [("doc", Close("expired"))]


async def test_where_rights_outlive_the_token_nobody_is_asked() -> None:
    hub = Renewed(renew_ms=0)
    hub.send("doc", AuthToken("one:write@10000"))
    await hub.at(1)
    assert await hub.at(20_000) == []

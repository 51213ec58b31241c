"""Frames of any bytes: a message or a refusal, and a socket that gets them never troubles the hub."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from pycrdt import Doc, Map
from ward_hub.edge.sockets import EdgeLimits, HubIdentity, Sockets
from ward_hub.edge.sync_session import SyncSession
from ward_hub.edge.y_session import YSession
from ward_sync.awareness import decode_awareness, encode_awareness
from ward_sync.codec import decode, decode_y, encode, encode_y
from ward_sync.errors import RemoteProtocolError
from ward_sync.messages import AuthRequest, AuthToken, Stateless, SyncStatus, SyncStep1, SyncStep2, Update

from tests.backend.edge.test_sessions import FakeSink
from tests.fuzz.hostile import HOSTILE, number
from tests.helpers.hub import FakeGate, FullLog, make_host, settle

VECTORS = json.loads((Path(__file__).parents[2] / "sync/vectors/frames.json").read_text(encoding="utf-8"))
GOLDEN = [bytes.fromhex(case["hex"]) for key in ("frames", "malformed") for case in VECTORS[key]]


@st.composite
def spoilt(draw: st.DrawFn) -> bytes:
    """A golden frame with some bytes changed, cut, doubled or put in between."""
    data = bytearray(draw(st.sampled_from(GOLDEN)))
    for _ in range(draw(st.integers(0, 3))):
        place = draw(st.integers(0, len(data)))
        way = draw(st.integers(0, 3))
        if way == 0:
            data[place : place + 1] = draw(st.binary(min_size=1, max_size=1))
        elif way == 1:
            del data[place:]
        elif way == 2:
            data += data[place:]
        else:
            data[place:place] = draw(st.binary(max_size=9))
    return bytes(data)


any_frame = st.one_of(st.binary(max_size=200), spoilt())


@settings(max_examples=500)
@given(any_frame)
def test_a_frame_is_a_message_of_these_bytes_or_refused(data: bytes) -> None:
    """FR2, FR3, FR4: a message has one form, so that what is read is what would be written."""
    with suppress(RemoteProtocolError):
        frame = decode(data)
        assert encode(frame.address, frame.message) == data
    with suppress(RemoteProtocolError):
        assert encode_y(decode_y(data)) == data


@settings(max_examples=200)
@given(st.binary(max_size=100))
def test_presence_is_entries_of_these_bytes_or_refused(data: bytes) -> None:
    """AW1."""
    with suppress(RemoteProtocolError):
        assert encode_awareness(decode_awareness(data)) == data


# Sockets

hostile_update = st.sampled_from([data for data in HOSTILE.values() if len(data) < 10_000])
address = st.sampled_from(["doc", "doc\0session", "other", "hub", "forbidden", "病区"])
well_formed = st.one_of(
    st.builds(AuthToken, st.sampled_from(["one:write", "two:read", "one:announce", "wrong", ""])),
    st.builds(Update, st.one_of(hostile_update, st.binary(max_size=40), st.just(number(8, 0)))),
    st.builds(SyncStep2, st.one_of(hostile_update, st.just(b"\x00\x00"))),
    st.builds(SyncStep1, st.one_of(st.just(b"\x00"), st.binary(max_size=20))),
    st.builds(Stateless, st.sampled_from(["fail", "", "{}", '{"t":"time","sent":1}', "[" * 2_000])),
    st.just(AuthRequest()),
    st.just(SyncStatus(True)),
)
sent = st.one_of(
    any_frame,
    st.builds(encode, address, well_formed),
    st.builds(encode, st.just("doc"), well_formed),
    st.just(encode("doc", AuthToken("one:write"))),
    st.none(),
)


class Hub:
    """A hub with one document that somebody else has open."""

    def __init__(self) -> None:
        self.log = FullLog()
        gate = FakeGate()
        self.host = make_host(self.log, gate=gate)
        self.sockets = Sockets(self.host, gate, HubIdentity("house", 1, "1"), EdgeLimits(), now=1_000)
        self.sink = FakeSink()
        self.other = SyncSession(self.sockets, self.sink)
        self.other.start()
        for message in (AuthToken("other:write"), SyncStep1(b"\x00")):
            self.other.receive(encode("doc", message))

    async def works(self) -> None:
        """The other terminal still writes, is answered, and sees what is stored and nothing else."""
        await settle()
        self.sink.payloads.clear()
        doc: Doc[Any] = Doc(client_id=77)
        doc.get("m", type=Map)["works"] = True
        self.other.receive(encode("doc", Update(doc.get_update())))
        self.other.receive(encode("doc", SyncStep1(b"\x00")))
        await settle()
        messages = [decode(payload).message for payload in self.sink.payloads]
        assert SyncStatus(True) in messages
        held: Doc[Any] = Doc()
        for message in messages:
            if isinstance(message, SyncStep2):
                held.apply_update(message.update)
        stored: Doc[Any] = Doc()
        for update in await self.log.load("doc"):
            stored.apply_update(update)
        assert held.get_state() == stored.get_state()
        assert held.get("m", type=Map)["works"] is True


@settings(max_examples=150, deadline=None)
@given(st.lists(sent, max_size=25))
def test_a_socket_takes_whatever_comes(frames: list[bytes | None]) -> None:
    """FR8, SY7: `receive` never raises, and who else is there notices nothing."""

    async def case() -> None:
        hub = Hub()
        sink = FakeSink()
        session = SyncSession(hub.sockets, sink)
        session.start()
        for frame in frames:
            if frame is None:
                await settle()
                session.beat(2_000)
            else:
                session.receive(frame)
        await hub.works()
        for payload in sink.payloads:
            decode(payload)
        session.lost()
        await settle()
        assert len(hub.sockets) == 1
        assert hub.host.terminals() == {"other"}
        await hub.host.close()

    asyncio.run(case())


@settings(max_examples=80, deadline=None)
@given(st.lists(any_frame | st.builds(encode_y, st.builds(Update, hostile_update)), max_size=10))
def test_a_y_websocket_takes_whatever_comes(frames: list[bytes]) -> None:
    """FR9: any error costs the socket."""

    async def case() -> None:
        hub = Hub()
        sink = FakeSink()
        session = YSession(hub.sockets, sink, "doc", "one:write")
        session.start()
        for frame in frames:
            session.receive(frame)
            try:
                decode_y(frame)
            except RemoteProtocolError:
                assert sink.code is not None
        await hub.works()
        for payload in sink.payloads:
            decode_y(payload)
        session.lost()
        await settle()
        assert len(hub.sockets) == 1
        assert hub.host.terminals() == {"other"}
        await hub.host.close()

    asyncio.run(case())

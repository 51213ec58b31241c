"""Both dialects of the socket without a network: joining, refusing, closing, keeping alive."""

from __future__ import annotations

import json
import logging

import pytest
from ward_hub.edge.sockets import EdgeLimits, HubIdentity, Sockets
from ward_hub.edge.sync_session import SyncSession
from ward_hub.edge.y_session import YSession
from ward_hub.fan_out.frames import WireFrame
from ward_sync.awareness import Entry, decode_awareness, encode_awareness
from ward_sync.codec import decode, decode_y, encode, encode_y
from ward_sync.messages import (
    AuthDenied,
    AuthGranted,
    AuthToken,
    Awareness,
    Close,
    Frame,
    Message,
    Ping,
    Pong,
    Stateless,
    SyncStatus,
    SyncStep1,
    SyncStep2,
    Update,
)

from tests.helpers.hub import FakeGate, FullLog, make_host, settle

LIMITS = EdgeLimits(max_documents=3, unsigned_bytes=500, max_frame_bytes=4_000)
SETS_A_KEY = bytes.fromhex("010107002801016d026b30017d0000")


class FakeSink:
    """The network end of a socket: takes everything, or reads nothing while `stuck`."""

    def __init__(self) -> None:
        self.payloads: list[bytes] = []
        self.code: int | None = None
        self.writes = 0
        self.stuck = 0

    def write(self, frames: list[WireFrame]) -> int:
        self.writes += 1
        self.payloads += [frame.payload for frame in frames]
        return self.stuck

    def close(self, code: int) -> None:
        self.code = code


class Terminal:
    """A client of the Hocuspocus dialect."""

    def __init__(self, sockets: Sockets) -> None:
        self.sink = FakeSink()
        self.session = SyncSession(sockets, self.sink)
        self.session.start()

    def send(self, address: str, *messages: Message) -> None:
        for message in messages:
            self.session.receive(encode(address, message))

    def open(self, address: str, token: str = "one:write") -> None:
        self.send(address, AuthToken(token))

    def take(self) -> list[Frame]:
        payloads, self.sink.payloads = self.sink.payloads, []
        return [decode(payload) for payload in payloads]

    def messages(self, address: str) -> list[Message]:
        return [frame.message for frame in self.take() if frame.address == address]


@pytest.fixture
def gate() -> FakeGate:
    return FakeGate()


@pytest.fixture
def sockets(gate: FakeGate) -> Sockets:
    host = make_host(FullLog(), gate=gate)
    return Sockets(host, gate, HubIdentity("house", 3, "1.2.3"), LIMITS, now=100_000)


async def test_hello_is_the_first_frame_and_time_is_answered(sockets: Sockets) -> None:
    """AU5."""
    one = Terminal(sockets)
    one.send("hub", Stateless('{"t":"time","sent":5}'), Stateless("[]"), Stateless("no json"))
    one.send("hub", SyncStep1(b"\x00"))
    await settle()
    hello, answer = one.take()
    assert isinstance(hello.message, Stateless)
    assert json.loads(hello.message.payload) == {
        "t": "hello", "installation": "house", "generation": 3, "now": 1_000, "version": "1.2.3",
    }  # fmt: skip
    assert hello.address == "hub"
    assert isinstance(answer.message, Stateless)
    assert json.loads(answer.message.payload) == {"t": "time", "sent": 5, "now": 1_000, "storage": "ok"}


async def test_joining_grants_compares_and_sends_one_write_a_turn(sockets: Sockets) -> None:
    """AU1, SY1, FR5."""
    one = Terminal(sockets)
    one.open("doc\0session")
    one.send("doc\0session", SyncStep1(b"\x00"))
    await settle()
    hello, granted, step1, step2 = one.take()
    assert {granted.address, step1.address, step2.address} == {"doc\0session"}
    assert granted.message == AuthGranted("read-write")
    assert step1.message == SyncStep1(b"\x00")
    assert step2.message == SyncStep2(b"\x00\x00")
    assert one.sink.writes <= 2
    assert hello.address == "hub"


async def test_the_scope_says_what_one_may(sockets: Sockets) -> None:
    one = Terminal(sockets)
    one.open("doc", "two:read")
    await settle()
    assert one.messages("doc") == [AuthGranted("readonly")]


async def test_frames_before_auth_wait_for_it_and_a_refusal_forgets_them(sockets: Sockets) -> None:
    """AU1, AU2, AU3."""
    one = Terminal(sockets)
    one.send("doc", SyncStep1(b"\x00"))
    one.send("other", SyncStep1(b"\x00"))
    await settle()
    assert one.messages("doc") == []
    one.open("other", "one:nothing")
    one.open("forbidden")
    one.open("doc")
    await settle()
    frames = one.take()
    assert [frame.message for frame in frames if frame.address == "other"] == [
        AuthDenied("permission-denied")
    ]
    assert [frame.message for frame in frames if frame.address == "forbidden"] == [
        AuthDenied("permission-denied")
    ]
    assert [type(frame.message) for frame in frames if frame.address == "doc"] == [
        AuthGranted, SyncStep1, SyncStep2,
    ]  # fmt: skip
    one.open("other")
    await settle()
    assert one.messages("other") == [AuthGranted("read-write")]


async def test_a_second_token_replaces_who_speaks_or_closes_the_document(sockets: Sockets) -> None:
    """AU4."""
    one = Terminal(sockets)
    one.open("doc")
    one.open("doc", "one:read")
    one.send("doc", Update(SETS_A_KEY))
    await settle()
    assert SyncStatus(False) in one.messages("doc")
    one.open("doc", "one:write")
    one.send("doc", Update(SETS_A_KEY))
    await settle()
    assert SyncStatus(True) in one.messages("doc")
    one.open("doc", "one:nothing")
    await settle()
    assert one.messages("doc") == [Close("permission-denied")]
    one.open("doc")
    await settle()
    assert one.messages("doc") == [AuthGranted("read-write")]


async def test_a_revoked_terminal_is_closed(sockets: Sockets, gate: FakeGate) -> None:
    """CL5."""
    gate.gone.add("one")
    one = Terminal(sockets)
    one.open("doc")
    await settle()
    assert one.messages("doc") == [AuthDenied("revoked")]
    assert one.sink.code == 4403


@pytest.mark.parametrize(
    ("frame", "code"),
    [(b"", 4401), (b"\xff", 4401), (b"\x05a", 4401), (b"\x01a\x0b", 4401), (b"x" * 4_001, 1009)],
)
async def test_a_broken_envelope_costs_the_socket(sockets: Sockets, frame: bytes, code: int) -> None:
    """FR6, FR8, CL1."""
    one, two = Terminal(sockets), Terminal(sockets)
    two.open("doc", "two:write")
    one.open("doc")
    one.session.receive(frame)
    await settle()
    assert one.sink.code == code
    assert two.sink.code is None
    one.session.receive(encode("doc", Update(SETS_A_KEY)))
    await settle()
    assert not any(isinstance(message, Update) for message in two.messages("doc"))


async def test_a_text_message_costs_the_socket(sockets: Sockets) -> None:
    """FR1."""
    one = Terminal(sockets)
    one.session.receive_text()
    assert one.sink.code == 4401


async def test_an_error_inside_a_document_costs_that_document(sockets: Sockets) -> None:
    """FR8, CL3."""
    one = Terminal(sockets)
    one.open("a")
    one.open("b")
    one.session.receive(b"\x01a\x00\x00\x05\x01")
    one.session.receive(b"\x01c\x00\x00\x05\x01")
    one.send("b", SyncStatus(True))
    await settle()
    frames = one.take()
    assert Frame("a", Close("truncated")) in frames
    assert Frame("c", Close("truncated")) in frames
    assert Frame("b", Close("unexpected")) in frames
    assert one.sink.code is None
    one.open("a")
    await settle()
    assert one.messages("a") == [AuthGranted("read-write")]


async def test_detaching_one_document_leaves_the_others(sockets: Sockets) -> None:
    """CL3, AW4."""
    one, two = Terminal(sockets), Terminal(sockets)
    for address in ("a", "b"):
        one.open(address)
        two.open(address, "two:write")
    one.send("a", Awareness(encode_awareness([Entry(7, 1, "{}")])))
    await settle()
    one.take()
    two.take()
    one.send("a", Close())
    two.send("a", Update(SETS_A_KEY))
    two.send("b", Update(SETS_A_KEY))
    await settle()
    assert [(frame.address, type(frame.message)) for frame in one.take()] == [("b", Update)]
    gone = [message for message in two.messages("a") if isinstance(message, Awareness)]
    assert decode_awareness(gone[0].payload) == (Entry(7, 1, "null"),)


async def test_a_lost_socket_takes_its_presence_with_it(sockets: Sockets) -> None:
    """AW4."""
    one, two = Terminal(sockets), Terminal(sockets)
    one.open("a")
    two.open("a", "two:write")
    one.send("a", Awareness(encode_awareness([Entry(7, 1, "{}")])))
    await settle()
    two.take()
    one.session.lost()
    await settle()
    assert len(sockets) == 1
    assert [type(message) for message in two.messages("a")] == [Awareness]


async def test_silence_pings_and_then_closes(sockets: Sockets) -> None:
    """CL2."""
    one = Terminal(sockets)
    one.open("doc")
    await settle()
    one.take()
    sockets.beat(100_500)
    sockets.beat(101_900)
    await settle()
    assert one.take() == []
    sockets.beat(102_100)
    await settle()
    assert one.take() == [Frame("", Ping())]
    one.send("", Pong())
    sockets.beat(112_000)
    assert one.sink.code is None
    sockets.beat(112_200)
    assert one.sink.code == 4408


async def test_a_ping_is_answered(sockets: Sockets) -> None:
    one = Terminal(sockets)
    await settle()
    one.take()
    one.send("", Ping())
    await settle()
    assert one.take() == [Frame("", Pong())]


async def test_sign_in_has_its_time_and_its_limit(sockets: Sockets) -> None:
    """AU6."""
    slow, signed, loud = Terminal(sockets), Terminal(sockets), Terminal(sockets)
    signed.open("doc")
    loud.send("doc", Stateless("x" * 600))
    assert loud.sink.code == 4401
    sockets.now = 109_000
    for terminal in (slow, signed):
        terminal.send("hub", Stateless('{"t":"time","sent":5}'))
    sockets.beat(110_100)
    assert slow.sink.code == 4401
    assert signed.sink.code is None


async def test_documents_of_a_socket_are_limited(sockets: Sockets) -> None:
    one = Terminal(sockets)
    for address in "abcd":
        one.open(address)
    await settle()
    frames = one.take()
    assert Frame("d", AuthDenied("too-many-documents")) in frames
    one.send("a", Close())
    one.open("d")
    await settle()
    assert one.messages("d") == [AuthGranted("read-write")]


async def test_a_newer_socket_of_a_terminal_closes_the_older(sockets: Sockets) -> None:
    """CL4."""
    old, other, new = Terminal(sockets), Terminal(sockets), Terminal(sockets)
    old.open("doc")
    other.open("doc", "two:write")
    new.open("doc")
    new.open("more")
    assert (old.sink.code, other.sink.code, new.sink.code) == (4205, None, None)
    old.session.lost()
    newer = Terminal(sockets)
    newer.open("doc")
    assert new.sink.code == 4205


async def test_a_reader_that_stops_reading_is_closed_and_stalls_nobody(sockets: Sockets) -> None:
    """SY9."""
    sockets.limits = EdgeLimits(max_waiting_bytes=1_000)
    stuck, reading, writer = Terminal(sockets), Terminal(sockets), Terminal(sockets)
    stuck.open("doc")
    reading.open("doc", "two:write")
    writer.open("doc", "three:write")
    await settle()
    stuck.sink.stuck = 990
    writer.send("doc", Update(SETS_A_KEY))
    await settle()
    assert stuck.sink.code is None
    later = bytes.fromhex("01010701a8070001770130") + b"\x00"
    writer.send("doc", Update(later))
    await settle()
    assert stuck.sink.code == 1009
    assert [type(message) for message in reading.messages("doc")][-2:] == [Update, Update]


async def test_no_token_reaches_the_log(sockets: Sockets, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    one = Terminal(sockets)
    one.open("forbidden", "hush-hush:write")
    one.open("doc", "hush-hush:nothing")
    YSession(sockets, FakeSink(), "forbidden", "hush-hush:write").start()
    assert len([record for record in caplog.records if record.name == "ward_hub.edge"]) == 3
    assert "hush" not in caplog.text


class YTerminal:
    """A client of the y-websocket dialect."""

    def __init__(self, sockets: Sockets, document: str = "doc", token: str = "y:write") -> None:
        self.sink = FakeSink()
        self.session = YSession(sockets, self.sink, document, token)
        self.session.start()

    def send(self, message: Message) -> None:
        self.session.receive(encode_y(message))

    def take(self) -> list[Message]:
        payloads, self.sink.payloads = self.sink.payloads, []
        return [decode_y(payload) for payload in payloads]


async def test_both_dialects_meet_in_one_document(sockets: Sockets) -> None:
    """FR9, SY1: y-websocket has no status, and gets none."""
    one, y = Terminal(sockets), YTerminal(sockets)
    one.open("doc")
    y.send(SyncStep1(b"\x00"))
    await settle()
    one.take()
    assert y.take() == [SyncStep1(b"\x00"), SyncStep2(b"\x00\x00")]
    y.send(Update(SETS_A_KEY))
    one.send("doc", Awareness(encode_awareness([Entry(7, 1, "{}")])), Stateless("not for y"))
    await settle()
    assert one.messages("doc")[:1] == [Update(SETS_A_KEY)]
    assert y.take() == [Awareness(encode_awareness([Entry(7, 1, "{}")]))]
    y.session.lost()


@pytest.mark.parametrize(
    ("document", "token", "code"), [("doc", "y:nothing", 4401), ("forbidden", "y:write", 4403)]
)
async def test_a_refused_y_client_is_told_to_stay_away(
    sockets: Sockets, document: str, token: str, code: int
) -> None:
    """FR9, AU3."""
    y = YTerminal(sockets, document, token)
    y.send(SyncStep1(b"\x00"))
    await settle()
    assert y.take() == [AuthDenied("permission-denied")]
    assert y.sink.code == code


@pytest.mark.parametrize(
    ("frame", "code"),
    [(b"\x04", 4401), (b"\x02\x00\x01x", 4401), (b"x" * 4_001, 1009), (b"\x00\x00\x05\x01", 4401)],
)
async def test_a_broken_y_frame_costs_the_socket(sockets: Sockets, frame: bytes, code: int) -> None:
    """FR9."""
    y = YTerminal(sockets)
    y.session.receive(frame)
    assert y.sink.code == code
    other = YTerminal(sockets)
    other.session.receive_text()
    assert other.sink.code == 4401


async def test_a_closed_document_closes_a_y_socket(sockets: Sockets, gate: FakeGate) -> None:
    """CL5."""
    y = YTerminal(sockets)
    await settle()
    gate.gone.add("y")
    await sockets.host.recheck()
    assert y.sink.code == 4403


async def test_a_quiet_y_socket_is_kept_alive(sockets: Sockets) -> None:
    y = YTerminal(sockets)
    await settle()
    sockets.beat(100_000)
    y.take()
    sockets.beat(116_000)
    await settle()
    assert y.take() == [Awareness(b"\x00")]


async def test_what_waits_for_its_auth_has_a_budget_in_bytes(sockets: Sockets) -> None:
    """AU2: a signed-in socket cannot fill the hub with frames of documents it never opens."""
    sockets.limits = EdgeLimits(max_frame_bytes=2**20)
    one = Terminal(sockets)
    one.open("doc")
    for number in range(8):
        assert one.sink.code is None
        one.send(f"never-opened-{number}", Update(bytes(2**19)))
    assert one.sink.code == 4205


async def test_refused_documents_do_not_use_the_budget_up(sockets: Sockets) -> None:
    """A terminal that keeps asking for what it may not read stays connected."""
    one = Terminal(sockets)
    one.open("doc")
    for _ in range(1_100):
        one.send("forbidden", SyncStep1(b"\x00"), AuthToken("wrong"))
    assert one.sink.code is None

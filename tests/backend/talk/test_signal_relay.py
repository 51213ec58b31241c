"""What the hub forwards between terminals, what it refuses, and in which words (SG16)."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from ward_hub.access.port import Access, AccessRefused, Principal
from ward_hub.calls.signatures import verify
from ward_hub.doc_rooms.by_kind import ByKind
from ward_hub.documents.names import DocumentKind
from ward_hub.talk.signal_relay import BURST, LOGGED, PER_S, SignalRelay
from ward_signalling.frames import SignalFrame, encode_frame
from ward_signalling.messages import Signal
from ward_sync.directory import Directory, parse_directory
from ward_sync.messages import Stateless

from tests.helpers.hub import FullLog, Replica, make_host, settle
from tests.helpers.meeting_cases import key_of, public_key, signed
from tests.helpers.signal_cases import TALK, body

VECTORS = json.loads((Path(__file__).parents[3] / "signalling/vectors/relay.json").read_text("utf-8"))
WARD: str = VECTORS["ward"]
PRESENCE = f"ward/{WARD}/presence"
BED, STATION = key_of(1), key_of(2)


def directory(ward: str) -> Directory | None:
    """The vectors' ward, with keys the test has too."""
    if ward != WARD:
        return None
    terminals = {**VECTORS["roots"]["terminals"]}
    for name, key in (("bed-b01", BED), ("station-main", STATION)):
        terminals[name] = {**terminals[name], "key": public_key(key)}
    return parse_directory({**VECTORS["roots"], "terminals": terminals})


def vector_directory(ward: str) -> Directory | None:
    return parse_directory(VECTORS["roots"]) if ward == WARD else None


@dataclass
class Sender:
    principal: Principal | None


def sender(terminal: str, kind: str = "bedside") -> Sender:
    return Sender(Principal(terminal, kind, WARD, None, None, None, None, 0))


class FakeGate:
    """Everybody but the engineer's has a right at presence; bedsides announce."""

    def authenticate(self, token: str) -> Principal:
        raise AccessRefused("permission-denied")

    def access(self, principal: Principal, document: str) -> Access:
        if principal.kind == "engineer":
            raise AccessRefused("permission-denied")
        return Access(read=principal.kind != "bedside", announce=True)


@dataclass
class FakeDocuments:
    """Keeps what is sent; `here` are the terminals that have presence open."""

    here: set[str] = field(default_factory=lambda: {"bed-b01", "station-main"})
    sent: list[tuple[str, str, Any]] = field(default_factory=list)

    def send_stateless(self, document: str, terminal: str, payload: str) -> bool:
        if terminal not in self.here:
            return False
        self.sent.append((document, terminal, json.loads(payload)))
        return True


@dataclass
class FakeParty:
    taken: list[tuple[Signal, str]] = field(default_factory=list)

    async def take(self, signal: Signal, principal: Principal) -> None:
        if signal.seq == 13:
            raise LookupError("the relay's own trouble")
        self.taken.append((signal, principal.terminal))


class Relay:
    """A relay with its surroundings; `now` in ms."""

    def __init__(self, of: Any = directory, party: FakeParty | None = None) -> None:
        self.now = 1_000
        self.documents = FakeDocuments()
        self.relay = SignalRelay(FakeGate(), of, verify, lambda: self.now)
        self.relay.attach(self.documents, party)

    async def send(
        self, *wires: str, hops: int = 0, by: Sender | None = None, document: str = PRESENCE
    ) -> list[Any]:
        frame = encode_frame(SignalFrame(hops, wires))
        answers = await self.relay.handle(by or sender("bed-b01"), document, frame)
        return [json.loads(answer) for answer in answers]


def heard(to: str = "station-main", seq: int = 1, **more: Any) -> str:
    return signed(body("heard", from_="bed-b01", to=to, talk=TALK, ms=0, seq=seq, **more), BED)


async def test_a_signal_is_forwarded_as_it_is() -> None:
    """SG16: from whoever brings it, hops unchanged, each in a frame of its own."""
    here = Relay()
    one, two = heard(), heard(seq=2)
    assert await here.send(one, two) == []
    assert await here.send(one, hops=2, by=sender("door-r01", "door")) == []
    assert here.documents.sent == [
        (PRESENCE, "station-main", {"t": "signal", "hops": 0, "signals": [one]}),
        (PRESENCE, "station-main", {"t": "signal", "hops": 0, "signals": [two]}),
        (PRESENCE, "station-main", {"t": "signal", "hops": 2, "signals": [one]}),
    ]


async def test_who_has_nothing_open_is_named_once() -> None:
    """SG16: the others of the frame arrive."""
    here = Relay()
    answers = await here.send(heard("station-vice"), heard(), heard("door-r01"), heard("station-vice", 2))
    assert answers == [{"t": "unreachable", "to": ["door-r01", "station-vice"]}]
    assert [terminal for _, terminal, _ in here.documents.sent] == ["station-main"]


@pytest.mark.parametrize("case", VECTORS["cases"], ids=lambda case: case["name"])
async def test_what_may_not_pass_is_answered_and_not_sent(case: dict[str, Any]) -> None:
    """SG11, SG16."""
    here = Relay(vector_directory, FakeParty())
    here.documents.here |= {"bed-b02", "bed-b03"}
    answers = await here.send(case["wire"], by=sender("station-main", "station"))
    if case["verdict"] is None:
        assert answers == []
    else:
        [answer] = answers
        assert (answer["t"], answer["reason"]) == ("signal_refused", case["verdict"])
        assert answer["to"] is not None
        assert here.documents.sent == []
        assert here.relay.refusals == {case["verdict"]: 1}


async def test_one_bad_signal_does_not_stop_the_others() -> None:
    """SG16."""
    here = Relay()
    answers = await here.send("AAAA", heard())
    assert answers == [{"t": "signal_refused", "reason": "malformed", "to": None}]
    assert len(here.documents.sent) == 1


@pytest.mark.parametrize(
    "payload",
    ["", "[]", '{"t":"signal"}', '{"t":"unreachable","to":[]}', '{"t":"signal","hops":3,"signals":["A"]}'],
)
async def test_a_frame_that_is_none_is_malformed(payload: str) -> None:
    """SG16."""
    answers = await Relay().relay.handle(sender("bed-b01"), PRESENCE, payload)
    assert [json.loads(answer) for answer in answers] == [
        {"t": "signal_refused", "reason": "malformed", "to": None}
    ]


async def test_only_presence_and_only_those_with_a_right_there() -> None:
    """SG16."""
    here = Relay()
    for document in (f"ward/{WARD}/calls", "nowhere"):
        assert await here.send(heard(), document=document) == [{"t": "error", "reason": "not_here"}]
    for who in (Sender(None), sender("engineer-1", "engineer")):
        assert await here.send(heard(), by=who) == [{"t": "error", "reason": "forbidden"}]
    assert here.documents.sent == []


async def test_the_wards_document_and_the_signals_ward_are_one() -> None:
    """SG11, SG16: presence of a ward that is not in the directory forwards nothing."""
    here = Relay()
    [answer] = await here.send(heard(), document="ward/cardiac/presence")
    assert answer["reason"] == "wrong_ward"


async def test_each_terminal_has_a_rate_of_its_own() -> None:
    """SG16: 3,000 at once, 150 a second."""
    here = Relay()
    wire = heard()
    full = [wire] * 15
    for _ in range(BURST // 15):
        assert await here.send(*full) == []
    here.now += 10_000 // PER_S  # ten tokens' time is 66.7 ms
    answers = await here.send(*full)
    assert answers == [{"t": "signal_refused", "reason": "too_many", "to": None}]
    assert len(here.documents.sent) == BURST + 9
    assert await here.send(wire, by=sender("door-r01", "door")) == []
    here.now += 60_000
    assert await here.send(*full) == []


async def test_refusals_without_end_do_not_fill_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """The first of a kind are logged one by one, then every hundredth; each is answered and counted."""
    here = Relay()
    caplog.set_level(logging.WARNING, logger="ward_hub.talk.signal_relay")
    for _ in range(3 * LOGGED + 50):
        assert await here.send("AAAA") == [{"t": "signal_refused", "reason": "malformed", "to": None}]
    assert here.relay.refusals == {"malformed": 3 * LOGGED + 50}
    assert len(caplog.records) == LOGGED + 2
    assert "300 so far" in caplog.records[-1].getMessage()
    # another kind tells for itself
    await here.send(signed(body("heard", from_="bed-b01", to="station-main", talk=TALK, ms=0), STATION))
    assert len(caplog.records) == LOGGED + 3


async def test_signals_to_the_hub_go_to_its_party() -> None:
    """SG9, SG16: without one nobody may, and its trouble is not the sender's."""
    station = sender("station-main", "station")

    def to_hub(seq: int) -> str:
        return signed(body("heard", to="hub", talk=TALK, ms=0, seq=seq), STATION)

    [answer] = await Relay().send(to_hub(1), by=station)
    assert answer == {"t": "signal_refused", "reason": "not_allowed", "to": "hub"}
    party = FakeParty()
    here = Relay(party=party)
    assert await here.send(to_hub(1), to_hub(13), to_hub(14), by=sender("bed-b01")) == []
    assert [(signal.sender, signal.seq, brought_by) for signal, brought_by in party.taken] == [
        ("station-main", 1, "bed-b01"),
        ("station-main", 14, "bed-b01"),
    ]
    assert here.documents.sent == []


async def test_the_hubs_own_signals_go_to_one_terminal() -> None:
    """SG16."""
    here = Relay()
    assert here.relay.post(WARD, "bed-b01", "d2lyZQ==")
    assert not here.relay.post(WARD, "bed-b02", "d2lyZQ==")
    assert here.relay.tell(WARD, "station-main", '{"t":"broadcast"}')
    assert here.documents.sent == [
        (PRESENCE, "bed-b01", {"t": "signal", "hops": 0, "signals": ["d2lyZQ=="]}),
        (PRESENCE, "station-main", {"t": "broadcast"}),
    ]


async def test_over_a_real_host_a_bedside_that_only_announces_gets_its_signals() -> None:
    """SG16: and the answer comes back to who asked."""
    relay = SignalRelay(FakeGate(), directory, verify, lambda: 1_000)
    host = make_host(FullLog(), stateless=ByKind({DocumentKind.PRESENCE: relay}, relay))
    relay.attach(host)
    station = Replica(host, "station-main", PRESENCE)
    bed = Replica(host, "bed-b01", PRESENCE, right="announce")
    invite = signed(body("invite", talk=TALK, purpose="talk", calls=[], video=0), STATION)
    lost = signed(body("close", to="bed-b02", connection=TALK, reason="lost"), STATION)
    frame = encode_frame(SignalFrame(0, (invite, lost)))
    station.send(Stateless(frame))
    await settle()
    assert bed.hear() == [Stateless(encode_frame(SignalFrame(0, (invite,))))]
    assert station.hear() == [Stateless('{"t":"unreachable","to":["bed-b02"]}')]

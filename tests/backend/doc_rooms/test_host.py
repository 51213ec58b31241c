"""The hub's own way to documents, stateless frames, rights that change, presence, and unloading."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from pycrdt import Array, Doc, Map
from ward_hub.access.port import Access, Principal
from ward_hub.doc_rooms.host import MAX_WAITING_PAYLOADS
from ward_hub.doc_rooms.peer import Peer
from ward_hub.doc_rooms.publish import RENEW_AFTER, same
from ward_hub.documents.port import values_of
from ward_hub.log.port import Record, RecordKind, StorageFull
from ward_sync.awareness import Entry, decode_awareness, encode_awareness
from ward_sync.messages import Awareness, Close, QueryAwareness, Stateless, SyncStatus, Update

from tests.helpers.hub import FakeConnection, FakeGate, FullLog, Replica, make_host, principal, settle


def states(messages: list[Any]) -> list[Entry]:
    return [
        entry
        for message in messages
        if isinstance(message, Awareness)
        for entry in decode_awareness(message.payload)
    ]


async def test_an_edit_and_its_facts_are_one_append_and_reach_the_readers() -> None:
    log = FullLog()
    host = make_host(log)
    reader = Replica(host, "reader", right="read")
    await settle()
    fact = Record("doc", RecordKind.FACT, b"body", 5, key="id")
    await host.edit("doc", lambda doc: doc.get("facts", type=Array).append(["wire", 5, 0]), [fact])
    assert [[record.kind for record in records] for records in log.appends] == [
        [RecordKind.FACT, RecordKind.UPDATE]
    ]
    reader.hear()
    assert reader.doc.get("facts", type=Array).to_py() == [["wire", 5, 0]]
    assert await host.read("doc", lambda doc: doc.get("facts", type=Array).to_py()) == [["wire", 5, 0]]


async def test_an_edit_that_changes_nothing_stores_nothing() -> None:
    log = FullLog()
    host = make_host(log)
    await host.edit("doc", lambda doc: None)
    assert log.appends == []
    await host.edit("doc", lambda doc: None, [Record("doc", RecordKind.REFUSED, b"", 5, key="id")])
    assert len(log.appends) == 1


async def test_a_failed_edit_leaves_the_document_as_it_was() -> None:
    log = FullLog()
    host = make_host(log)
    await host.publish("doc", {"m": {"k": 1}})

    def half(doc: Doc[Any]) -> None:
        doc.get("m", type=Map)["k"] = 2
        raise LookupError("half way")

    with pytest.raises(LookupError):
        await host.edit("doc", half)
    log.full = True
    with pytest.raises(StorageFull):
        await host.publish("doc", {"m": {"k": 3}})
    log.full = False
    assert await host.read("doc", lambda doc: values_of(doc, "m")) == {"k": 1}
    await host.publish("doc", {"m": {"k": 4}})
    assert await host.read("doc", lambda doc: values_of(doc, "m")) == {"k": 4}


async def test_a_document_overwritten_for_years_stays_small() -> None:
    """46 beds, each overwritten 200 times: as large as it began, and its readers have what is there now."""
    host = make_host(FullLog())
    beds: dict[str, Any] = {f"b{number:02}": {"stay": "none"} for number in range(46)}
    await host.publish("doc", {"beds": beds, "counts": {"all": 46}})
    begun = await host.read("doc", lambda doc: len(doc.get_update()))
    reader = Replica(host, "reader")
    reader.join()
    for number in range(200 * 46):
        beds[f"b{number % 46:02}"] = {"stay": f"s{number:05}"}
        await host.publish("doc", {"beds": beds})
        if number % 1_000 == 0:
            host.sweep(0)
    await settle()
    reader.hear()
    ended = await host.read("doc", lambda doc: len(doc.get_update()))
    assert ended < 4 * begun + RENEW_AFTER * 8
    assert values_of(reader.doc, "beds") == beds
    assert values_of(reader.doc, "counts") == {"all": 46}


async def test_publishing_writes_only_what_changed() -> None:
    log = FullLog()
    host = make_host(log)
    roots: dict[str, dict[str, Any]] = {
        "beds": {
            "b01": {"label": "1", "order": 1, "private": True, "list": [1, "x", None]},
            "b02": {"order": 2},
        },
        "counts": {"all": 2},
    }
    await host.publish("doc", roots)
    await host.publish("doc", roots)
    assert len(log.appends) == 1
    roots["beds"]["b01"] = {"label": "1", "order": 1, "private": 1, "list": [1, "x", None]}
    del roots["beds"]["b02"]
    await host.publish("doc", {"beds": roots["beds"]})
    assert len(log.appends) == 2
    stored = await host.read("doc", lambda doc: {key: values_of(doc, key) for key in roots})
    assert stored == roots
    assert stored["beds"]["b01"]["private"] is not True
    reader = Replica(host, "reader")
    reader.join()
    await settle()
    reader.hear()
    assert len(reader.doc.get_state()) < 12, "one client id: the hub's"


@pytest.mark.parametrize(
    ("stored", "wanted", "equal"),
    [(1.0, 1, True), (True, 1, False), (1.0, True, False), ([1.0], [1], True), ({"a": 1.0}, {"a": 2}, False),
     (None, None, True), ("1", 1, False), ([1.0, 2.0], [1], False), ({"a": 1.0}, {"a": 1, "b": 2}, False)],
)  # fmt: skip
def test_numbers_are_compared_by_value_and_true_is_not_one(stored: Any, wanted: Any, equal: bool) -> None:
    assert same(stored, wanted) is equal


async def test_stateless_frames_are_answered_in_order_and_failures_cost_the_document() -> None:
    host = make_host(FullLog())
    one, two = Replica(host, "one"), Replica(host, "two")
    for payload in ("a", "b"):
        one.send(Stateless(payload))
    two.send(Stateless("fail"))
    await settle()
    assert one.hear() == [Stateless(text) for text in ("a", "a", "b", "b")]
    assert two.hear() == [Close("failed")]


async def test_stateless_broadcasts_reach_the_document_only() -> None:
    host = make_host(FullLog())
    one, two, other = Replica(host, "one"), Replica(host, "two", right="facts"), Replica(host, "x", "other")
    bedside = Replica(host, "bed", right="announce")
    await settle()
    host.broadcast_stateless("doc", "text", but=one.peer)
    host.broadcast_stateless("nobody", "text")
    assert two.hear() == [Stateless("text")]
    assert one.hear() == other.hear() == bedside.hear() == []


async def test_a_stateless_frame_for_one_terminal_reaches_it_at_that_document_only() -> None:
    """SG16: also one that may announce only, on each of its sockets, and not in the other dialect."""
    host = make_host(FullLog())
    bed, twin = Replica(host, "bed", right="announce"), Replica(host, "bed", right="announce")
    elsewhere, other = Replica(host, "bed", "elsewhere"), Replica(host, "other")
    plain = FakeConnection()
    host.attach(plain, "doc", None, principal("plain"), Access(read=True))
    await settle()
    assert host.send_stateless("doc", "bed", "text")
    assert bed.hear() == twin.hear() == [Stateless("text")]
    assert elsewhere.hear() == other.hear() == []
    assert not host.send_stateless("doc", "nobody", "text")
    assert not host.send_stateless("nothing", "bed", "text")
    assert not host.send_stateless("doc", "plain", "text")
    assert plain.frames == []
    host.detach(bed.peer)
    host.detach(twin.peer)
    assert not host.send_stateless("doc", "bed", "text")


async def test_a_revoked_terminal_loses_its_sockets() -> None:
    """CL5."""
    host = make_host(FullLog())
    one, two = Replica(host, "one"), Replica(host, "two")
    await host.drop_terminal("one", 4403)
    assert (one.connection.code, two.connection.code) == (4403, None)
    assert host.terminals() == {"one", "two"}


async def test_rights_taken_away_close_the_document_and_nothing_else() -> None:
    """CL3, CL5."""
    gate = FakeGate()
    host = make_host(FullLog(), gate=gate)
    connection = FakeConnection()
    who = Principal("one", "write", "thoracic", None, None, None, None, 0)
    first = host.attach(connection, "doc", "doc", who, Access(read=True, write=True))
    kept = host.attach(
        connection,
        "other",
        "other",
        Principal("two", "read", "w", None, None, None, None, 0),
        Access(read=True, write=True),
    )
    await settle()
    gate.gone.add("one")
    await host.recheck()
    assert [(frame.address, frame.message) for frame in connection.take()] == [
        ("doc", Close("permission-denied"))
    ]
    assert (first.open, kept.open) == (False, True)
    assert not kept.access.write, "the gate's new answer counts"


async def test_presence_goes_round_and_ends_with_the_connection() -> None:
    """AW2, AW4, AW5."""
    host = make_host(FullLog())
    one, two = Replica(host, "one"), Replica(host, "two")
    await settle()
    one.send(Awareness(encode_awareness([Entry(7, 1, '{"a":1}')])))
    one.send(Awareness(encode_awareness([Entry(7, 2, '{"a":2}')])))
    await settle()
    assert two.hear() == [Awareness(encode_awareness([Entry(7, 2, '{"a":2}')]))], "the last state, one frame"
    assert one.hear() == []
    late = Replica(host, "late")
    await settle()
    assert states(late.hear()) == [Entry(7, 2, '{"a":2}')]
    late.send(QueryAwareness())
    await settle()
    assert states(late.hear()) == [Entry(7, 2, '{"a":2}')]
    host.detach(one.peer)
    await settle()
    assert states(two.hear()) == [Entry(7, 2, "null")]


async def test_an_explicit_leave_is_passed_on() -> None:
    """AW2."""
    host = make_host(FullLog())
    one, two = Replica(host, "one"), Replica(host, "two")
    one.send(Awareness(encode_awareness([Entry(7, 1, "{}")])))
    await settle()
    two.hear()
    one.send(Awareness(encode_awareness([Entry(7, 2, "null")])))
    await settle()
    assert states(two.hear()) == [Entry(7, 2, "null")]


async def test_presence_is_checked_against_the_sender() -> None:
    """AW6."""

    def own(who: Principal, document: str, state: dict[str, Any]) -> bool:
        return state.get("terminal") == who.terminal

    host = make_host(FullLog(), presence_check=own)
    bed, station = Replica(host, "bed-b01", right="announce"), Replica(host, "station")
    await settle()
    good = Entry(1, 1, json.dumps({"terminal": "bed-b01"}))
    bed.send(Awareness(encode_awareness([good, Entry(2, 1, '{"terminal":"bed-b02"}'), Entry(3, 1, "5")])))
    await settle()
    assert states(station.hear()) == [good]
    station.send(Awareness(encode_awareness([Entry(4, 1, '{"terminal":"station"}')])))
    await settle()
    assert bed.hear() == [], "whoever may only announce receives none"
    station.send(Awareness(b"\x05"))
    await settle()
    assert station.hear() == [Close("truncated")]


async def test_an_idle_document_is_unloaded_compacted_and_comes_back() -> None:
    log = FullLog()
    host = make_host(log, idle_ms=100)
    one = Replica(host, "one")
    for number in range(250):
        one.write("k", str(number))
    await settle()
    host.sweep(1_000_000)
    assert host.loaded() == {"doc"}, "someone has it open"
    host.detach(one.peer)
    await settle()
    host.sweep(1_050)
    assert host.loaded() == {"doc"}
    host.sweep(1_200)
    assert host.loaded() == frozenset()
    await settle()
    assert len(await log.load("doc")) == 1
    two = Replica(host, "two")
    two.join()
    await settle()
    two.hear()
    assert two.value() == {"k": "249"}
    await host.close()


async def test_a_document_the_hub_alone_uses_is_unloaded_too() -> None:
    host = make_host(FullLog(), idle_ms=100)
    await host.publish("doc", {"m": {"k": 1}})
    host.sweep(0)
    host.sweep(200)
    assert host.loaded() == frozenset()


async def test_a_new_token_replaces_who_speaks() -> None:
    """AU4."""
    log = FullLog()
    host = make_host(log)
    one = Replica(host, "one")
    host.rebind(one.peer, principal("nurse"), Access(read=True))
    one.write("k", "v")
    await settle()
    assert SyncStatus(False) in one.hear()
    assert host.terminals() == {"nurse"}


async def test_the_record_says_who() -> None:
    log = FullLog()
    host = make_host(log, clock=lambda: 77)
    one = Replica(host, "one")
    one.write("k", "v")
    await settle()
    record = log.appends[0][0]
    assert (record.document, record.at, record.terminal, record.kind) == ("doc", 77, "one", RecordKind.UPDATE)


async def test_a_peer_that_left_hears_nothing_more() -> None:
    """CL3."""
    host = make_host(FullLog())
    one, two = Replica(host, "one"), Replica(host, "two")
    await settle()
    two.send(Close())
    one.write("k", "v")
    await settle()
    assert two.hear() == []
    assert [type(message) for message in one.hear()] == [SyncStatus]
    two.send(Update(two.set("k", "w")))
    await settle()
    assert one.hear() == []


async def test_a_sweep_between_two_joins_changes_nothing_but_memory() -> None:
    """What is kept for a crowd that joins at once is as large as the document, and let go soon after."""
    host = make_host(FullLog())
    await host.publish("doc", {"m": {"k": "v"}})
    for now in (0, 1):
        reader = Replica(host, f"reader-{now}", right="read")
        reader.join()
        await settle()
        reader.hear()
        assert values_of(reader.doc, "m") == {"k": "v"}
        host.sweep(now)


class SlowHandler:
    """Hears nothing more while `gate` is not set."""

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.heard = 0

    async def handle(self, peer: Peer, document: str, payload: str) -> list[str]:
        await self.gate.wait()
        self.heard += 1
        return []


async def test_who_sends_faster_than_it_is_heard_loses_that_document_and_nobody_else_does() -> None:
    """CL3: stateless frames that wait are limited; up to the limit none is lost."""
    handler = SlowHandler()
    host = make_host(FullLog(), stateless=handler)
    fast, calm = Replica(host, "fast"), Replica(host, "calm")
    await settle()
    for one in (fast, calm):
        one.hear()
    fast.send(Stateless("first"))
    await settle()
    for _ in range(MAX_WAITING_PAYLOADS):
        fast.send(Stateless("x"))
    calm.send(Stateless("x"))
    assert fast.peer.open
    fast.send(Stateless("one too many"))
    await settle()
    assert not fast.peer.open
    assert Close("overloaded") in fast.hear()
    assert calm.peer.open
    handler.gate.set()
    await settle()
    # the one under way, and the calm one's: what still waited went with its document
    assert handler.heard == 2
    calm.send(Stateless("x"))
    await settle()
    assert handler.heard == 3


async def test_as_many_as_may_wait_are_all_heard() -> None:
    handler = SlowHandler()
    host = make_host(FullLog(), stateless=handler)
    fast = Replica(host, "fast")
    await settle()
    fast.send(Stateless("first"))
    await settle()
    for _ in range(MAX_WAITING_PAYLOADS):
        fast.send(Stateless("x"))
    handler.gate.set()
    await settle(3 * MAX_WAITING_PAYLOADS)
    assert (handler.heard, fast.peer.open) == (MAX_WAITING_PAYLOADS + 1, True)

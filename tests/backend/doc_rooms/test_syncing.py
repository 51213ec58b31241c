"""Two replicas through a host: what is answered, in which order, and what is stored."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pycrdt import Doc, Map
from ward_hub.access.port import Principal
from ward_hub.doc_rooms.rules import DocumentRules, ward_rules
from ward_hub.documents.names import DocumentKind
from ward_sync.messages import Awareness, Close, Stateless, SyncStatus, SyncStep1, SyncStep2, Update

from tests.helpers.hub import HUB_CLIENT, FullLog, Replica, make_host, settle

STORED, REFUSED = SyncStatus(True), SyncStatus(False)


def reason_of(messages: list[Any]) -> str:
    """The reason of a refusal, which goes before its status (ST3)."""
    place = messages.index(REFUSED)
    before = messages[place - 1]
    assert isinstance(before, Stateless)
    body = json.loads(before.payload)
    assert body["t"] == "refused_update"
    reason: str = body["reason"]
    return reason


async def test_a_change_reaches_the_others_and_is_answered_once() -> None:
    """SY1, ST1."""
    host = make_host(FullLog())
    one, two = Replica(host, "one"), Replica(host, "two")
    one.join()
    two.join()
    await settle()
    kinds = [type(message) for message in one.hear()]
    assert kinds == [SyncStep1, SyncStep2]
    two.hear()
    await settle()
    assert one.hear() == [STORED]
    two.hear()
    one.write("k", "v")
    await settle()
    assert one.hear() == [STORED]
    assert [type(message) for message in two.hear()] == [Update]
    assert two.value() == {"k": "v"}


async def test_step_1_waits_until_the_document_is_loaded() -> None:
    """SY1: an empty answer would look like an empty document."""
    log = FullLog()
    host = make_host(log)
    writer = Replica(host, "writer")
    writer.write("k", "v")
    await settle()
    await host.close()
    other = make_host(log)
    log.gate.clear()
    one, two = Replica(other, "one"), Replica(other, "two")
    one.join()
    two.join()
    await settle()
    assert one.hear() == []
    log.gate.set()
    await settle()
    one.hear(), two.hear()
    assert one.value() == two.value() == {"k": "v"}
    assert log.loads == 2, "a document is loaded once, whoever asks"


async def test_nothing_leaves_before_it_is_stored() -> None:
    """SY2, ST2: neither to others, nor as status, nor as step 2 of someone who joins meanwhile."""
    log = FullLog()
    host = make_host(log)
    one, two = Replica(host, "one"), Replica(host, "two")
    await settle()
    log.gate.clear()
    one.write("k", "v")
    await settle()
    late = Replica(host, "late")
    late.join()
    await settle()
    assert one.hear() == two.hear() == late.hear() == []
    log.gate.set()
    await settle()
    assert one.hear() == [STORED]
    two.hear(), late.hear()
    assert two.value() == late.value() == {"k": "v"}


async def test_updates_of_one_turn_are_stored_together_and_leave_as_one_frame() -> None:
    """SY3, ST1."""
    log = FullLog()
    host = make_host(log)
    one, two, three = (Replica(host, name) for name in ("one", "two", "three"))
    await settle()
    for number in range(20):
        one.write(f"a{number}", "x")
        two.write(f"b{number}", "y")
    await settle()
    assert [len(records) for records in log.appends] == [40]
    assert [type(message) for message in three.hear()] == [Update]
    assert len(three.value()) == 40
    assert [message for message in one.hear() if isinstance(message, SyncStatus)] == [STORED] * 20


async def test_what_brings_nothing_new_is_stored_already() -> None:
    """ST5."""
    log = FullLog()
    host = make_host(log)
    one, two = Replica(host, "one"), Replica(host, "two")
    one.write("k", "v")
    one.write("k", "w")
    await settle()
    one.hear(), two.hear()
    before = len(log.appends)
    two.send(SyncStep2(two.doc.get_update()))
    two.send(Update(two.doc.get_update()))
    two.send(SyncStep2(b"\x00\x00"))
    await settle()
    assert two.hear() == [STORED] * 3
    assert one.hear() == []
    assert len(log.appends) == before
    one.send(Update(one.change(lambda doc: doc.get("m", type=Map).pop("k"))))
    await settle()
    assert len(log.appends) == before + 1, "a deletion alone is something new"


async def test_an_update_waits_for_its_foundations_and_is_offered_again() -> None:
    """SY4: also to whoever joins meanwhile, and over a restart."""
    log = FullLog()
    host = make_host(log)
    one, two = Replica(host, "one"), Replica(host, "two")
    first, second, third = one.set("k", "1"), one.set("k", "2"), one.set("k", "3")
    one.send(Update(third))
    one.send(Update(first))
    await settle()
    assert one.hear() == [STORED, STORED]
    two.hear()
    assert two.value() == {"k": "1"}
    late = Replica(host, "late")
    late.join()
    again = make_host(log)
    restarted = Replica(again, "restarted")
    restarted.join()
    await settle()
    late.hear(), restarted.hear()
    for replica in (late, restarted):
        replica.send(Update(second))
    await settle()
    for replica in (two, late, restarted):
        replica.hear()
        replica.doc.apply_update(second)
        assert replica.value() == {"k": "3"}
    fresh = Replica(again, "fresh")
    fresh.join()
    await settle()
    fresh.hear()
    assert fresh.value() == {"k": "3"}


async def test_whoever_may_only_read_changes_nothing_and_keeps_receiving() -> None:
    """SY5, ST4."""
    log = FullLog()
    host = make_host(log)
    writer, reader = Replica(host, "writer"), Replica(host, "reader", right="read")
    writer.write("k", "v")
    writer.send(Update(writer.change(lambda doc: doc.get("m", type=Map).pop("k"))))
    reader.join()
    await settle()
    reader.hear()
    await settle()
    assert reader.hear() == [STORED], "its step 2 held nothing new"
    reader.send(SyncStep2(reader.doc.get_update()))
    await settle()
    assert reader.hear() == [STORED]
    update = reader.set("mine", 1)
    reader.send(Update(update))
    reader.send(SyncStep2(update))
    await settle()
    messages = reader.hear()
    assert [message for message in messages if isinstance(message, SyncStatus)] == [REFUSED, REFUSED]
    assert reason_of(messages) == "read_only"
    writer.write("k", "w")
    await settle()
    reader.hear()
    assert reader.value()["k"] == "w"
    assert writer.value() == {"k": "w"}


async def test_whoever_may_only_announce_learns_nothing() -> None:
    """AU1, AW5."""
    host = make_host(FullLog())
    writer, bedside = Replica(host, "writer"), Replica(host, "bed-b01", right="announce")
    writer.write("k", "v")
    bedside.join()
    await settle()
    assert bedside.hear() == [SyncStep1(b"\x00"), SyncStep2(b"\x00\x00")]
    await settle()
    writer.write("k", "w")
    await settle()
    assert bedside.hear() == [STORED]
    assert bedside.value() == {}


async def test_a_refused_update_leaves_no_trace_and_its_replica_stays_refused() -> None:
    """SY6, SY7, SY8, ST3."""

    def no_shouting(_before: Doc[Any], doc: Doc[Any], _who: Principal) -> str | None:
        return "shouting" if "SHOUT" in (doc.get("m", type=Map).to_py() or {}).values() else None

    log = FullLog()
    host = make_host(log, DocumentRules(check=no_shouting))
    one, two = Replica(host, "one"), Replica(host, "two")
    one.write("k", "quiet")
    one.write("l", "SHOUT")
    one.write("m", "quiet again")
    await settle()
    messages = one.hear()
    assert [message for message in messages if isinstance(message, SyncStatus)] == [STORED, REFUSED, REFUSED]
    assert reason_of(messages) == "shouting"
    assert messages.count(Stateless('{"t": "refused_update", "reason": "shouting"}')) == 2
    two.hear()
    assert two.value() == {"k": "quiet"}
    assert sum(len(records) for records in log.appends) == 1
    host.reload_all()
    one.write("o", "and after a reload")
    await settle()
    assert reason_of(one.hear()) == "shouting"
    two.write("n", "of another replica")
    rebuilt = Replica(host, "one", client=4711)
    rebuilt.join()
    await settle()
    rebuilt.hear()
    rebuilt.write("o", "rebuilt")
    await settle()
    late = Replica(host, "late")
    late.join()
    await settle()
    late.hear()
    assert late.value() == {"k": "quiet", "n": "of another replica", "o": "rebuilt"}


@pytest.mark.parametrize(
    ("update", "reason"),
    [
        pytest.param(b"\x01\x01\x01", "malformed", id="cut"),
        pytest.param(b"\x00\x00\x00", "malformed", id="bytes left"),
        pytest.param(
            b"\x01\x01\x63\x00" + b"\x04\x01\x01m" + b"\xe0\x5d" + b"x" * 12_000 + b"\x00",
            "too_large",
            id="large",
        ),
    ],
)
async def test_hostile_updates_are_refused(update: bytes, reason: str) -> None:
    """SY6."""
    log = FullLog()
    host = make_host(log, DocumentRules(max_update_bytes=10_000))
    one = Replica(host, "one")
    one.send(Update(update))
    await settle()
    messages = one.hear()
    assert reason_of(messages) == reason
    assert log.appends == []


async def test_nobody_writes_under_the_hubs_client_id() -> None:
    """SY6: and yet a replica may send back what the hub wrote."""
    host = make_host(FullLog())
    await host.publish("doc", {"m": {"hub": 1}})
    thief = Replica(host, "thief", client=HUB_CLIENT)
    for value in ("what", "the", "hub", "wrote"):
        thief.set("k", value)
    thief.write("k", "w")
    reader = Replica(host, "reader")
    reader.join()
    await settle()
    assert reason_of(thief.hear()) == "client_id"
    reader.hear()
    reader.send(SyncStep2(reader.doc.get_update()))
    await settle()
    assert reader.hear() == [STORED, STORED]


async def test_a_document_does_not_grow_over_its_limit() -> None:
    """SY6."""
    host = make_host(FullLog(), DocumentRules(max_document_bytes=5_000))
    one = Replica(host, "one")
    for _ in range(6):
        one.write("k", "x" * 1_500)
    await settle()
    assert one.hear() == [STORED] * 6, "what has been overwritten does not count"
    one.write("a", "x" * 2_000)
    one.write("b", "x" * 2_000)
    await settle()
    assert reason_of(one.hear()) == "document_full"


async def test_a_full_disk_refuses_and_the_writer_is_asked_again() -> None:
    """ST3, SY2: memory never shows what is not stored."""
    log = FullLog()
    host = make_host(log)
    one, two = Replica(host, "one"), Replica(host, "two")
    one.write("k", "v")
    await settle()
    one.hear()
    log.full = True
    one.write("k", "lost?")
    two.join()
    await settle()
    assert reason_of(one.hear()) == "storage"
    two.hear()
    assert two.value() == {"k": "v"}
    log.full = False
    await settle()
    one.hear(), two.hear()
    host.sweep(1_000)
    await settle()
    assert [type(message) for message in one.hear()] == [SyncStep1]
    await settle()
    one.hear(), two.hear()
    assert two.value() == {"k": "lost?"}
    assert STORED in one.heard


async def test_an_update_that_breaks_the_document_costs_its_sender_only() -> None:
    """SY7: pycrdt may refuse half way; the document is loaded again."""
    host = make_host(FullLog())
    one, two = Replica(host, "one"), Replica(host, "two")
    one.write("k", "v")
    await settle()
    child_of_a_number = b"\x01\x01\x63\x00" + b"\x28\x00" + _id_of(one) + b"\x01x\x01\x7d\x01" + b"\x00"
    two.send(Update(child_of_a_number))
    one.write("l", "w")
    await settle()
    assert reason_of(two.hear()) == "malformed"
    assert one.hear()[-1] == STORED
    assert two.value() == {"k": "v", "l": "w"}
    late = Replica(host, "late")
    late.join()
    await settle()
    late.hear()
    assert late.value() == {"k": "v", "l": "w"}


def _id_of(replica: Replica) -> bytes:
    from ward_sync.varint import encode_uint

    return encode_uint(replica.doc.client_id) + b"\x00"


async def test_a_message_only_hubs_send_closes_the_document() -> None:
    host = make_host(FullLog())
    one = Replica(host, "one")
    one.send(STORED)
    await settle()
    assert one.hear() == [Close("unexpected SyncStatus")]
    one.send(Update(one.set("k", "v")))
    await settle()
    assert one.hear() == []


async def test_a_document_that_cannot_be_loaded_closes_and_is_tried_again() -> None:
    log = FullLog()
    await log.append([])
    log._updates["doc"] = [b"\xff\xff"]
    host = make_host(log)
    one = Replica(host, "one")
    one.join()
    await settle()
    assert one.hear() == [Close("unavailable")]
    with pytest.raises(ValueError, match="decode"):
        await host.read("doc", lambda doc: None)
    log._updates["doc"] = []
    two = Replica(host, "two")
    two.join()
    await settle()
    assert [type(message) for message in two.hear()] == [SyncStep1, SyncStep2]


async def test_a_bug_while_deciding_costs_one_peer_and_hangs_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    host = make_host(FullLog())
    one, two = Replica(host, "one"), Replica(host, "two")
    await settle()

    def broken(self: object, peer: object, payload: bytes) -> list[Any]:
        raise LookupError("a bug")

    monkeypatch.setattr("ward_hub.doc_rooms.doc_room.DocRoom._announce", broken)
    two.write("k", "v")
    one.send(Awareness(b"\x00"))
    await settle()
    assert one.hear()[-1] == Close("failed")
    assert two.hear() == [STORED]
    assert await host.read("doc", lambda doc: doc.get("m", type=Map).to_py()) == {"k": "v"}


def test_what_people_type_has_smaller_limits() -> None:
    rules = ward_rules({DocumentKind.NOTES: lambda before, after, who: "no"})
    assert rules("stay/s1/notes").check is not None
    assert (
        rules("ward/thoracic/memos/2026-11").max_update_bytes
        < rules("ward/thoracic/directory").max_update_bytes
    )
    assert rules("anything").check is None

"""Facts at the hub: judged once, on disk, then told (CALL-01, CALL-08)."""

from __future__ import annotations

import base64
import json

import pytest
from ward_hub.calls.entry import read_item
from ward_hub.calls.service import MISSED_AFTER_MS
from ward_hub.documents import names
from ward_hub.log.port import RecordKind
from ward_sync.facts import Act
from ward_sync.retention import KEPT_AFTER_CLOSE_MS, KEPT_WITHOUT_CALL_MS

from tests.backend.calls.ward import NOW, ROOM, Ward
from tests.helpers.signing import id_of


@pytest.fixture
def ward() -> Ward:
    return Ward()


async def test_a_press_is_stored_then_named(ward: Ward) -> None:
    wire = ward.bedside.place(NOW - 5)
    assert await ward.send(wire) == [{"t": "stored", "heard": {id_of(wire): NOW}}]
    assert ward.items() == [[wire, NOW, 0]]
    assert [record.kind for record in await ward.records()] == [RecordKind.FACT]


async def test_the_same_fact_again_keeps_its_first_time(ward: Ward) -> None:
    wire = ward.bedside.place(NOW)
    await ward.send(wire)
    ward.now += 60_000
    assert await ward.send(wire, wire) == [{"t": "stored", "heard": {id_of(wire): NOW}}]
    assert len(ward.items()) == 1


async def test_one_bad_fact_does_not_block_the_others(ward: Ward) -> None:
    good, forged = ward.bedside.place(NOW), ward.stranger.place(NOW)
    stored, refused = await ward.send(forged, "no fact", good)
    assert stored == {"t": "stored", "heard": {id_of(good): NOW}}
    assert refused["refused"] == [
        {"id": None, "index": 1, "reason": "malformed"},
        {"id": id_of(forged), "index": 0, "reason": "bad_signature"},
    ]
    assert ward.service.refusals == {"malformed": 1, "bad_signature": 1}


async def test_a_forged_signature_does_not_block_the_true_one(ward: Ward) -> None:
    """Anyone can put a wrong signature under somebody else's words: the id is not burnt by it."""
    wire = ward.bedside.place(NOW)
    fact = id_of(wire)
    forged = base64.b64encode(b"\x01" * 64 + base64.b64decode(wire)[64:]).decode()
    (refused,) = await ward.send(forged)
    assert refused["refused"][0] == {"id": fact, "index": 0, "reason": "bad_signature"}
    # nor do the others hear of it: they would drop the true one
    assert ward.documents.told == []
    assert await ward.send(wire) == [{"t": "stored", "heard": {fact: NOW}}]


async def test_what_a_terminal_may_not_do_silences_nothing_and_is_kept_as_refused(ward: Ward) -> None:
    call = ward.bedside.place(NOW)
    await ward.send(call)
    clear = ward.bedside.make(Act.CLEARED, NOW, (id_of(call),), policy="tender", way="remote")
    (answer,) = await ward.send(clear)
    assert answer["refused"] == [{"id": id_of(clear), "index": 0, "reason": "not_entitled"}]
    assert len(ward.items()) == 1
    document, payload, _ = ward.documents.told[-1]
    assert document == ROOM
    assert json.loads(payload)["refused"][0]["id"] == id_of(clear)
    (again,) = await ward.send(clear)
    assert again["refused"][0]["reason"] == "not_entitled"


async def test_a_fact_belongs_to_one_rooms_document(ward: Ward) -> None:
    wire = ward.bedside.place(NOW)
    (answer,) = await ward.send(wire, document=names.calls("thoracic", "r02"))
    assert answer["refused"][0]["reason"] == "wrong_room"
    (answer,) = await ward.send(wire, document=names.calls("cardiac", "r01"))
    assert answer["refused"][0]["reason"] == "wrong_ward"
    assert (await ward.send(wire))[0]["t"] == "stored"


async def test_a_revoked_terminal_is_refused(ward: Ward) -> None:
    ward.revoked.add("bed-b01")
    (answer,) = await ward.send(ward.bedside.place(NOW))
    assert answer["refused"][0]["reason"] == "revoked"


@pytest.mark.parametrize(("all_tender", "taken"), [(False, False), (True, True)])
async def test_the_wards_switch_decides_who_hangs_up_an_emergency(
    ward: Ward, all_tender: bool, taken: bool
) -> None:
    """CALL-08: with 允许任一终端挂断 on, any receiver clears a strict type; with it off, it is refused."""
    ward.all_tender = all_tender
    call = ward.bedside.place(NOW, type_="emergency")
    await ward.send(call)
    clear = ward.station.make(Act.CLEARED, NOW, (id_of(call),), policy="tender", way="remote")
    (answer,) = await ward.send(clear)
    assert (answer["t"] == "stored") is taken
    if not taken:
        assert answer["refused"][0]["reason"] == "policy"


async def test_a_full_disk_neither_takes_nor_refuses(ward: Ward) -> None:
    wire = ward.bedside.place(NOW)
    ward.documents.full = True
    assert await ward.send(wire) == [{"t": "unstored", "ids": [id_of(wire)], "reason": "storage"}]
    assert ward.items() == []
    ward.documents.full = False
    assert (await ward.send(wire))[0]["t"] == "stored"


@pytest.mark.parametrize(("seen", "missed"), [(True, 1), (False, 0)])
async def test_a_press_over_an_hour_late_is_missed_only_if_its_terminal_was_heard_since(
    ward: Ward, seen: bool, missed: int
) -> None:
    if seen:
        ward.seen.add("bed-b01")
    await ward.send(ward.bedside.place(NOW - MISSED_AFTER_MS - 1), ward.bedside.place(NOW - MISSED_AFTER_MS))
    assert sorted(item[2] for item in ward.items()) == [0, missed]


@pytest.mark.parametrize(
    "payload",
    [
        "",
        "[]",
        "{}",
        '{"t":"facts"}',
        '{"t":"facts","facts":[]}',
        '{"t":"facts","facts":[1]}',
        '{"t":"facts","facts":["x"],"more":1}',
        json.dumps({"t": "facts", "facts": ["x"] * 33}),
        '{"t":"open","ids":"x"}',
        '{"t":"open","ids":["\\ud800"]}',
        '{"t":"open","ids":["0123"]}',
        "[" * 5000,
    ],
)
async def test_a_frame_that_cannot_be_read_is_answered(ward: Ward, payload: str) -> None:
    (answer,) = await ward.service.handle(ward.sender(ward.bedside, "bedside"), ROOM, payload)
    assert json.loads(answer)["reason"] == "malformed"


async def test_who_may_not_send_facts_is_told(ward: Ward) -> None:
    (answer,) = await ward.send(ward.bedside.place(NOW), kind="corridor")
    assert answer == {"t": "error", "reason": "forbidden"}
    assert ward.items() == []


async def test_facts_leave_the_document_ten_minutes_after_the_call_and_do_not_come_back(ward: Ward) -> None:
    call = ward.bedside.place(NOW)
    await ward.send(call)
    await ward.send(ward.bedside.make(Act.CANCELLED, NOW, (id_of(call),)))
    other = ward.bedside.place(NOW + 1)
    await ward.send(other)
    ward.now += KEPT_AFTER_CLOSE_MS
    assert await ward.service.prune(ROOM) == 2
    assert [item[0] for item in ward.items()] == [other]
    (answer,) = await ward.send(call)
    assert answer == {"t": "stored", "heard": {id_of(call): NOW}}
    assert len(ward.items()) == 1


async def test_open_is_answered_with_what_closed_the_call(ward: Ward) -> None:
    call = ward.bedside.place(NOW)
    cancel = ward.bedside.make(Act.CANCELLED, NOW, (id_of(call),))
    await ward.send(call, cancel)
    payload = json.dumps({"t": "open", "ids": [id_of(call)]})
    (answer,) = await ward.service.handle(ward.sender(ward.bedside, "bedside"), ROOM, payload)
    facts = json.loads(answer)["facts"]
    assert sorted(facts) == sorted([[call, NOW, 0], [cancel, NOW, 0]])


async def test_a_press_that_comes_a_day_after_its_end_finds_its_end(ward: Ward) -> None:
    """CF44: the clear came first, by another way, and has left the document; the press must not ring."""
    call = ward.bedside.place(NOW)
    cancel = ward.bedside.make(Act.CANCELLED, NOW, (id_of(call),))
    await ward.send(cancel)
    ward.archive.entries = [read_item(item) for item in ward.items()]
    ward.now += KEPT_WITHOUT_CALL_MS
    assert await ward.service.prune(ROOM) == 1
    await ward.send(call)
    assert sorted(item[0] for item in ward.items()) == sorted([call, cancel])


@pytest.mark.parametrize("staff", ["n001", "nobody9", None])
async def test_a_name_under_an_act_is_one_of_the_wards_where_people_sign_in(
    ward: Ward, staff: str | None
) -> None:
    call = ward.bedside.place(NOW)
    await ward.send(call)
    named = {"staff": staff} if staff else {}
    at_station = ward.station.make(Act.ACKNOWLEDGED, NOW, (id_of(call),), **named)
    at_door = ward.door.make(Act.ATTENDED, NOW, (id_of(call),), **named)
    for wire, taken in ((at_station, staff != "nobody9"), (at_door, staff is None)):
        (answer,) = await ward.send(wire)
        assert answer["t"] == ("stored" if taken else "refused")

"""The one contract suite of the log port: its cases. test_contract.py runs them over every store.

Fixtures: `log` and `store` come for each store, `log_of_one_hub` for those that one hub holds. What is to be
seen where several do is in contract_of_hubs.py.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from pycrdt import Doc, Map
from ward_hub.log.port import BEGINNING, Cursor, Finding, Log, LogUnavailable, Record, RecordKind

from tests.helpers.stores import Store

MIB = 1024 * 1024
UNUSUAL_NAMES = (
    "ward/六A病房/calls",
    "a:b",
    "_leading",
    "with space/and%20percent?and#more&+",
    "naïve/😀",
    "e\u0301 is not \u00e9",
    "'; DROP TABLE record; --",
    "x" * 250,
)


def update(document: str, payload: bytes, at: int = 1) -> Record:
    return Record(document, RecordKind.UPDATE, payload, at)


def fact(key: str, payload: bytes = b"fact", kind: RecordKind = RecordKind.FACT) -> Record:
    return Record("ward/w/calls", kind, payload, 5, terminal="bed-b01", staff="s1", key=key)


def updates_of(count: int) -> list[bytes]:
    """Updates of one document that set a key to '0', '1', …"""
    doc: Doc[Any] = Doc(client_id=9)
    root = doc.get("m", type=Map)
    out: list[bytes] = []
    subscription = doc.observe(lambda event: out.append(event.update))
    for number in range(count):
        root["k"] = str(number)
    doc.unobserve(subscription)
    return out


def value_of(updates: list[bytes]) -> dict[str, Any]:
    """What a document with these updates holds."""
    doc: Doc[Any] = Doc()
    for each in updates:
        doc.apply_update(each)
    return dict(doc.get("m", type=Map).to_py() or {})


async def read(log: Log, after: Cursor = BEGINNING, *kinds: RecordKind) -> tuple[list[Record], Cursor]:
    """What stands after a place, and the place behind it."""
    found: list[Record] = []
    async for place, record in log.read(after, frozenset(kinds) or None):
        found.append(record)
        after = place
    return found, after


# append and load


async def test_a_document_loads_in_the_order_it_was_appended(log: Log) -> None:
    await log.append([update("a", b"1"), update("b", b"2")])
    await log.append([update("a", b"3")])
    assert await log.load("a") == [b"1", b"3"]
    assert await log.load("b") == [b"2"]
    assert await log.load("unknown") == []


async def test_an_append_of_nothing_is_done_at_once(log: Log) -> None:
    await log.append([])
    assert await read(log) == ([], BEGINNING)


async def test_every_field_of_a_record_comes_back(log: Log) -> None:
    records = [
        Record("d", RecordKind.UPDATE, b"\x00\xff", 1_790_000_000_123, "bed-b01", "s1"),
        Record("d", RecordKind.FACT, b"f", 0, None, "王小明", "key"),
        Record("d", RecordKind.REFUSED, b"r", 2**53 - 1, "door-1", None, "other"),
    ]
    for record in records:
        await log.append([record])
    assert (await read(log))[0] == records


async def test_many_appends_at_once_are_all_stored_in_their_order(log: Log) -> None:
    await asyncio.gather(*(log.append([update("a", bytes([number]))]) for number in range(100)))
    assert await log.load("a") == [bytes([number]) for number in range(100)]


async def test_records_of_one_append_stay_together(log: Log) -> None:
    """No append of another writer comes between, and none shows half."""
    pairs = [[update("a", bytes([number, part])) for part in (0, 1, 2)] for number in range(50)]
    halves: list[int] = []

    async def look() -> None:
        for _ in range(20):
            halves.append(len(await log.load("a")) % 3)

    await asyncio.gather(look(), *(log.append(pair) for pair in pairs))
    assert await log.load("a") == [record.payload for pair in pairs for record in pair]
    assert set(halves) == {0}


async def test_what_was_appended_is_there_for_who_opens_the_log_next(store: Store) -> None:
    if not store.keeps:
        pytest.skip("this store keeps nothing")
    log = await store.open("a")
    await log.append([update("a", b"1"), fact("k1")])
    first, place = await read(log)
    await log.close()
    log = await store.open("a")
    try:
        await log.append([update("a", b"2")])
        assert await log.load("a") == [b"1", b"2"]
        assert list(await log.known(["k1"])) == ["k1"]
        assert [record.payload for record in first] == [b"1", b"fact"]
        assert [record.payload for record in (await read(log, place))[0]] == [b"2"]
    finally:
        await log.close()


async def test_large_payloads_pass_unchanged(log: Log) -> None:
    large = bytes(range(256)) * (MIB // 256)
    await log.append([update("a", large), update("a", b"small")])
    assert await log.load("a") == [large, b"small"]
    assert (await read(log))[0][0].payload == large


async def test_an_empty_payload_and_an_empty_key_are_kept(log: Log) -> None:
    await log.append([update("a", b"")])
    await log.append([fact("", b"")])
    assert await log.load("a") == [b""]
    assert (await log.known([""]))[""].payload == b""


@pytest.mark.parametrize("name", UNUSUAL_NAMES)
async def test_names_of_documents_may_be_anything(log: Log, name: str) -> None:
    near = (name + "x", name[:-1] or "y", name.upper() + "y")
    await log.append([update(name, b"1")])
    for other in near:
        await log.append([update(other, b"other")])
    await log.append([Record(name, RecordKind.FACT, b"f", 1, key=f"key of {name}")])
    assert await log.load(name) == [b"1"]
    assert (await log.known([f"key of {name}"]))[f"key of {name}"].document == name


# known


async def test_facts_and_refusals_are_found_by_key_and_the_first_counts(log: Log) -> None:
    await log.append([fact("k1", b"one"), fact("k2", b"two", RecordKind.REFUSED)])
    await log.append([fact("k1", b"later"), fact("k2", b"later", RecordKind.REFUSED)])
    known = await log.known(["k1", "k2", "k3", "k1"])
    assert {key: record.payload for key, record in known.items()} == {"k1": b"one", "k2": b"two"}
    assert known["k2"].kind is RecordKind.REFUSED
    assert known["k1"].terminal == "bed-b01"
    assert known["k1"].staff == "s1"
    assert known["k1"].at == 5
    assert await log.known([]) == {}


async def test_a_fact_that_was_taken_counts_before_its_refusal(log: Log) -> None:
    await log.append([fact("k1", b"refused", RecordKind.REFUSED)])
    await log.append([fact("k1", b"taken")])
    await log.append([fact("k1", b"taken again")])
    await log.append([fact("k2", b"taken")])
    await log.append([fact("k2", b"refused", RecordKind.REFUSED)])
    known = await log.known(["k1", "k2"])
    assert {key: (record.kind, record.payload) for key, record in known.items()} == {
        "k1": (RecordKind.FACT, b"taken"),
        "k2": (RecordKind.FACT, b"taken"),
    }


async def test_many_keys_are_looked_up_at_once(log: Log) -> None:
    await log.append([fact(f"k{number}", str(number).encode()) for number in range(1203)])
    known = await log.known([f"k{number}" for number in range(0, 2000)])
    assert {key: record.payload for key, record in known.items()} == {
        f"k{number}": str(number).encode() for number in range(1203)
    }


# read


async def test_reactions_read_what_came_after(log: Log) -> None:
    await log.append([update("a", b"1"), fact("k1")])
    await log.append([fact("k2")])
    middle = (await read(log))[1]
    await log.append([update("a", b"2"), fact("k3", kind=RecordKind.REFUSED)])
    everything = [record.payload for record in (await read(log))[0]]
    facts = [record.key for record in (await read(log, BEGINNING, RecordKind.FACT))[0]]
    rest = [record.payload for record in (await read(log, middle))[0]]
    assert sorted(everything) == sorted([b"1", b"fact", b"fact", b"2", b"fact"])
    assert facts == ["k1", "k2"]
    assert sorted(rest) == sorted([b"2", b"fact"])


async def test_only_the_kinds_that_were_asked_for_are_read(log: Log) -> None:
    await log.append([update("a", b"1"), fact("k1"), fact("k2", kind=RecordKind.REFUSED)])
    both = (await read(log, BEGINNING, RecordKind.FACT, RecordKind.REFUSED))[0]
    assert {record.key for record in both} == {"k1", "k2"}
    assert [record.payload for record in (await read(log, BEGINNING, RecordKind.UPDATE))[0]] == [b"1"]


async def test_reading_goes_on_from_every_place_that_was_handed_out(log: Log) -> None:
    for number in range(5):
        await log.append([fact(f"k{number}")])
    places = [(place, record.key) async for place, record in log.read(BEGINNING)]
    for number, (place, _) in enumerate(places):
        rest = [record.key for record in (await read(log, place))[0]]
        assert rest == [key for _, key in places[number + 1 :]]


async def test_reading_pages_through_a_long_log(log: Log) -> None:
    keys = [f"k{number}" for number in range(1203)]
    await log.append([fact(key) for key in keys])
    assert [record.key for record in (await read(log))[0]] == keys


async def test_a_reader_beside_many_writers_misses_nothing(log: Log) -> None:
    """What an append that has returned stored is never skipped, however the writers' commits interleave."""
    writers, each = 20, 10
    done = asyncio.Event()
    seen: set[str | None] = set()

    async def write(writer: int) -> None:
        for number in range(each):
            await log.append([fact(f"{writer}/{number}")])

    async def follow_places() -> None:
        place = BEGINNING
        while not done.is_set():
            found, place = await read(log, place)
            seen.update(record.key for record in found)
            await asyncio.sleep(0)  # a log in memory never waits
        found, place = await read(log, place)
        seen.update(record.key for record in found)

    reader = asyncio.create_task(follow_places())
    await asyncio.gather(*(write(writer) for writer in range(writers)))
    done.set()
    await reader
    assert seen == {f"{writer}/{number}" for writer in range(writers) for number in range(each)}


# compact


async def test_compaction_keeps_the_document_and_the_facts(log: Log) -> None:
    payloads = updates_of(50)
    await log.append([update("a", payload) for payload in payloads] + [update("b", payloads[0]), fact("k1")])
    await log.compact("a")
    loaded = await log.load("a")
    assert len(loaded) == 1
    assert value_of(loaded) == {"k": "49"}
    assert await log.load("b") == [payloads[0]]
    assert list(await log.known(["k1"])) == ["k1"]
    assert [record.key for record in (await read(log, BEGINNING, RecordKind.FACT))[0]] == ["k1"]


async def test_appends_after_compaction_follow_the_snapshot(log: Log) -> None:
    payloads = updates_of(10)
    await log.append([update("a", payload) for payload in payloads[:8]])
    await log.append([fact("k1")])
    await log.compact("a")
    await log.compact("a")
    await log.append([update("a", payload) for payload in payloads[8:]])
    assert (await log.load("a"))[1:] == payloads[8:]
    await log.compact("a")
    assert len(await log.load("a")) == 1


async def test_a_place_still_holds_after_compaction(log: Log) -> None:
    payloads = updates_of(4)
    await log.append([update("a", payload) for payload in payloads[:3]])
    place = (await read(log))[1]
    await log.compact("a")
    await log.append([update("a", payloads[3])])
    assert payloads[3] in [record.payload for record in (await read(log, place))[0]]


async def test_compaction_keeps_what_waits_for_its_foundations(log: Log) -> None:
    """SY4."""
    payloads = updates_of(5)
    await log.append([update("a", payloads[0]), update("a", payloads[4])])
    await log.compact("a")
    await log.append([update("a", payload) for payload in payloads[1:4]])
    assert value_of(await log.load("a")) == {"k": "4"}


async def test_compaction_beside_writers_loses_nothing(log: Log) -> None:
    payloads = updates_of(60)

    async def write() -> None:
        for payload in payloads:
            await log.append([update("a", payload)])

    async def compact() -> None:
        for _ in range(5):
            await log.compact("a")

    await asyncio.gather(write(), compact())
    assert value_of(await log.load("a")) == {"k": "59"}


async def test_there_is_nothing_to_compact_in_an_unknown_document(log: Log) -> None:
    await log.compact("unknown")
    assert await log.load("unknown") == []


# check, close


async def test_a_sound_log_has_no_findings(log: Log) -> None:
    payloads = updates_of(5)
    await log.append([update("a", payload) for payload in payloads[:4]] + [fact("k1")])
    await log.compact("a")
    await log.append([update("a", payloads[4]), fact("k2", kind=RecordKind.REFUSED)])
    findings: list[Finding] = [finding async for finding in log.check()]
    assert findings == []
    assert value_of(await log.load("a")) == {"k": "4"}


async def test_closing_finishes_what_is_under_way(store: Store) -> None:
    log = await store.open("a")
    appends = [asyncio.create_task(log.append([update("a", bytes([number]))])) for number in range(20)]
    await asyncio.sleep(0)
    await log.close()
    await log.close()
    outcomes = await asyncio.gather(*appends, return_exceptions=True)
    assert outcomes == [None] * 20
    if store.keeps:
        again = await store.open("a")
        assert await again.load("a") == [bytes([number]) for number in range(20)]
        await again.close()


async def test_a_closed_log_says_that_it_is(store: Store) -> None:
    if not store.keeps:
        pytest.skip("this store has nothing to let go of")
    log = await store.open("a")
    await log.append([update("a", b"1")])
    await log.close()
    with pytest.raises(LogUnavailable):
        await log.append([update("a", b"2")])
    with pytest.raises(LogUnavailable):
        await log.load("a")
    with pytest.raises(LogUnavailable):
        await log.known(["k"])
    with pytest.raises(LogUnavailable):
        await read(log)


# follow


async def test_a_log_of_one_hub_has_nothing_to_follow(log_of_one_hub: Log) -> None:
    await log_of_one_hub.append([update("a", b"1")])
    assert [records async for records in log_of_one_hub.follow()] == []

"""Snapshots of several hubs: nothing is covered that was not read, nothing is removed that is needed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from ward_hub.log.couch.client import Couch, parse_address
from ward_hub.log.couch.log import CouchLog
from ward_hub.log.couch.names import UpdateId, partition_of
from ward_hub.log.couch.snapshots import Snapshots
from ward_hub.log.port import LogDamaged, RecordKind, Severity

from tests.backend.log.couch.conftest import QUICK, OpenHub
from tests.backend.log.couch.edits import Author, Replica, fact, update, value_of
from tests.helpers.couchdb_server import ask

NOW = 1_790_000_000_000
WINDOW_MS = 24 * 3600 * 1000
AT_ONCE = replace(QUICK, window_s=0.0)


def update_ids(url: str) -> list[str]:
    return [row["id"] for row in ask("GET", f"{url}/_all_docs")["rows"] if ":u:" in row["id"]]


def covers(url: str) -> dict[str, int]:
    return dict(ask("GET", f"{url}/d.a:s")["covers"])


class Clock:
    now = NOW

    def __call__(self) -> int:
        return self.now


@pytest.fixture
async def snapshots(url: str, hub: OpenHub) -> AsyncIterator[tuple[Snapshots, Clock]]:
    """What compacts, by a clock that the test sets."""
    await hub("maker")
    couch, clock = Couch(parse_address(url)), Clock()
    yield Snapshots(couch, clock, WINDOW_MS), clock
    await couch.close()


async def write(log: CouchLog, author: Author, count: int, at: int = NOW) -> None:
    for number in range(count):
        await log.append([update(author.set(f"k{number % 5}", f"{author.doc.client_id}/{number}"), at=at)])


async def test_two_hubs_that_compact_at_once_leave_one_snapshot_that_is_whole(url: str, hub: OpenHub) -> None:
    first, second = await hub("a"), await hub("b")
    for _ in range(5):
        await asyncio.gather(write(first, Author(1), 6), write(second, Author(2), 6))
        expected = value_of(await first.load("a"))
        await asyncio.gather(*(log.compact("a") for log in (first, second, first, second)))
        assert value_of(await first.load("a")) == value_of(await second.load("a")) == expected
    assert covers(url) == {first.boot: 30, second.boot: 30}


async def test_compaction_beside_writers_on_two_hubs_loses_nothing(url: str, hub: OpenHub) -> None:
    logs = [await hub("a", AT_ONCE), await hub("b", AT_ONCE)]
    authors = [Author(1), Author(2)]
    done = asyncio.Event()

    async def compact(log: CouchLog) -> None:
        while not done.is_set():
            await log.compact("a")

    compacting = [asyncio.create_task(compact(log)) for log in logs]
    await asyncio.gather(*(write(log, author, 60) for log, author in zip(logs, authors, strict=True)))
    done.set()
    await asyncio.gather(*compacting)
    fresh = await hub("c")
    loaded = value_of(await fresh.load("a"))
    assert all(value.rpartition("/")[2] in ("55", "56", "57", "58", "59") for value in loaded.values())
    merged = [update for author in authors for update in [author.doc.get_update()]]
    assert loaded == value_of(merged)


async def test_covered_updates_stay_for_the_window_and_facts_for_ever(
    url: str, hub: OpenHub, snapshots: tuple[Snapshots, Clock]
) -> None:
    maker, clock = snapshots
    log = await hub("a")
    author = Author(1)
    await write(log, author, 4)
    await log.append([update(author.set("last", "1")), replace(fact("k1"), document="a")])
    await maker.compact("a")
    assert len(await log.load("a")) == 1
    assert len(update_ids(url)) == 5
    clock.now += WINDOW_MS - 1
    assert await maker.tidy("a") == 0
    clock.now += 1
    assert await maker.tidy("a") == 5
    assert update_ids(url) == []
    assert value_of(await log.load("a")) == value_of([author.doc.get_update()])
    assert (await log.known(["k1"]))["k1"].payload == b"fact"
    facts = [record.key async for _, record in log.read("", frozenset({RecordKind.FACT}))]
    assert facts == ["k1"]
    assert [f async for f in log.check()] == []
    await log.append([update(author.set("after", "1"))])
    assert len(await log.load("a")) == 2


async def test_an_update_is_removed_a_window_after_it_was_covered_not_after_it_was_written(
    url: str, hub: OpenHub, snapshots: tuple[Snapshots, Clock]
) -> None:
    """A load that has read the snapshot of before is still to read them."""
    maker, clock = snapshots
    log = await hub("a")
    author = Author(1)
    await write(log, author, 3, at=NOW - 10 * WINDOW_MS)
    await maker.compact("a")
    clock.now += WINDOW_MS // 2
    await write(log, author, 3, at=NOW - 10 * WINDOW_MS)
    await maker.compact("a")
    clock.now += WINDOW_MS // 2
    await maker.compact("a")
    assert [name[-1] for name in update_ids(url)] == ["4", "5", "6"]
    clock.now += WINDOW_MS // 2
    await maker.compact("a")
    assert update_ids(url) == []


async def test_the_marks_of_a_busy_document_stay_few(
    url: str, hub: OpenHub, snapshots: tuple[Snapshots, Clock]
) -> None:
    maker, clock = snapshots
    log = await hub("a")
    author = Author(1)
    for _ in range(40):
        await write(log, author, 2)
        await maker.compact("a")
        clock.now += WINDOW_MS // 16
    assert len(ask("GET", f"{url}/d.a:s")["marks"]) <= 10
    assert len(update_ids(url)) <= 2 * 20


async def test_a_gap_is_not_covered_until_it_is_closed(
    url: str, hub: OpenHub, snapshots: tuple[Snapshots, Clock]
) -> None:
    """What may still land in it would be covered without having been read."""
    maker, clock = snapshots
    log = await hub("a")
    author = Author(1)
    await write(log, author, 2)
    lost = author.set("in doubt", "1")
    log._next("a")  # a write that was given up: its counter is used and nothing is there
    await write(log, author, 2)
    await maker.compact("a")
    assert covers(url) == {log.boot: 2}
    clock.now += 61_000
    await maker.compact("a")
    await maker.compact("a")
    assert covers(url) == {log.boot: 5}
    assert value_of([*await log.load("a"), lost])["in doubt"] == "1"
    assert [f.what for f in [f async for f in log.check()] if "checksum" in f.what] == []


async def test_ended_starts_of_hubs_are_forgotten_when_nothing_of_them_is_left(
    url: str, hub: OpenHub, snapshots: tuple[Snapshots, Clock]
) -> None:
    maker, clock = snapshots
    author = Author(1)
    for day in range(6):
        log = await hub("a")
        await write(log, author, 3)
        await maker.compact("a")
        clock.now += WINDOW_MS
        assert len(covers(url)) <= 3, day
    assert value_of(await log.load("a")) == value_of([author.doc.get_update()])


async def test_more_updates_than_one_request_takes_are_removed(
    url: str, hub: OpenHub, snapshots: tuple[Snapshots, Clock]
) -> None:
    maker, clock = snapshots
    log = await hub("a")
    author = Author(1)
    payloads = [author.set("k", str(number)) for number in range(450)]
    await asyncio.gather(*(log.append([update(payload)]) for payload in payloads))
    assert value_of(await log.load("a")) == {"k": "449"}
    await maker.compact("a")
    clock.now += WINDOW_MS
    assert await maker.tidy("a") == 450
    assert value_of(await log.load("a")) == {"k": "449"}


async def test_compaction_keys_a_fact_whose_hub_died_before_it_could(
    url: str, hub: OpenHub, snapshots: tuple[Snapshots, Clock]
) -> None:
    maker, clock = snapshots
    log = await hub("a")
    author = Author(1)
    await write(log, author, 2)
    await log.append([update(author.set("last", "1")), replace(fact("k1"), document="a")])
    (key,) = [row for row in ask("GET", f"{url}/_all_docs")["rows"] if row["id"].startswith("k")]
    ask("DELETE", f"{url}/{key['id']}?rev={key['value']['rev']}")
    assert [(f.severity, f.place) for f in [f async for f in log.check()]] == [(Severity.NOTICE, "facts")]
    await maker.compact("a")
    clock.now += WINDOW_MS
    assert await maker.tidy("a") == 3
    assert (await log.known(["k1"]))["k1"].payload == b"fact"
    assert [f async for f in log.check()] == []


async def test_removed_updates_are_nothing_to_who_follows(url: str, hub: OpenHub) -> None:
    log, other = await hub("a", AT_ONCE), await hub("b")
    there = Replica(other)
    author = Author(1)
    await write(log, author, 5)
    await log.compact("a")
    assert await log.tidy() == 5
    await log.append([update(b"\x00\x00", "b")])
    await there.hears(b"\x00\x00")
    assert there.lost == 0


async def test_all_documents_are_found(url: str, hub: OpenHub) -> None:
    log = await hub("a", AT_ONCE)
    names = {"a", "a-b", "a:b", "ward/w1/room/r1/calls", "病房", "x" * 300, "A", "_"}
    for name in names:
        author = Author(1)
        await log.append([update(author.set("k", "1"), name), update(author.set("k", "2"), name)])
        await log.compact(name)
    assert {name async for name in log._snapshots.documents()} == names
    assert await log.tidy() == len(names)
    assert update_ids(url) == []


async def test_a_damaged_snapshot_is_noticed(url: str, hub: OpenHub) -> None:
    log = await hub("a")
    await write(log, Author(1), 3)
    await log.compact("a")
    body = ask("GET", f"{url}/d.a:s?attachments=true")
    body["covers"] = {log.boot: 2}
    ask("PUT", f"{url}/d.a:s", body)
    with pytest.raises(LogDamaged, match="checksum"):
        await log.load("a")


async def test_updates_of_two_hubs_load_about_in_the_order_they_were_made(url: str, hub: OpenHub) -> None:
    """Yjs is slow with thousands of updates that come before what they build on."""
    later, earlier = await hub("a"), await hub("b")
    author = Author(1)
    first = [author.set("k", str(number)) for number in range(300)]
    second = [author.set("k", str(number)) for number in range(300, 600)]
    await asyncio.gather(*(earlier.append([update(p, at=NOW)]) for p in first))
    await asyncio.gather(*(later.append([update(p, at=NOW + 1)]) for p in second))
    loaded = await later.load("a")
    assert loaded == first + second
    begun = time.monotonic()
    assert value_of(loaded) == {"k": "599"}
    assert time.monotonic() - begun < 2.0


async def test_partitions_hold_what_their_name_says(url: str, hub: OpenHub) -> None:
    log = await hub("a")
    await log.append([update(b"1", "ward/w/board")])
    assert update_ids(url) == [str(UpdateId(partition_of("ward/w/board"), log.boot, 1))]

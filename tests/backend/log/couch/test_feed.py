"""The feed of what other hubs store: complete, whatever the server does to its lines."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from random import Random
from typing import Any
from urllib.parse import urlsplit

import pytest
from ward_hub.log.couch import feed as feed_module
from ward_hub.log.couch.documents import encode_update
from ward_hub.log.couch.log import open_couch_log
from ward_hub.log.couch.names import UpdateId, partition_of
from ward_hub.log.port import LogDamaged, LogUnavailable

from tests.backend.log.couch.conftest import QUICK, OpenHub, through
from tests.backend.log.couch.edits import Author, Replica, fact, until, update, value_of
from tests.backend.log.couch.fake import FakeCouch
from tests.helpers.couchdb_server import ask, real_url, server_url
from tests.helpers.fault_proxy import FaultProxy
from tests.helpers.feed_shuffler import FeedShuffler

MIB = 2**20


@pytest.fixture
async def shuffler(url: str) -> AsyncIterator[FeedShuffler]:
    async with FeedShuffler(
        server_url().rpartition("@")[0] + server_url().rpartition("@")[2], Random(7)
    ) as made:
        yield made


def shuffled(shuffler: FeedShuffler, url: str) -> str:
    """The database's address by way of the shuffler."""
    parts, own = urlsplit(url), urlsplit(shuffler.url)
    user, at, _ = parts.netloc.rpartition("@")
    return parts._replace(scheme=own.scheme, netloc=f"{user}{at}{own.netloc}").geturl()


async def test_documents_converge_over_feeds_that_repeat_rewind_and_change_the_order(
    url: str, hub: OpenHub, shuffler: FeedShuffler
) -> None:
    at = shuffled(shuffler, url)
    logs = [await hub("a", at=at), await hub("b", at=at)]
    replicas = [Replica(log) for log in logs]
    authors = [Author(1), Author(2)]
    own: list[list[bytes]] = [[], []]

    async def write(number: int) -> None:
        for n in range(60):
            payload = authors[number].set(f"k{n % 7}", f"{number}/{n}")
            own[number].append(payload)
            await logs[number].append([update(payload)])
            if n == 30:
                shuffler.end_feeds()

    await asyncio.gather(write(0), write(1))
    await replicas[0].hears(*own[1])
    await replicas[1].hears(*own[0])
    assert shuffler.moved > 30, "the shuffler left the feed as it was"
    assert replicas[0].lost == replicas[1].lost == 0
    expected = value_of(await logs[0].load("a"))
    assert len(expected) == 7
    for number in (0, 1):
        assert value_of(own[number] + replicas[number].updates()) == expected


async def test_a_feed_that_ends_is_taken_up_again(url: str, hub: OpenHub, shuffler: FeedShuffler) -> None:
    """CouchDB ends a feed with a line that has no document in it."""
    other, log = await hub("b"), await hub("a", at=shuffled(shuffler, url))
    here = Replica(log)
    for number in range(4):
        await other.append([update(bytes([number]))])
        await here.hears(bytes([number]))
        before = log.feed_reconnects
        shuffler.end_feeds()
        await until(lambda before=before: log.feed_reconnects > before)  # type: ignore[misc]
    assert here.lost == 0


async def test_an_overlong_line_is_left_out_and_the_documents_are_loaded_again(
    url: str, hub: OpenHub, shuffler: FeedShuffler, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed_module, "LONGEST_LINE", MIB)
    other, log = await hub("b"), await hub("a", at=shuffled(shuffler, url))
    here = Replica(log)
    shuffler.insert = [b'{"seq":"1-x","id":"d.a:u:b-1:000000000001","doc":{"x":"' + b"y" * 3 * MIB + b'"}}']
    await other.append([update(b"1")])
    await here.loses_its_place()
    await here.hears(b"1")
    assert log.feed_skipped == 1


async def test_lines_of_half_a_megabyte_and_more_pass(url: str, hub: OpenHub) -> None:
    """The feed of aiocouch ends on a line of more than 512 KiB."""
    log, other = await hub("a"), await hub("b")
    here = Replica(log)
    payloads = [bytes([number]) * (MIB + number) for number in range(3)]
    for payload in payloads:
        await other.append([update(payload)])
    await here.hears(*payloads)


async def test_an_append_beyond_the_limit_of_a_document_is_stored_beside_it(url: str, hub: OpenHub) -> None:
    """`max_document_size` is 8,000,000 bytes; what is attached does not count."""
    log, other = await hub("a"), await hub("b")
    here = Replica(log)
    large = update(b"\x07" * 7 * MIB)
    await other.append([large, update(b"small"), fact("k")])
    await here.hears(large.payload)
    assert here.heard == [(large, update(b"small"))] or here.heard[0] == (large, update(b"small"))
    assert await log.load("a") == [large.payload, b"small"]
    read = [record async for _, record in log.read("")]
    assert {record.payload for record in read} == {large.payload, b"small", b"fact"}
    (name,) = [row["id"] for row in ask("GET", f"{url}/_all_docs")["rows"] if row["id"].startswith("d.a:u:")]
    body = ask("GET", f"{url}/{name}")
    assert len(json.dumps(body)) < 1000


async def test_ones_own_appends_are_not_even_decoded(
    url: str, hub: OpenHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    decoded: list[str] = []
    original = feed_module.Feed._records_of

    async def counted(self: feed_module.Feed, row: dict[str, object]) -> object:
        decoded.append(str(row["id"]))
        return await original(self, row)

    monkeypatch.setattr(feed_module.Feed, "_records_of", counted)
    log, other = await hub("a"), await hub("b")
    here = Replica(log)
    await asyncio.gather(*(log.append([update(b"own"), fact(str(n))]) for n in range(20)))
    await other.append([update(b"theirs")])
    await here.hears(b"theirs")
    assert len(decoded) == 1


async def test_lines_as_couchdb_writes_them_are_read() -> None:
    """Sequences are strings that nobody may look into; the stand-in's are numbers, at the end of a line."""

    def line(seq: str, name: str, **rest: Any) -> bytes:
        changes = {"seq": seq, "id": name, "changes": [{"rev": "1-a"}]}
        return json.dumps({**changes, **rest}, separators=(",", ":")).encode()

    async with FakeCouch() as fake:
        log = await open_couch_log(f"http://127.0.0.1:{fake.port}/ward", "a", times=QUICK)
        foreign = UpdateId(partition_of("a"), "b-1", 1)
        own = UpdateId(partition_of("a"), log.boot, 1)
        gone = UpdateId(partition_of("a"), "b-1", 2)
        body = encode_update(foreign, "a", [update(b"1")])
        fake.lines = [
            line("1-g1AAAA-_x", str(own), doc=encode_update(own, "a", [update(b"own")])),
            b"",
            line("2-g1AAAB", "meta:log", doc={"_id": "meta:log"}),
            line("3-g1AAAC", str(gone), deleted=True, doc={"_id": str(gone), "_deleted": True}),
            line("4-g1AAAD", str(foreign), doc=body),
            b'{"last_seq":"5-g1AAAE","pending":0}',
        ]
        here = Replica(log)
        await until(lambda: len(fake.since) == 2)
        assert here.heard == [(update(b"1"),)]
        assert fake.since == ["0", "4-g1AAAD"]
        await log.close()
        await here.task


async def test_one_documents_bad_data_does_not_end_the_feed_of_the_others(url: str, hub: OpenHub) -> None:
    log, other = await hub("a"), await hub("b")
    here = Replica(log)
    bad = str(UpdateId(partition_of("bad"), "c-1", 1))
    ask(
        "PUT",
        f"{url}/{bad}",
        {"v": 1, "doc": "bad", "records": [["update", "AA==", 1, None, None, None]], "sum": 1},
    )
    ask("PUT", f"{url}/{bad[:-1]}2", {"v": 9, "of": "a version to come"})
    ask("PUT", f"{url}/unknown", {"not": "ours"})
    await other.append([update(b"1")])
    await here.hears(b"1")
    assert log.feed_skipped == 2
    with pytest.raises(LogDamaged, match="checksum"):
        await log.load("bad")
    findings = [finding async for finding in log.check()]
    assert any("checksum" in finding.what for finding in findings)


async def test_a_place_that_is_older_than_the_window_is_lost(
    url: str, hub: OpenHub, proxy: FaultProxy
) -> None:
    """What was covered and removed meanwhile would be missed."""
    log = await hub("a", replace(QUICK, window_s=1.0), at=through(proxy, url))
    other = await hub("b")
    here = Replica(log)
    await other.append([update(b"1")])
    await here.hears(b"1")
    proxy.freeze()
    await until(lambda: log.feed_reconnects > 1)
    proxy.thaw()
    await here.loses_its_place()
    await other.append([update(b"2")])
    await here.hears(b"2")


async def test_a_database_that_is_gone_is_no_empty_document(url: str, hub: OpenHub) -> None:
    log = await hub("a")
    assert await log.load("a") == []
    await asyncio.to_thread(ask, "DELETE", url)
    with pytest.raises(LogUnavailable):
        await log.load("a")
    with pytest.raises(LogUnavailable):
        await log.known(["k"])


async def test_what_another_log_in_its_place_holds_is_followed_after_loading_again(
    url: str, hub: OpenHub, proxy: FaultProxy
) -> None:
    log = await hub("a", at=through(proxy, url))
    here = Replica(log)
    proxy.cut()
    await asyncio.to_thread(ask, "DELETE", url)
    proxy.cut()
    if real_url() is None:
        proxy.freeze()  # the stand-in keeps the feed of a deleted database open and silent
        await until(lambda: log.feed_reconnects > 0)
        proxy.thaw()
    other = await hub("b")
    await here.loses_its_place()
    await other.append([update(b"2")])
    await here.hears(b"2")
    assert await log.load("a") == [b"2"]

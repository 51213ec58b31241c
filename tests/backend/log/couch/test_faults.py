"""What network and server do to writes: nothing acknowledged is lost, and no append is stored twice."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from pathlib import Path

import pytest
from ward_hub.log.couch.log import CouchLog, Times, open_couch_log
from ward_hub.log.couch.names import UpdateId, partition_of
from ward_hub.log.port import LogUnavailable

from tests.backend.log.couch.conftest import QUICK, OpenHub, through
from tests.backend.log.couch.edits import Author, Replica, fact, until, update, value_of
from tests.helpers.couchdb_server import StandIn, ask, need_stand_in
from tests.helpers.fault_proxy import FaultProxy


async def test_a_server_that_freezes_is_noticed_within_seconds_and_writes_in_doubt_are_resolved(
    url: str, hub: OpenHub, proxy: FaultProxy
) -> None:
    log, other = await hub("a", at=through(proxy, url)), await hub("b")
    here, there = Replica(log), Replica(other)
    author = Author(1)
    await log.append([update(author.set("before", "1"))])
    await other.append([update(b"\x00\x00", "b")])
    await here.hears(b"\x00\x00")

    proxy.freeze()
    frozen_at = time.monotonic()
    writes = [asyncio.create_task(log.append([update(author.set(f"k{n}", "1"))])) for n in range(20)]
    await until(lambda: log.feed_reconnects > 0)
    assert time.monotonic() - frozen_at < 5 * QUICK.silence_s
    assert log.feed_heard_at is not None
    assert log.feed_heard_at < frozen_at + QUICK.silence_s
    await other.append([update(b"\x00\x00", "meanwhile")])
    await asyncio.sleep(QUICK.request_s)  # until a write has had no answer: it is in doubt then
    assert not any(write.done() for write in writes)

    proxy.thaw()
    await asyncio.gather(*writes)
    await here.hears(b"\x00\x00")
    loaded = await log.load("a")
    assert len(loaded) == 21  # each append once, although it was sent more than once
    assert value_of(loaded) == {"before": "1"} | {f"k{n}": "1" for n in range(20)}
    await there.hears(*loaded)
    assert here.lost == 0


async def test_a_write_whose_answer_is_lost_is_stored_once(url: str, hub: OpenHub, proxy: FaultProxy) -> None:
    log = await hub("a", at=through(proxy, url))
    proxy.drop_answer(b"_bulk_docs")
    await log.append([update(b"1"), fact("k1")])
    assert proxy.dropped == 1
    proxy.drop_answer(b'"_id":"k')
    await log.append([update(b"2"), fact("k2")])
    assert proxy.dropped == 2
    assert await log.load("a") == [b"1", b"2"]
    assert set(await log.known(["k1", "k2"])) == {"k1", "k2"}


async def test_connections_that_break_at_any_byte_lose_nothing(
    url: str, hub: OpenHub, proxy: FaultProxy
) -> None:
    log, other = await hub("a", at=through(proxy, url)), await hub("b", at=through(proxy, url))
    there = Replica(other)
    payloads = [bytes([number]) for number in range(60)]
    for number, payload in enumerate(payloads):
        if number % 3 == 0:
            proxy.cut_after(7 * number % 400)
        if number % 20 == 19:
            proxy.cut()
        await log.append([update(payload)])
    await there.hears(*payloads)
    assert proxy.dropped >= 15
    assert await (await hub("c")).load("a") == payloads


async def test_a_slow_server_is_waited_for(url: str, hub: OpenHub, proxy: FaultProxy) -> None:
    log = await hub("a", at=through(proxy, url))
    proxy.delay(300)
    await asyncio.gather(*(log.append([update(bytes([number]))]) for number in range(10)))
    proxy.delay(0)
    assert await log.load("a") == [bytes([number]) for number in range(10)]


async def test_a_write_that_stays_in_doubt_fails_in_time_and_the_next_one_works(
    url: str, hub: OpenHub, proxy: FaultProxy
) -> None:
    times = Times(request_s=0.5, write_s=1.2, heartbeat_s=0.2, silence_s=0.7)
    log = await hub("a", times, at=through(proxy, url))
    proxy.freeze()
    begun = time.monotonic()
    with pytest.raises(LogUnavailable):
        await log.append([update(b"1")])
    assert time.monotonic() - begun < 4.0
    with pytest.raises(LogUnavailable):
        await log.load("a")
    proxy.thaw()
    before = await log.load("a")
    await log.append([update(b"2")])
    # What was given up is there when the document is read again, or never: it does not land behind that.
    assert await log.load("a") == [*before, b"2"]
    assert before in ([], [b"1"])
    assert await log._couch.get(str(UpdateId(partition_of("a"), log.boot, 1))) is not None


async def test_closing_does_not_hang_on_a_frozen_server(url: str, hub: OpenHub, proxy: FaultProxy) -> None:
    log = await hub("a", Times(), at=through(proxy, url))
    here = Replica(log)
    write = asyncio.create_task(log.append([update(b"1")]))
    proxy.freeze()
    await asyncio.sleep(0)
    async with asyncio.timeout(6.0):
        await log.close()
        await asyncio.gather(write, return_exceptions=True)
        await here.task


async def test_a_server_that_is_killed_under_writers_loses_nothing_acknowledged(tmp_path: Path) -> None:
    need_stand_in()
    server = StandIn(tmp_path)
    server.start()
    logs: list[CouchLog] = []
    try:
        for name in "ab":
            logs.append(await open_couch_log(f"{server.url}/ward", name, times=replace(QUICK, write_s=30.0)))
        there = Replica(logs[1])
        acknowledged: list[bytes] = []

        async def write(writer: int) -> None:
            for number in range(15):
                payload = bytes([writer, number])
                await logs[0].append([update(payload)])
                acknowledged.append(payload)

        writers = [asyncio.create_task(write(writer)) for writer in range(4)]
        await until(lambda: len(acknowledged) >= 12)
        server.kill()
        await asyncio.to_thread(server.start)
        await asyncio.gather(*writers)
        loaded = await logs[1].load("a")
        assert sorted(loaded) == sorted(acknowledged)
        await there.hears(*acknowledged)
        assert there.lost == 0
    finally:
        for log in logs:
            await log.close()
        server.stop()


async def test_two_hubs_that_open_at_once_make_one_log(url: str, hub: OpenHub) -> None:
    logs = await asyncio.gather(*(hub(name) for name in "abcdef"))
    assert len({log.log_id for log in logs}) == 1
    payloads = [bytes([number]) for number in range(6)]
    await asyncio.gather(*(log.append([update(p)]) for log, p in zip(logs, payloads, strict=True)))
    for log in logs:
        assert sorted(await log.load("a")) == payloads


async def test_racing_facts_of_one_key_are_one_fact(url: str, hub: OpenHub) -> None:
    logs = await asyncio.gather(*(hub(name) for name in "abcd"))
    await asyncio.gather(*(log.append([fact("k", f"by {n}".encode())]) for n, log in enumerate(logs)))
    known = [(await log.known(["k"]))["k"].payload for log in logs]
    assert len(set(known)) == 1
    facts = [doc for doc in ask("GET", f"{url}/_all_docs")["rows"] if doc["id"].startswith("k")]
    assert len(facts) == 1

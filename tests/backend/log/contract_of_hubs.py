"""The contract suite of the log port for stores that several hubs hold at once.

Fixtures: `store_of_hubs`, and `logs`: two hubs on one store. The other cases are in contract.py.
"""

from __future__ import annotations

import asyncio

from ward_hub.log.port import BEGINNING, Log, Record, RecordKind

from tests.backend.log.contract import MIB, fact, read, update, updates_of, value_of
from tests.helpers.stores import Store

FOLLOW_S = 10.0  # far beyond what a feed takes; ends a test that would hang


class Follower:
    """Collects what one hub's feed brings of the others."""

    def __init__(self, log: Log) -> None:
        self.appends: list[tuple[Record, ...]] = []
        self._more = asyncio.Event()
        self._feed = log.follow()
        self._task = asyncio.create_task(self._collect())

    async def brings(self, *wanted: Record) -> None:
        """Wait until all of these have come."""
        async with asyncio.timeout(FOLLOW_S):
            while not set(wanted) <= {record for append in self.appends for record in append}:
                assert not self._task.done(), self._task
                self._more.clear()
                await self._more.wait()

    async def ends(self) -> None:
        async with asyncio.timeout(FOLLOW_S):
            await self._task

    async def _collect(self) -> None:
        async for append in self._feed:
            assert append is not None, "the place was lost"
            self.appends.append(append)
            self._more.set()


async def test_two_hubs_see_each_others_appends_and_not_their_own(logs: tuple[Log, Log]) -> None:
    first, second = logs
    of_second, of_first = Follower(first), Follower(second)
    by_first = [update("a", bytes([number]), at=number) for number in range(20)]
    by_second = [update("b", bytes([number]), at=number) for number in range(20)]
    await asyncio.gather(
        *(first.append([record]) for record in by_first), *(second.append([record]) for record in by_second)
    )
    await asyncio.gather(of_second.brings(*by_second), of_first.brings(*by_first))
    assert {record for append in of_second.appends for record in append} == set(by_second)
    assert {record for append in of_first.appends for record in append} == set(by_first)
    assert await first.load("b") == await second.load("b") == [record.payload for record in by_second]


async def test_what_is_stored_from_the_call_of_follow_on_is_brought(logs: tuple[Log, Log]) -> None:
    """Also before anybody has begun to read the feed: who loads in between has no gap."""
    first, second = logs
    feed = first.follow()
    assert await first.load("a") == []
    await second.append([update("a", b"1")])
    async with asyncio.timeout(FOLLOW_S):
        assert await anext(aiter(feed)) == (update("a", b"1"),)


async def test_one_append_comes_as_one_with_every_field(logs: tuple[Log, Log]) -> None:
    first, second = logs
    follower = Follower(first)
    append = (
        Record("病房/a", RecordKind.UPDATE, b"\x00\xff", 7, "bed-b01", "s1"),
        Record("病房/a", RecordKind.FACT, b"", 8, None, "王小明", "key"),
        Record("病房/a", RecordKind.REFUSED, b"r", 9, "door-1", None, "other"),
    )
    await second.append(append)
    await follower.brings(*append)
    assert follower.appends == [append]


async def test_large_appends_are_followed(logs: tuple[Log, Log]) -> None:
    first, second = logs
    follower = Follower(first)
    large = update("a", bytes(range(256)) * (MIB // 256))
    await second.append([large])
    await second.append([update("a", b"small")])
    await follower.brings(large, update("a", b"small"))


async def test_what_one_hub_stored_the_other_loads_knows_and_reads(logs: tuple[Log, Log]) -> None:
    first, second = logs
    await first.append([update("a", b"1")])
    await first.append([fact("k1", b"refused", RecordKind.REFUSED)])
    await second.append([fact("k1", b"taken")])
    assert await second.load("a") == [b"1"]
    assert [(await log.known(["k1"]))["k1"].payload for log in logs] == [b"taken", b"taken"]
    for log in logs:
        found = (await read(log))[0]
        assert {(record.document, record.payload) for record in found} == {
            ("a", b"1"),
            ("ward/w/calls", b"refused"),
            ("ward/w/calls", b"taken"),
        }


async def test_a_reader_beside_two_hubs_misses_nothing(logs: tuple[Log, Log]) -> None:
    """Records may come twice; none is left out, whatever place the reader goes on from."""
    first, second = logs
    seen: set[str | None] = set()
    place = BEGINNING
    for number in range(10):
        await asyncio.gather(first.append([fact(f"a/{number}")]), second.append([fact(f"b/{number}")]))
        found, place = await read(first, place)
        seen.update(record.key for record in found)
        assert {f"a/{number}", f"b/{number}"} <= seen


async def test_what_came_twice_changes_nothing(logs: tuple[Log, Log]) -> None:
    first, second = logs
    payloads = updates_of(5)
    for log in logs:
        await log.append([update("a", payload) for payload in payloads])
    await first.compact("a")
    for log in logs:
        assert value_of(await log.load("a")) == {"k": "4"}
    await asyncio.gather(first.compact("a"), second.compact("a"))
    assert value_of(await second.load("a")) == {"k": "4"}


async def test_either_hub_may_compact_beside_the_others_writing(logs: tuple[Log, Log]) -> None:
    first, second = logs
    payloads = updates_of(40)

    async def write(log: Log, own: list[bytes]) -> None:
        for payload in own:
            await log.append([update("a", payload)])

    async def compact() -> None:
        for log in (first, second, first):
            await log.compact("a")

    await asyncio.gather(write(first, payloads[::2]), write(second, payloads[1::2]), compact())
    for log in logs:
        assert value_of(await log.load("a")) == {"k": "39"}


async def test_a_feed_ends_when_its_log_is_closed(store_of_hubs: Store) -> None:
    log = await store_of_hubs.open("a")
    follower = Follower(log)
    await asyncio.sleep(0)
    await log.close()
    await follower.ends()

"""Addresses, headers and statuses: what the log makes of what a server says."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from ward_hub.log.couch.client import parse_address
from ward_hub.log.couch.log import CouchLog, open_couch_log
from ward_hub.log.open import open_log
from ward_hub.log.port import LogRefused, LogUnavailable, StorageFull

from tests.backend.log.couch.conftest import QUICK
from tests.backend.log.couch.edits import Replica, fact, until, update
from tests.backend.log.couch.fake import BULK, FEED, LOOK_UP, FakeCouch
from tests.helpers.free_ports import free_ports

PASSWORD = "p@ss:w/rd"
QUOTED = "p%40ss%3Aw%2Frd"


@pytest.fixture
async def fake() -> AsyncIterator[FakeCouch]:
    async with FakeCouch() as made:
        yield made


@pytest.fixture
async def log(fake: FakeCouch) -> AsyncIterator[CouchLog]:
    made = await open_couch_log(f"http://hub:{QUOTED}@127.0.0.1:{fake.port}/ward", "a", times=QUICK)
    yield made
    await made.close()


def test_an_address_is_read_and_shown_without_its_password() -> None:
    address = parse_address(f"https://hub:{QUOTED}@db.example:6984/couch/ward_g1")
    assert (address.server, address.database) == ("https://db.example:6984/couch", "ward_g1")
    assert address.shown == "https://db.example:6984/couch/ward_g1"
    assert parse_address("http://[::1]:5984/ward").server == "http://[::1]:5984"
    assert parse_address("http://127.0.0.1:5984/ward").authorization is None


@pytest.mark.parametrize(
    "wrong",
    [
        f"http://hub:{QUOTED}@127.0.0.1:5984",
        f"ftp://hub:{QUOTED}@127.0.0.1/ward",
        f"http://hub:{QUOTED}@127.0.0.1:port/ward",
        f"http://hub:{QUOTED}@127.0.0.1:5984/Ward",
        f"//hub:{QUOTED}@127.0.0.1/ward",
        "",
    ],
)
def test_an_address_that_is_none_is_refused_without_showing_its_password(wrong: str) -> None:
    with pytest.raises(ValueError, match="expected") as caught:
        parse_address(wrong)
    assert "p@ss" not in str(caught.value)
    assert QUOTED not in str(caught.value)


async def test_every_request_carries_the_password_and_asks_for_plain_json(
    fake: FakeCouch, log: CouchLog
) -> None:
    here = Replica(log)
    await log.append([update(b"1")])
    await asyncio.gather(log.known(["k"]), log.known(["l"]))
    await until(lambda: fake.asked.count(f"GET {FEED}") == 2)
    assert not here.task.done()
    assert {headers["Authorization"] for headers in fake.headers} == {"Basic aHViOnBAc3M6dy9yZA=="}
    assert {headers["Accept"] for headers in fake.headers} == {"application/json"}
    assert {headers["Accept-Encoding"] for headers in fake.headers} == {"identity"}


@pytest.mark.parametrize("status", [401, 403])
async def test_a_hub_that_is_not_let_in_stops_asking(fake: FakeCouch, log: CouchLog, status: int) -> None:
    """Five tries with a wrong password lock out everybody behind the same address."""
    fake.answers[BULK] = [status]
    with pytest.raises(LogRefused, match=str(status)) as caught:
        await log.append([update(b"1")])
    assert PASSWORD not in str(caught.value)
    asked = len(fake.asked)
    for attempt in (log.append([update(b"2")]), log.load("a"), log.known(["k"]), log.compact("a")):
        with pytest.raises(LogRefused):
            await attempt
    with pytest.raises(LogRefused):
        await log.leases.write("hospital", "a", None)
    with pytest.raises(LogRefused):
        await anext(aiter(log.follow()))
    assert len(fake.asked) == asked


async def test_a_feed_that_is_not_let_in_says_so_and_stops_the_log(fake: FakeCouch, log: CouchLog) -> None:
    fake.answers[FEED] = [401]
    here = Replica(log)
    with pytest.raises(LogRefused):
        await here.task
    with pytest.raises(LogRefused):
        await log.append([update(b"1")])


async def test_a_hub_that_is_not_let_in_at_its_start_is_told(fake: FakeCouch) -> None:
    fake.answers["ward"] = [401]
    with pytest.raises(LogRefused, match="does not let this hub in"):
        await open_couch_log(f"http://hub:{QUOTED}@127.0.0.1:{fake.port}/ward", "a")
    assert len(fake.asked) == 1


async def test_a_user_who_may_not_make_the_database_is_told(fake: FakeCouch) -> None:
    fake.answers["ward"] = [404, 403]
    with pytest.raises(LogRefused, match="no such database, and this user may not make one"):
        await open_couch_log(f"http://hub:{QUOTED}@127.0.0.1:{fake.port}/ward", "a")


async def test_a_write_that_is_not_yet_at_quorum_counts_when_it_was_read_back(
    fake: FakeCouch, log: CouchLog
) -> None:
    fake.answers[BULK] = [202]
    await log.append([update(b"1")])
    assert fake.asked.count(f"POST {BULK}") == 2
    assert f"POST {LOOK_UP}" in fake.asked


async def test_a_write_that_never_comes_to_quorum_fails(fake: FakeCouch) -> None:
    log = await open_couch_log(f"http://127.0.0.1:{fake.port}/ward", "a", times=QUICK)
    fake.answers[BULK] = [503] * 100
    log._times = replace(QUICK, write_s=0.3)
    with pytest.raises(LogUnavailable):
        await log.append([update(b"1")])
    await log.close()


@pytest.mark.parametrize("status", [413, 507])
async def test_what_the_database_has_no_room_for_is_a_full_store(
    fake: FakeCouch, log: CouchLog, status: int
) -> None:
    fake.answers[BULK] = [status]
    with pytest.raises(StorageFull):
        await log.append([update(b"1")])
    fake.answers[BULK] = [status]
    with pytest.raises(LogUnavailable):
        await log.leases.write("hospital", "a", None)
    assert fake.documents == {}
    await log.append([update(b"2")])


async def test_one_append_that_is_too_large_does_not_take_the_group_with_it(
    fake: FakeCouch, log: CouchLog
) -> None:
    fake.answers[BULK] = [413, 200, 413, 200]
    outcomes = await asyncio.gather(
        *(log.append([update(bytes([number]))]) for number in range(3)), return_exceptions=True
    )
    assert [isinstance(outcome, StorageFull) for outcome in outcomes] == [False, True, False]
    assert len(fake.documents) == 2


async def test_a_busy_server_is_asked_again(fake: FakeCouch, log: CouchLog) -> None:
    fake.answers[BULK] = [500, 503, 502]
    await log.append([update(b"1"), fact("k")])
    assert len(fake.documents) == 3


async def test_a_fact_whose_hub_died_between_its_two_writes_is_taken_again(fake: FakeCouch) -> None:
    url = f"http://127.0.0.1:{fake.port}/ward"
    first = await open_couch_log(url, "a", times=replace(QUICK, write_s=0.3))
    append = [replace(update(b"1"), document="calls"), fact("k")]
    fake.answers[BULK] = [200] + [503] * 50
    with pytest.raises(LogUnavailable):
        await first.append(append)
    await first.close()
    assert len(fake.documents) == 1
    fake.answers.clear()
    second = await open_couch_log(url, "b", times=QUICK)
    assert await second.known(["k"]) == {}
    await second.append(append)
    assert (await second.known(["k"]))["k"] == append[1]
    assert len(fake.documents) == 3  # the update and the fact twice, which changes nothing, and the key
    await second.close()


async def test_a_void_in_its_place_moves_a_write_to_the_next_id(fake: FakeCouch, log: CouchLog) -> None:
    """Another hub has closed the gap that the write in doubt had left."""
    fake.answers[BULK] = [503]
    append = asyncio.create_task(log.append([update(b"1")]))
    await until(lambda: f"POST {BULK}" in fake.asked)
    (name,) = [f"d.a:u:{log.boot}:000000000001"]
    fake.documents[name] = {"_id": name, "v": 1, "doc": "a", "records": [], "sum": 0}
    await append
    assert [stored["records"][:1] for stored in fake.documents.values()] == [
        [],
        [["update", "MQ==", 1, None, None, None]],
    ]
    assert list(fake.documents)[1].endswith(":000000000002")


async def test_nobody_there_is_said_without_the_password() -> None:
    (port,) = free_ports(1)
    with pytest.raises(LogUnavailable) as caught:
        await open_log(f"couchdb:http://hub:{QUOTED}@127.0.0.1:{port}/ward", Path("/nonexistent"), "a")
    assert f"http://127.0.0.1:{port}/ward" in str(caught.value)
    chain = f"{caught.value!r} {caught.value.__cause__!r}"
    assert "p@ss" not in chain
    assert QUOTED not in chain

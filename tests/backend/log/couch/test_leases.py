"""Leases on the log's database: one writer wins, and who does not know whether he won is told so."""

from __future__ import annotations

import asyncio

import pytest
from ward_hub.leases.port import LeaseState
from ward_hub.log.port import LogUnavailable

from tests.backend.log.couch.conftest import OpenHub, through
from tests.helpers.fault_proxy import FaultProxy


async def test_whoever_writes_over_what_he_has_read_holds_it(hub: OpenHub) -> None:
    first, second = (await hub("a")).leases, (await hub("b")).leases
    assert await first.read(["ward/w1", "hospital"]) == {}
    taken = await first.write("ward/w1", "a", None)
    assert taken is not None
    assert await second.write("ward/w1", "b", None) is None
    assert await second.read(["ward/w1", "hospital"]) == {"ward/w1": taken}
    renewed = await first.write("ward/w1", "a", taken.version)
    assert renewed is not None
    assert renewed.version != taken.version
    assert await second.write("ward/w1", "b", taken.version) is None
    assert await first.write("ward/w1", "", renewed.version) is not None
    given_up = (await second.read(["ward/w1"]))["ward/w1"]
    assert given_up.holder == ""
    assert await second.write("ward/w1", "b", given_up.version) is not None


async def test_of_many_that_race_one_wins_every_time(hub: OpenHub) -> None:
    stores = [(await hub(name)).leases for name in "abcdef"]
    version: str | None = None
    for _ in range(10):
        outcomes = await asyncio.gather(*(s.write("hospital", str(n), version) for n, s in enumerate(stores)))
        (won,) = [outcome for outcome in outcomes if outcome is not None]
        assert await stores[0].read(["hospital"]) == {"hospital": LeaseState(won.holder, won.version)}
        version = won.version


async def test_all_leases_of_a_beat_share_a_request(hub: OpenHub) -> None:
    log = await hub("a")
    names = [f"ward/w{number}" for number in range(40)]
    written = await asyncio.gather(*(log.leases.write(name, "a", None) for name in names))
    assert all(state is not None for state in written)
    assert log.requests <= 2
    assert set(await log.leases.read(names)) == set(names)


async def test_an_answer_that_is_lost_leaves_nobody_sure(url: str, hub: OpenHub, proxy: FaultProxy) -> None:
    leases = (await hub("a", at=through(proxy, url))).leases
    proxy.drop_answer(b"_bulk_docs")
    with pytest.raises(LogUnavailable):
        await leases.write("hospital", "a", None)
    assert (await leases.read(["hospital"]))["hospital"].holder == "a"

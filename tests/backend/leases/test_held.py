"""Leases of several hubs (MH4): one holder at a time, a dead one replaced, a leaving one at once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st
from ward_hub.leases.alone import Alone
from ward_hub.leases.held import TIMEOUT_S, HeldLeases
from ward_hub.leases.memory import MemoryLeases
from ward_hub.leases.port import Leases, LeaseState, LeaseStore
from ward_hub.log.port import LogUnavailable


class Clock:
    """Monotonic seconds of one hub."""

    def __init__(self, now: float = 0.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


@dataclass
class Faulty:
    """One hub's way to the store. `fault`: `cut` reaches nothing, `doubt` writes and does not hear of it."""

    store: MemoryLeases
    fault: str = ""

    async def read(self, names: Iterable[str]) -> dict[str, LeaseState]:
        await asyncio.sleep(0)
        if self.fault == "cut":
            raise LogUnavailable("cut off")
        return await self.store.read(names)

    async def write(self, name: str, holder: str, version: str | None) -> LeaseState | None:
        await asyncio.sleep(0)
        if self.fault == "cut":
            raise LogUnavailable("cut off")
        written = await self.store.write(name, holder, version)
        if self.fault == "doubt":
            raise LogUnavailable("no answer came")
        return written


def test_the_classes_are_what_the_ports_say() -> None:
    leases: list[Leases] = [HeldLeases(MemoryLeases(), "a", Clock()), Alone()]
    stores: list[LeaseStore] = [MemoryLeases(), Faulty(MemoryLeases())]
    assert leases
    assert stores


async def test_the_first_hub_holds_and_the_second_waits() -> None:
    store, clock = MemoryLeases(), Clock()
    a, b = HeldLeases(store, "a", clock), HeldLeases(store, "b", clock)
    for hub in (a, b):
        hub.want(["ward/w", "hospital"])
    for _ in range(10):
        await a.tick()
        await b.tick()
        clock.now += 1
        assert [hub.holds("ward/w") for hub in (a, b)] == [True, False]
    assert not a.holds("ward/other")


async def test_a_dead_holder_is_replaced_within_5_s() -> None:
    """MH4: whenever it dies, and however the ticks of the two lie to each other."""
    for offset in (0.0, 0.3, 0.7, 0.99):
        store, clock = MemoryLeases(), Clock()
        a, b = HeldLeases(store, "a", clock), HeldLeases(store, "b", clock)
        a.want(["hospital"])
        b.want(["hospital"])
        await a.tick()
        clock.now += offset
        await b.tick()
        waited = offset
        while not b.holds("hospital"):
            clock.now += 1.05
            waited += 1.05
            await b.tick()
        assert waited <= 5.0
        assert not a.holds("hospital")


async def test_a_hub_that_leaves_is_replaced_with_the_next_tick() -> None:
    store, clock = MemoryLeases(), Clock()
    a, b = HeldLeases(store, "a", clock), HeldLeases(store, "b", clock)
    a.want(["hospital"])
    b.want(["hospital"])
    await a.tick()
    await b.tick()
    await a.release()
    a.want(["hospital"])
    await b.tick()
    await a.tick()
    assert [hub.holds("hospital") for hub in (a, b)] == [False, True]


async def test_what_is_no_longer_wanted_is_given_up() -> None:
    store, clock = MemoryLeases(), Clock()
    a, b = HeldLeases(store, "a", clock), HeldLeases(store, "b", clock)
    a.want(["ward/w", "hospital"])
    b.want(["ward/w"])
    await a.tick()
    a.want(["hospital"])
    await a.tick()
    await b.tick()
    assert (a.holds("hospital"), a.holds("ward/w"), b.holds("ward/w")) == (True, False, True)


async def test_a_hub_started_again_goes_on_with_its_own_lease() -> None:
    store, clock = MemoryLeases(), Clock()
    before = HeldLeases(store, "a", clock)
    before.want(["hospital"])
    await before.tick()
    again = HeldLeases(store, "a", clock)
    again.want(["hospital"])
    await again.tick()
    assert again.holds("hospital")


async def test_a_cut_off_holder_stops_believing_before_another_begins() -> None:
    store, clock = MemoryLeases(), Clock()
    way = Faulty(store)
    a, b = HeldLeases(way, "a", clock), HeldLeases(store, "b", clock)
    a.want(["hospital"])
    b.want(["hospital"])
    await a.tick()
    await b.tick()
    way.fault = "cut"
    clock.now += TIMEOUT_S - 0.01
    await a.tick()
    assert a.holds("hospital")
    clock.now += 0.01
    assert not a.holds("hospital")
    await b.tick()
    assert b.holds("hospital")
    way.fault = ""
    await a.tick()
    assert [hub.holds("hospital") for hub in (a, b)] == [False, True]


async def test_a_write_that_landed_unheard_is_renewed_not_lost() -> None:
    store, clock = MemoryLeases(), Clock()
    way = Faulty(store, "doubt")
    a = HeldLeases(way, "a", clock)
    a.want(["hospital"])
    await a.tick()
    assert not a.holds("hospital"), "nobody knows whether it was written"
    way.fault = ""
    clock.now += 1
    await a.tick()
    assert a.holds("hospital")


STEPS = st.lists(
    st.tuples(
        st.sampled_from([0, 1]),
        st.sampled_from(["tick", "tick", "tick", "release", "again"]),
        st.sampled_from(["", "", "", "cut", "doubt"]),
        st.floats(0.0, 2.5),
    ),
    max_size=40,
)


@settings(deadline=None, max_examples=300)
@given(steps=STEPS, offset=st.floats(-1e6, 1e6))
def test_two_hubs_never_hold_one_lease_at_one_time(
    steps: list[tuple[int, str, str, float]], offset: float
) -> None:
    """MH4: any order of ticks, cuts, lost answers, pauses and restarts, and clocks that share nothing."""

    async def play() -> None:
        store = MemoryLeases()
        clocks = [Clock(), Clock(offset)]
        ways = [Faulty(store), Faulty(store)]
        hubs = [HeldLeases(ways[i], "ab"[i], clocks[i]) for i in (0, 1)]
        for hub in hubs:
            hub.want(["hospital"])
        for who, what, fault, pause in steps:
            for clock in clocks:
                clock.now += pause
            assert not (hubs[0].holds("hospital") and hubs[1].holds("hospital"))
            ways[who].fault = fault
            if what == "tick":
                await hubs[who].tick()
            elif what == "release":
                await hubs[who].release()
            else:
                hubs[who] = HeldLeases(ways[who], "ab"[who], clocks[who])
                hubs[who].want(["hospital"])
            assert not (hubs[0].holds("hospital") and hubs[1].holds("hospital"))

    asyncio.run(play())


def test_two_hubs_that_tick_at_once_do_not_both_take_it() -> None:
    async def play() -> None:
        store, clock = MemoryLeases(), Clock()
        hubs = [HeldLeases(Faulty(store), name, clock) for name in "abc"]
        for hub in hubs:
            hub.want(["hospital"])
        for _ in range(6):
            await asyncio.gather(*(hub.tick() for hub in hubs))
            clock.now += 1
            assert sum(hub.holds("hospital") for hub in hubs) == 1

    asyncio.run(play())

"""Two hubs of one installation, as processes (rules MH): what one stores the other shows; either may go."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import httpx
import pytest
from ward_hub.documents import names
from ward_hub.documents.port import values_of
from ward_hub.ingest.hl7.mllp import MllpClient
from ward_sync.facts import Act

from tests.backend.ingest.feeding import message
from tests.helpers.couchdb_server import database
from tests.helpers.two_hubs import MovingTerminal, TwoHubs, two_hubs
from tests.helpers.ward_hub_here import now_ms, until

pytestmark = pytest.mark.slow
WARD = "thoracic"


@pytest.fixture
async def hubs(tmp_path: Path, standard_ward: Path) -> AsyncIterator[TwoHubs]:
    async with database() as couch, two_hubs(tmp_path, standard_ward, couch) as installation:
        # One after the other: the first makes the keys that both use.
        for hub in installation.hubs:
            await hub.start()
        yield installation
        errors = [line for hub in installation.hubs for line in hub.lines() if " ERROR " in line]
        assert errors == [], "a hub that goes costs the other no error"


async def test_a_call_at_one_hub_is_seen_and_cleared_at_the_other(hubs: TwoHubs) -> None:
    """MH1, MH5: also who is present, and who has gone."""
    bed = await hubs.terminal("bed-b01", 0)
    station = await hubs.terminal("station-main", 1)
    call, heard = await bed.press("patient", "bed:b01", room="r01")
    assert isinstance(heard, int)
    await until(lambda: call in station.facts)
    cleared, verdict = await station.act(Act.CLEARED, [call], room="r01", policy="tender", way="remote")
    assert isinstance(verdict, int), verdict
    other = await hubs.terminal("station-vice", 0)
    await until(lambda: cleared in other.facts)
    await until(lambda: station.sees("bed-b01") and other.sees("station-main"))
    hubs.tasks[0].cancel()
    await until(lambda: not station.sees("bed-b01"))


async def test_a_killed_hub_loses_nothing_and_its_terminals_are_at_the_other_within_5_s(
    hubs: TwoHubs,
) -> None:
    """MH6, MH8: what was answered is there, what was not is said again."""
    bed = await hubs.terminal("bed-b01", 0)
    door = await hubs.terminal("door-r01", 0)
    station = await hubs.terminal("station-main", 1)
    stored: list[str] = []

    async def press_on() -> None:
        while True:
            call, heard = await door.press("staff_assist", "room:r01", room="r01")
            if isinstance(heard, int):
                stored.append(call)
            await asyncio.sleep(0.05)

    pressing = asyncio.create_task(press_on())
    await until(lambda: len(stored) > 5, 15)
    hubs.hubs[0].kill()
    killed = time.monotonic()
    before = len(stored)
    await until(lambda: bed.hub == door.hub == hubs.hubs[1].url, 5)
    await asyncio.wait_for(asyncio.gather(bed.joined.wait(), door.joined.wait()), 5)
    assert time.monotonic() - killed < 5
    await until(lambda: len(stored) > before, 5)
    pressing.cancel()
    await until(lambda: set(stored) <= station.facts.keys())
    # Again there, the hub that was away has all of it.
    await hubs.hubs[0].start()
    late = await hubs.terminal("station-vice", 0)
    await until(lambda: set(stored) <= late.facts.keys())


async def test_a_hub_that_stood_still_finds_what_it_missed_and_its_leases_go_on(hubs: TwoHubs) -> None:
    """MH2, MH4: its terminals leave it, its ward is the other's, and what comes back is right."""
    bed = await hubs.terminal("bed-b01", 0)
    holder = hubs.hubs[0]
    await until(lambda: f"lease ward/{WARD} is held" in holder.output(), 10)
    holder.send(signal.SIGSTOP)
    await until(lambda: f"lease ward/{WARD} is held" in hubs.hubs[1].output(), 8)
    station = await hubs.terminal("station-main", 1)
    door = await hubs.terminal("door-r01", 1)
    calls = [(await door.press("staff_assist", "room:r01", room="r01"))[0] for _ in range(3)]
    await until(lambda: set(calls) <= station.facts.keys())
    holder.send(signal.SIGCONT)
    late = await hubs.terminal("station-vice", 0)
    await until(lambda: set(calls) <= late.facts.keys())
    call, heard = await bed.press("patient", "bed:b01", room="r01")
    assert isinstance(heard, int)
    await until(lambda: call in station.facts and call in late.facts)


async def test_a_patient_admitted_at_one_hub_is_on_the_screens_of_both(hubs: TwoHubs) -> None:
    """MH10: shown by the hub that took the message; rights follow at the other."""
    stations = [await hubs.terminal(name, at) for at, name in enumerate(("station-main", "station-vice"))]
    beds = names.beds(WARD)
    for station in stations:
        await station.open(beds)
    for number, (bed, hub) in enumerate((("1", hubs.hubs[1]), ("2", hubs.hubs[0]))):
        client = MllpClient("127.0.0.1", hub.mllp_port)
        answer = await client.send(message("A01", now_ms(), f"V{number}", bed))
        await client.close()
        assert b"MSA|AA" in answer, answer
    for station in stations:
        await until(partial(has_both, station, beds), 10)
        for stay in values_of(station.docs[beds], "beds").values():
            card = names.card(str(stay))
            await station.open(card)
            await until(partial(has_name, station, card), 10)
        assert station.denied == []


def has_both(station: MovingTerminal, beds: str) -> bool:
    return {"b01", "b02"} <= values_of(station.docs[beds], "beds").keys()


def has_name(station: MovingTerminal, card: str) -> bool:
    return "name" in values_of(station.docs[card], "card")


async def test_a_hub_that_drains_sends_its_terminals_on_and_ends(hubs: TwoHubs) -> None:
    """MH9: not ready at once, terminals at the other within 5 s, no call lost meanwhile."""
    first, second = hubs.hubs
    terminals = [await hubs.terminal(name, 0) for name in ("bed-b01", "bed-b02", "door-r01")]
    station = await hubs.terminal("station-main", 1)
    async with httpx.AsyncClient(base_url=first.url, timeout=2, trust_env=False) as http:
        assert (await http.get("/health/ready")).status_code == 200
        first.send(signal.SIGTERM)
        began = time.monotonic()
        async with asyncio.timeout(1):
            while (await http.get("/health/ready")).status_code != 503:
                pass
    call, heard = await terminals[0].press("patient", "bed:b01", room="r01")
    assert isinstance(heard, int)
    await until(lambda: all(one.hub == second.url and one.joined.is_set() for one in terminals), 5)
    assert time.monotonic() - began < 5
    await until(lambda: call in station.facts)
    await until(first.ended, 8)

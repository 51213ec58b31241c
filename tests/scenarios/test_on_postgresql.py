"""The whole hub with everything in PostgreSQL: a call is made, journalled, and kept over a restart."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from ward_hub.db.engine import open_database
from ward_hub.directory import fixture
from ward_hub.settings import Settings
from ward_sync.facts import Act

from tests.helpers.postgresql_server import database
from tests.helpers.ward_hub_here import HubHere, empty_app, now_ms, running, until


@pytest.fixture
async def settings(tmp_path: Path) -> AsyncIterator[Settings]:
    """Of a hub whose standard ward lies in PostgreSQL."""
    async with database() as url:
        store = open_database(url)
        await store.upgrade()
        await fixture.build_standard_ward(
            store, now=time.time_ns() // 1_000_000, password="a password of tests"
        )
        await store.close()
        yield Settings(
            port=0, mllp_port=-1, data=tmp_path / "data", app=empty_app(tmp_path / "app"), store=url, sql=url
        )


async def journal(hub: HubHere) -> list[str]:
    answer = await hub.http.get(
        "/api/wards/thoracic/calls",
        params={"from": now_ms() - 60_000, "to": now_ms() + 60_000},
        headers={"authorization": f"Bearer {await hub.token('station-main')}"},
    )
    return [record["id"] for record in answer.json()["calls"]]


async def test_a_call_is_taken_journalled_and_still_there_after_a_restart(settings: Settings) -> None:
    """CALL-01, CALL-06, CALL-14."""
    async with running(settings) as hub:
        bedside, station = await hub.terminal("bed-b01"), await hub.terminal("station-main")
        cleared, at = await bedside.press("patient", "bed:b01", room="r01")
        assert isinstance(at, int)
        await until(lambda: cleared in station.facts)
        fact, verdict = await station.act(Act.CLEARED, [cleared], room="r01", policy="tender", way="remote")
        assert isinstance(verdict, int), verdict
        await until(lambda: fact in bedside.facts)
        open_call, _ = await bedside.press("patient", "bed:b01", room="r01")
        await until(lambda: open_call in station.facts)
        assert set(await journal(hub)) == {cleared, open_call}
        keys = hub.keys
    async with running(settings) as hub:
        hub.keys.update(keys)
        assert set(await journal(hub)) == {cleared, open_call}
        station = await hub.terminal("station-vice")
        await until(lambda: open_call in station.facts)
        assert cleared not in station.facts or fact in station.facts

"""A call through the whole hub, on its real socket: pressed, heard, taken, cleared, in the journal."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from ward_hub.db.engine import open_database
from ward_hub.demo.light_terminals import LightTerminal
from ward_hub.directory.store import revoke_terminal
from ward_sync.facts import Act

from tests.helpers.ward_hub_here import HubHere, hub_here, now_ms, until


@pytest.fixture
async def hub(tmp_path: Path, standard_ward: Path) -> AsyncIterator[HubHere]:
    async with hub_here(tmp_path, standard_ward) as running:
        yield running


async def _known_to_all(fact: str, *terminals: LightTerminal) -> None:
    await until(lambda: all(fact in terminal.facts for terminal in terminals))


async def test_from_press_to_clear_on_every_kind_of_terminal(hub: HubHere) -> None:
    """CALL-01, CALL-03, CALL-06, CALL-08."""
    bedside = await hub.terminal("bed-b01")
    readers = [
        await hub.terminal(name)
        for name in ("station-main", "station-vice", "door-r01", "corridor-1", "whiteboard", "pda-01")
    ]
    station, _, door, _, _, pda = readers
    call, heard_at = await bedside.press("patient", "bed:b01", room="r01")
    assert isinstance(heard_at, int)
    await _known_to_all(call, *readers)
    for actor, act, more in (
        (station, Act.RECEIVED, {}),
        (pda, Act.ACKNOWLEDGED, {"staff": "n001"}),
        (door, Act.ATTENDED, {}),
        (station, Act.CLEARED, {"policy": "tender", "way": "remote"}),
    ):
        fact, verdict = await actor.act(act, [call], room="r01", **more)
        assert isinstance(verdict, int), verdict
        await _known_to_all(fact, bedside, *readers)
    answer = await hub.http.get(
        "/api/wards/thoracic/calls",
        params={"from": now_ms() - 60_000, "to": now_ms() + 60_000},
        headers={"authorization": f"Bearer {await hub.token('station-main')}"},
    )
    (record,) = answer.json()["calls"]
    assert (record["id"], record["closed_how"], record["way"]) == (call, "cleared", "remote")
    assert (record["acknowledged_by"], record["attended_by"]) == ("n001", "door-r01")


async def test_a_revoked_terminal_is_cut_within_seconds_and_its_facts_are_refused(hub: HubHere) -> None:
    bedside = await hub.terminal("bed-b01")
    database = open_database(hub.settings.sql_url)
    async with database.session.begin() as session:
        await revoke_terminal(session, "bed-b01", now_ms())
    await database.close()
    await until(lambda: bedside.aside)


async def test_another_rooms_calls_do_not_reach_a_bedside(hub: HubHere) -> None:
    """design.md 4: a terminal receives only what it may show."""
    other, near = await hub.terminal("bed-b03"), await hub.terminal("bed-b02")
    bedside = await hub.terminal("bed-b01")
    call, _ = await bedside.press("patient", "bed:b01", room="r01")
    await until(lambda: call in near.facts)
    assert other.facts == {}


@pytest.mark.parametrize("path", ["/api/wards/thoracic/calls", "/api/wards/cardiac/calls"])
async def test_the_journal_is_for_stations_and_pdas_of_the_ward(hub: HubHere, path: str) -> None:
    await hub.account("bed-b01")
    await hub.account("station-main")
    span: dict[str, str | int] = {"from": 0, "to": 1000}

    async def status(token: str | None, **more: str | int) -> int:
        headers = {"authorization": f"Bearer {token}"} if token else {}
        return (await hub.http.get(path, params={**span, **more}, headers=headers)).status_code

    station = await hub.token("station-main")
    own = "thoracic" in path
    assert await status(station) == (200 if own else 403)
    assert await status(await hub.token("bed-b01")) == 403
    assert await status(None) == 401
    assert await status("nonsense") == 401
    if own:
        assert await status(station, format="csv", bed="b01", type="patient") == 200
        for wrong in ("format=xml", "bed=../x", "from=x", "to=0", "more=1"):
            name, _, value = wrong.partition("=")
            assert await status(station, **{name: value}) == 400, wrong

"""Roll-outs carried out (DEV-07): stored before told, one at a time, and on after a restart."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from ward_hub.edge.pages import page_routes
from ward_hub.fleet.releases import NotHeld
from ward_hub.fleet.rollout import AWAY_MS, TERMINAL_FAILED, Event, NotNow, RollOut, State
from ward_hub.fleet.rollouts import ASK_A_TICK, AnotherRuns, NotNewest, Stage, Unfit

from tests.backend.fleet.apps import BASE, NEW, NEWER, release_zip
from tests.backend.fleet.fleet_hub import ADMIN, FleetHub, fleet_hub

ONE = Stage("one screen", ("bed-b01",))
TWO = Stage("two more", ("bed-b02", "bed-b03"))


async def add(hub: FleetHub, build: str, **options: object) -> None:
    async def body() -> AsyncIterator[bytes]:
        yield release_zip(build, **options)

    await hub.fleet.releases.add(ADMIN, "", body())


async def start(hub: FleetHub, *stages: Stage, build: str = NEW, after_s: int | None = None) -> RollOut:
    if not hub.fleet.releases.holds(build):
        await add(hub, build)
    return await hub.fleet.rollouts.start(ADMIN, build, stages, after_s)


async def updates(hub: FleetHub, *terminals: str, build: str = NEW) -> None:
    for terminal in terminals:
        await hub.report(terminal, build=build)
    await hub.second()


def at_the_door(hub: FleetHub, base: Path) -> httpx.AsyncClient:
    """A browser that asks for pages."""
    app = Starlette(routes=page_routes(base, "", hub.fleet))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://hub")


def state(hub: FleetHub, rollout_id: int = 1) -> tuple[State, int, str | None]:
    found = hub.fleet.rollouts.of(rollout_id)
    assert found is not None
    return found.state, found.stage, found.reason


def everyone(hub: FleetHub) -> Stage:
    return Stage("all", tuple(hub.current.terminals))


async def finish_to_all(hub: FleetHub, build: str = NEW) -> None:
    """Roll a build out to all, by hand to its end."""
    rollout = await start(hub, everyone(hub), build=build)
    await hub.fleet.rollouts.act(ADMIN, rollout.id, Event.ADVANCE)


async def test_a_stage_is_told_by_wish_and_at_once(hub: FleetHub) -> None:
    hub.connect("bed-b01", "bed-b02", "bed-b03", "bed-b04")
    await hub.second()
    await start(hub, ONE, TWO)
    assert hub.documents.wish("bed-b01")["release"] == NEW
    [(terminal, message)] = hub.documents.take()
    assert (terminal, message["t"], message["do"]) == ("bed-b01", "do", "update")
    assert hub.documents.wish("bed-b02") == {}
    await updates(hub, "bed-b01")
    await hub.fleet.rollouts.act(ADMIN, 1, Event.ADVANCE)
    assert [terminal for terminal, _ in hub.documents.take()] == ["bed-b02", "bed-b03"]
    await updates(hub, "bed-b02", "bed-b03")
    assert state(hub) == (State.DONE, 1, None)
    assert hub.documents.wish("bed-b04") == {}


async def test_a_restart_of_the_hub_goes_on_where_it_was(hub: FleetHub, tmp_path: Path) -> None:
    hub.connect("bed-b01")
    await start(hub, ONE, TWO, after_s=60)
    await updates(hub, "bed-b01")
    again = await fleet_hub(hub.database, tmp_path)
    again.now = hub.now
    again.connect("bed-b01", "bed-b02")
    await again.second(61)
    assert state(again) == (State.RUNNING, 1, None)
    await again.second()
    assert again.documents.wish("bed-b02")["release"] == NEW
    third = await fleet_hub(hub.database, tmp_path)
    third.connect("bed-b01", "bed-b03")
    await third.second()
    assert third.documents.wish("bed-b01")["release"] == NEW
    assert third.documents.wish("bed-b03")["release"] == NEW


async def test_nobody_failed_because_the_hub_was_away(hub: FleetHub, tmp_path: Path) -> None:
    hub.connect("bed-b01")
    await start(hub, ONE)
    hub.disconnect("bed-b01")
    await hub.second()
    again = await fleet_hub(hub.database, tmp_path)
    again.now = hub.now
    await again.second(2 * AWAY_MS / 1000)
    assert state(again) == (State.RUNNING, 0, None)
    await again.second(AWAY_MS / 1000)
    assert state(again) == (State.HALTED, 0, TERMINAL_FAILED)


async def test_a_failure_halts_and_says_so_after_a_restart_too(hub: FleetHub, tmp_path: Path) -> None:
    hub.connect("bed-b01", "bed-b02", "bed-b03")
    await start(hub, TWO, ONE)
    [(_, asked), _] = hub.documents.take()
    await hub.say("bed-b01", {"t": "did", "id": asked["id"], "outcome": "failed"})  # it was not asked
    assert state(hub)[0] is State.RUNNING
    await hub.say("bed-b02", {"t": "did", "id": asked["id"], "outcome": "failed"})
    again = await fleet_hub(hub.database, tmp_path)
    assert state(again) == (State.HALTED, 0, TERMINAL_FAILED)
    again.connect("bed-b03")
    await again.second()
    assert again.documents.wish("bed-b03")["release"] == BASE
    last = hub.audit.entries[-1]
    assert (last.result, last.staff, last.terminal) == ("failed", None, "bed-b02")
    assert dict(last.detail) == {"do": "halt", "build": NEW, "stage": 0, "reason": TERMINAL_FAILED}


async def test_in_a_call_is_no_failure(hub: FleetHub) -> None:
    hub.connect("bed-b01")
    await start(hub, ONE)
    [(_, asked)] = hub.documents.take()
    assert await hub.say("bed-b01", {"t": "did", "id": asked["id"], "outcome": "in_call"}) == []
    assert state(hub)[0] is State.RUNNING
    assert hub.documents.wish("bed-b01")["release"] == NEW


async def test_a_rollback_restores_every_wish(hub: FleetHub) -> None:
    hub.connect("bed-b01", "bed-b02", "bed-b03")
    await start(hub, ONE)
    await updates(hub, "bed-b01")
    await start(hub, Stage("both", ("bed-b01", "bed-b02")), build=NEWER)
    assert hub.documents.wish("bed-b01")["release"] == NEWER
    with pytest.raises(NotNewest):
        await hub.fleet.rollouts.act(ADMIN, 1, Event.ROLLBACK)
    hub.documents.take()
    await hub.fleet.rollouts.act(ADMIN, 2, Event.ROLLBACK)
    assert hub.documents.wish("bed-b01")["release"] == NEW
    # By its name: one that is away with the new build finds it when it comes.
    assert hub.documents.wish("bed-b02")["release"] == BASE
    assert [terminal for terminal, _ in hub.documents.take()] == ["bed-b01", "bed-b02"]
    with pytest.raises(NotNow):
        await hub.fleet.rollouts.act(ADMIN, 2, Event.RESUME)


async def test_a_roll_back_of_many_asks_few_at_once(hub: FleetHub) -> None:
    beds = tuple(f"bed-b{n:02d}" for n in range(1, 24))
    hub.connect(*beds)
    await start(hub, Stage("beds", beds))
    for _ in beds:
        await hub.second()
    hub.documents.take()
    await hub.fleet.rollouts.act(ADMIN, 1, Event.ROLLBACK)
    assert all(hub.documents.wish(bed)["release"] == BASE for bed in beds)
    asked = [len(hub.documents.take())]
    for _ in range(3):
        await hub.second()
        asked.append(len(hub.documents.take()))
    assert sum(asked) == len(beds)
    assert max(asked) <= 2 * ASK_A_TICK


async def test_one_at_a_time_also_while_one_is_halted(hub: FleetHub) -> None:
    await start(hub, ONE)
    for event in (None, Event.HALT):
        if event is not None:
            await hub.fleet.rollouts.act(ADMIN, 1, event)
        with pytest.raises(AnotherRuns):
            await start(hub, TWO)
    await hub.fleet.rollouts.act(ADMIN, 1, Event.ROLLBACK)
    await start(hub, TWO)


async def test_what_cannot_be_rolled_out_is_not_begun(hub: FleetHub) -> None:
    with pytest.raises(NotHeld):
        await hub.fleet.rollouts.start(ADMIN, NEW, [ONE], None)
    await add(hub, NEW, kinds=("bedside", "door"))
    with pytest.raises(Unfit, match="no page for station-main"):
        await start(hub, Stage("x", ("station-main",)))
    with pytest.raises(Unfit, match="two stages"):
        await start(hub, ONE, ONE)
    with pytest.raises(Unfit, match="not known"):
        await start(hub, Stage("x", ("no-such",)))
    hub.audit.broken = True
    with pytest.raises(OSError, match="trail"):
        await start(hub, ONE)
    assert hub.fleet.rollouts.listed() == []
    assert hub.fleet.wishes.of("bed-b01").release is None


async def test_a_terminal_added_later_gets_what_went_to_all(hub: FleetHub, tmp_path: Path) -> None:
    await finish_to_all(hub)
    found = hub.fleet.rollouts.of(1)
    assert found is not None
    assert found.to_all
    # One that the roll-out does not name stands for one that was added later.
    assert hub.fleet.rollouts.wanted(None) == NEW
    again = await fleet_hub(hub.database, tmp_path)
    assert again.fleet.rollouts.wanted(None) == NEW
    await start(again, ONE, build=NEWER)
    await again.fleet.rollouts.act(ADMIN, 2, Event.ADVANCE)
    assert again.fleet.rollouts.wanted(None) == NEW  # that one went to one screen only
    await finish_to_all(again, NEWER)
    assert again.fleet.rollouts.wanted(None) == NEWER
    await again.fleet.rollouts.act(ADMIN, 3, Event.ROLLBACK)
    assert again.fleet.rollouts.wanted(None) == NEW


async def test_a_build_that_is_gone_is_asked_of_nobody(hub: FleetHub, tmp_path: Path) -> None:
    await start(hub, ONE)
    assert hub.fleet.wishes.wanted_build("bed-b01") == NEW
    (tmp_path / "releases" / NEW / "build.json").unlink()
    again = await fleet_hub(hub.database, tmp_path)
    again.connect("bed-b01")
    await again.second()
    assert again.fleet.wishes.wanted_build("bed-b01") is None
    assert again.documents.wish("bed-b01") == {}


async def test_a_slot_gets_the_page_of_its_release_and_assets_of_any(hub: FleetHub, tmp_path: Path) -> None:
    base = tmp_path / "base-app"
    async with at_the_door(hub, base) as client:

        async def text(path: str) -> str:
            answer = await client.get(path)
            assert answer.status_code == 200
            return answer.text

        slot = "/t/bedside/bed-b01/"
        assert NEW not in await text(slot)
        await start(hub, ONE)
        for path in ("", "sw.js"):
            assert NEW in await text(slot + path)
            assert BASE in await text(f"/t/bedside/bed-b02/{path}")
        assert f'"scope":"{slot}"' in await text(f"{slot}manifest.webmanifest")
        for build in (BASE, NEW):
            asset = await client.get(f"/assets/app-{build[-8:]}.js")
            assert (asset.status_code, asset.text) == (200, f"// {build}")
            assert "immutable" in asset.headers["cache-control"]
        for outside in ("../build.json", "%2e%2e/build.json", "..%2f..%2fward.sqlite", "/etc/passwd", "%00"):
            assert (await client.get(f"/assets/{outside}")).status_code == 404


async def test_a_link_on_the_shelf_leads_nowhere(hub: FleetHub, tmp_path: Path) -> None:
    """No zip can bring one; one that was put there by hand is not followed out of the folder."""
    await add(hub, NEW)
    (tmp_path / "secret.js").write_text("secret")
    (tmp_path / "releases" / NEW / "assets" / "leak.js").symlink_to(tmp_path / "secret.js")
    async with at_the_door(hub, tmp_path / "base-app") as client:
        assert (await client.get("/assets/leak.js")).status_code == 404

"""What is wished of devices (DEV-02): when it is written, when not, and that it is there for those who were
away."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncSession
from ward_hub.directory.fixture import WARD
from ward_hub.directory.model import TerminalKind
from ward_hub.documents import names
from ward_hub.fleet.schedules import BadSchedule, parse_schedule, read, write
from ward_hub.fleet.wishes import DEFAULT_ZONE, PUBLISH_AT_ONCE
from ward_hub.log.port import StorageFull

from tests.backend.fleet.fleet_hub import ADMIN, FleetHub, fleet_hub

NIGHT: dict[str, Any] = {
    "ward": WARD,
    "kind": "bedside",
    "terminals": None,
    "at": "21:30",
    "weekdays": [7, 1, 1],
    "do": "volume",
    "value": 20,
    "active": True,
}


async def wish(hub: FleetHub, do: str, value: int | None, *terminals: str) -> dict[str, str]:
    targets = [hub.current.terminals[one] for one in terminals]
    return (await hub.fleet.commands.give(ADMIN, targets, do, value)).results


async def schedule(hub: FleetHub, schedule_id: str, value: dict[str, Any] | None) -> None:
    """As a change of the configuration does it."""
    async with hub.database.session.begin() as session:
        await write(session, None, schedule_id, value)
    await hub.changed()


async def test_a_terminal_of_which_nothing_is_wished_costs_no_write(hub: FleetHub) -> None:
    hub.connect("bed-b01")
    await hub.second()
    assert hub.documents.roots[names.device(WARD, "bed-b01")] == {"wish": {}, "schedules": {}, "zone": {}}
    hub.documents.written.clear()
    await hub.second()
    hub.disconnect("bed-b01")
    await hub.second()
    hub.connect("bed-b01")
    await hub.second()
    assert hub.documents.written == []


async def test_a_whole_house_that_comes_at_once_is_written_a_few_a_second(hub: FleetHub) -> None:
    terminal = hub.current.terminals["bed-b01"]
    house = {f"t{n}": replace(terminal, id=f"t{n}") for n in range(PUBLISH_AT_ONCE + 20)}
    hub.current._terminals = house
    hub.connect(*house)
    await hub.second()
    assert len(hub.documents.written) == PUBLISH_AT_ONCE
    await hub.second()
    assert len(hub.documents.written) == len(house)


async def test_a_wish_reaches_who_is_here_at_once_and_who_was_away_when_it_comes(
    hub: FleetHub, tmp_path: Path
) -> None:
    hub.connect("bed-b01")
    await hub.second()
    await wish(hub, "volume", 30, "bed-b01", "bed-b02")
    assert hub.documents.wish("bed-b01") == {
        "volume": 30, "brightness": None, "screen": None, "release": None,
    }  # fmt: skip
    assert hub.documents.wish("bed-b02") == {}
    again = await fleet_hub(hub.database, tmp_path)
    again.connect("bed-b02")
    await again.second()
    assert again.documents.wish("bed-b02")["volume"] == 30


async def test_the_same_wish_again_is_said_anew(hub: FleetHub) -> None:
    """The device may have been set otherwise since, at its keys or by a schedule."""
    hub.connect("bed-b01")
    await wish(hub, "volume", 30, "bed-b01")
    await wish(hub, "screen_off", None, "bed-b01")
    hub.documents.written.clear()
    await wish(hub, "volume", 30, "bed-b01")
    said = [(roots["wish"]["volume"], roots["wish"]["screen"]) for _, roots in hub.documents.written]
    assert said == [(None, "off"), (30, "off")]


async def test_the_same_wish_again_is_not_lost_to_a_full_disk(hub: FleetHub) -> None:
    hub.connect("bed-b01")
    await wish(hub, "volume", 30, "bed-b01")
    hub.documents.failing = StorageFull("full")
    await wish(hub, "volume", 30, "bed-b01")
    hub.documents.failing = None
    hub.documents.written.clear()
    await hub.second()
    assert [roots["wish"]["volume"] for _, roots in hub.documents.written] == [None, 30]


async def test_what_the_log_refuses_is_written_when_it_can(hub: FleetHub) -> None:
    hub.connect("bed-b01")
    hub.documents.failing = StorageFull("full")
    await wish(hub, "volume", 30, "bed-b01")
    await hub.second()
    assert hub.documents.wish("bed-b01") == {}
    hub.documents.failing = None
    await hub.second()
    assert hub.documents.wish("bed-b01")["volume"] == 30


async def test_schedules_reach_whom_they_concern_with_the_time_zone(hub: FleetHub) -> None:
    hub.connect("bed-b01", "station-main", "door-r01")
    await hub.second()
    await schedule(hub, "night", NIGHT)
    await schedule(
        hub, "one", NIGHT | {"kind": None, "terminals": ["door-r01"], "do": "restart", "value": None}
    )
    await schedule(hub, "off", NIGHT | {"active": False})
    await hub.second()
    bed = hub.documents.roots[names.device(WARD, "bed-b01")]
    assert bed["schedules"] == {"night": {"at": "21:30", "weekdays": [1, 7], "do": "volume", "value": 20}}
    assert bed["zone"] == {"name": DEFAULT_ZONE}
    assert list(hub.documents.roots[names.device(WARD, "door-r01")]["schedules"]) == ["one"]
    assert hub.documents.roots[names.device(WARD, "station-main")]["schedules"] == {}
    await schedule(hub, "night", None)
    await hub.second()
    assert hub.documents.roots[names.device(WARD, "bed-b01")]["schedules"] == {}


@pytest.mark.parametrize(
    ("zone", "shown"),
    [("Europe/Berlin", "Europe/Berlin"), ("America/Argentina/Ushuaia",) * 2, ("UTC",) * 2]
    + [(odd, DEFAULT_ZONE) for odd in ("../etc/passwd", "", 8, None, "a b")],
)
async def test_the_time_zone_is_the_hospitals(hub: FleetHub, zone: Any, shown: str) -> None:
    model = hub.current.model
    hub.current.model = replace(model, hospital=replace(model.hospital, settings={"timezone": zone}))
    assert hub.fleet.wishes.zone() == shown


async def test_a_schedule_is_written_and_read_as_the_back_office_has_it(hub: FleetHub) -> None:
    await schedule(hub, "night", NIGHT)

    async def found(session: AsyncSession) -> object:
        return await read(session, None, "night")

    async with hub.database.session() as session:
        assert await found(session) == NIGHT | {"weekdays": [1, 7]}
    revision = hub.current.model.revision
    await schedule(hub, "night", None)
    async with hub.database.session() as session:
        assert await found(session) is None
    assert hub.current.model.revision > revision


@pytest.mark.parametrize(
    "odd",
    [
        {"ward": "../x"},
        {"kind": "toaster"},
        {"kind": ["bedside"]},
        {"terminals": []},
        {"terminals": ["BED"]},
        {"terminals": "bed-b01"},
        {"at": "24:00"},
        {"at": "9:00"},
        {"at": "21:30\n"},
        {"weekdays": []},
        {"weekdays": [0]},
        {"weekdays": [8]},
        {"weekdays": [True]},
        {"weekdays": [1.0]},
        {"do": "explode"},
        {"do": ["volume"]},
        {"value": None},
        {"value": 101},
        {"value": True},
        {"do": "restart"},
        {"active": 1},
        {"more": 1},
    ],
)
def test_a_schedule_with_an_odd_field_is_refused(odd: dict[str, Any]) -> None:
    with pytest.raises(BadSchedule):
        parse_schedule("night", NIGHT | odd)


def test_a_schedule_concerns_its_own_ward_only(hub: FleetHub) -> None:
    terminal = hub.current.terminals["bed-b01"]
    night = parse_schedule("night", NIGHT)
    assert night.concerns(terminal)
    assert not night.concerns(replace(terminal, ward="cardiac"))
    assert not night.concerns(replace(terminal, kind=TerminalKind.DOOR))
    named = parse_schedule("night", NIGHT | {"terminals": ["bed-b01"], "kind": None})
    assert not named.concerns(replace(terminal, ward="cardiac"))

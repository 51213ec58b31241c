"""Hosting (CALL-07): a group's calls ring at a visiting station for a while, and at home again after it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Playwright, expect
from ward_sync.facts import Act

from tests.helpers.office import House, OpenCalls, Shown, edit, open_house


@pytest.fixture(scope="module")
def house(
    playwright: Playwright, built_app: Path, ward_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    """The east is heard at the main station alone, the west at the vice station alone."""
    with open_house(playwright, ward_template, tmp_path_factory.mktemp("hosting")) as house:
        desk = house.desk("a001")
        groups = {name: desk.held("groups", name) for name in ("east", "west")}
        stations = {"east": ["station-main"], "west": ["station-vice"]}
        desk.change(
            "one station each",
            *(
                edit("group", name, before, {**before, "stations": stations[name]})
                for name, before in groups.items()
            ),
        )
        yield house


def test_hosting_begins_and_ends_at_a_visiting_station_with_calls_open(house: House) -> None:
    """临时托管: what is open rings there at once, what is new as well; nothing is lost or doubled."""
    desk, bed = house.desk("h001"), house.terminals["bed-b01"]
    screens = [house.terminals[name] for name in ("station-main", "station-vice", "whiteboard")]
    visiting = screens[1]
    bed.get("press-patient").click()
    for screen in screens:
        expect(screen.row("bed:b01")).to_be_visible()
    calls = OpenCalls(house, screens)
    calls.add("bed-b05", "emergency", "bed:b05")
    calls.watch()
    expect(visiting.body).to_have_attribute("data-sounding", "")

    desk.open("hosting")
    desk.get("hosting-now").click()
    desk.get("hosting-group").select_option("east")
    desk.get("station-station-vice").check()
    rings = Shown(visiting, 'body[data-sounding="medium"]')
    rings.within(desk.save())
    expect(desk.get("hosting-holds")).to_contain_text("东区")
    calls.still_there()

    quiet = Shown(visiting, 'body[data-sounding=""]')
    quiet.within(desk.save("hosting-end"))
    expect(desk.get("hosting-end")).to_have_count(0)
    expect(screens[0].body).to_have_attribute("data-sounding", "medium")
    calls.still_there()
    bed.get("cancel").click()
    calls.end()
    calls.once_in_the_journal(desk)


def test_a_weekly_rule_of_the_calendar_holds_and_is_taken_back(house: House) -> None:
    """托管计划: a rule of every day, all day, holds at once; its removal ends it, with a call open."""
    desk, visiting = house.desk("h001"), house.terminals["station-main"]
    call = house.hands.press("bed-b40", "patient", "bed:b40")
    expect(visiting.row("bed:b40")).to_be_visible()
    expect(visiting.body).to_have_attribute("data-sounding", "")
    desk.open("hosting")
    desk.get("hosting-add").click()
    desk.get("hosting-weekly").check()
    desk.get("hosting-group").select_option("west")
    desk.get("station-station-main").check()
    for weekday in (6, 7):
        desk.get(f"weekday-{weekday}").check()
    desk.get("rule-from").fill("00:00")
    desk.get("rule-until").fill("00:00")
    rings = Shown(visiting, 'body[data-sounding="low"]')
    rings.within(desk.save())
    expect(desk.get("hosting-holds")).to_contain_text("西区")

    desk.get("hosting-rule").click()
    quiet = Shown(visiting, 'body[data-sounding=""]')
    quiet.within(desk.save("hosting-remove"))
    expect(visiting.row("bed:b40")).to_be_visible()
    house.hands.act("bed-b40", Act.CANCELLED, [call])

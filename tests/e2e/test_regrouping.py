"""What the back office changes while calls are open: no call is lost or doubled, at no moment."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Playwright, expect

from tests.helpers.browser import Screen
from tests.helpers.office import Desk, House, OpenCalls, Shown, edit, open_house

SCREENS = ("station-main", "station-vice", "whiteboard")
"""Screens that list every call of the ward."""


@pytest.fixture(scope="module")
def house(
    playwright: Playwright, built_app: Path, ward_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    with open_house(playwright, ward_template, tmp_path_factory.mktemp("regrouping")) as house:
        yield house


@pytest.fixture
def calls(house: House) -> Iterator[OpenCalls]:
    """Calls from a bedside's page and from terminals without a screen, on every list; counted at the end."""
    screens = [house.terminals[name] for name in SCREENS]
    bed = house.terminals["bed-b01"]
    bed.get("press-patient").click()
    for screen in screens:
        expect(screen.row("bed:b01")).to_be_visible()
    calls = OpenCalls(house, screens)
    for terminal, call_type, source in (
        ("bed-b05", "emergency", "bed:b05"),
        ("bed-b30", "dressing", "bed:b30"),
        ("door-r04", "staff_assist", "room:r04"),
    ):
        calls.add(terminal, call_type, source)
    calls.watch()
    yield calls
    calls.still_there()
    expect(bed.get("own-call")).to_be_visible()
    bed.get("cancel").click()
    calls.end()
    calls.once_in_the_journal(house.desk("a001"))


def test_beds_go_to_another_group_with_their_calls(house: House, calls: OpenCalls) -> None:
    """呼叫分组: one group is heard at the main station alone, then its beds go to one at the vice alone."""
    desk = house.desk("a001")
    main, vice = house.terminals["station-main"], house.terminals["station-vice"]
    desk.open("groups")
    groups = {name: desk.held("groups", name) for name in ("east", "west")}
    remove(desk, "east", "护士站副机")
    remove(desk, "west", "护士站主机")
    quiet = Shown(vice, 'body[data-sounding="low"]')
    quiet.within(desk.save())

    for bed in ("b01", "b05"):
        desk.row("bed-chip", bed).click()
    desk.row("room-chip", "r04").click()
    desk.row("group-card", "west").get_by_test_id("group-move").click()
    rings = Shown(vice, 'body[data-sounding="medium"]')
    silent = Shown(main, 'body[data-sounding=""]')
    since = desk.save()
    rings.within(since)
    silent.within(since)
    calls.still_there()

    since = desk.undo()
    Shown(main, 'body[data-sounding="medium"]').within(since)
    put_back(desk, groups)


def test_a_group_is_made_and_removed_with_calls_open(house: House, calls: OpenCalls) -> None:
    """A group of a bed that calls; without any group a bed still rings at every station."""
    desk = house.desk("a001")
    groups = {name: desk.held("groups", name) for name in ("east", "west")}
    gone = desk.change("no groups", *(edit("group", name, groups[name], None) for name in groups))
    calls.still_there()
    for name in ("station-main", "station-vice"):
        expect(house.terminals[name].body).to_have_attribute("data-sounding", "medium")
    assert desk.ask("POST", f"changes/{gone}/undo").ok


def test_a_bed_or_room_with_a_call_is_not_removed_nor_its_terminal_moved(
    house: House, calls: OpenCalls
) -> None:
    """Refused with a reason that a person can read, and nothing is changed."""
    desk = house.desk("a001")
    groups = {name: desk.held("groups", name) for name in ("east", "west")}
    bed, terminal = desk.held("beds", "b05"), desk.held("terminals", "bed-b05")
    west = {**groups["west"]}
    east = {**groups["east"], "beds": [one for one in groups["east"]["beds"] if one != "b05"]}
    for edits in (
        [edit("group", "east", groups["east"], east), edit("bed", "b05", bed, None)],
        [edit("terminal", "bed-b05", terminal, {**terminal, "bed": "b07", "room": "r04"}, None)],
        [edit("terminal", "bed-b05", terminal, None, None)],
    ):
        answer = desk.ask("POST", "changes", {"note": "not now", "edits": [dict(one) for one in edits]})
        assert answer.status == 409, answer.text()
        assert answer.json()["error"]["code"] == "still_used"
    assert desk.held("groups", "west") == west
    assert desk.held("beds", "b05") == bed


def test_a_station_is_revoked_with_calls_open(house: House, calls: OpenCalls) -> None:
    """Its page says so, over everything; the others keep theirs."""
    desk = house.desk("a001")
    third = new_station(house, desk)
    for call in calls.ids:
        expect(third.page.locator(f'[data-row="{call}"]')).to_have_count(1)
    desk.open("terminals")
    desk.row("terminal-row", "station-third").get_by_test_id("terminal-revoke").click()
    desk.get("reason").fill("screen broken")
    gone = Shown(third, 'body[data-phase="revoked"]')
    since, answer = desk.send(desk.get("confirm-yes"), "terminals/")
    assert answer.ok, answer.text()
    gone.within(since)
    expect(desk.row("terminal-row", "station-third")).to_have_attribute("data-state", "revoked")
    calls.still_there()


def remove(desk: Desk, group: str, station: str) -> None:
    """Take a station out of a group's list, by its key."""
    card = desk.row("group-card", group)
    card.locator("li").filter(has_text=station).get_by_test_id("stations-remove").click()


def new_station(house: House, desk: Desk) -> Screen:
    """A third station of the ward, enrolled by the address of its QR code."""
    like = desk.held("terminals", "station-vice")
    value = {**like, "name": "护士站三机", "name_en": "Third station", "serial": None, "mac": None}
    desk.change("a third station", edit("terminal", "station-third", None, value, None))
    desk.open("terminals")
    desk.row("terminal-row", "station-third").get_by_test_id("terminal-enrol").click()
    address = str(desk.get("terminal-qr").get_attribute("data-url"))
    screen = house.open_address(address, "station")
    screen.expect_ready()
    expect(desk.get("terminal-enrolled")).to_be_visible()
    desk.page.keyboard.press("Escape")
    return screen


def put_back(desk: Desk, groups: dict[str, Any]) -> None:
    """Make the groups what they were."""
    edits = [edit("group", name, desk.held("groups", name), value) for name, value in groups.items()]
    desk.change("as it was", *edits)

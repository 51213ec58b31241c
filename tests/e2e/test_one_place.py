"""A terminal is one place: one page, one key, in sight of the station; what is wrong with it is said."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Playwright, expect

from tests.helpers.browser import Screen
from tests.helpers.cuts import Ward, open_tab, open_ward

MISSING_MS = 15_000
"""A13: a wired terminal."""
REVOKED_MS = 5_000
SLACK_MS = 5_000
"""The hub's own wait for a socket that is gone, and the second in which screens look."""


@pytest.fixture(scope="module")
def ward(
    playwright: Playwright, built_app: Path, ward_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Ward]:
    """Pages here sound only after a touch, as in a browser that no kiosk has set up."""
    with open_ward(playwright, ward_template, tmp_path_factory.mktemp("place"), autoplay=False) as ward:
        yield ward


def forget_refusals(screen: Screen) -> None:
    """The browser reports every refused request as an error; here the hub's refusal is what is wanted."""
    assert all("/api/" in problem for problem in screen.problems), screen.problems
    screen.problems.clear()


def test_a_screen_that_may_not_sound_says_so_in_red_and_as_a_trouble_at_the_station(ward: Ward) -> None:
    """Design 3, A13: 声音未开启 on the screen itself and at the station, until somebody touches it."""
    door, station = ward["door-r02"], ward["station-main"]
    expect(door.body).to_have_attribute("data-sound", "blocked")
    expect(door.page.locator(".mark.red.sound")).to_contain_text("声音未开启")
    open_tab(station, "troubles")
    trouble = station.page.locator('[data-trouble="sound:door-r02"]')
    expect(trouble).to_contain_text("声音未开启", timeout=MISSING_MS + SLACK_MS)
    door.page.locator("body").click()
    expect(door.body).to_have_attribute("data-sound", "ok")
    expect(trouble).to_have_count(0)


def test_a_second_page_of_a_terminal_says_that_it_is_open_elsewhere_and_takes_over_when_it_may(
    ward: Ward,
) -> None:
    """Design 3: two pages of one slot would fold, sign and answer twice."""
    first = ward["pda-01"]
    second = ward.open(ward.hub.address("pda-01"), "pda-01", first.page.context)
    expect(second.body).to_have_attribute("data-phase", "elsewhere")
    expect(second.page.get_by_text("已在别处打开")).to_be_visible()
    first.expect_ready()
    first.page.close()
    second.expect_ready()
    ward.replace("pda-01", second)


def test_an_enrolment_address_works_once(ward: Ward) -> None:
    """DEV, design 3: a code that was read off a screen is of no use; the terminal that used it goes on."""
    address = ward.hub.enrol("bed-b05")
    first = ward.open(address, "bed-b05")
    first.expect_ready()
    second = ward.open(address, "bed-b05")
    expect(second.body).to_have_attribute("data-phase", "unenrolled")
    expect(second.page.get_by_text("未登记", exact=True)).to_be_visible()
    expect(second.body).not_to_have_attribute("data-problem", "")
    first.expect_ready()
    second.page.close()
    forget_refusals(second)


def test_a_revoked_terminal_says_so_within_seconds_and_gets_nothing_more(ward: Ward) -> None:
    """Design 3 and 4: its key counts no more, for the open socket as for the next page."""
    phone, station, bedside = ward["pda-02"], ward["station-main"], ward["bed-b03"]
    bedside.get("press-patient").click()
    expect(phone.row("bed:b03")).to_have_count(1)
    ward.command("revoke", "pda-02")
    expect(phone.body).to_have_attribute("data-phase", "revoked", timeout=REVOKED_MS)
    expect(phone.page.get_by_text("本终端已停用")).to_be_visible()
    bedside.get("press-dressing").click()
    expect(station.row("bed:b03")).to_have_count(2)
    for _ in ("the open page", "the page opened again"):
        expect(phone.page.locator('[data-type="dressing"]')).to_have_count(0)
        phone.page.reload()
        expect(phone.body).to_have_attribute("data-phase", "revoked")
    expect(phone.page.locator('[data-type="dressing"]')).to_have_count(0)
    phone.page.close()
    forget_refusals(phone)
    bedside.get("cancel").click()
    expect(station.get("call-row")).to_have_count(0)


def test_a_wired_screen_that_is_gone_is_told_at_the_station_and_at_its_door_until_it_is_back(
    ward: Ward,
) -> None:
    """A13: 设备离线 within 15 s of the page's end, for a bed at the door of its room too."""
    station, door = ward["station-main"], ward["door-r02"]
    gone = [ward["door-r01"], ward["bed-b03"]]
    open_tab(station, "troubles")
    troubles = [station.page.locator(f'[data-trouble="missing:{screen.terminal}"]') for screen in gone]
    for trouble in troubles:
        expect(trouble).to_have_count(0)
    gone_at = time.monotonic()
    for screen in gone:
        screen.page.close()
    for trouble in troubles:
        expect(trouble).to_contain_text("设备离线", timeout=MISSING_MS + SLACK_MS)
    at_door = door.page.locator(".trouble").filter(has_text="离线")
    expect(at_door).to_have_count(1)
    assert time.monotonic() - gone_at <= (MISSING_MS + SLACK_MS) / 1000

    for screen in gone:
        again = ward.open(ward.hub.address(screen.terminal), screen.terminal, screen.page.context)
        ward.replace(screen.terminal, again)
    for trouble in troubles:
        expect(trouble).to_have_count(0)
    expect(at_door).to_have_count(0)

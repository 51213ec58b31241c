"""Talk between terminals, with the hub and without it: what is asked is whether sound really flows."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Playwright, expect

from tests.helpers.browser import Screen
from tests.helpers.cuts import Ward, click_together, open_ward
from tests.helpers.peers import connections, falls_silent, hears, until

TALK_S = 2.0
"""A16: the talk path is there within this; what a busy test machine adds stands in `LATE_S`."""
LATE_S = 3.0
REAL_MS = 3_500
"""A talk of less than 2 s of sound at both ends is none (CF22); it is measured each second."""


@pytest.fixture(scope="module")
def ward(
    playwright: Playwright, built_app: Path, ward_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Ward]:
    with open_ward(playwright, ward_template, tmp_path_factory.mktemp("talk"), mesh=True) as ward:
        yield ward


@pytest.fixture(autouse=True)
def quiet(ward: Ward) -> Iterator[None]:
    """What a test leaves open must not fail the next one."""
    yield
    if not ward.hub.running:
        ward.hub.start()
    for terminal, key in (
        ("pda-01", "talk-hang-up"),
        ("station-vice", "talk-hang-up"),
        ("station-main", "talk-hang-up"),
        ("station-main", "act-cleared"),
    ):
        screen = ward[terminal]
        while (keys := screen.get(key)).count():
            count = keys.count()
            keys.first.click()
            expect(screen.get(key)).not_to_have_count(count)


def linked(*screens: Screen) -> None:
    """Wait until each of the screens has a link to every other of them that its plan names."""
    for screen in screens:
        expect(screen.body).not_to_have_attribute("data-neighbours", "0")


def answer(station: Screen, bed: str) -> None:
    station.row(f"bed:{bed}").get_by_test_id("act-answered").click()


def bar(screen: Screen, other: str) -> str:
    return f'[data-testid="talk-bar"] [data-with="{other}"], [data-testid="talk-bar"][data-with="{other}"]'


def expect_talk(screen: Screen, other: str, state: str = "open") -> None:
    expect(screen.page.locator(bar(screen, other)).first).to_have_attribute("data-state", state)


def hang_up(screen: Screen, other: str) -> None:
    screen.page.locator(bar(screen, other)).first.get_by_test_id("talk-hang-up").click()


def call_from(ward: Ward, bed: str, *stations: str) -> None:
    ward.shown(f"bed-{bed}").get("press-patient").click()
    for station in stations:
        expect(ward.shown(station).row(f"bed:{bed}")).to_have_attribute("data-state", "waiting")


def test_the_station_answers_a_bed_and_both_hear_each_other(ward: Ward) -> None:
    """CALL-01: one touch calls, answered it is a talk; hung up it is over on every screen (CALL-08)."""
    bed, station, door = ward["bed-b01"], ward["station-main"], ward["door-r01"]
    linked(bed, station, door)
    call_from(ward, "b01", "station-main")
    started = time.monotonic()
    answer(station, "b01")
    expect(bed.get("line-open")).to_be_visible()
    expect_talk(station, "bed-b01")
    hears(station.page)
    hears(bed.page)
    assert time.monotonic() - started < TALK_S + LATE_S
    expect(door.row("bed:b01")).to_have_attribute("data-state", "talking")

    # muted at the bed: packets go on, sound does not
    bed.get("talk-mute").first.click()
    falls_silent(station.page)
    bed.get("talk-mute").first.click()
    hears(station.page)
    station.page.wait_for_timeout(REAL_MS)

    hang_up(station, "bed-b01")
    for screen in (station, door):
        expect(screen.row("bed:b01")).to_have_count(0)
    expect(bed.get("line-open")).to_have_count(0)
    expect(station.body).to_have_attribute("data-unsent", "0")
    (line,) = ward.journal("b01")
    assert line["talk_ms"] >= 2_000
    assert line["closed_how"] == "ended"


def test_two_stations_answer_at_once_and_exactly_one_talks(ward: Ward) -> None:
    """CALL-03: the bed decides; the other station learns who talks, and the call is that talk's."""
    main, vice, bed = ward["station-main"], ward["station-vice"], ward["bed-b03"]
    linked(main, vice, bed)
    call_from(ward, "b03", "station-main", "station-vice")
    keys = [each.row("bed:b03").get_by_test_id("act-answered") for each in (main, vice)]
    click_together(*keys)
    expect(bed.get("line-open")).to_be_visible()
    expect(main.page.locator('[data-with="bed-b03"]').first).to_have_attribute(
        "data-state", re.compile("open|over")
    )
    open_on = [each for each in (main, vice) if each.page.locator('[data-state="open"]').count() == 1]
    assert len(open_on) == 1
    winner = open_on[0]
    loser = vice if winner is main else main
    expect(loser.get("talk-end")).to_be_visible()
    hears(winner.page)
    hears(bed.page)
    winner.page.wait_for_timeout(REAL_MS)
    expect(loser.row("bed:b03")).to_have_attribute("data-state", "talking")
    bed.get("talk-hang-up").first.click()
    for each in (main, vice):
        expect(each.row("bed:b03")).to_have_count(0)


def test_stations_talk_to_each_other(ward: Ward) -> None:
    """CALL-03: main calls vice, vice answers."""
    main, vice = ward["station-main"], ward["station-vice"]
    linked(main, vice)
    main.get("press-station").first.click()
    row = vice.row("terminal:station-main")
    row.get_by_test_id("act-answered").click()
    expect_talk(vice, "station-main")
    hears(main.page)
    hears(vice.page)
    vice.page.wait_for_timeout(REAL_MS)
    hang_up(vice, "station-main")
    expect(vice.row("terminal:station-main")).to_have_count(0)


def test_a_second_call_holds_the_first_and_a_transfer_hands_it_over(ward: Ward) -> None:
    """A16: the second call keeps its place; held is silent; the other station takes the first over."""
    main, vice = ward["station-main"], ward["station-vice"]
    one, two = ward["bed-b01"], ward["bed-b03"]
    linked(main, vice, one, two)
    call_from(ward, "b01", "station-main", "station-vice")
    answer(main, "b01")
    expect_talk(main, "bed-b01")
    call_from(ward, "b03", "station-main")
    answer(main, "b03")
    expect_talk(main, "bed-b03")
    expect_talk(main, "bed-b01", "held")
    hears(two.page)
    falls_silent(one.page)

    main.page.locator(bar(main, "bed-b01")).first.get_by_test_id("talk-transfer").click()
    main.page.locator('[data-testid="talk-transfer-to"][data-terminal="station-vice"]').first.click()
    vice.get("transfer-take").first.click()
    expect_talk(vice, "bed-b01")
    hears(vice.page)
    hears(one.page)
    expect_talk(main, "bed-b03")
    one.page.wait_for_timeout(REAL_MS)
    hang_up(vice, "bed-b01")
    hang_up(main, "bed-b03")
    for each in (main, vice):
        expect(each.row("bed:b01")).to_have_count(0)
        expect(each.row("bed:b03")).to_have_count(0)


def test_a_talk_that_breaks_clears_nothing_and_the_call_rings_again(ward: Ward) -> None:
    """A16: the bed's page starts anew in the middle; nobody has hung up, so the patient still waits."""
    bed, station, door = ward["bed-b01"], ward["station-main"], ward["door-r01"]
    linked(bed, station, door)
    call_from(ward, "b01", "station-main")
    answer(station, "b01")
    expect_talk(station, "bed-b01")
    hears(bed.page)
    station.page.wait_for_timeout(REAL_MS)
    bed.page.reload()
    expect(station.get("talk-end").first).to_be_visible()
    for screen in (station, door):
        expect(screen.row("bed:b01")).to_have_attribute("data-state", "waiting")
    expect(station.body).to_have_attribute("data-sounding", "low")


def test_a_bed_nobody_could_hear_was_no_talk(ward: Ward) -> None:
    """CF22: packets of a microphone that is off are no sound, and hanging up clears nothing."""
    bed, station = ward["bed-b01"], ward["station-main"]
    linked(bed, station)
    call_from(ward, "b01", "station-main")
    bed.get("privacy").click()  # after the press: whoever answers is not to hear
    answer(station, "b01")
    expect_talk(station, "bed-b01")
    hears(bed.page)
    station.page.wait_for_timeout(REAL_MS)
    hang_up(station, "bed-b01")
    expect(station.get("talk-end").first).to_be_visible()
    expect(station.row("bed:b01")).to_have_attribute("data-state", "waiting")
    bed.get("privacy").click()


def test_a_nurse_answers_from_her_phone(ward: Ward) -> None:
    """CALL-01: phone and bed have no link of the plan; one is made for the talk and let go of after it."""
    phone, bed = ward["pda-01"], ward["bed-b01"]
    linked(phone)
    expect(phone.body).to_have_attribute("data-neighbours", "2")
    before = len(connections(phone.page))
    call_from(ward, "b01", "pda-01")
    phone.row("bed:b01").get_by_test_id("act-answered").click()
    expect_talk(phone, "bed-b01")
    hears(phone.page)
    hears(bed.page)
    assert len(connections(phone.page)) == before + 1
    phone.page.wait_for_timeout(REAL_MS)
    hang_up(phone, "bed-b01")
    expect(phone.row("bed:b01")).to_have_count(0)
    until(lambda: len(connections(phone.page)) == before, 10, phone.page, "the talk's connection stays")


def test_the_door_talks_to_the_station(ward: Ward) -> None:
    """The door's key calls the station without a call in the list; the station takes it by hand."""
    door, station = ward["door-r01"], ward["station-main"]
    linked(door, station)
    door.get("call-station-talk").click()
    station.page.locator(bar(station, "door-r01")).first.get_by_test_id("talk-accept").click()
    expect_talk(station, "door-r01")
    hears(station.page)
    hears(door.page)
    hang_up(station, "door-r01")
    expect(door.get("talk-end").first).to_be_visible()
    expect(station.get("call-row")).to_have_count(0)


def test_the_talk_is_set_up_and_goes_on_without_the_hub(ward: Ward) -> None:
    """Design 2, layer 2: answer, sound both ways, hang up; the hub back: the journal is complete, once."""
    bed, station, door = ward["bed-b01"], ward["station-main"], ward["door-r01"]
    linked(bed, station, door)
    before = len(ward.journal("b01"))
    ward.hub.kill()
    for screen in (bed, station, door):
        expect(screen.body).to_have_attribute("data-layer", "2")
    call_from(ward, "b01", "station-main")
    expect(bed.get("own-call").first).to_have_attribute("data-progress", re.compile("shown|received"))
    started = time.monotonic()
    answer(station, "b01")
    expect_talk(station, "bed-b01")
    hears(station.page)
    hears(bed.page)
    assert time.monotonic() - started < TALK_S + LATE_S
    assert connections(bed.page)
    station.page.wait_for_timeout(REAL_MS)
    hang_up(station, "bed-b01")
    for screen in (station, door):
        expect(screen.row("bed:b01")).to_have_count(0)

    # a phone has no link to the bed: the station brings them together
    phone = ward.shown("pda-01")
    expect(phone.body).to_have_attribute("data-layer", "2")
    call_from(ward, "b01", "pda-01")
    phone.row("bed:b01").get_by_test_id("act-answered").click()
    expect_talk(phone, "bed-b01")
    hears(phone.page)
    hears(bed.page)
    phone.page.wait_for_timeout(REAL_MS)
    hang_up(phone, "bed-b01")
    expect(phone.row("bed:b01")).to_have_count(0)
    ward.hub.start()
    for screen in (bed, station, door):
        screen.expect_ready()
        expect(screen.body).to_have_attribute("data-unsent", "0")
        expect(screen.row("bed:b01")).to_have_count(0)
    lines = ward.journal("b01", before + 2)
    assert len(lines) == before + 2
    for line in sorted(lines, key=lambda line: int(line["at"]))[-2:]:
        assert line["closed_how"] == "ended"
        assert line["talk_ms"] >= 2_000

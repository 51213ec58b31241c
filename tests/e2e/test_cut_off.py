"""A terminal whose link has gone silent: it says so, works on by itself, and joins the others again."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Playwright, expect

from tests.helpers.browser import Screen
from tests.helpers.cuts import Ward, cut_off, note_times, noted_times, open_ward

NOTICED_MS = 6_000
"""Silence of 5 s is looked for each second."""
DELIVERED_MS = 5_000
"""A3: after the link is back."""


@pytest.fixture(scope="module")
def ward(
    playwright: Playwright, built_app: Path, ward_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Ward]:
    with open_ward(playwright, ward_template, tmp_path_factory.mktemp("cut")) as ward:
        yield ward


def press(ward: Ward, bed: str, type_: str = "patient") -> str:
    """A press at the bed that all stations have; returns its call id."""
    ward[f"bed-{bed}"].get(f"press-{type_}").click()
    for station in ("station-main", "station-vice"):
        expect(ward[station].row(f"bed:{bed}")).to_have_attribute("data-state", "waiting")
    return ward[f"bed-{bed}"].get("own-call").get_attribute("data-call") or ""


def expect_alone(screen: Screen) -> None:
    expect(screen.body).to_have_attribute("data-layer", "4")


def expect_delivered(*screens: Screen) -> None:
    for screen in screens:
        screen.expect_ready()
        expect(screen.body).to_have_attribute("data-unsent", "0")


def test_a_silent_socket_is_noticed_and_every_kind_of_screen_says_that_it_is_alone(ward: Ward) -> None:
    """Design 2, layer 4: within 6 s; the screens whose links are whole go on with the hub."""
    cut = [ward["bed-b01"], ward["door-r01"], ward["corridor-1"], ward["station-vice"], ward["pda-01"]]
    whole = ward["station-main"]
    for screen in cut:
        note_times(screen.page, "data-layer")
    cut_at = time.time_ns() // 1_000_000
    with cut_off(*cut):
        for screen in cut:
            expect_alone(screen)
            expect(screen.page.get_by_text("独自运行")).to_be_visible()
            noticed_after_ms = noted_times(screen.page)["4"] - cut_at
            assert noticed_after_ms <= NOTICED_MS, screen.terminal
        whole.expect_ready()
    for screen in cut:
        screen.expect_ready()


def test_what_a_cut_off_phone_takes_and_the_station_clears_is_over_on_both(ward: Ward) -> None:
    """A5, CALL-03: an acknowledgement that comes after the clear brings nothing back."""
    phone, station = ward["pda-01"], ward["station-main"]
    press(ward, "b01")
    expect(phone.row("bed:b01")).to_have_attribute("data-state", "waiting")
    with cut_off(phone):
        expect_alone(phone)
        phone.row("bed:b01").get_by_test_id("act-acknowledged").click()
        expect(phone.row("bed:b01")).to_have_attribute("data-state", "taken")
        expect(phone.body).to_have_attribute("data-unsent", "1")
        station.row("bed:b01").get_by_test_id("act-cleared").click()
        expect(station.row("bed:b01")).to_have_count(0)
        # the phone cannot know yet
        expect(phone.row("bed:b01")).to_have_count(1)
    expect(phone.row("bed:b01")).to_have_count(0)
    expect_delivered(phone)
    expect(station.row("bed:b01")).to_have_count(0)
    (line,) = ward.journal("b01")
    assert line["closed_by"] == "station-main"

    phone.page.reload()
    phone.expect_ready()
    expect(phone.row("bed:b01")).to_have_count(0)


def test_a_clear_made_while_cut_off_never_takes_a_later_press_with_it(ward: Ward) -> None:
    """A6: the clear names what it has seen; a press it has not seen rings on, on both sides."""
    vice, main, bedside = ward["station-vice"], ward["station-main"], ward["bed-b03"]
    first = press(ward, "b03")
    with cut_off(vice):
        expect_alone(vice)
        bedside.get("press-patient").click()
        expect(main.row("bed:b03")).to_have_attribute("data-count", "2")
        vice.row("bed:b03").get_by_test_id("act-cleared").click()
        expect(vice.row("bed:b03")).to_have_count(0)
        later = bedside.get("own-call").get_attribute("data-call") or ""
        assert later != first
    for station in (main, vice):
        row = station.row("bed:b03")
        expect(row).to_have_attribute("data-row", later)
        expect(row).to_have_attribute("data-count", "1")
        expect(row).to_have_attribute("data-state", "waiting")
        expect(station.body).to_have_attribute("data-sounding", "low")
    expect_delivered(vice)
    expect(bedside.get("own-call")).to_have_attribute("data-progress", "received")

    main.row("bed:b03").get_by_test_id("act-cleared").click()
    for station in (main, vice):
        expect(station.row("bed:b03")).to_have_count(0)
    expect(bedside.get("own-call")).to_have_count(0)
    closed_by = {line["id"]: line["closed_by"] for line in ward.journal("b03", calls=2)}
    assert closed_by == {first: "station-vice", later: "station-main"}


def test_a_press_at_a_cut_off_bed_is_delivered_with_its_own_time(ward: Ward) -> None:
    """A3, A4: own sound, light and 还未送达 at once; at the station within 5 s of the link's return."""
    bedside, station = ward["bed-b01"], ward["station-main"]
    with cut_off(bedside):
        expect_alone(bedside)
        before = time.time_ns() // 1_000_000
        bedside.get("press-dressing").click()
        own = bedside.get("own-call")
        expect(own).to_have_attribute("data-progress", "kept")
        expect(own).to_contain_text("还未送达")
        expect(bedside.body).to_have_attribute("data-sounding", "low")
        expect(bedside.get("call-light")).to_have_attribute("data-on", "true")
        after = time.time_ns() // 1_000_000
        expect(bedside.body).to_have_attribute("data-unsent", "1")
        expect(station.row("bed:b01")).to_have_count(0)
    row = station.row("bed:b01")
    expect(row).to_have_count(1, timeout=DELIVERED_MS)
    expect(row).to_have_attribute("data-count", "1")
    assert before <= int(row.get_attribute("data-at") or 0) <= after
    expect(own).to_have_attribute("data-progress", "received")
    expect(own).to_contain_text("护士站已收到")
    expect(bedside.body).to_have_attribute("data-sounding", "")
    row.get_by_test_id("act-cleared").click()
    expect(own).to_have_count(0)
    expect_delivered(bedside)


def test_calls_made_and_ended_on_both_sides_are_the_same_everywhere_afterwards(ward: Ward) -> None:
    """A5, A6: a strict call stays until someone was there; what either side ended stays ended."""
    phone, main, bedside = ward["pda-01"], ward["station-main"], ward["bed-b01"]
    press(ward, "b01", "emergency")
    press(ward, "b03", "dressing")
    emergency = {screen.terminal: screen.row("bed:b01") for screen in (phone, main)}
    dressing = {screen.terminal: screen.row("bed:b03") for screen in (phone, main)}
    expect(emergency["pda-01"]).to_have_attribute("data-state", "waiting")
    expect(dressing["pda-01"]).to_have_attribute("data-state", "waiting")
    with cut_off(phone):
        expect_alone(phone)
        # at the bed: the nurse came and cleared; the station took the call and cannot clear it from afar
        emergency["pda-01"].get_by_test_id("act-attended").click()
        emergency["pda-01"].get_by_test_id("act-cleared").click()
        expect(emergency["pda-01"]).to_have_count(0)
        emergency["station-main"].get_by_test_id("act-acknowledged").click()
        expect(emergency["station-main"]).to_have_attribute("data-state", "taken")
        expect(emergency["station-main"].get_by_test_id("act-cleared")).to_have_count(0)
        # the other call is taken by the phone, taken back by the patient
        dressing["pda-01"].get_by_test_id("act-acknowledged").click()
        expect(dressing["pda-01"]).to_have_attribute("data-state", "taken")
        ward["bed-b03"].get("cancel").click()
        expect(dressing["station-main"]).to_have_count(0)
    for screen in (main, phone):
        expect(screen.get("call-row")).to_have_count(0)
    expect_delivered(phone, main, bedside)
    expect(bedside.get("own-call")).to_have_count(0)
    how = {line["type"]: (line["closed_how"], line["closed_by"]) for line in ward.journal("b01", calls=3)}
    assert how["emergency"] == ("cleared", "pda-01")

"""Main and vice station act on one call in the same moment."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Playwright, expect

from tests.helpers.browser import Screen
from tests.helpers.cuts import Ward, click_together, open_ward

TAKEN_BY = re.compile("(护士站[主副]机) 马上到")
NAMES = {"护士站主机": "station-main", "护士站副机": "station-vice"}


@pytest.fixture(scope="module")
def ward(
    playwright: Playwright, built_app: Path, ward_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Ward]:
    with open_ward(playwright, ward_template, tmp_path_factory.mktemp("two")) as ward:
        yield ward


@pytest.fixture(scope="module")
def stations(ward: Ward) -> tuple[Screen, Screen]:
    return ward["station-main"], ward["station-vice"]


def lists(*screens: Screen) -> list[list[tuple[str | None, ...]]]:
    """What each screen's call list says, row by row."""
    says = ("data-row", "data-state", "data-count", "data-at")
    return [
        [
            tuple(row.get_attribute(name) for name in says)
            for row in screen.page.get_by_test_id("call-row").all()
        ]
        for screen in screens
    ]


def test_both_stations_take_one_call_and_show_the_same_one_as_taker(
    ward: Ward, stations: tuple[Screen, Screen]
) -> None:
    """CALL-03: taken by both at once is taken once; both show the same name."""
    main, vice = stations
    ward["bed-b01"].get("press-patient").click()
    rows = [main.row("bed:b01"), vice.row("bed:b01")]
    for row in rows:
        expect(row).to_have_attribute("data-state", "waiting")

    click_together(*(row.get_by_test_id("act-acknowledged") for row in rows))
    for row in rows:
        expect(row).to_have_attribute("data-state", "taken")
    for station in stations:
        expect(station.body).to_have_attribute("data-unsent", "0")
    shown = TAKEN_BY.search(rows[0].text_content() or "")
    assert shown is not None
    expect(rows[1]).to_contain_text(shown[0])
    of_main, of_vice = lists(main, vice)
    assert of_main == of_vice

    # each of them can end it alone
    vice.row("bed:b01").get_by_test_id("act-cleared").click()
    for row in rows:
        expect(row).to_have_count(0)
    expect(vice.body).to_have_attribute("data-unsent", "0")
    (line,) = ward.journal("b01")
    # CF47: the rows name who took it last, the journal that one and who was first: never a third
    assert line["taken_by"] == NAMES[shown[1]]
    assert line["acknowledged_by"] in set(NAMES.values())
    assert line["closed_by"] == "station-vice"


def test_one_station_takes_a_call_that_the_other_clears(ward: Ward, stations: tuple[Screen, Screen]) -> None:
    """CALL-03: taken here and cleared there at once is over on both, and one line of the journal."""
    main, vice = stations
    ward["bed-b03"].get("press-dressing").click()
    rows = [main.row("bed:b03"), vice.row("bed:b03")]
    for row in rows:
        expect(row).to_have_attribute("data-state", "waiting")

    click_together(rows[0].get_by_test_id("act-acknowledged"), rows[1].get_by_test_id("act-cleared"))
    for row in rows:
        expect(row).to_have_count(0)
    for station in stations:
        expect(station.body).to_have_attribute("data-unsent", "0")
    expect(ward["bed-b03"].get("own-call")).to_have_count(0)
    of_main, of_vice = lists(main, vice)
    assert of_main == of_vice
    (line,) = ward.journal("b03")
    assert line["closed_by"] == "station-vice"
    assert line["closed_how"] == "cleared"


def test_each_station_has_one_row_for_a_call_to_the_other(
    ward: Ward, stations: tuple[Screen, Screen]
) -> None:
    """CALL-03: both call each other at once: two rows, the same on both, and each ends the other's."""
    main, vice = stations
    click_together(main.get("press-station"), vice.get("press-station"))
    sources = ("terminal:station-main", "terminal:station-vice")
    for station in stations:
        for source in sources:
            expect(station.row(source)).to_have_count(1)
    of_main, of_vice = lists(main, vice)
    assert of_main == of_vice

    click_together(
        main.row(sources[1]).get_by_test_id("act-cleared"), vice.row(sources[0]).get_by_test_id("act-cleared")
    )
    for station in stations:
        expect(station.get("call-row")).to_have_count(0)

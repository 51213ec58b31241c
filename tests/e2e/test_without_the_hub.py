"""The hub killed: every screen comes up again from its own disk, says that it is alone, and keeps calls."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Playwright, expect

from tests.helpers.screens import (
    SLOW_MS,
    RunningWard,
    SixScreens,
    now_ms,
    open_six,
    outside_the_panel,
    running_ward,
)

ALONE = "独自运行"
SOME_TONE = re.compile("high|medium|low")


@pytest.fixture(scope="module")
def ward(
    built_app: Path, ward_template: Path, playwright: Playwright, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningWard]:
    with running_ward(playwright, ward_template, tmp_path_factory.mktemp("alone")) as ward:
        yield ward
        assert ward.browser.lines == []


def test_all_six_come_up_without_the_hub_and_a_press_arrives_later_with_its_time(ward: RunningWard) -> None:
    """Layer 4, A3, A4, A5, A17: reload and cold start from the service worker, then one call, once."""
    six = open_six(ward.browser)
    ward.hands.press("bed-b03", "patient", "bed:b03")
    six.corridor.row("bed:b03").wait_for()
    for screen in six.all():
        # The first visit loads past the worker; it must have everything before the hub goes.
        screen.page.evaluate("navigator.serviceWorker.ready.then(() => null)")
    _expect_data(ward, six)

    ward.kill_hub()
    # Their links to each other live on, until the pages themselves are started anew.
    for screen in six.all():
        expect(screen.body).to_have_attribute("data-layer", "2")
    for screen in six.all():
        screen.page.reload()
    for screen in six.all():
        expect(screen.body).to_have_attribute("data-phase", "ready", timeout=SLOW_MS)
        expect(screen.body).to_have_attribute("data-layer", "4")
        expect(screen.body).to_have_attribute("data-sound", "ok")
    _expect_data(ward, six)
    _expect_alone(six)

    # A power cut, and no hub when the power is back.
    ward.browser.kill()
    ward.browser.start()
    six = open_six(ward.browser, enrol=False, layer=4)
    _expect_data(ward, six)
    _expect_alone(six)

    before = now_ms()
    six.bedside.get("press-patient").click()
    own = six.bedside.get("own-call")
    expect(own).to_contain_text("还未送达", timeout=1_000)
    expect(six.bedside.body).to_have_attribute("data-sounding", SOME_TONE, timeout=1_000)
    expect(six.bedside.get("call-light")).to_have_attribute("data-on", "true", timeout=1_000)
    after = now_ms()
    call = own.get_attribute("data-call") or ""
    assert outside_the_panel(six.bedside) == []
    expect(own).not_to_contain_text("护士站已收到")
    for screen in six.lists():
        expect(screen.row("bed:b01")).to_have_count(0)

    ward.hub.start()
    for screen in six.all():
        expect(screen.body).to_have_attribute("data-layer", "1", timeout=SLOW_MS)
    expect(own).to_have_attribute("data-progress", "received")
    expect(six.bedside.body).to_have_attribute("data-sounding", "")
    six.expect_row("bed:b01")
    row = six.station.row("bed:b01")
    expect(row).to_have_count(1)
    expect(row).to_have_attribute("data-row", call)
    expect(row).to_have_attribute("data-count", "1")
    assert before <= int(row.get_attribute("data-at") or 0) <= after
    for screen in six.all():
        expect(screen.body).not_to_contain_text(ALONE)


def _expect_data(ward: RunningWard, six: SixScreens) -> None:
    """Every screen has what it showed: patients, beds, and the open call of bed 3."""
    patient = ward.hospital.patients["1"]
    name = f"{patient.family}{patient.given}"
    expect(six.bedside.page.locator("h1")).to_have_text(name)
    expect(six.door.body).to_contain_text(f"{name[0]}*")
    expect(six.station.page.locator("button[data-bed]")).to_have_count(46)
    expect(six.station.page.locator('button[data-bed="b01"]')).to_contain_text(name)
    expect(six.whiteboard.page.locator(".tile[data-bed]")).to_have_count(46)
    expect(six.whiteboard.page.locator('[data-bed="b01"]')).to_contain_text(f"{name[0]}*")
    for screen in (six.corridor, six.station, six.whiteboard, six.pda):
        expect(screen.row("bed:b03")).to_have_attribute("data-state", "waiting")


def _expect_alone(six: SixScreens) -> None:
    """Every screen says in words that it is on its own."""
    for screen in six.all():
        words = screen.page.get_by_text(ALONE)
        expect(words.first).to_be_visible()
        expect(words.first).to_be_in_viewport()

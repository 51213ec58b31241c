"""Pages of terminals and two hubs: when theirs is gone, calls go on at the other within 5 s."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.error import HTTPError

import pytest
from playwright.sync_api import Playwright, expect

from tests.helpers.browser import Chromium, Screen
from tests.helpers.couchdb_server import ask, fresh_database
from tests.helpers.hub_process import run_async
from tests.helpers.two_hubs import TwoHubs, make_hubs

PANELS = {"bedside": (1024, 600), "station": (1024, 600)}
MOVED_S = 5.0
ONLY_HUB = "delete window.RTCPeerConnection"
"""No neighbours: what arrives came over a hub."""


@pytest.fixture
def hubs(built_app: Path, ward_template: Path, tmp_path: Path) -> Iterator[TwoHubs]:
    couch = fresh_database()
    installation = make_hubs(tmp_path / "hubs", ward_template, couch, built_app)
    try:
        for hub in installation.hubs:
            run_async(hub.start())
        yield installation
    finally:
        installation.stop()
        with suppress(HTTPError):
            ask("DELETE", couch)


def opened(browser: Chromium, hubs: TwoHubs, terminal: str, kind: str, at: int) -> Screen:
    code = run_async(hubs.code(terminal))
    screen = browser.page(f"{hubs.hubs[at].url}/t/{kind}/{terminal}/#enrol={code}", PANELS[kind])
    screen.kind, screen.terminal = kind, terminal
    screen.expect_ready()
    # The worker keeps the page for a start without its hub.
    screen.page.evaluate("navigator.serviceWorker.ready.then(() => null)")
    return screen


def test_pages_of_a_hub_that_is_gone_call_and_ring_through_the_other(
    playwright: Playwright, hubs: TwoHubs, tmp_path: Path
) -> None:
    """MH8, MH11: no page is loaded anew, and a later start finds the other hub from its disk."""
    browser = Chromium(playwright, tmp_path / "profile", None)
    browser.start()
    try:
        assert browser._context is not None
        browser._context.add_init_script(ONLY_HUB)
        station = opened(browser, hubs, "station-main", "station", 0)
        bed = opened(browser, hubs, "bed-b01", "bedside", 0)
        far = opened(browser, hubs, "bed-b02", "bedside", 1)
        call(far)
        expect(station.row("bed:b02")).to_be_visible()
        marks = [screen.page.evaluate("window.mark = performance.timeOrigin") for screen in (station, bed)]
        hubs.hubs[0].kill()
        killed = time.monotonic()
        for screen in (station, bed):
            expect(screen.body).to_have_attribute("data-layer", "4")
        for screen in (station, bed):
            expect(screen.body).to_have_attribute("data-layer", "1", timeout=MOVED_S * 1000)
        assert time.monotonic() - killed <= MOVED_S
        call(bed)
        expect(station.row("bed:b01")).to_be_visible()
        assert marks == [screen.page.evaluate("window.mark") for screen in (station, bed)]
        bed.page.reload()
        bed.expect_ready()
    finally:
        browser.stop()


def call(screen: Screen) -> None:
    screen.get("press-patient").click()

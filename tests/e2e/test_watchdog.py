"""DEV-08: a page that hangs comes back by itself within 30 s, with what was pressed before.

The page is left from inside, by its heartbeat worker and its service worker; where a PC shows it by
`ward-hub kiosk`, that stands behind them.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from playwright.sync_api import Page, Playwright, expect

from tests.helpers.browser import ARGUMENTS, Chromium, Screen
from tests.helpers.hub_process import HubProcess

RECOVERED_S = 30.0

LOOP = "setTimeout(() => { for (;;) {} }, 50)"
MICROTASKS = "setTimeout(() => { const go = () => Promise.resolve().then(go); go(); }, 50)"
THROWING = "setInterval(() => { throw new Error('this screen does not draw'); }, 200)"


def bedside(chromium: Chromium) -> Screen:
    """A bedside whose page is the service worker's."""
    screen = chromium.screen("bed-b01")
    screen.expect_ready()
    screen.page.evaluate("navigator.serviceWorker.ready.then(() => null)")
    screen.page.reload()
    screen.expect_ready()
    assert screen.page.evaluate("navigator.serviceWorker.controller !== null")
    # A page is watched from its first answer on.
    screen.page.wait_for_timeout(2_500)
    return screen


def hang(screen: Screen, how: str) -> None:
    """Have the page hang for good, and wait until it has been replaced; fails after RECOVERED_S."""
    page = screen.page
    started = time.monotonic()
    with page.expect_event("domcontentloaded", timeout=RECOVERED_S * 1_000):
        page.evaluate(how)
    screen.expect_ready()
    taken = time.monotonic() - started
    assert taken < RECOVERED_S


def hangs(screen: Screen) -> int:
    """How often the slot's page hung, as the next report tells it."""
    count = screen.page.evaluate(
        """slot => new Promise((resolve) => {
            const opened = indexedDB.open(`wardline-hangs:${slot}`);
            opened.onsuccess = () => {
                const all = opened.result.transaction("meta").objectStore("meta").get("hung");
                all.onsuccess = () => { opened.result.close(); resolve(all.result.value); };
            };
        })""",
        screen.terminal,
    )
    return int(count)


@pytest.mark.parametrize("how", [LOOP, MICROTASKS], ids=["loop", "microtasks"])
def test_a_page_that_never_answers_again_is_left_with_its_press_delivered(
    chromium: Chromium, hub: HubProcess, how: str
) -> None:
    screen = bedside(chromium)
    hub.kill()
    expect(screen.body).to_have_attribute("data-layer", "4", timeout=20_000)
    screen.get("press-patient").click()
    expect(screen.get("own-call")).to_have_attribute("data-progress", "kept", timeout=5_000)
    pressed_at = time.time() * 1_000
    page = screen.page
    started = time.monotonic()
    with page.expect_event("domcontentloaded", timeout=RECOVERED_S * 1_000):
        page.evaluate(how)
    screen.expect_ready(layer=4)
    taken = time.monotonic() - started
    assert taken < RECOVERED_S
    assert hangs(screen) == 1
    hub.start()
    screen.expect_ready()
    own = screen.get("own-call")
    expect(own).to_have_attribute("data-progress", "stored")
    station = chromium.screen("station-main")
    row = station.row("bed:b01")
    expect(row).to_have_attribute("data-count", "1")
    assert abs(int(row.get_attribute("data-at") or 0) - pressed_at) < 5_000


def test_a_page_hangs_again_at_once_and_is_left_again(chromium: Chromium, hub: HubProcess) -> None:
    """The process of the first is still there and must not take in the second."""
    screen = bedside(chromium)
    hang(screen, LOOP)
    screen.page.wait_for_timeout(2_500)
    hang(screen, LOOP)
    assert hangs(screen) == 2


def test_a_page_whose_screen_no_longer_draws_loads_itself_anew(chromium: Chromium, hub: HubProcess) -> None:
    screen = bedside(chromium)
    hang(screen, THROWING)
    assert hangs(screen) == 1
    assert screen.problems
    screen.problems.clear()


KIOSK = """
import argparse, sys
from ward_hub.cli import kiosk
parser = argparse.ArgumentParser()
kiosk.add_arguments(parser)
sys.exit(kiosk.run(parser.parse_args()))
"""


class Kiosk:
    """`ward-hub kiosk` with a browser without a window, and a second look into that browser."""

    def __init__(self, playwright: Playwright, profile: Path, address: str) -> None:
        self._playwright = playwright
        self._profile = profile
        more = [f"--browser-argument={each}" for each in (*ARGUMENTS, "--headless=new", "--no-sandbox")]
        self.log = profile.parent / "kiosk.log"
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-c", KIOSK, address, f"--profile={profile}", *more], stderr=log
            )

    def page(self) -> Page:
        """The page it shows."""
        port = self._profile / "DevToolsActivePort"
        deadline = time.monotonic() + RECOVERED_S
        while True:
            try:
                address = f"http://127.0.0.1:{port.read_text().splitlines()[0]}"
                browser = self._playwright.chromium.connect_over_cdp(address, timeout=5_000)
                return next(page for page in browser.contexts[0].pages if "/t/" in page.url)
            except Exception:  # not started yet
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)

    def processes(self, kind: str) -> list[psutil.Process]:
        """Processes of its browser, `renderer` or `` for the first one."""
        found = psutil.Process(self._process.pid).children(recursive=True)
        return [
            each
            for each in found
            if any(f"--type={kind}" in word for word in each.cmdline())
            or (kind == "" and not any("--type=" in word for word in each.cmdline()))
        ]

    def stop(self) -> None:
        self._process.send_signal(signal.SIGTERM)
        assert self._process.wait(20) == 0


@pytest.fixture
def kiosk(playwright: Playwright, hub: HubProcess, tmp_path: Path) -> Iterator[Kiosk]:
    kiosk = Kiosk(playwright, tmp_path / "kiosk", hub.enrol("bed-b02"))
    try:
        page = kiosk.page()
        expect(page.locator("body")).to_have_attribute("data-phase", "ready")
        yield kiosk
    finally:
        kiosk.stop()


def comes_back(kiosk: Kiosk, started: float) -> None:
    """Wait until the kiosk shows a terminal that works."""
    expect(kiosk.page().locator("body")).to_have_attribute("data-phase", "ready")
    taken = time.monotonic() - started
    assert taken < RECOVERED_S, kiosk.log.read_text()


def test_a_kiosk_ends_a_page_that_has_no_way_out_of_its_own(kiosk: Kiosk) -> None:
    page = kiosk.page()
    page.evaluate(
        "navigator.serviceWorker.ready.then((registration) => registration.unregister()).then(() => null)"
    )
    started = time.monotonic()
    page.evaluate(LOOP)
    while "did not answer" not in kiosk.log.read_text():
        assert time.monotonic() - started < RECOVERED_S, "the kiosk noticed nothing"
        time.sleep(0.2)
    comes_back(kiosk, started)


def test_a_kiosk_shows_a_page_again_whose_process_died_and_starts_a_browser_that_died(kiosk: Kiosk) -> None:
    started = time.monotonic()
    for renderer in kiosk.processes("renderer"):
        renderer.kill()
    while "process ended" not in kiosk.log.read_text():
        assert time.monotonic() - started < RECOVERED_S, "the kiosk noticed nothing"
        time.sleep(0.2)
    comes_back(kiosk, started)
    started = time.monotonic()
    for browser in kiosk.processes(""):
        browser.kill()
    while "the browser is gone" not in kiosk.log.read_text():
        assert time.monotonic() - started < RECOVERED_S, "the kiosk noticed nothing"
        time.sleep(0.2)
    comes_back(kiosk, started)

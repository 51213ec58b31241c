"""DEV-08: a page that hangs comes back by itself within 30 s, with what was pressed before.

The page is left from inside, by its heartbeat worker and its service worker; nothing outside the browser takes part.
"""

from __future__ import annotations

import time

import pytest
from playwright.sync_api import expect

from tests.helpers.browser import Chromium, Screen
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
    print(f"{how[:40]}: back after {taken:.1f} s")
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
    print(f"without the hub: back after {taken:.1f} s")
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

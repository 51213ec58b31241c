"""Draws the pictures of the README: `WARDLINE_PICTURES=docs/pictures pytest tests/e2e/test_pictures.py`.

All patients and people in them are invented.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Playwright, expect

from tests.helpers.browser import Chromium, Screen
from tests.helpers.free_ports import free_pair, free_ports
from tests.helpers.screens import SLOW_MS, RunningWard, SixScreens, open_six, running_ward, sign_in
from tests.helpers.small_png import small_png

pytestmark = pytest.mark.skipif("WARDLINE_PICTURES" not in os.environ, reason="draws pictures when asked to")
FOLDER = Path(os.environ.get("WARDLINE_PICTURES", ""))
MOST_BYTES = 250_000
WIDEST = 1920
"""px: the whiteboard is shown at half its size."""
MEMOS = ("12 床明早空腹抽血，夜班提醒", "胸腔引流瓶更换：3、8、21 床，下午三点前")


@pytest.fixture
def ward(
    built_app: Path, ward_template: Path, playwright: Playwright, tmp_path: Path
) -> Iterator[RunningWard]:
    with running_ward(playwright, ward_template, tmp_path) as ward:
        yield ward


def test_pictures_of_the_six_screens(ward: RunningWard) -> None:
    """Each screen with calls in every state, as a ward sees them."""
    six = open_six(ward.browser)
    sign_in(six.pda, "n001", "me")
    six.pda.page.locator('[data-tab="calls"]').click()
    sign_in(six.station, "h001", "self")
    _write_memos(six)
    hands = ward.hands
    hands.press("bed-b12", "patient", "bed:b12")
    six.pda.row("bed:b12").get_by_test_id("act-acknowledged").click()
    hands.press("bed-b31", "dressing", "bed:b31")
    hands.press("door-r09", "bathroom", "bathroom:r09")
    six.bedside.page.locator('[data-purpose="drip"]').click()
    expect(six.bedside.get("own-call")).to_have_attribute("data-progress", "received")
    for screen in (six.station, six.whiteboard, six.pda):
        expect(screen.get("call-row")).to_have_count(4)
    expect(six.station.row("bed:b12")).to_have_attribute("data-state", "taken")
    expect(six.corridor.get("call-row")).to_have_count(4)
    for screen in six.all():
        _store(ward.browser, screen, screen.kind)


def test_picture_of_the_wall(built_app: Path, playwright: Playwright, tmp_path: Path) -> None:
    """The demo's own page, its six terminals alive in it."""
    port, (mllp_port,) = free_pair(), free_ports(1)
    command = [sys.executable, "-m", "ward_hub.cli.main", "demo", "--port", str(port)]
    command += ["--mllp-port", str(mllp_port), "--data", str(tmp_path / "demo")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        assert any("Ctrl-C" in line for line in process.stdout)
        browser = Chromium(playwright, tmp_path / "profile", None)
        browser.start()
        try:
            wall = browser.page(f"http://127.0.0.1:{port}/wall/", (1920, 1080))
            page = wall.page
            frames = page.locator('[data-testid="wall-frame"][data-phase="ready"]')
            expect(frames).to_have_count(6, timeout=SLOW_MS)
            page.get_by_test_id("wall-start").click()
            inside = {
                kind: page.frame_locator(f'[data-testid="wall-frame"][data-kind="{kind}"] iframe')
                for kind in ("bedside", "station")
            }
            expect(inside["bedside"].locator("h1")).not_to_be_empty(timeout=SLOW_MS)
            inside["bedside"].get_by_test_id("press-patient").click()
            row = inside["station"].locator('[data-testid="call-row"][data-source="bed:b01"]')
            expect(row).to_have_attribute("data-state", "waiting", timeout=SLOW_MS)
            expect(inside["bedside"].get_by_test_id("own-call")).to_have_attribute(
                "data-progress", "received", timeout=SLOW_MS
            )
            _store(browser, wall, "wall")
        finally:
            browser.stop()
            process.send_signal(signal.SIGTERM)


def _write_memos(six: SixScreens) -> None:
    page = six.station.page
    page.locator('[data-tab="memos"]').click()
    for text in MEMOS:
        page.get_by_role("button", name="新备忘").click()
        page.locator("textarea").fill(text)
        page.locator(".writing .key.main").click()
        expect(six.whiteboard.page.get_by_text(text)).to_be_visible()
    page.locator('[data-tab="ward"]').click()


def _store(browser: Chromium, screen: Screen, name: str) -> None:
    """Store what the page shows, small enough for a repository."""
    shot = screen.page.screenshot(animations="disabled")
    blank = browser.page("about:blank", (64, 64)).page
    picture = small_png(blank, shot, WIDEST)
    blank.close()
    assert len(picture) <= MOST_BYTES
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / f"{name}.png").write_bytes(picture)

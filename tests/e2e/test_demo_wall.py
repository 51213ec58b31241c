"""The demo as its visitors use it: one command, one page, the hub really killed."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import FrameLocator, Locator, Page, Playwright, expect

from tests.helpers.browser import Chromium
from tests.helpers.free_ports import free_pair, free_ports

START_S = 120
STOP_S = 20
PLACES = ("bedside", "door", "corridor", "station", "whiteboard", "pda")
SLOW_MS = 60_000
"""Six pages start at once, each with its enrolment, on two cores."""


@dataclass
class Demo:
    port: int
    process: subprocess.Popen[str]

    @property
    def wall(self) -> str:
        return f"http://127.0.0.1:{self.port}/wall/"

    def hub(self) -> str:
        """What the control says of the hub."""
        answer = httpx.get(f"http://127.0.0.1:{self.port + 1}/hub", trust_env=False, timeout=10)
        return str(answer.json()["hub"])

    def hub_answers(self) -> bool:
        """Whether the hub itself does."""
        try:
            address = f"http://127.0.0.1:{self.port}/health/live"
            return httpx.get(address, trust_env=False, timeout=2).status_code == 200
        except httpx.HTTPError:
            return False


@pytest.fixture
def demo(built_app: Path, tmp_path: Path) -> Iterator[Demo]:
    """`ward-hub demo` on free ports; ended by SIGTERM, and it must end well."""
    port, (mllp_port,) = free_pair(), free_ports(1)
    command = [sys.executable, "-m", "ward_hub.cli.main", "demo", "--port", str(port)]
    command += ["--mllp-port", str(mllp_port), "--data", str(tmp_path / "demo")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        assert process.stdout is not None
        said: list[str] = []
        for line in process.stdout:
            said.append(line)
            if "Ctrl-C" in line:
                break
        else:
            pytest.fail("the demo ended while starting:\n" + "".join(said))
        demo = Demo(port, process)
        yield demo
        process.send_signal(signal.SIGTERM)
        assert process.wait(STOP_S) == 0
    assert not demo.hub_answers()


def test_the_wall_shows_six_live_terminals_and_survives_the_hub(
    demo: Demo, playwright: Playwright, tmp_path: Path
) -> None:
    """One page, one start button, one frame heard at a time; SIGKILL by the switch, reload, restart."""
    browser = Chromium(playwright, tmp_path / "profile", None, autoplay=False)
    browser.start()
    try:
        page = browser.page(demo.wall, (1920, 1080)).page
        for place in PLACES:
            expect(_frame(page, place)).to_have_attribute("data-phase", "ready", timeout=SLOW_MS)
        fits = "document.documentElement.scrollHeight <= 1080 && document.documentElement.scrollWidth <= 1920"
        assert page.evaluate(fits)

        page.get_by_test_id("wall-start").click()
        for place in PLACES:
            body = _inside(page, place).locator("body")
            expect(body).to_have_attribute("data-sound", "ok", timeout=SLOW_MS)
        _inside(page, "bedside").get_by_test_id("press-patient").click()
        expect(_frame(page, "station")).to_have_attribute("data-sounding", "low", timeout=SLOW_MS)
        page.get_by_test_id("hear-bedside").click()
        heard = [_frame(page, place).get_attribute("data-heard") == "true" for place in PLACES]
        assert heard == [True, False, False, False, False, False]

        page.get_by_test_id("hub-switch").click()
        expect(page.get_by_test_id("hub-state")).to_have_attribute("data-hub", "killed")
        assert demo.hub() == "killed"
        assert not demo.hub_answers()
        page.reload()
        for place in PLACES:
            expect(_layer(page, place)).to_have_attribute("data-layer", "4", timeout=SLOW_MS)

        page.get_by_test_id("hub-switch").click()
        expect(page.get_by_test_id("hub-state")).to_have_attribute("data-hub", "running", timeout=SLOW_MS)
        for place in PLACES:
            expect(_layer(page, place)).to_have_attribute("data-layer", "1", timeout=SLOW_MS)
        row = _inside(page, "station").locator('[data-testid="call-row"][data-source="bed:b01"]')
        expect(row).to_have_count(1)
    finally:
        browser.stop()
    assert browser.problems() == []


def test_a_taken_port_is_one_line_that_names_the_option(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        command = [sys.executable, "-m", "ward_hub.cli.main", "demo", "--port", str(port)]
        command += ["--data", str(tmp_path / "demo")]
        told = subprocess.run(command, capture_output=True, text=True, timeout=START_S, check=False)
    assert told.returncode == 1
    assert told.stderr.count("\n") == 1
    assert f"port {port} is in use" in told.stderr
    assert "--port" in told.stderr


def _frame(page: Page, place: str) -> Locator:
    return page.locator(f'[data-testid="wall-frame"][data-kind="{place}"]')


def _layer(page: Page, place: str) -> Locator:
    return _frame(page, place).locator('.state[data-phase="ready"]')


def _inside(page: Page, place: str) -> FrameLocator:
    return page.frame_locator(f'[data-testid="wall-frame"][data-kind="{place}"] iframe')

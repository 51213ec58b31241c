"""DEV-07: a new version waits for the end of a call, and is given up when it does not come up."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Playwright, expect

from tests.helpers.browser import Chromium, Screen
from tests.helpers.hub_process import HubProcess

GIVEN_UP_MS = 40_000
"""Twenty seconds of waiting for a sign of life, and a start of the version before."""
UPDATE = "navigator.serviceWorker.ready.then((registration) => registration.update()).then(() => null)"


class App:
    """A copy of the built app, to be exchanged under a running hub."""

    def __init__(self, built: Path, folder: Path) -> None:
        shutil.copytree(built, folder)
        self.folder = folder
        self.build = str(json.loads((folder / "build.json").read_text())["build"])

    def become(self, build: str, *, broken: bool = False) -> None:
        """Another build of the same app; a broken one does nothing at all."""
        for name in ("sw.js", "bedside.html", "build.json"):
            file = self.folder / name
            file.write_text(file.read_text("utf-8").replace(self.build, build), "utf-8")
        page = self.folder / "bedside.html"
        text = page.read_text("utf-8").replace('type="text/plain"', 'type="module"')
        if broken:
            text = text.replace('<script type="module"', '<script type="text/plain"')
        page.write_text(text, "utf-8")
        self.build = build


@pytest.fixture
def app(built_app: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> App:
    app = App(built_app, tmp_path / "app")
    monkeypatch.setenv("WARDLINE_APP", str(app.folder))
    return app


@pytest.fixture
def browser(playwright: Playwright, hub: HubProcess, tmp_path: Path) -> Iterator[Chromium]:
    browser = Chromium(playwright, tmp_path / "profile", hub)
    browser.start()
    try:
        yield browser
    finally:
        browser.stop()


@pytest.fixture
def hub(app: App, ward_template: Path, tmp_path: Path) -> Iterator[HubProcess]:
    hub = HubProcess(tmp_path / "hub", ward_template)
    hub.start()
    try:
        yield hub
    finally:
        hub.stop()


def bedside(browser: Chromium) -> Screen:
    screen = browser.screen("bed-b01")
    screen.expect_ready()
    screen.page.evaluate("navigator.serviceWorker.ready.then(() => null)")
    screen.page.reload()
    screen.expect_ready()
    return screen


def expect_build(screen: Screen, build: str, timeout: float = 15_000) -> None:
    expect(screen.page.locator('meta[name="wardline-build"]')).to_have_attribute(
        "content", build, timeout=timeout
    )
    screen.expect_ready()


def builds_kept(screen: Screen, slot: str) -> list[str]:
    """Builds whose pages are on the disk."""
    names: list[str] = screen.page.evaluate("caches.keys()")
    return sorted(name.split(":")[2] for name in names if name.startswith(f"wardline:{slot}:"))


def test_a_new_version_waits_for_the_end_of_a_call_and_goes_back_the_same_way(
    app: App, browser: Chromium
) -> None:
    old, new = app.build, "00000000000000bb"
    screen = bedside(browser)
    expect_build(screen, old)
    screen.get("press-patient").click()
    expect(screen.get("own-call")).to_be_visible()
    app.become(new)
    screen.page.evaluate(UPDATE)
    screen.page.wait_for_function(
        "navigator.serviceWorker.getRegistration().then((one) => one.waiting !== null)"
    )
    screen.page.wait_for_timeout(2_500)
    expect_build(screen, old)
    screen.get("cancel").click()
    expect_build(screen, new)
    deadline = time.monotonic() + 20
    while builds_kept(screen, "bed-b01") != [new] and time.monotonic() < deadline:
        screen.page.wait_for_timeout(200)
    assert builds_kept(screen, "bed-b01") == [new]
    app.become(old)
    screen.page.evaluate(UPDATE)
    expect_build(screen, old)


def test_a_version_that_does_not_come_up_gives_way_to_the_one_before(app: App, browser: Chromium) -> None:
    old, broken = app.build, "00000000000000cc"
    screen = bedside(browser)
    app.become(broken, broken=True)
    screen.page.evaluate(UPDATE)
    expect(screen.page.locator('meta[name="wardline-build"]')).to_have_attribute("content", broken)
    expect_build(screen, old, GIVEN_UP_MS)
    screen.page.reload()
    expect_build(screen, old)
    assert builds_kept(screen, "bed-b01") == sorted([old, broken])
    mended = "00000000000000dd"
    app.become(mended)
    screen.page.evaluate(UPDATE)
    expect_build(screen, mended)

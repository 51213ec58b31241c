"""Browser tests: a real hub, a real Chromium, terminals enrolled as on a wall.

They are plain functions with Playwright's synchronous interface; it keeps an event loop running in the main
thread, so they stand at the end of the run, behind every asynchronous test.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Playwright, expect

from tests.helpers.browser import Chromium
from tests.helpers.hub_process import HubProcess

HERE = Path(__file__).parent
APP = Path(os.environ.get("WARDLINE_APP") or HERE.parent.parent / "pwa" / "dist")

# Two cores, several pages starting at once; what must be faster says so itself.
expect.set_options(timeout=15_000)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.path.is_relative_to(HERE))
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.e2e)


@pytest.fixture(scope="session")
def built_app() -> Path:
    """Folder of the built app."""
    if not (APP / "bedside.html").is_file():
        pytest.fail("no built app in pwa/dist: run make install")
    if shutil.which("chromium") is None:
        pytest.skip("no Chromium: make e2e installs it, as root")
    return APP


@pytest.fixture(scope="session")
def ward_template(standard_ward: Path) -> Path:
    """Data folder of the standard ward, to be copied."""
    return standard_ward


@pytest.fixture
def hub(built_app: Path, ward_template: Path, tmp_path: Path) -> Iterator[HubProcess]:
    """A running hub with the standard ward, no terminal enrolled yet."""
    hub = HubProcess(tmp_path / "hub", ward_template)
    hub.start()
    try:
        yield hub
    finally:
        hub.stop()


@pytest.fixture
def chromium(playwright: Playwright, hub: HubProcess, tmp_path: Path) -> Iterator[Chromium]:
    """A running browser with a profile of its own. Errors in any of its pages fail the test."""
    browser = Chromium(playwright, tmp_path / "profile", hub)
    browser.start()
    try:
        yield browser
    finally:
        browser.stop()
    assert browser.problems() == []

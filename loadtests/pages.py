"""Real pages for load tests: a hub with the standard ward, a browser, and when a page has reached a state."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import BrowserContext, Page, Playwright

from tests.helpers.browser import Chromium
from tests.helpers.hub_process import HubProcess, build_template

APP = Path(os.environ.get("WARDLINE_APP") or Path(__file__).parents[1] / "pwa" / "dist")
READY_MS = 60_000
"""A dozen pages starting at once on two cores; what must be faster is measured, not waited for."""

READY = 'body[data-phase="ready"]'


class LoadBrowser(Chromium):
    """The tests' browser, each page in a window of its own: a tab that is not in front gets a frame a second,
    and a terminal's page is always in front. A load test also needs what Playwright calls its context."""

    @property
    def context(self) -> BrowserContext:
        assert self._context is not None, "the browser does not run"
        return self._context

    def _new_page(self) -> Page:
        opener = self.context.pages[0]
        with self.context.expect_page() as opened:
            opener.evaluate("void window.open('about:blank', '_blank', 'popup,width=800,height=600')")
        return opened.value


def ready_in(page: Page, layer: int | None = 1) -> None:
    """Wait until a terminal's page is ready, at a layer if one is given."""
    at = "" if layer is None else f'[data-layer="{layer}"]'
    page.wait_for_selector(READY + at, timeout=READY_MS, state="attached")


@contextmanager
def browser_and_hub(playwright: Playwright, folder: Path) -> Iterator[tuple[LoadBrowser, HubProcess]]:
    """A running hub with the standard ward and a running browser, both ended with the block."""
    hub = HubProcess(folder / "hub", build_template(folder / "template"))
    browser = LoadBrowser(playwright, folder / "profile", hub)
    try:
        hub.start()
        browser.start()
        yield browser, hub
    finally:
        browser.stop()
        hub.stop()

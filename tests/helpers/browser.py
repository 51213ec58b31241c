"""Chromium with a profile on disk, and terminals' screens in it."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from playwright.sync_api import BrowserContext, ConsoleMessage, Locator, Page, Playwright, expect
from playwright.sync_api import Error as PlaywrightError

from tests.helpers.hub_process import HubProcess

ARGUMENTS = (
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-gpu",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    "--allow-loopback-in-peer-connection",
)
AUTOPLAY = "--autoplay-policy=no-user-gesture-required"
"""How a kiosk is set: it may sound without a touch."""

PANELS: Mapping[str, tuple[int, int]] = {
    "bedside": (1024, 600),
    "door": (1080, 1920),
    "corridor": (1920, 540),
    "station": (1024, 600),
    "whiteboard": (3840, 2160),
    "pda": (360, 640),
}
"""Usual panel of each kind, px; a test may ask for another."""

HUB_AWAY = (
    "net::ERR_CONNECTION_REFUSED",
    "net::ERR_CONNECTION_RESET",
    "net::ERR_EMPTY_RESPONSE",
    "net::ERR_INTERNET_DISCONNECTED",
    "WebSocket connection to",
)
"""What Chromium itself writes while the hub is killed: expected, and not the page's doing."""
NO_DEVICE = "The AudioContext encountered an error from the audio device"
"""What Chromium writes when its stand-in for a sound card fell behind on a busy machine. The page says itself
that it cannot sound, and starts the device again; tests of sound look at the sound."""


@dataclass
class Screen:
    """One terminal's page. `problems`: what went wrong in it so far."""

    page: Page
    kind: str
    terminal: str
    problems: list[str] = field(default_factory=list)

    @property
    def body(self) -> Locator:
        return self.page.locator("body")

    def get(self, test_id: str) -> Locator:
        """Elements by their data-testid."""
        return self.page.get_by_test_id(test_id)

    def row(self, source: str) -> Locator:
        """The call row of a source, such as `bed:b01`."""
        return self.page.locator(f'[data-testid="call-row"][data-source="{source}"]')

    def expect_ready(self, layer: int = 1) -> None:
        """Wait until the terminal works, with the hub (1) or on its own (4)."""
        expect(self.body).to_have_attribute("data-phase", "ready")
        expect(self.body).to_have_attribute("data-layer", str(layer))


class Chromium:
    """A browser on a profile: killed and started again, it has what was on its disk."""

    def __init__(
        self, playwright: Playwright, profile: Path, hub: HubProcess | None, *, autoplay: bool = True
    ) -> None:
        """`hub`: whose terminals `screen` opens. `autoplay`: whether pages may sound without a touch."""
        self._arguments = [*ARGUMENTS, AUTOPLAY] if autoplay else [*ARGUMENTS]
        self._playwright = playwright
        self._profile = profile
        self._hub = hub
        self._context: BrowserContext | None = None
        self.screens: list[Screen] = []

    def start(self) -> None:
        """Start the browser on its profile."""
        assert self._context is None, "the browser runs already"
        self._context = self._playwright.chromium.launch_persistent_context(
            self._profile,
            executable_path=shutil.which("chromium"),
            args=self._arguments,
            locale="zh-CN",
            timezone_id="Asia/Shanghai",
            permissions=["microphone"],
        )

    def screen(
        self,
        terminal: str,
        *,
        enrol: bool = True,
        size: tuple[int, int] | None = None,
        simulator: bool = False,
    ) -> Screen:
        """Open a terminal's page in exactly its panel's size; `enrol` gives it a one-time code.

        `simulator` draws the simulated hardware below the panel.
        """
        assert self._hub is not None, "no hub was given"
        address = self._hub.enrol(terminal) if enrol else self._hub.address(terminal)
        kind = address.split("/t/")[1].split("/")[0]
        if simulator:
            address = address.replace(f"/{terminal}/", f"/{terminal}/?shell=simulator")
        screen = self.page(address, size or PANELS[kind])
        screen.kind, screen.terminal = kind, terminal
        return screen

    def page(self, address: str, size: tuple[int, int]) -> Screen:
        """Open any page, its problems collected."""
        page = self._new_page()
        page.set_viewport_size({"width": size[0], "height": size[1]})
        screen = Screen(page, "", "")
        self.screens.append(screen)
        page.on("pageerror", lambda error: screen.problems.append(f"error: {error}"))
        page.on("console", lambda message: _note(screen, message))
        page.goto(address)
        return screen

    def _new_page(self) -> Page:
        assert self._context is not None, "the browser does not run"
        return self._context.new_page()

    def kill(self) -> None:
        """SIGKILL the browser and all of its processes: a power cut for the page, not for the disk."""
        assert self._context is not None, "the browser does not run"
        mine = f"--user-data-dir={self._profile}"
        for process in psutil.process_iter(["cmdline"]):
            if mine in (process.info["cmdline"] or ()):
                for each in (*process.children(recursive=True), process):
                    _kill(each)
        with contextlib.suppress(PlaywrightError):  # it is gone already
            self._context.close()
        self._context = None

    def stop(self) -> None:
        """Close the browser."""
        if self._context is not None:
            self._context.close()
            self._context = None

    def problems(self) -> list[str]:
        """Everything that went wrong in any page, with the terminal it went wrong at."""
        return [
            f"{screen.terminal or screen.page}: {text}" for screen in self.screens for text in screen.problems
        ]


def _note(screen: Screen, message: ConsoleMessage) -> None:
    if message.type == "error" and not any(known in message.text for known in (*HUB_AWAY, NO_DEVICE)):
        screen.problems.append(f"console: {message.text} ({message.location.get('url', '')})")


def _kill(process: psutil.Process) -> None:
    with contextlib.suppress(psutil.NoSuchProcess):
        process.kill()

"""Terminals that can be cut off one by one: each has a browser context of its own.

A cut by `set_offline` leaves the open socket half open: it says that it is open and stays silent. That is the
worst sort of outage, which only a heartbeat notices; what it held back arrives when the cut ends. It does not
touch peer connections, so a terminal that is to be alone has none (`mesh=False`).
"""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Locator, Page, Playwright, expect
from ward_hub.ingest.hl7.mllp import MllpClient

from tests.helpers.browser import ARGUMENTS, AUTOPLAY, HUB_AWAY, NO_DEVICE, PANELS, Screen
from tests.helpers.hub_process import PASSWORD, HubProcess, run_async
from tests.helpers.peers import watch

SOON_MS = 400
"""How far ahead a moment lies that two pages agree on: both have been told of it by then."""

JOURNAL_S = 10.0
NO_PEERS = "delete window.RTCPeerConnection"
"""A browser without peer connections: its terminal has the hub or nobody."""


class Ward:
    """One hub and one browser for the tests of a module; a terminal is opened once and stays open."""

    def __init__(self, browser: Browser, hub: HubProcess, *, mesh: bool) -> None:
        self.hub = hub
        self._mesh = mesh
        self._browser = browser
        self._screens: dict[str, Screen] = {}
        self._all: list[Screen] = []

    def __getitem__(self, terminal: str) -> Screen:
        """The terminal's screen, in its panel's size; enrolled and ready."""
        if terminal not in self._screens:
            context = self.device()
            # a person can sign in once the terminal itself has a token
            with context.expect_event("response", lambda answer: answer.url.endswith("/api/token")):
                self._screens[terminal] = self.open(self.hub.enrol(terminal), terminal, context)
        screen = self._screens[terminal]
        screen.expect_ready()
        return screen

    def shown(self, terminal: str) -> Screen:
        """The terminal's screen, opened before; it need not be with the hub now."""
        return self._screens[terminal]

    def open(self, address: str, terminal: str, context: BrowserContext | None = None) -> Screen:
        """A page of the terminal, on a device of its own or on that of `context`."""
        kind = self.hub.address(terminal).split("/t/")[1].split("/")[0]
        page = (context or self.device()).new_page()
        width, height = PANELS[kind]
        page.set_viewport_size({"width": width, "height": height})
        screen = Screen(page, kind, terminal)
        self._all.append(screen)
        page.on("pageerror", lambda error: screen.problems.append(f"error: {error}"))
        page.on("console", lambda message: _note(screen, message))
        page.goto(address)
        return screen

    def replace(self, terminal: str, screen: Screen) -> None:
        """The terminal goes on with this page."""
        self._screens[terminal] = screen

    def device(self) -> BrowserContext:
        """An empty device: storage, keys and network of its own."""
        context = self._browser.new_context(
            locale="zh-CN", timezone_id="Asia/Shanghai", permissions=["microphone", "camera"]
        )
        if self._mesh:
            return watch(context)
        context.add_init_script(NO_PEERS)
        return context

    def journal(self, bed: str, calls: int = 1) -> list[dict[str, Any]]:
        """The journal's lines of a bed, as `ward-hub calls` prints them beside the running hub.

        The journal follows the log: it is read again until that many calls of the bed are over.
        """
        deadline = time.monotonic() + JOURNAL_S
        while True:
            answer = json.loads(self.command("calls", "--bed", bed, "--format", "json"))
            lines: list[dict[str, Any]] = answer["calls"]
            over = [line for line in lines if line["closed_at"] is not None]
            if len(over) >= calls or time.monotonic() > deadline:
                return lines

    def command(self, name: str, *arguments: str) -> str:
        """Run a `ward-hub` command beside the hub and return what it prints."""
        command = [sys.executable, "-m", "ward_hub.cli.main", name, *arguments]
        command += ["--data", str(self.hub.data)]
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout

    def feed(self, *messages: bytes) -> None:
        """Send HL7 v2 messages to the hub's MLLP port; each must be taken."""

        async def send() -> list[bytes]:
            client = MllpClient("127.0.0.1", self.hub.mllp_port)
            try:
                return [await client.send(message) for message in messages]
            finally:
                await client.close()

        for answer in run_async(send()):
            assert b"MSA|AA|" in answer, answer.decode()

    def problems(self) -> list[str]:
        """Everything that went wrong in any page, with the terminal it went wrong at."""
        return [f"{screen.terminal}: {text}" for screen in self._all for text in screen.problems]


@contextlib.contextmanager
def open_ward(
    playwright: Playwright, template: Path, folder: Path, *, autoplay: bool = True, mesh: bool = False
) -> Iterator[Ward]:
    """A standard ward with its hub and browser. Errors in any of its pages fail at the end.

    `mesh`: whether its terminals may link to each other.
    """
    hub = HubProcess(folder / "hub", template)
    hub.start()
    try:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=[*ARGUMENTS, *([AUTOPLAY] if autoplay else [])]
        )
        ward = Ward(browser, hub, mesh=mesh)
        try:
            yield ward
        finally:
            browser.close()
    finally:
        hub.stop()
    if found := ward.problems():
        raise AssertionError(f"pages reported: {found}")


@contextlib.contextmanager
def cut_off(*screens: Screen) -> Iterator[None]:
    """Cut the screens' links for a while. That they have noticed is for the test to wait for."""
    for screen in screens:
        screen.page.context.set_offline(True)
    try:
        yield
    finally:
        for screen in screens:
            screen.page.context.set_offline(False)


def click_together(*keys: Locator) -> None:
    """Touch keys on several pages at the same moment, before any of them can have heard of the others."""
    for key in keys:
        expect(key).to_be_visible()
    moment = time.time_ns() // 1_000_000 + SOON_MS
    for key in keys:
        key.evaluate("(key, moment) => void setTimeout(() => key.click(), moment - Date.now())", moment)


def note_times(page: Page, attribute: str) -> None:
    """From now on the page notes when `body` first gets each value of an attribute; see `noted_times`."""
    page.evaluate(
        """(name) => {
            const noted = (window.noted = {});
            const look = () => (noted[document.body.getAttribute(name)] ??= Date.now());
            new MutationObserver(look).observe(document.body, { attributeFilter: [name] });
        }""",
        attribute,
    )


def noted_times(page: Page) -> Mapping[str, int]:
    """Value of the noted attribute → when it first came, ms since the epoch."""
    noted: Mapping[str, int] = page.evaluate("window.noted")
    return noted


def sign_in(screen: Screen, number: str) -> None:
    """Sign a nurse in at a station or PDA; leaves the screen on that tab."""
    screen.page.locator(f'[data-tab="{"me" if screen.kind == "pda" else "self"}"]').click()
    screen.get("staff-number").fill(number)
    screen.get("staff-password").fill(PASSWORD)
    screen.get("sign-in").click()
    expect(screen.get("sign-out")).to_be_visible()


def open_tab(screen: Screen, tab: str) -> None:
    """Touch a tab of a station or PDA."""
    screen.page.locator(f'[data-tab="{tab}"]').click()


def _note(screen: Screen, message: ConsoleMessage) -> None:
    if message.type == "error" and not any(known in message.text for known in (*HUB_AWAY, NO_DEVICE)):
        screen.problems.append(f"console: {message.text} ({message.location.get('url', '')})")

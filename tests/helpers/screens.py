"""One ward for many browser tests: hub, patients, six screens, and hands at the terminals without one."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Coroutine, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import httpx
from playwright.sync_api import ConsoleMessage, Playwright, WebError, expect
from ward_hub.db.engine import open_database, sqlite_url
from ward_hub.demo.his import Hospital, standard_beds, standard_staff
from ward_hub.demo.hub_account import HubAccount
from ward_hub.demo.light_terminals import LightTerminal, Place
from ward_hub.demo.terminal_key import TerminalKey
from ward_hub.directory import fixture, store
from ward_hub.ingest.hl7.mllp import MllpClient
from ward_sync.facts import Act

from tests.helpers.browser import HUB_AWAY, NO_DEVICE, Chromium, Screen
from tests.helpers.hub_process import DATABASE, PASSWORD, HubProcess, run_async

T = TypeVar("T")

SIX = {
    "bedside": "bed-b01",
    "door": "door-r01",
    "corridor": "corridor-1",
    "station": "station-main",
    "whiteboard": "whiteboard",
    "pda": "pda-01",
}
"""A bedside with its own door and the PDA that is responsible for it; one screen of each other kind."""
SIZES = {
    "bedside": (1024, 600),
    "door": (1080, 1920),
    "corridor": (1920, 540),
    "station": (1024, 600),
    "whiteboard": (3840, 2160),
    "pda": (390, 844),
}
"""The panels of the requirement, px; a usual phone."""
SLOW_MS = 60_000
"""Six pages start at once, each with its enrolment, on two cores."""
ANSWER_S = 30.0


def now_ms() -> int:
    return time.time_ns() // 1_000_000


class WatchedChromium(Chromium):
    """A browser of which every console line is a problem, also a warning.

    From `hub_killed` on the browser's own lines about refused connections are expected.
    """

    hub_killed = False

    def start(self) -> None:
        super().start()
        self.lines: list[str] = getattr(self, "lines", [])
        assert self._context is not None
        self._context.on("console", self._hear)
        self._context.on("weberror", self._hear_error)

    def _hear(self, message: ConsoleMessage) -> None:
        away = any(known in message.text for known in HUB_AWAY)
        if not (self.hub_killed and away) and NO_DEVICE not in message.text:
            page = message.page.url.partition("#")[0] if message.page else "?"
            self.lines.append(f"{page}: {message.type}: {message.text}")

    def _hear_error(self, error: WebError) -> None:
        self.lines.append(f"{error.page.url if error.page else '?'}: {error.error}")


@dataclass(frozen=True)
class SixScreens:
    """One open page of each kind."""

    bedside: Screen
    door: Screen
    corridor: Screen
    station: Screen
    whiteboard: Screen
    pda: Screen

    def all(self) -> tuple[Screen, ...]:
        return (self.bedside, *self.lists())

    def lists(self) -> tuple[Screen, ...]:
        """Those that show calls as rows."""
        return (self.door, self.corridor, self.station, self.whiteboard, self.pda)

    def kind(self, kind: str) -> Screen:
        return next(screen for screen in self.all() if screen.kind == kind)

    def expect_row(self, source: str, state: str = "waiting") -> None:
        """Wait until the source's call stands on every list."""
        for screen in self.lists():
            expect(screen.row(source)).to_have_attribute("data-state", state)

    def expect_sounding(self, tone: str) -> None:
        """Wait until every list sounds so; `""`: until all are silent."""
        for screen in self.lists():
            expect(screen.body).to_have_attribute("data-sounding", tone)

    def expect_quiet(self) -> None:
        """Wait until no screen shows or sounds a call."""
        for screen in self.lists():
            expect(screen.get("call-row")).to_have_count(0)
            expect(screen.body).to_have_attribute("data-sounding", "")
        expect(self.bedside.get("own-call")).to_have_count(0)


def open_six(browser: Chromium, *, enrol: bool = True, layer: int = 1) -> SixScreens:
    """Open the six in exactly their panels' sizes and wait until they work."""
    pages = {kind: browser.screen(terminal, enrol=enrol, size=SIZES[kind]) for kind, terminal in SIX.items()}
    six = SixScreens(**pages)
    for screen in six.all():
        expect(screen.body).to_have_attribute("data-phase", "ready", timeout=SLOW_MS)
        expect(screen.body).to_have_attribute("data-layer", str(layer), timeout=SLOW_MS)
        expect(screen.body).to_have_attribute("data-sound", "ok")
    return six


def sign_in(screen: Screen, number: str, tab: str) -> None:
    """Sign a person in at a station or PDA, on its own tab of that name."""
    screen.page.locator(f'[data-tab="{tab}"]').click()
    screen.get("staff-number").fill(number)
    screen.get("staff-password").fill(PASSWORD)
    screen.get("sign-in").click()
    expect(screen.get("sign-out")).to_be_visible()


class Hands:
    """Terminals without a screen that press and act when told; they live in a thread of their own."""

    def __init__(self, hub: HubProcess) -> None:
        self._hub = hub
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="hands")
        self._thread.start()
        self._http = self._do(self._client())
        self._terminals: dict[str, LightTerminal] = {}
        self._lives: list[Future[None]] = []

    def press(self, terminal: str, call_type: str, source: str, room: str | None = None) -> str:
        """Place a call and return its id once the hub has stored it. The terminal is enrolled if need be."""
        call, verdict = self._do(self._light(terminal).press(call_type, source, room=room))
        assert isinstance(verdict, int), f"the hub refused {source} {call_type}: {verdict}"
        return call

    def act(self, terminal: str, act: Act, calls: Sequence[str], **more: Any) -> int | str:
        """Do an act; returns the hub's time, or the reason why it refused."""
        return self._do(self._light(terminal).act(act, calls, **more))[1]

    def close(self) -> None:
        for life in self._lives:
            life.cancel()
        self._do(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(base_url=self._hub.url, timeout=10, trust_env=False)

    async def _end(self) -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        await asyncio.gather(*others, return_exceptions=True)
        await self._http.aclose()

    def _light(self, name: str) -> LightTerminal:
        if name not in self._terminals:
            account = HubAccount(self._http, name, TerminalKey.generate())
            self._do(account.enrol(self._hub.enrol(name).partition("#enrol=")[2]))
            known = next(one for one in fixture.terminals() if one.id == name)
            place = Place(name, known.kind.value, fixture.WARD, known.profile, known.room, known.bed)
            rooms = [room.id for room in fixture.rooms()]
            light = self._terminals[name] = LightTerminal(self._hub.url, account, place, rooms, now_ms)
            self._lives.append(asyncio.run_coroutine_threadsafe(light.run(), self._loop))
            self._do(light.joined.wait())
        return self._terminals[name]

    def _do(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(ANSWER_S)


@dataclass(frozen=True)
class RunningWard:
    """A hub with a full ward, a browser, and hands. `hospital`: who lies where, as the feed has told."""

    hub: HubProcess
    browser: WatchedChromium
    hands: Hands
    hospital: Hospital

    def change(self, **fields: Any) -> None:
        """Change fields of the ward in SQL, as the back office does; the hub notices within a second."""

        async def change() -> None:
            database = open_database(sqlite_url(self.hub.data / DATABASE))
            try:
                async with database.session.begin() as session:
                    ward = (await store.load_directory(session, now_ms())).wards[fixture.WARD]
                    await store.store_ward(session, replace(ward, **fields))
            finally:
                await database.close()

        run_async(change())

    def kill_hub(self) -> None:
        """SIGKILL; from now on the browser may complain of refused connections."""
        self.browser.hub_killed = True
        self.hub.kill()


@contextmanager
def running_ward(playwright: Playwright, template: Path, folder: Path) -> Iterator[RunningWard]:
    """A standard ward by day, its patients told by the feed, and a browser; all ended at the end."""
    hub = HubProcess(folder / "hub", template)
    hub.start()
    browser = WatchedChromium(playwright, folder / "profile", hub)
    hands = Hands(hub)
    hospital = Hospital(7, standard_beds(), standard_staff(), "E2E")
    ward = RunningWard(hub, browser, hands, hospital)
    try:
        # By day, whatever the clock of the machine says; the night has its own test.
        ward.change(night_from="00:00", night_to="00:00")
        run_async(_tell(hub.mllp_port, hospital.fill(now_ms())))
        browser.start()
        yield ward
    finally:
        browser.stop()
        hands.close()
        hub.stop()


async def _tell(port: int, messages: Sequence[bytes]) -> None:
    client = MllpClient("127.0.0.1", port)
    try:
        for message in messages:
            answer = await client.send(message)
            assert b"\rMSA|AA|" in answer, answer
    finally:
        await client.close()


OUTSIDE = """() => {
    const root = document.documentElement;
    const found = [];
    if (root.scrollWidth > innerWidth || root.scrollHeight > innerHeight)
        found.push(`document ${root.scrollWidth}x${root.scrollHeight} in ${innerWidth}x${innerHeight}`);
    if (root.clientWidth !== innerWidth || root.clientHeight !== innerHeight) found.push("scrollbars");
    const scrolls = (element) => {
        for (let at = element.parentElement; at; at = at.parentElement) {
            const style = getComputedStyle(at);
            if (/auto|scroll/.test(style.overflowX + style.overflowY)) return true;
        }
        return false;
    };
    for (const element of document.querySelectorAll("button, [data-testid], h1, h2, time")) {
        if (!element.checkVisibility({ visibilityProperty: true }) || scrolls(element)) continue;
        const box = element.getBoundingClientRect();
        const above = box.left < -0.5 || box.top < -0.5;
        const out = above || box.right > innerWidth + 0.5 || box.bottom > innerHeight + 0.5;
        if (box.width > 0 && out && !element.closest(".visually-hidden, .marquee"))
            found.push(`${element.outerHTML.slice(0, 120)} at ${JSON.stringify(box)}`);
    }
    const whole = '[data-testid="call-row"] *, .tile .level, dd:has(.private)';
    for (const element of document.querySelectorAll(whole)) {
        const cut = element.clientWidth > 1 && element.scrollWidth > element.clientWidth + 1;
        if (cut && !element.matches(".visually-hidden"))
            found.push(`words cut or over another: ${element.outerHTML.slice(0, 200)}`);
    }
    for (const element of document.querySelectorAll("button")) {
        if (element.checkVisibility() && element.scrollWidth > element.clientWidth + 1)
            found.push(`words wider than their key: ${element.outerHTML.slice(0, 160)}`);
    }
    return found;
}"""


def outside_the_panel(screen: Screen) -> list[str]:
    """What is larger than the window: the document, keys and rows, words in keys. Empty when all fits."""
    found: list[str] = screen.page.evaluate(OUTSIDE)
    return [f"{screen.terminal}: {text}" for text in found]

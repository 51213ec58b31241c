"""The back office in a browser beside the ward's terminals: desks, and when a terminal shows a change."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import (
    APIResponse,
    Browser,
    BrowserContext,
    ConsoleMessage,
    Locator,
    Page,
    Playwright,
    Response,
    expect,
)
from ward_hub.demo.his import Hospital, standard_beds, standard_staff
from ward_hub.directory import fixture
from ward_sync.facts import Act

from tests.helpers.browser import ARGUMENTS, AUTOPLAY, HUB_AWAY, NO_DEVICE, PANELS, Screen
from tests.helpers.cuts import Ward
from tests.helpers.hub_process import PASSWORD, HubProcess
from tests.helpers.screens import Hands, now_ms

log = logging.getLogger(__name__)

AXE = Path(__file__).parents[2] / "pwa" / "node_modules" / "axe-core" / "axe.min.js"
GRAVE = ("serious", "critical")
LOOK = """async (grave) => {
    const { violations } = await axe.run(document, { resultTypes: ["violations"] });
    return violations.filter((one) => grave.includes(one.impact)).map((one) =>
        `${one.id} (${one.impact}): ${one.nodes.length} x ${one.nodes[0].html.slice(0, 160)}: `
        + one.nodes[0].failureSummary);
}"""
REFUSED = "the server responded with a status of 4"
"""What Chromium itself writes of every refusal of the hub; what the page makes of it the tests look at."""
OFFICE_SIZE = (1440, 900)
WITHIN_MS = 2_000
"""From the press on 保存 to the terminal's picture: what the back office promises."""
LOST_S = 20
WATCH = """([key, selector, text, gone]) => {
    window.watched ??= {};
    window.watched[key] = new Promise((found) => {
        const look = () => {
            const all = [...document.querySelectorAll(selector)];
            const there = all.some((one) => one.textContent.includes(text));
            if (there === gone) return;
            observer.disconnect();
            found(Date.now());
        };
        const observer = new MutationObserver(look);
        const every = { subtree: true, childList: true, characterData: true, attributes: true };
        observer.observe(document, every);
        look();
    });
}"""
"""The page notes by itself when it shows something: asking it again and again would find it late."""
AWAIT = """([key, ms]) => Promise.race([
    window.watched[key], new Promise((found) => setTimeout(() => found(null), ms)),
])"""


class Shown:
    """Waits in a terminal's page for something to stand there, or to be gone. `at()` gives when, ms."""

    def __init__(self, screen: Screen, selector: str, text: str = "", *, gone: bool = False) -> None:
        self._page = screen.page
        self._what = f"{screen.terminal}: {selector} {text!r}{' gone' if gone else ''}"
        self._key = f"{selector} {text} {gone}"
        self._page.evaluate(WATCH, [self._key, selector, text, gone])

    def at(self) -> int:
        found: int | None = self._page.evaluate(AWAIT, [self._key, LOST_S * 1000])
        assert found is not None, f"not within {LOST_S} s: {self._what}"
        return found

    def within(self, since: float, limit_ms: int = WITHIN_MS) -> None:
        """Wait for it; it must have come at most `limit_ms` after `since` (ms since the epoch)."""
        took = self.at() - since
        log.info("%6.0f ms  %s", took, self._what)
        assert took <= limit_ms, f"after {took:.0f} ms: {self._what}"


@dataclass
class Desk:
    """One person's browser at the back office. `problems`: what went wrong in its page."""

    page: Page
    url: str
    problems: list[str] = field(default_factory=list)

    def get(self, test_id: str) -> Locator:
        return self.page.get_by_test_id(test_id)

    def row(self, test_id: str, of: str) -> Locator:
        """The row, card or chip of a thing, by its id."""
        return self.page.locator(f'[data-testid="{test_id}"][data-id="{of}"]')

    def open(self, page: str, part: str = "") -> None:
        """Open a page as by its link, and wait for its heading."""
        self.page.goto(f"{self.url}/office/#/{page}{f'/{part}' if part else ''}")
        expect(self.get(f"nav-{page}")).to_have_attribute("aria-current", "page")
        expect(self.page.locator("main h1")).to_be_visible()

    def pages(self) -> list[str]:
        """The pages that are offered."""
        links = self.page.locator('nav [data-testid^="nav-"]')
        expect(links.first).to_be_visible()
        return [str(link.get_attribute("data-testid"))[4:] for link in links.all()]

    def send(self, key: Locator, path: str = "") -> tuple[float, Response]:
        """Press a key that sends a request; returns when it was sent, ms, and the answer."""

        def sent(answer: Response) -> bool:
            return answer.request.method != "GET" and f"/api/office/{path}" in answer.url

        with self.page.expect_response(sent) as info:
            key.click()
        answer = info.value
        return answer.request.timing["startTime"], answer

    def save(self, key: str = "save") -> float:
        """Press a key that makes a change, which must be taken; returns when, ms."""
        since, answer = self.send(self.get(key))
        assert answer.status < 300, f"{answer.status}: {answer.text()}"
        return since

    def undo(self) -> float:
        """Press 撤销 on the newest toast; returns when, ms."""
        since, answer = self.send(self.page.locator('[data-testid^="undo-"]').last, "changes/")
        assert answer.status < 300, f"{answer.status}: {answer.text()}"
        return since

    def ask(self, method: str, path: str, body: object = None) -> APIResponse:
        """The API with this person's session, past the page."""
        return self.page.context.request.fetch(
            f"{self.url}/api/office/{path}",
            method=method,
            headers={"X-Wardline-Office": "1", "Content-Type": "application/json"},
            data=None if body is None else json.dumps(body),
        )

    def read(self, path: str) -> Any:
        """JSON of a GET."""
        answer = self.ask("GET", path)
        assert answer.ok, answer.text()
        return answer.json()

    def change(self, note: str, *edits: Mapping[str, object]) -> int:
        """Make a change past the page; returns its id."""
        answer = self.ask("POST", "changes", {"note": note, "edits": [dict(edit) for edit in edits]})
        assert answer.ok, answer.text()
        made: int = answer.json()["id"]
        return made

    def held(self, part: str, of: str, ward: str = fixture.WARD) -> dict[str, Any]:
        """A value of the ward as it is, without its id."""
        found: dict[str, Any] = next(one for one in self.read(f"wards/{ward}")[part] if one["id"] == of)
        return {name: value for name, value in found.items() if name not in ("id", "state", "shipped")}

    def findings(self) -> list[str]:
        """Grave findings of axe-core on what is shown."""
        self.page.evaluate(AXE.read_text("utf-8"))
        found: list[str] = self.page.evaluate(LOOK, list(GRAVE))
        return found


def edit(
    entity: str, of: str, before: object, after: object, ward: str | None = fixture.WARD
) -> Mapping[str, object]:
    return {"entity": entity, "ward": ward, "id": of, "before": before, "after": after}


class House:
    """One hub with patients in its ward; terminals and desks in one browser, each a device of its own."""

    def __init__(self, hub: HubProcess, browser: Browser, hands: Hands, hospital: Hospital) -> None:
        self.hub = hub
        self.terminals = Ward(browser, hub, mesh=False)
        self.hands = hands
        self.hospital = hospital
        self._browser = browser
        self._desks: dict[str, Desk] = {}
        self._more: list[Screen] = []

    def desk(self, number: str, *, another: bool = False) -> Desk:
        """The person's desk, signed in; `another`: a second browser of theirs."""
        if number not in self._desks or another:
            desk = self.empty_desk()
            desk.get("office-number").fill(number)
            desk.get("office-password").fill(PASSWORD)
            desk.get("office-enter").click()
            expect(desk.get("office-me")).to_be_visible()
            self._desks[f"{number} {len(self._desks)}" if another else number] = desk
        return self._desks[f"{number} {len(self._desks) - 1}" if another else number]

    def empty_desk(self) -> Desk:
        """A browser that nobody has signed in at."""
        page = self._device().new_page()
        page.set_viewport_size({"width": OFFICE_SIZE[0], "height": OFFICE_SIZE[1]})
        desk = Desk(page, self.hub.url)
        page.on("pageerror", lambda error: desk.problems.append(f"error: {error}"))
        page.on("console", lambda message: _note(desk.problems, message))
        page.goto(f"{self.hub.url}/office/")
        self._desks[f"empty {len(self._desks)}"] = desk
        return desk

    def open_address(self, address: str, kind: str) -> Screen:
        """A new device opens an address, as one that reads a QR code does."""
        page = self.terminals.device().new_page()
        width, height = PANELS[kind]
        page.set_viewport_size({"width": width, "height": height})
        screen = Screen(page, kind, address.partition("#")[0].split("/")[-2])
        self._more.append(screen)
        page.on("pageerror", lambda error: screen.problems.append(f"error: {error}"))
        page.on("console", lambda message: _note(screen.problems, message))
        page.goto(address)
        return screen

    def problems(self) -> list[str]:
        """What went wrong in any page so far; told once."""
        # a revoked device and an ended session go on asking; what the page makes of it the tests look at
        found = [text for text in self.terminals.problems() if REFUSED not in text]
        for screen in self._more:
            found += [f"{screen.terminal}: {text}" for text in screen.problems]
        for name, desk in self._desks.items():
            found += [f"desk {name}: {text}" for text in desk.problems]
        return found

    def _device(self) -> BrowserContext:
        return self._browser.new_context(locale="zh-CN", timezone_id="Asia/Shanghai", accept_downloads=True)


@contextmanager
def open_house(playwright: Playwright, template: Path, folder: Path) -> Iterator[House]:
    """A standard ward by day, full of patients, with a browser; nothing may stand on a console at the end."""
    hub = HubProcess(folder / "hub", template)
    hub.start()
    hands = Hands(hub)
    try:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=[*ARGUMENTS, AUTOPLAY]
        )
        try:
            hospital = Hospital(7, standard_beds(), standard_staff(), "OFFICE")
            house = House(hub, browser, hands, hospital)
            house.terminals.feed(*hospital.fill(now_ms()))
            # By day, whatever the clock of the machine says.
            admin = house.desk("a001")
            ward = admin.read(f"wards/{fixture.WARD}")["ward"]
            day = {**ward, "night_from": "00:00", "night_to": "00:00"}
            admin.change("by day", edit("ward", fixture.WARD, ward, day, None))
            yield house
        finally:
            browser.close()
    finally:
        hands.close()
        hub.stop()
    if found := house.problems():
        raise AssertionError(f"pages reported: {found}")


def _note(problems: list[str], message: ConsoleMessage) -> None:
    known = (*HUB_AWAY, NO_DEVICE, REFUSED)
    if message.type in ("error", "warning") and not any(each in message.text for each in known):
        problems.append(f"console: {message.text} ({message.location.get('url', '')})")


LOST = """(ids) => {
    window.lostBy?.disconnect();
    window.lost = [];
    const look = () => {
        const rows = [...document.querySelectorAll('[data-testid="call-row"]')].map((row) => row.dataset.row);
        const missing = ids.filter((id) => !rows.includes(id));
        if (missing.length > 0 || new Set(rows).size < rows.length) window.lost.push({ missing, rows });
    };
    window.lostBy = new MutationObserver(look);
    window.lostBy.observe(document.body, { subtree: true, childList: true });
    look();
}"""
"""Notes each moment at which a call is not on the screen, or is there twice."""
JOURNAL_S = 15_000


class OpenCalls:
    """Calls that stay open while something is changed: on all given screens, all the time, once each."""

    def __init__(self, house: House, screens: Sequence[Screen]) -> None:
        """Takes the calls along that are open already, pressed at pages."""
        self._house = house
        self._screens = screens
        self._by_hand: list[tuple[str, str]] = []
        rows = screens[0].get("call-row").all()
        self._source = {str(row.get_attribute("data-row")): row.get_attribute("data-source") for row in rows}

    @property
    def ids(self) -> set[str]:
        return set(self._source)

    def of(self, source: str) -> set[str]:
        return {call for call, its in self._source.items() if its == source}

    def add(self, terminal: str, call_type: str, source: str) -> str:
        """A call from a terminal without a screen; waits until every screen has it."""
        call = self._house.hands.press(terminal, call_type, source)
        self._source[call] = source
        self._by_hand.append((terminal, call))
        for screen in self._screens:
            expect(screen.page.locator(f'[data-testid="call-row"][data-row="{call}"]')).to_have_count(1)
        return call

    def watch(self) -> None:
        """From now on no screen may lose or double one of them, not for a moment."""
        for screen in self._screens:
            screen.page.evaluate(LOST, sorted(self.ids))

    def shown(self, screen: Screen) -> set[str]:
        """Ids on the screen; none may be there twice."""
        rows = [str(row.get_attribute("data-row")) for row in screen.get("call-row").all()]
        assert len(rows) == len(set(rows)), f"{screen.terminal} shows a call twice: {rows}"
        return set(rows)

    def still_there(self) -> None:
        """All of them are on all screens, and were all the time since `watch`."""
        for screen in self._screens:
            assert self.shown(screen) == self.ids, screen.terminal
            assert screen.page.evaluate("window.lost") == [], screen.terminal

    def end(self) -> None:
        """Take back those from terminals without a screen; pages do it themselves."""
        for terminal, call in self._by_hand:
            self._house.hands.act(terminal, Act.CANCELLED, [call])
        for screen in self._screens:
            expect(screen.get("call-row")).to_have_count(0)

    def once_in_the_journal(self, desk: Desk) -> None:
        """The journal has each of them once, and over; it follows the log within seconds."""
        deadline = now_ms() + JOURNAL_S
        while True:
            lines = desk.read(f"journal?ward={fixture.WARD}")["calls"]
            over = [line["id"] for line in lines if line["closed_at"] is not None]
            if self.ids <= set(over) or now_ms() > deadline:
                break
            desk.page.wait_for_timeout(100)
        ids = [line["id"] for line in lines]
        assert self.ids <= set(over)
        assert len(ids) == len(set(ids)), "a call stands twice in the journal"
        assert {line["id"] for line in lines if line["id"] in self.ids} == self.ids

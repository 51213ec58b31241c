"""A press until the last of 12 screens has drawn it, the hub killed: `python -m loadtests.press_without_hub`
(design 9, p99 ≤ 500 ms; talk set up ≤ 2 s).

Twelve real pages in one browser: a bedside, its door, both stations, the three corridor screens, the
whiteboard and four PDAs. Their links are up, then the hub is killed. The bedside presses, every other page
has to show the call, the main station clears it. Measured as in press_to_drawn: from the touch to the end of
the frame that first shows the row.

Then the station answers a call and hangs up, some times over: from its touch until `totalAudioEnergy` of the
incoming sound grows at both ends.
"""

from __future__ import annotations

import math
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from playwright.sync_api import Page, expect, sync_playwright

from loadtests.pages import LoadBrowser, browser_and_hub, ready_in
from loadtests.press_to_drawn import WATCH as DRAWN
from loadtests.press_to_drawn import by_page, latencies
from loadtests.report import Figure, arguments, percentile, report
from tests.helpers.hub_process import HubProcess
from tests.helpers.peers import ENERGY, HEARD
from tests.helpers.peers import WATCH as PEERS

BUDGET_MS, TALK_MS = 500.0, 2_000.0
PRESSES, QUICK_PRESSES = 100, 10
TALKS, QUICK_TALKS = 10, 2
BED = "bed-b01"
PAGES = (
    "door-r01", "station-main", "station-vice", "corridor-1", "corridor-2", "corridor-3", "whiteboard",
    "pda-01", "pda-02", "pda-03", "pda-04",
)  # fmt: skip
QUICK_PAGES = ("door-r01", "station-main", "corridor-1")
LINKED_MS = 60_000
REST_MS = 2_100
"""A press within 2 s of the last only confirms it again (CF38)."""
REAL_TALK_MS = 2_500
"""A shorter talk is none (CF22), and the call would stay."""

PRESS = """() => {
    const at = performance.timeOrigin + performance.now();
    document.querySelector('[data-testid="press-patient"]').click();
    return at;
}"""
ANSWER = """() => {
    const at = performance.timeOrigin + performance.now();
    document.querySelector('[data-testid="act-answered"]').click();
    return at;
}"""


def call_of(bed: Page) -> str:
    return bed.get_by_test_id("own-call").first.get_attribute("data-call") or ""


def clear(station: Page) -> None:
    station.get_by_test_id("act-cleared").first.click()


def quiet(pages: Mapping[str, Page]) -> None:
    for page in pages.values():
        expect(page.get_by_test_id("call-row")).to_have_count(0)


def press_all(bed: Page, pages: Mapping[str, Page], presses: int) -> dict[str, float]:
    """Press, wait until every page shows it, clear; returns call → time of its press (ms)."""
    pressed: dict[str, float] = {}
    for _ in range(presses):
        began = time.monotonic()
        at: float = bed.evaluate(PRESS)
        pressed[call_of(bed)] = at
        for page in pages.values():
            expect(page.get_by_test_id("call-row")).to_have_count(1)
        clear(pages["station-main"])
        quiet(pages)
        bed.wait_for_timeout(max(0.0, REST_MS - (time.monotonic() - began) * 1000))
    return pressed


def talk_all(bed: Page, pages: Mapping[str, Page], talks: int) -> list[float]:
    """Answer and hang up; returns ms from each answer until both ends hear, infinite where one never did."""
    station = pages["station-main"]
    times = []
    for _ in range(talks):
        bed.evaluate(PRESS)
        expect(station.get_by_test_id("act-answered")).to_have_count(1)
        before = [page.evaluate(ENERGY) for page in (station, bed)]
        at: float = station.evaluate(ANSWER)
        heard = [
            page.evaluate(HEARD, [energy, 5]) for page, energy in zip((station, bed), before, strict=True)
        ]
        times.append(math.inf if None in heard else max(heard) - at)
        station.wait_for_timeout(REAL_TALK_MS)
        station.get_by_test_id("talk-hang-up").first.click()
        quiet(pages)
    return times


def open_pages(browser: LoadBrowser, names: tuple[str, ...]) -> dict[str, Page]:
    """Every page with the hub, and linked with the stations and the door that its kind is linked with."""
    browser.context.add_init_script(DRAWN)
    browser.context.add_init_script(PEERS)
    pages = {}
    for name in names:
        pages[name] = browser.screen(name).page
        ready_in(pages[name])
    for page in pages.values():
        expect(page.locator("body")).not_to_have_attribute("data-neighbours", "0", timeout=LINKED_MS)
    return pages


def measure(folder: Path, names: tuple[str, ...], presses: int, talks: int) -> list[Figure]:
    with sync_playwright() as playwright, browser_and_hub(playwright, folder) as (browser, hub):
        opened = open_pages(browser, (BED, *names))
        bed = opened.pop(BED)
        _cut(hub, {BED: bed, **opened})
        pressed = press_all(bed, opened, presses)
        drawn = {name: dict(page.evaluate("() => window.__drawn")) for name, page in opened.items()}
        talked = talk_all(bed, opened, talks)
        for problem in browser.problems():
            print("page:", problem)
    times = latencies(pressed, drawn)
    last = f"last of {len(opened) + 1} pages, no hub"
    return [
        Figure(f"press → drawn on the {last}, p50", percentile(times, 0.5), "ms"),
        Figure(f"press → drawn on the {last}, p99", percentile(times, 0.99), "ms", BUDGET_MS),
        Figure("  the slowest", max(times, default=math.nan), "ms"),
        Figure("presses", len(pressed), ""),
        Figure("not drawn on some page", sum(map(math.isinf, times)), "", 0),
        Figure("answer → sound at both ends, no hub, p50", percentile(talked, 0.5), "ms"),
        Figure("answer → sound at both ends, no hub, slowest", max(talked, default=math.nan), "ms", TALK_MS),
        Figure("talks", len(talked), ""),
        *(
            Figure(f"  {name} alone, {share:.0%}", percentile(each, share), "ms")
            for name, each in by_page(pressed, drawn).items()
            for share in (0.5, 0.99)
        ),
    ]


def _cut(hub: HubProcess, pages: Mapping[str, Page]) -> None:
    hub.kill()
    for page in pages.values():
        ready_in(page, 2)


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--presses", type=int, help=f"default {PRESSES}, quick {QUICK_PRESSES}")
    options = parser.parse_args()
    presses = options.presses or (QUICK_PRESSES if options.quick else PRESSES)
    talks = QUICK_TALKS if options.quick else TALKS
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(Path(folder), QUICK_PAGES if options.quick else PAGES, presses, talks)
    return report("Press to drawn and talk, hub killed", figures, options)


if __name__ == "__main__":
    raise SystemExit(main())

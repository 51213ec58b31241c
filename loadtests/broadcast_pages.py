"""A broadcast from the station's page to 24 bedside pages: `python -m loadtests.broadcast_pages` (CALL-02).

Straight from page to page, the hub killed. At each bed `totalAudioEnergy` of what comes in must grow; from
the touch to the last bed that hears, packets lost and concealed, and the CPU of the whole browser meanwhile.
"""

from __future__ import annotations

import math
import tempfile
import time
from pathlib import Path

import psutil
from playwright.sync_api import Page, expect, sync_playwright
from ward_hub.directory import fixture

from loadtests.pages import LoadBrowser, browser_and_hub, ready_in
from loadtests.report import Figure, arguments, report
from tests.helpers.peers import ENERGY, HEARD, WATCH, stats

BEDS, QUICK_BEDS = 24, 4
LINKED_MS = 180_000
TALK_S = 10.0
STATION = "station-main"
START = """() => {
    const at = performance.timeOrigin + performance.now();
    document.querySelector('[data-testid="broadcast-start"]').click();
    return at;
}"""


def cpu_seconds(profile: Path) -> float:
    """CPU time of all processes of a browser so far."""
    mine = f"--user-data-dir={profile}"
    total = 0.0
    for process in psutil.process_iter(["cmdline"]):
        if mine in (process.info["cmdline"] or ()) and "--type=" not in " ".join(process.info["cmdline"]):
            for each in (process, *process.children(recursive=True)):
                total += sum(each.cpu_times()[:2])
    return total


def choose(station: Page, beds: list[str]) -> None:
    """Mark each bed on the station's broadcast tab."""
    station.locator('[data-tab="broadcast"]').click()
    for bed in beds:
        station.locator(f'[data-testid="broadcast-target"][data-kind="bed"][data-id="{bed}"]').click()


def lost_and_concealed(beds: list[Page]) -> tuple[float, float]:
    """Shares of packets lost and samples concealed over all beds, %."""
    got = lost = samples = concealed = 0.0
    for page in beds:
        for each in stats(page):
            if each.get("type") == "inbound-rtp" and each.get("kind") == "audio":
                got += each.get("packetsReceived", 0)
                lost += max(0, each.get("packetsLost", 0))
                samples += each.get("totalSamplesReceived", 0)
                concealed += each.get("concealedSamples", 0) - each.get("silentConcealedSamples", 0)
    return 100 * lost / max(1.0, got + lost), 100 * concealed / max(1.0, samples)


def open_ward(browser: LoadBrowser, beds: list[str]) -> tuple[Page, list[Page]]:
    browser.context.add_init_script(WATCH)
    station = browser.screen(STATION).page
    ready_in(station)
    pages = []
    for bed in beds:
        pages.append(browser.screen(f"bed-{bed}").page)
        ready_in(pages[-1])
    links = expect(station.locator("body"))
    links.to_have_attribute("data-neighbours", str(len(beds)), timeout=LINKED_MS)
    return station, pages


def measure(folder: Path, count: int) -> list[Figure]:
    beds = [one.bed for one in fixture.terminals() if one.kind.value == "bedside" and one.bed][:count]
    with sync_playwright() as playwright, browser_and_hub(playwright, folder) as (browser, hub):
        station, pages = open_ward(browser, beds)
        hub.kill()
        for page in (station, *pages):
            ready_in(page, 2)
        choose(station, beds)
        before = [page.evaluate(ENERGY) for page in pages]
        at: float = station.evaluate(START)
        heard = [page.evaluate(HEARD, [energy, 10]) for page, energy in zip(pages, before, strict=True)]
        spent, began = cpu_seconds(folder / "profile"), time.monotonic()
        time.sleep(TALK_S)
        cpu = 100 * (cpu_seconds(folder / "profile") - spent) / (time.monotonic() - began)
        lost, concealed = lost_and_concealed(pages)
        hearing = [when for when in heard if when is not None]
        station.get_by_test_id("broadcast-end").click()
        for page in pages:
            expect(page.get_by_test_id("line-open")).to_have_count(0)
    return [
        Figure("beds that hear", len(hearing), ""),
        Figure("beds that do not", count - len(hearing), "", 0),
        Figure("touch → the last bed hears", max(hearing) - at if hearing else math.inf, "ms"),
        Figure("packets lost", lost, "%", 1.0),
        Figure("samples concealed", concealed, "%"),
        Figure(f"CPU of the browser with {count + 1} pages", cpu, "% of a core"),
    ]


def main() -> int:
    options = arguments(__doc__).parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(Path(folder), QUICK_BEDS if options.quick else BEDS)
    return report("Broadcast from page to pages, hub killed", figures, options)


if __name__ == "__main__":
    raise SystemExit(main())

"""What a station's links cost it: `python -m loadtests.station_links` (the plan must suit a panel of 1 GB).

One station's page in a browser of its own; a crowd of real pages in another: first none, then 8, 16 and 24
(more pages leave two cores no time to be measured in). At each size, once the links are up: memory of the
station's page (private and shared, as the system counts it) and its CPU over a while in which nothing
happens. From the slope follows what all links of the standard ward's plan cost.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psutil
from playwright.sync_api import Page, Playwright, expect, sync_playwright
from ward_hub.directory import fixture

from loadtests.pages import LoadBrowser, ready_in
from loadtests.report import Figure, arguments, report
from tests.helpers.hub_process import HubProcess, build_template

STATION = "station-main"
PLAN = 97
"""Of a station in the standard ward: 46 beds, 26 doors, 20 PDAs, 3 corridor screens, whiteboard, vice."""
LINKED_MS = 180_000
SETTLE_S, LOOK_S = 10.0, 30.0
PANEL_MIB = 1024.0
PAGE_BUDGET_MIB = PANEL_MIB / 4
"""What a page may take of the smallest panel, system and browser beside it."""
CPU_BUDGET = 25.0


def crowds(quick: bool) -> list[list[str]]:
    """Terminals to add at each step."""
    doors = [one.id for one in fixture.terminals() if one.kind.value == "door"]
    beds = [one.id for one in fixture.terminals() if one.kind.value == "bedside"]
    if quick:
        return [doors[:3], [*beds[:3], "station-vice"]]
    return [doors[:8], beds[:8], ["station-vice", *beds[8:15]]]


@contextmanager
def browser(playwright: Playwright, folder: Path, hub: HubProcess) -> Iterator[LoadBrowser]:
    one = LoadBrowser(playwright, folder, hub)
    one.start()
    try:
        yield one
    finally:
        one.stop()


class Renderer:
    """The process that runs the only page of a browser."""

    def __init__(self, profile: Path) -> None:
        mine = f"--user-data-dir={profile}"
        renderers: dict[int, psutil.Process] = {}
        for process in psutil.process_iter(["cmdline"]):
            if mine not in (process.info["cmdline"] or ()):
                continue
            for each in (process, *process.children(recursive=True)):
                words = each.cmdline()
                # The browser's own surface has renderers too.
                if "--type=renderer" in words and not {"--top-chrome-webui", "--extension-process"} & set(
                    words
                ):
                    renderers[each.pid] = each
        # Spare ones wait for pages that do not come: the page's has done the work.
        self._process = max(renderers.values(), key=lambda each: sum(each.cpu_times()[:2]))

    def memory_mib(self) -> float:
        return float(self._process.memory_full_info().pss) / 2**20

    def cpu_percent(self, seconds: float) -> float:
        """Share of one core over the while."""
        before = sum(self._process.cpu_times()[:2])
        began = time.monotonic()
        time.sleep(seconds)
        return float(100 * (sum(self._process.cpu_times()[:2]) - before) / (time.monotonic() - began))


def grow(crowd: LoadBrowser, names: Sequence[str]) -> None:
    """Open more pages, each with the hub."""
    for name in names:
        ready_in(crowd.screen(name).page)


def linked(station: Page, links: int) -> None:
    expect(station.locator("body")).to_have_attribute("data-neighbours", str(links), timeout=LINKED_MS)


def measure(folder: Path, quick: bool) -> list[Figure]:
    hub = HubProcess(folder / "hub", build_template(folder / "template"))
    hub.start()
    figures: list[Figure] = []
    seen: list[tuple[int, float, float]] = []
    settle = 2.0 if quick else SETTLE_S
    try:
        with (
            sync_playwright() as playwright,
            browser(playwright, folder / "station", hub) as alone,
            browser(playwright, folder / "crowd", hub) as crowd,
        ):
            station = alone.screen(STATION).page
            ready_in(station)
            links = 0
            for names in [[], *crowds(quick)]:
                grow(crowd, names)
                links += len(names)
                linked(station, links)
                time.sleep(settle)
                page = Renderer(folder / "station")
                # What a start left behind is not the links'.
                station.context.new_cdp_session(station).send("HeapProfiler.collectGarbage")
                cpu = page.cpu_percent(5.0 if quick else LOOK_S)
                memory = page.memory_mib()
                seen.append((links, memory, cpu))
                figures.append(Figure(f"station with {links} links: memory of its page", memory, "MiB"))
                figures.append(Figure(f"station with {links} links: CPU, idle", cpu, "% of a core"))
            for problem in (*alone.problems(), *crowd.problems()):
                print("page:", problem)
    finally:
        hub.stop()
    _, (few, few_mib, few_cpu), *_, (most, mib, cpu) = seen
    # The first link brings all of WebRTC with it: the slope is that of the others.
    link_mib, link_cpu = (mib - few_mib) / (most - few), (cpu - few_cpu) / (most - few)
    plan_mib, plan_cpu = few_mib + (PLAN - few) * link_mib, few_cpu + (PLAN - few) * link_cpu
    what = f"so with the {PLAN} links of the plan"
    return [
        *figures,
        Figure("a link costs", link_mib * 1024, "KiB"),
        Figure("a link costs", link_cpu, "% of a core"),
        Figure(what, plan_mib, "MiB", PAGE_BUDGET_MIB),
        Figure(what, plan_cpu, "% of a core", CPU_BUDGET),
    ]


def main() -> int:
    options = arguments(__doc__).parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(Path(folder), options.quick)
    return report("Links of a station", figures, options)


if __name__ == "__main__":
    raise SystemExit(main())

"""A bedside without its hub, from nothing to call-ready: `python -m loadtests.cold_start` (design 9, ≤ 1.5
s).

The hub is killed, the browser too; each round starts the browser anew on its profile, opens the page with
the CPU slowed 4 x (CDP Emulation.setCPUThrottlingRate) and takes the page's own clock from the start of the
navigation to the frame in which the call key can be pressed: phase ready, nothing over it, the key enabled.
The slowing concerns the page; the service worker that answers from its cache runs at full speed. The
browser's start is not counted.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from loadtests.pages import LoadBrowser, browser_and_hub, ready_in
from loadtests.report import Figure, arguments, percentile, report
from tests.helpers.hub_process import HubProcess

BUDGET_MS = 1_500.0
SLOWER = 4
ROUNDS, QUICK_ROUNDS = 15, 2
TERMINAL = "bed-b01"
SIZE = {"width": 1024, "height": 600}

WATCH = """
(() => {
    const ready = () => {
        const key = document.querySelector('[data-testid="press-patient"]');
        return document.body?.dataset.phase === "ready" && key !== null && !key.disabled &&
            document.elementFromPoint(...middle(key.getBoundingClientRect()))?.closest("button") === key;
    };
    const middle = (box) => [box.x + box.width / 2, box.y + box.height / 2];
    const look = () => {
        if (ready()) window.__callReady = performance.now();
        else requestAnimationFrame(look);
    };
    requestAnimationFrame(look);
})();
"""
"""Looks in every frame; `performance.now()` counts from the start of the navigation."""


def prepare(browser: LoadBrowser, hub: HubProcess) -> str:
    """Enrol the bedside and let it keep what it needs; returns its address. The hub is dead afterwards."""
    page = browser.context.new_page()
    page.goto(hub.enrol(TERMINAL))
    ready_in(page)
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    page.wait_for_load_state("networkidle")
    hub.kill()
    ready_in(page, 4)
    return hub.address(TERMINAL)


def cold_start_ms(browser: LoadBrowser, address: str, slower: int) -> float:
    """Kill and start the browser, open the page; returns ms from navigation to call-ready."""
    browser.kill()
    browser.start()
    page = browser.context.new_page()
    page.set_viewport_size({"width": SIZE["width"], "height": SIZE["height"]})
    page.context.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": slower})
    page.add_init_script(WATCH)
    page.goto(address, wait_until="commit")
    ready_in(page, None)
    told = None
    while told is None:
        told = page.evaluate(
            "() => new Promise((done) => setTimeout(() => done(window.__callReady ?? null), 50))"
        )
    return float(told)


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--rounds", type=int, help=f"default {ROUNDS}, quick {QUICK_ROUNDS}")
    options = parser.parse_args()
    rounds = options.rounds or (QUICK_ROUNDS if options.quick else ROUNDS)
    with (
        tempfile.TemporaryDirectory() as folder,
        sync_playwright() as playwright,
        browser_and_hub(playwright, Path(folder)) as (browser, hub),
    ):
        address = prepare(browser, hub)
        slowed = [cold_start_ms(browser, address, SLOWER) for _ in range(rounds)]
        plain = [cold_start_ms(browser, address, 1) for _ in range(max(1, rounds // 3))]
    figures = [
        Figure(
            f"call-ready, CPU slowed {SLOWER} x, p50 of {rounds}", percentile(slowed, 0.5), "ms", BUDGET_MS
        ),
        Figure(f"call-ready, CPU slowed {SLOWER} x, slowest of {rounds}", max(slowed), "ms", BUDGET_MS),
        Figure(f"call-ready, full speed, p50 of {len(plain)}", percentile(plain, 0.5), "ms"),
    ]
    return report("Bedside offline cold start", figures, options)


if __name__ == "__main__":
    raise SystemExit(main())

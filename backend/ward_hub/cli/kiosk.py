"""`ward-hub kiosk`: a terminal on a PC. Starts the machine's Chromium for one address and keeps it alive."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import signal
import sys
from pathlib import Path
from urllib.parse import urlsplit

HELP = "show a terminal full-screen on this PC, and start it anew when it hangs"

AGAIN_MIN_S = 1.0
AGAIN_MAX_S = 30.0
LASTED_S = 60.0
"""A browser that lived this long is started again soon; one that dies young is waited for ever longer."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "address", metavar="ADDRESS", help="the terminal's address, https://hub/t/kind/terminal/"
    )
    parser.add_argument("--browser", help="Chromium, Chrome or Edge; found by itself where it is installed")
    parser.add_argument(
        "--profile", type=Path, help="folder of the browser's data (default ~/.wardline-kiosk)"
    )
    parser.add_argument(
        "--browser-argument",
        action="append",
        default=[],
        metavar="ARGUMENT",
        help="one more argument for the browser, as --browser-argument=--force-device-scale-factor=1.5",
    )


def run(args: argparse.Namespace) -> int:
    """Run the kiosk until it is told to end."""
    from ward_hub.kiosk.browser import NoBrowser, find_browser

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    parts = urlsplit(args.address)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        print(f"ward-hub kiosk: expected an http or https address, got {args.address}", file=sys.stderr)
        return 2
    try:
        path = find_browser(args.browser)
    except NoBrowser as error:
        print(f"ward-hub kiosk: {error}", file=sys.stderr)
        return 2
    profile = args.profile or Path.home() / ".wardline-kiosk"
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_keep(path, profile, args.address, args.browser_argument))
    return 0


async def _keep(path: str, profile: Path, address: str, more: list[str]) -> None:
    """Start the browser over and over, until this process is told to end."""
    keeping = asyncio.create_task(_for_ever(path, profile, address, more))
    loop = asyncio.get_running_loop()
    with contextlib.suppress(NotImplementedError):  # Windows: Ctrl-C only
        loop.add_signal_handler(signal.SIGTERM, keeping.cancel)
    with contextlib.suppress(asyncio.CancelledError):
        await keeping


async def _for_ever(path: str, profile: Path, address: str, more: list[str]) -> None:
    from ward_hub.kiosk.browser import Browser, NoBrowser
    from ward_hub.kiosk.devtools import BrowserGone, DevTools, Refused
    from ward_hub.kiosk.watch import Watch

    log = logging.getLogger("ward_hub.kiosk")
    loop = asyncio.get_running_loop()
    wait_s = AGAIN_MIN_S
    while True:
        started = loop.time()
        browser = Browser(path, profile, address, more)
        try:
            async with DevTools.open(await browser.start()) as devtools:
                log.info("%s is shown", address)
                watch = Watch(devtools, address)
                await watch.begin()
                await watch.run()
        except (BrowserGone, NoBrowser, Refused, TimeoutError) as error:
            log.warning("the browser is gone: %s", error or "no answer")
        finally:
            await browser.end()
        wait_s = AGAIN_MIN_S if loop.time() - started > LASTED_S else min(AGAIN_MAX_S, wait_s * 2)
        await asyncio.sleep(wait_s)

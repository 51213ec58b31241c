"""What a bedside page loads at first, in bytes: `python -m loadtests.first_load` (budget: design 9, ≤ 200
KiB gzip).

Twice: from the built page's own HTML (what it names, and the worker it starts), and through a browser with
an empty cache, which also counts what only running code asks for. A hub that does not compress is told by
the difference.
"""

from __future__ import annotations

import gzip
import tempfile
from collections.abc import Mapping
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, sync_playwright

from loadtests.pages import APP, browser_and_hub, ready_in
from loadtests.report import Figure, arguments, report

BUDGET_KIB = 200.0
TERMINAL = "bed-b01"
_LOADED = {"stylesheet", "modulepreload", "icon"}


class Names(HTMLParser):
    """Collects what a page names: scripts, styles, preloaded modules, its icon."""

    def __init__(self) -> None:
        super().__init__()
        self.files: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        wanted = values.get("src") if tag == "script" else None
        if tag == "link" and _LOADED & set((values.get("rel") or "").split()):
            wanted = values.get("href")
        if wanted is not None and wanted.startswith("/"):
            self.files.append(wanted)


def named_by(html: str) -> list[str]:
    """Return the addresses of what a page names, in its order."""
    names = Names()
    names.feed(html)
    return names.files


def built_files(app: Path) -> list[Path]:
    """Return the files a bedside loads at first: page, what it names, and the dedicated workers."""
    page = app / "bedside.html"
    named = [app / address.lstrip("/") for address in named_by(page.read_text("utf-8"))]
    return [page, *named, *sorted((app / "assets").glob("*_worker-*.js"))]


def gzip_kib(data: bytes) -> float:
    return len(gzip.compress(data, 6)) / 1024


def through_browser(context: BrowserContext, address: str) -> dict[str, tuple[float, bytes]]:
    """Load a page with an empty cache; returns address → (bytes on the wire, body) of every HTTP answer."""
    page = context.new_page()
    session = context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    addresses: dict[str, str] = {}
    wire: dict[str, float] = {}

    def answered(event: Mapping[str, object]) -> None:
        response = event["response"]
        assert isinstance(response, dict)
        addresses[str(event["requestId"])] = str(response["url"])

    def finished(event: Mapping[str, object]) -> None:
        wire[str(event["requestId"])] = float(str(event["encodedDataLength"]))

    session.on("Network.responseReceived", answered)
    session.on("Network.loadingFinished", finished)
    page.goto(address)
    ready_in(page)
    page.wait_for_load_state("networkidle")
    found: dict[str, tuple[float, bytes]] = {}
    for request, url in addresses.items():
        body = context.request.get(url).body() if "/api/" not in url else b""
        found[f"{url} {request}"] = (wire.get(request, 0.0), body)
    page.close()
    return found


def kind_of(address: str) -> str:
    """script, style, icon, api or page."""
    path = urlsplit(address.split(" ")[0]).path
    for end, kind in ((".js", "scripts"), (".css", "styles"), (".png", "icon")):
        if path.endswith(end):
            return kind
    return "api" if path.startswith("/api/") else "page"


def main() -> int:
    options = arguments(__doc__).parse_args()
    built = sum(gzip_kib(file.read_bytes()) for file in built_files(APP))
    figures = [Figure("bedside, as built and named by its page, gzip", built, "KiB", BUDGET_KIB)]
    if not options.quick:
        with (
            tempfile.TemporaryDirectory() as folder,
            sync_playwright() as playwright,
            browser_and_hub(playwright, Path(folder)) as (browser, hub),
        ):
            loaded = through_browser(browser.context, hub.enrol(TERMINAL))
        raw = sum(wire for wire, _ in loaded.values()) / 1024
        for kind in ("page", "scripts", "styles", "icon", "api"):
            part = sum(wire for address, (wire, _) in loaded.items() if kind_of(address) == kind)
            figures.append(Figure(f"  {kind}, on the wire as the hub serves it", part / 1024, "KiB"))
        zipped = sum(gzip_kib(body) if body else wire / 1024 for wire, body in loaded.values())
        figures.append(Figure("through the browser, gzip", zipped, "KiB", BUDGET_KIB))
        figures.append(Figure("through the browser, on the wire as the hub serves it", raw, "KiB"))
    return report("First load of a bedside page", figures, options)


if __name__ == "__main__":
    raise SystemExit(main())

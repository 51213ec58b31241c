"""Watching the one page of a kiosk's browser: it must answer; one that does not is ended and loaded anew.

The page has a way of its own to leave a hang after about 12 s; this is what stands behind it, and what brings
back a page whose process died, that was closed, or that could not be loaded when the machine started.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from ward_hub.kiosk.devtools import DevTools, Refused

log = logging.getLogger(__name__)

LOOK_EVERY_S = 1.0
ANSWER_S = 13.0
"""Behind the page's own way out, and with time for a start within 30 s (DEV-08)."""
RELOAD_EVERY_S = 10.0
"""A page that could not be loaded, the hub being away."""
ERROR_PAGE = "chrome-error://"
PERMISSIONS = ("audioCapture", "videoCapture", "notifications", "durableStorage")


@dataclass(frozen=True, slots=True)
class Page:
    """The kiosk's page: its target, and the session that speaks to it."""

    target: str
    session: str


class Watch:
    """The watch over one browser, as long as its connection lives."""

    def __init__(
        self,
        devtools: DevTools,
        address: str,
        *,
        end_process: Callable[[int], None] | None = None,
        answer_s: float = ANSWER_S,
    ) -> None:
        """`end_process` ends a process by its id."""
        self._devtools = devtools
        self._address = address
        self._end_process = end_process or kill
        self._answer_s = answer_s
        self._page: Page | None = None
        self.recoveries = 0

    async def begin(self) -> None:
        """Grant what a terminal needs, and find the page. Raises BrowserGone, TimeoutError."""
        origin = "{0.scheme}://{0.netloc}".format(urlsplit(self._address))
        await self._devtools.ask("Target.setDiscoverTargets", {"discover": True})
        for permission in PERMISSIONS:
            try:
                await self._devtools.ask(
                    "Browser.grantPermissions", {"origin": origin, "permissions": [permission]}
                )
            except Refused as error:
                log.warning("the browser does not grant %s: %s", permission, error)

    async def run(self) -> None:
        """Look until the browser is gone: then BrowserGone or TimeoutError."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_EVERY_S)

    async def look(self) -> None:
        """One look. Raises BrowserGone, and TimeoutError when the browser itself does not answer."""
        page = await self._find()
        if page.target in self._devtools.crashed:
            self._devtools.crashed.discard(page.target)
            await self._recover(page, "the page's process ended", "crash")
            return
        try:
            told = await self._devtools.ask(
                "Runtime.evaluate",
                {"expression": "location.href"},
                session=page.session,
                within_s=self._answer_s,
            )
        except TimeoutError:
            await self._end_renderers()
            await self._recover(page, f"the page did not answer for {self._answer_s:.0f} s", "hang")
            return
        except Refused:
            # The session went with its process: the next look finds the page anew.
            self._page = None
            return
        if str(told.get("result", {}).get("value", "")).startswith(ERROR_PAGE):
            await self._navigate(page, self._address)
            await asyncio.sleep(RELOAD_EVERY_S - LOOK_EVERY_S)

    async def _find(self) -> Page:
        """The kiosk's page; opened where there is none any more."""
        targets = (await self._devtools.ask("Target.getTargets"))["targetInfos"]
        pages = [target["targetId"] for target in targets if target["type"] == "page"]
        if self._page is not None and self._page.target in pages:
            return self._page
        if pages:
            target = str(pages[0])
        else:
            log.warning("the page was closed: opened again")
            target = (await self._devtools.ask("Target.createTarget", {"url": self._address}))["targetId"]
        attached = await self._devtools.ask("Target.attachToTarget", {"targetId": target, "flatten": True})
        self._page = Page(target, attached["sessionId"])
        return self._page

    async def _recover(self, page: Page, why: str, after: str) -> None:
        self.recoveries += 1
        log.warning("%s: loaded anew", why)
        await self._navigate(page, came_after(self._address, after))
        self._devtools.crashed.discard(page.target)

    async def _navigate(self, page: Page, address: str) -> None:
        try:
            await self._devtools.ask("Page.navigate", {"url": address}, session=page.session)
        except (Refused, TimeoutError) as error:
            log.warning("the page could not be loaded: %s", error or "no answer")
            # A target that takes no address is of no use: the next look opens another.
            await self._devtools.ask("Target.createTarget", {"url": address})
            with contextlib.suppress(Refused):
                await self._devtools.ask("Target.closeTarget", {"targetId": page.target})
            self._page = None

    async def _end_renderers(self) -> None:
        """End the processes that draw pages: a kiosk has one page, and which is its is not told."""
        told = await self._devtools.ask("SystemInfo.getProcessInfo")
        for process in told["processInfo"]:
            if process["type"] == "renderer":
                self._end_process(int(process["id"]))


def came_after(address: str, what: str) -> str:
    """The terminal's address with the word of what happened before: a hung page still holds its slot."""
    parts = urlsplit(address)
    query = [*parse_qsl(parts.query, keep_blank_values=True), ("after", what)]
    return urlunsplit(parts._replace(query=urlencode(query)))


def kill(process: int) -> None:
    """End a process at once; one that is gone already is no error."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(process, getattr(signal, "SIGKILL", signal.SIGTERM))

"""Pushes into a page's service worker by the developer tools, and what the phone shows of them."""

from __future__ import annotations

import json
from typing import Any

from playwright.sync_api import CDPSession, Page, Worker


class Deliveries:
    """What the browser's push service would bring, brought by the developer tools (CDP ServiceWorker)."""

    def __init__(self, page: Page) -> None:
        page.context.grant_permissions(["notifications"], origin=_origin(page))
        self._page = page
        self._tools: CDPSession = page.context.new_cdp_session(page)
        self._registrations: list[str] = []
        self._tools.on("ServiceWorker.workerRegistrationUpdated", self._updated)
        self._tools.send("ServiceWorker.enable")
        self._scope = page.evaluate("navigator.serviceWorker.ready.then(({ scope }) => scope)")

    def deliver(self, data: str) -> None:
        """Hand a push to the worker; it need not run."""
        for _ in range(100):
            if self._registrations:
                break
            self._page.wait_for_timeout(50)
        self._tools.send(
            "ServiceWorker.deliverPushMessage",
            {"origin": _origin(self._page), "registrationId": self._registrations[-1], "data": data},
        )

    def show(self, receipt: str, tag: str, calls: list[str], **more: Any) -> None:
        """Deliver what the hub says of a row of calls."""
        content = {"id": receipt, "do": "show", "tag": tag, "calls": calls, "title": "1床 呼叫", "body": ""}
        self.deliver(json.dumps({**content, "language": "zh", "urgent": False, "at": 1, **more}))

    def close(self, receipt: str, tag: str) -> None:
        """Deliver that the row is over."""
        self.deliver(json.dumps({"id": receipt, "do": "close", "tag": tag}))

    def click(self, action: str) -> None:
        """Touch the first notification, or one of its keys."""
        self.worker().evaluate(
            """(action) => self.registration.getNotifications().then(([notification]) =>
                self.dispatchEvent(new NotificationEvent("notificationclick", { notification, action })))""",
            action,
        )

    def worker(self) -> Worker:
        """The slot's service worker."""
        return next(one for one in self._page.context.service_workers if one.url.startswith(self._scope))

    def _updated(self, event: dict[str, Any]) -> None:
        scope = getattr(self, "_scope", None)
        for registration in event["registrations"]:
            if scope is None or registration["scopeURL"] == scope:
                self._registrations.append(registration["registrationId"])


def _origin(page: Page) -> str:
    return "/".join(page.url.split("/")[:3])


def shown(page: Page) -> list[dict[str, Any]]:
    """The slot's notifications on show."""
    found: list[dict[str, Any]] = page.evaluate(
        """() => navigator.serviceWorker.ready
            .then((registration) => registration.getNotifications())
            .then((all) => all.map((one) => {
                const { title, body, tag, data, requireInteraction, lang, renotify } = one;
                const actions = one.actions.map(({ action }) => action);
                return { title, body, tag, data, requireInteraction, lang, renotify, actions };
            }))"""
    )
    return found

"""Pages of one hub's address speak to the others' HTTP interface too: an app lives at the origin it was
installed from, and moves to another hub without leaving it.
"""

from __future__ import annotations

from collections.abc import Sequence

from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

KEPT_S = 600
"""How long a browser may remember that it may."""


class OfTheApi:
    """CORS for /api/ only: it says `Vary: Origin` of whatever it touches, and then the service worker finds
    no page and no asset again that it has kept (seen in Chromium)."""

    def __init__(self, app: ASGIApp, origins: Sequence[str]) -> None:
        self._app = app
        self._cors = CORSMiddleware(
            app,
            allow_origins=origins,
            allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
            allow_headers=["authorization", "content-type", "if-none-match"],
            expose_headers=["retry-after", "etag"],
            max_age=KEPT_S,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        of_api = scope["type"] == "http" and scope["path"].startswith("/api/")
        await (self._cors if of_api else self._app)(scope, receive, send)


def other_origins(addresses: Sequence[str]) -> list[Middleware]:
    """CORS for the installation's own addresses, none where there are none. Without credentials: terminals
    show a token, and the back office's cookie works at its own origin only."""
    if not addresses:
        return []
    return [Middleware(OfTheApi, origins=[address.rstrip("/") for address in addresses])]


def spoken_to(addresses: Sequence[str]) -> list[str]:
    """What a page's content security policy must name beside its own origin: addresses and their sockets."""
    origins = [address.rstrip("/") for address in addresses]
    return [*origins, *(origin.replace("http", "ws", 1) for origin in origins)]

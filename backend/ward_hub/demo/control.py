"""The supervisor's control on loopback: state of the hub, its switch, and codes for the screens.

It is no part of the product: whoever can reach it may enrol any terminal of the demo. So it answers only the
page of its own hub, and only under a loopback name (a page elsewhere cannot reach it by a name of its own).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from ward_hub.demo.hub_child import HubChild, HubFailed
from ward_hub.demo.ward import DemoWard
from ward_hub.directory.model import Terminal

LOOPBACK_NAMES = ("127.0.0.1", "localhost")


class _SameWall:
    """Refuses what another site's page sends: CORS hides answers, but lets plain POSTs through."""

    def __init__(self, app: ASGIApp, origins: Iterable[str]) -> None:
        self._app = app
        self._origins = frozenset(origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        origin = Request(scope).headers.get("origin") if scope["type"] == "http" else None
        if origin is not None and origin not in self._origins:
            await JSONResponse({"error": {"code": "origin"}}, 403)(scope, receive, send)
            return
        await self._app(scope, receive, send)


def control_app(hub: HubChild, ward: DemoWard, origins: Sequence[str], wall: Sequence[str]) -> Starlette:
    """Return the control's application.

    `origins`: the hub's own, which alone may call it from a page. `wall`: ids of the terminals on the wall.
    """

    def state() -> JSONResponse:
        return JSONResponse({"hub": hub.state.value})

    async def slots() -> list[dict[str, str]]:
        codes = await ward.codes()
        return [
            {
                "kind": terminal.kind.value,
                "id": terminal.id,
                "terminal": terminal.id,
                "code": codes[terminal.id],
                "address": address(hub.url, terminal, codes[terminal.id]),
            }
            for terminal in await ward.terminals()
        ]

    async def show_hub(request: Request) -> JSONResponse:
        return state()

    async def show_status(request: Request) -> JSONResponse:
        return JSONResponse({"hub": hub.state.value, "terminals": await slots()})

    async def show_wall(request: Request) -> JSONResponse:
        on_the_wall = [slot for slot in await slots() if slot["id"] in wall]
        return JSONResponse({"hub": hub.state.value, "slots": on_the_wall})

    async def kill(request: Request) -> JSONResponse:
        await hub.kill()
        return state()

    async def start(request: Request) -> JSONResponse:
        try:
            await hub.start()
        except HubFailed as failed:
            return JSONResponse({"hub": hub.state.value, "error": {"message": str(failed)}}, 503)
        return state()

    return Starlette(
        routes=[
            Route("/hub", show_hub),
            Route("/hub/kill", kill, methods=["POST"]),
            Route("/hub/start", start, methods=["POST"]),
            Route("/status", show_status),
            Route("/wall", show_wall),
        ],
        middleware=[
            Middleware(TrustedHostMiddleware, allowed_hosts=list(LOOPBACK_NAMES)),
            Middleware(_SameWall, origins=origins),
            Middleware(CORSMiddleware, allow_origins=list(origins), allow_methods=["GET", "POST"]),
        ],
    )


def address(hub: str, terminal: Terminal, code: str) -> str:
    """Address that opens a terminal's screen, with its panel in true size, and enrols it."""
    return f"{hub}/t/{terminal.kind.value}/{terminal.id}/?shell=simulator#enrol={code}"

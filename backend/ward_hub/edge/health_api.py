"""Whether the hub runs, and whether terminals should be sent to it (OPS-06).

GET /health/live   → 200 {"ok": true, "version"}: the process is there and its loop turns
GET /health/ready  → 200 {"ok": true, "version", "failed": []}, or 503 with the names of what failed
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from ward_hub import __version__
from ward_hub.watching.health import Health


def health_routes(health: Health) -> list[Route]:
    """The routes. Nobody is asked who they are: load balancers have no token."""

    async def live(_request: Request) -> JSONResponse:
        return JSONResponse({"ok": True, "version": __version__}, headers=_FRESH)

    async def ready(_request: Request) -> JSONResponse:
        failed = await health.failing()
        body = {"ok": not failed, "version": __version__, "failed": failed}
        return JSONResponse(body, 503 if failed else 200, headers=_FRESH)

    return [Route("/health/live", live), Route("/health/ready", ready)]


_FRESH = {"Cache-Control": "no-store"}

"""The description of the HTTP interface, served: GET /api/openapi.json.

It names no secret and no patient, and whoever connects a device or a report to the hub needs it before they
have an account: no token is asked for.
"""

from __future__ import annotations

import json

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ward_hub.edge.openapi import document


def openapi_routes() -> list[Route]:
    """The route, ready to be mounted at the root."""
    body = json.dumps(document(), ensure_ascii=False).encode()

    async def openapi(_request: Request) -> Response:
        headers = {"cache-control": "no-cache", "x-content-type-options": "nosniff"}
        return Response(body, media_type="application/json", headers=headers)

    return [Route("/api/openapi.json", openapi, methods=["GET"])]

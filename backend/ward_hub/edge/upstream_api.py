"""What a ward hub's terminals ask for that only the hospital's hub can do: passed on, or refused."""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ward_hub.edge.errors import WardError, answering
from ward_hub.edge.json_body import read_body
from ward_hub.upstream.account import UpstreamAway
from ward_hub.upstream.ward_side import UplinkService

_HEADERS = {"cache-control": "no-store", "content-type": "application/json"}


def upstream_routes(uplink: UplinkService, clock: Callable[[], int]) -> list[Route]:
    """The routes, to be mounted before those of the same paths that a hub answers by itself."""

    async def enrol(request: Request) -> Response:
        try:
            status, body = await uplink.forward("/api/enrol", await read_body(request))
        except UpstreamAway as away:
            raise WardError("starting", "The hospital's hub cannot be reached.", 10) from away
        return Response(body, status, _HEADERS)

    async def elsewhere(_request: Request) -> Response:
        """The mirror would undo what was written here, and nobody above would know of it."""
        raise WardError("forbidden", "This is done at the hospital's hub.")

    forward = Route("/api/enrol", answering(enrol, clock), methods=["POST"])
    return [
        forward,
        *(
            Route(path, answering(elsewhere, clock), methods=methods)
            for path, methods in (
                ("/api/staff/password", ["POST"]),
                ("/api/wards/{ward}/hosting", ["POST"]),
                ("/api/wards/{ward}/hosting/{id}", ["DELETE"]),
                ("/api/push/key", ["GET"]),
                ("/api/push/subscription", ["PUT"]),
            )
        ),
    ]

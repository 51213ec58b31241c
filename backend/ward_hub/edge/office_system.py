"""The hub itself, as the back office shows it: version, certificate, feed, push, who is signed in.

GET /api/office/system → SystemInfo
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ward_hub import __version__
from ward_hub.documents.port import Json
from ward_hub.edge.errors import answering
from ward_hub.edge.office_port import OfficeDoor
from ward_hub.tls.check import CertificateInfo
from ward_hub.tls.expiry import certificate_json


@dataclass(frozen=True, slots=True)
class SystemParts:
    """What the page asks of the hub's parts; each is asked at every request. Times in ms.

    `certificate`: None without TLS of the hub's own; `sessions`: people signed in, at terminals and here;
    `feed`: {"connected", "last_message_at", "refused"}; `push`: as
    push/desk.py PushInfo.
    """

    started_at: int
    certificate: Callable[[], CertificateInfo | None]
    sessions: Callable[[int], Awaitable[int]]
    feed: Callable[[], Awaitable[Mapping[str, Json]]]
    push: Callable[[], Mapping[str, Json]]


def office_system_routes(door: OfficeDoor, parts: SystemParts, clock: Callable[[], int]) -> list[Route]:
    """The route; anybody who is signed in to the back office may look. `clock` gives ms."""

    async def system(request: Request) -> Response:
        await door.who(request)
        now = clock()
        value: dict[str, Json] = {
            "version": __version__,
            "now": now,
            "started_at": parts.started_at,
            "certificate": certificate_json(parts.certificate(), datetime.fromtimestamp(now / 1000, UTC)),
            "sessions": await parts.sessions(now),
            "feed": dict(await parts.feed()),
            "push": dict(parts.push()),
        }
        return JSONResponse(value, headers={"Cache-Control": "no-store"})

    return [Route("/api/office/system", answering(system, clock), methods=["GET"])]

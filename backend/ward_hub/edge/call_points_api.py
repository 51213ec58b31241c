"""The gateway of call points over HTTP; docs/call-points.md says how a device uses it.

POST /api/call-points/{id}/events  {event, type?, at?, nonce} → {state, calls, time}; headers as in proof.py
GET  /api/call-points/{id}/challenge  a nonce for a device without a clock
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ward_hub.call_points import service
from ward_hub.call_points.event import MAX_BODY_BYTES
from ward_hub.call_points.port import PointRefused
from ward_hub.call_points.proof import CHALLENGE_MS, Proof
from ward_hub.call_points.service import CallPoints
from ward_hub.documents.names import ID
from ward_hub.edge.errors import WardError, answering
from ward_hub.edge.json_body import read_upload

_HEADERS = {"cache-control": "no-store"}


def call_points_routes(points: CallPoints, clock: Callable[[], int]) -> list[Route]:
    """The routes, ready to be mounted at the root."""

    async def events(request: Request) -> Response:
        terminal = _terminal(request)
        body = await read_upload(request, MAX_BODY_BYTES)
        proof = Proof(*(request.headers.get(f"x-wardline-{name}", "") for name in _PROOF))
        address = request.client.host if request.client else None
        asked = service.Request(terminal, request.method, request.scope["path"], proof, body, address)
        try:
            done = await points.receive(asked)
        except PointRefused as refused:
            raise WardError(refused.code, refused.detail, refused.retry_after_s) from None
        answer = {"state": done.state, "calls": list(done.calls), "time": clock()}
        return JSONResponse(answer, headers=_HEADERS)

    async def challenge(request: Request) -> Response:
        nonce = points.challenge(_terminal(request), secrets.token_bytes(12))
        answer = {"nonce": nonce, "expires_in_ms": CHALLENGE_MS, "time": clock()}
        return JSONResponse(answer, headers=_HEADERS)

    return [
        Route("/api/call-points/{id}/events", answering(events, clock), methods=["POST"]),
        Route("/api/call-points/{id}/challenge", answering(challenge, clock)),
    ]


_PROOF = ("time", "nonce", "signature")


def _terminal(request: Request) -> str:
    terminal = str(request.path_params["id"])
    if not re.fullmatch(ID, terminal):
        raise WardError("device_refused", "Expected a known device's signature over this request.")
    if request.query_params:
        raise WardError("malformed", "Expected no query: it is not signed.")
    return terminal

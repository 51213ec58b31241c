"""Push over HTTP: a PDA says where its browser is reached, and its service worker that a push arrived.

GET    /api/push/key            → {"key"}                                  (Bearer of a PDA)
PUT    /api/push/subscription   {endpoint, p256dh, auth, language}         (Bearer of a PDA)
DELETE /api/push/subscription                                              (Bearer of a PDA)
POST   /api/push/seen/{id}      no token: the one-time id stood in the encrypted push
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ward_hub.access.port import Gate, Principal
from ward_hub.directory.current import CurrentDirectory
from ward_hub.directory.model import TerminalKind
from ward_hub.edge.errors import WardError, answering
from ward_hub.edge.identity_api import bearer
from ward_hub.edge.json_body import read_body, read_fields
from ward_hub.identity.tokens import key_mark
from ward_hub.identity.tries import FailureLimit
from ward_hub.push.desk import PushDesk
from ward_hub.push.endpoints import MAX_CHARS, EndpointRefused
from ward_hub.push.subscriptions import KeysRefused, Subscription, check_keys

_HEADERS = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
_RECEIPT = re.compile(r"[0-9a-f]{32}")
FAILURES, WINDOW_MS = 60, 60_000
"""Unknown receipts a minute and address: they cannot be guessed, the limit saves work."""

log = logging.getLogger(__name__)


def push_routes(
    desk: PushDesk, gate: Gate, current: CurrentDirectory, clock: Callable[[], int]
) -> list[Route]:
    """The routes, ready to be mounted at the root."""
    tries = FailureLimit(FAILURES, WINDOW_MS)

    def pda(request: Request) -> Principal:
        principal = bearer(request, gate)
        if principal.kind != TerminalKind.PDA:
            raise WardError("forbidden", "Expected a PDA.")
        return principal

    async def key(request: Request) -> Response:
        pda(request)
        return JSONResponse({"key": desk.public_key}, headers=_HEADERS)

    async def put(request: Request) -> Response:
        principal = pda(request)
        given = await read_fields(request, {"endpoint": MAX_CHARS, "p256dh": 96, "auth": 32, "language": 2})
        if given["language"] not in ("zh", "en"):
            raise WardError("malformed", "Expected language to be zh or en.")
        entry = current.terminal(principal.terminal)
        if entry is None or entry.public_key is None:
            raise WardError("forbidden")
        try:
            check_keys(given["p256dh"], given["auth"])
        except KeysRefused as refused:
            raise WardError("malformed", f"{refused}.") from refused
        subscription = Subscription(
            principal.terminal,
            key_mark(entry.public_key),
            given["endpoint"],
            given["p256dh"],
            given["auth"],
            "en" if given["language"] == "en" else "zh",
        )
        try:
            await desk.subscribe(principal, subscription)
        except EndpointRefused as refused:
            log.warning("the push endpoint of %s is refused: %s", principal.terminal, refused)
            raise WardError("endpoint_refused", f"{refused}.") from refused
        return JSONResponse({}, headers=_HEADERS)

    async def delete(request: Request) -> Response:
        principal = pda(request)
        await read_body(request)
        await desk.unsubscribe(principal.terminal)
        return JSONResponse({}, headers=_HEADERS)

    async def seen(request: Request) -> Response:
        address = request.client.host if request.client else "unknown"
        await read_body(request)
        tries.check(address, clock())
        receipt = request.path_params["id"]
        if not _RECEIPT.fullmatch(receipt) or not await desk.seen(receipt):
            tries.failed(address, clock())
            raise WardError("not_found")
        return Response(status_code=204, headers=_HEADERS)

    def route(path: str, endpoint: Callable[[Request], object], method: str) -> Route:
        return Route(path, answering(endpoint, clock), methods=[method])  # type: ignore[arg-type]

    return [
        route("/api/push/key", key, "GET"),
        route("/api/push/subscription", put, "PUT"),
        route("/api/push/subscription", delete, "DELETE"),
        route("/api/push/seen/{id}", seen, "POST"),
    ]

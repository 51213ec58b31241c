"""Ward hubs over HTTP: how one becomes known, proves itself, and gets what it needs to serve alone.

POST /api/ward-hubs/enrol      code, public_key                → who it is from now on
POST /api/ward-hubs/challenge  hub                             → challenge
POST /api/ward-hubs/token      hub, challenge, signature       → token
GET  /api/ward-hubs/mirror     ?after=REVISION (Bearer)        → the mirror, or 204 while it is the same
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ward_hub.access import hubs as other_hubs
from ward_hub.access.port import AccessRefused, Gate, Principal
from ward_hub.audit.port import AuditAction, AuditEntry, AuditTrail
from ward_hub.db.engine import Database
from ward_hub.edge.errors import WardError, answering
from ward_hub.edge.json_body import read_fields
from ward_hub.identity import keys
from ward_hub.identity.challenge import Challenges
from ward_hub.identity.errors import IdentityCode, IdentityRefused
from ward_hub.identity.installation import Installation
from ward_hub.identity.tokens import Tokens
from ward_hub.identity.tries import FailureLimit
from ward_hub.upstream import hubs
from ward_hub.upstream.hubs import PROOF_TEXT
from ward_hub.upstream.mirror import MirrorDesk

MAX_NAME_CHARS = 48
FAILURES, WINDOW_MS = 30, 60_000
_HEADERS = {"cache-control": "no-store"}


@dataclass(frozen=True, slots=True)
class WardHubServices:
    """What the routes need; `clock` gives ms."""

    database: Database
    known: hubs.WardHubs
    gate: Gate
    tokens: Tokens
    installation: Installation
    mirror: MirrorDesk
    audit: AuditTrail
    challenges: Challenges
    clock: Callable[[], int]


def ward_hub_routes(services: WardHubServices) -> list[Route]:
    """The routes, ready to be mounted at the root."""
    api = _WardHubApi(services)
    return [
        Route(f"/api/ward-hubs/{path}", answering(endpoint, services.clock), methods=[method])
        for method, path, endpoint in (
            ("POST", "enrol", api.enrol),
            ("POST", "challenge", api.challenge),
            ("POST", "token", api.token),
            ("GET", "mirror", api.mirror),
        )
    ]


class _WardHubApi:
    def __init__(self, services: WardHubServices) -> None:
        self._services = services
        self._challenges = services.challenges
        self._tries = FailureLimit(FAILURES, WINDOW_MS)

    async def enrol(self, request: Request) -> Response:
        fields = await read_fields(request, {"code": 64, "public_key": 128})
        services, now, address = self._services, self._services.clock(), _address(request)
        self._tries.check(address, now)
        point = keys.decode_base64url(fields["public_key"], keys.POINT_BYTES)
        try:
            if point is None:
                raise IdentityRefused(IdentityCode.KEY_INVALID)
            row = await hubs.enrol(services.database, fields["code"], point, now)
        except IdentityRefused as refused:
            self._tries.failed(address, now)
            detail: dict[str, Any] = {"code": refused.code.value}
            await services.audit.record(
                AuditEntry(AuditAction.ENROL, "refused", address=address, detail=detail)
            )
            raise
        name = hubs.name_of(row.id)
        await services.audit.record(AuditEntry(AuditAction.ENROL, "ok", subject=name, address=address))
        await services.known.look()
        return self._answer({"hub": name, "wards": list(row.wards), **self._installation()})

    async def challenge(self, request: Request) -> Response:
        fields = await read_fields(request, {"hub": MAX_NAME_CHARS})
        return self._answer({"challenge": self._challenges.give(fields["hub"], self._services.clock())})

    async def token(self, request: Request) -> Response:
        fields = await read_fields(request, {"hub": MAX_NAME_CHARS, "challenge": 128, "signature": 128})
        services, now, name = self._services, self._services.clock(), fields["hub"]
        self._tries.check(who := f"{_address(request)} {name}", now)
        try:
            self._challenges.check(name, fields["challenge"], now)
            known = services.known.find(name)
            if known is None or known.key is None:
                raise IdentityRefused(IdentityCode.TERMINAL_UNKNOWN)
            raw = keys.decode_base64url(fields["signature"], keys.SIGNATURE_BYTES)
            message = (PROOF_TEXT + fields["challenge"]).encode()
            if raw is None or not keys.verify(known.key, raw, message):
                raise IdentityRefused(IdentityCode.SIGNATURE_INVALID)
            self._challenges.use(name, fields["challenge"], now)
        except IdentityRefused:
            self._tries.failed(who, now)
            raise
        issued = services.tokens.issue_hub(name, known.key, now)
        told = {"token": issued.token, "expires_at": issued.expires_at, "now": now}
        return self._answer({**told, **self._installation()})

    async def mirror(self, request: Request) -> Response:
        principal = self._hub(request)
        mirror = await self._services.mirror.make(principal.wards)
        if request.query_params.get("after") == mirror["revision"]:
            return Response(status_code=204, headers=_HEADERS)
        return self._answer(mirror)

    def _hub(self, request: Request) -> Principal:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise WardError("unauthorized")
        try:
            principal = self._services.gate.authenticate(token.strip())
        except AccessRefused as refused:
            raise WardError("unauthorized") from refused
        if principal.kind != other_hubs.WARD_HUB:
            raise WardError("token_invalid")
        return principal

    def _installation(self) -> dict[str, str | int]:
        installation = self._services.installation
        return {"installation": installation.id, "generation": installation.generation}

    def _answer(self, value: Any) -> JSONResponse:
        return JSONResponse(value, headers=_HEADERS)


def _address(request: Request) -> str:
    return request.client.host if request.client else "unknown"

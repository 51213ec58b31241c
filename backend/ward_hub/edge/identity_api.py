"""Enrolment, tokens and sign-in over HTTP: the only routes that answer without a token are the first three.

POST /api/enrol           code, public_key                  → who the device is from now on
POST /api/challenge       terminal                          → challenge
POST /api/token           terminal, challenge, signature    → token, ICE servers
POST /api/staff/sign-in   number, password (Bearer)         → token with the person in it
POST /api/staff/pin       number, pin | badge (Bearer)  → as sign-in; at a shared screen a session of 2 min
POST /api/staff/password  old, new (Bearer, a person's)  → her own password is another from now on
POST /api/staff/session   (Bearer, a person's)          → when the session ends now
POST /api/staff/sign-out  (Bearer)
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ward_hub.access import hubs
from ward_hub.access.port import AccessRefused, Gate, Principal
from ward_hub.accounts.pins import BADGE_MAX_CHARS, Pins
from ward_hub.audit.port import AuditAction, AuditEntry, AuditTrail
from ward_hub.db.engine import Database
from ward_hub.directory.current import CurrentDirectory
from ward_hub.directory.model import Terminal, TerminalState
from ward_hub.documents.port import Json
from ward_hub.edge.errors import WardError, answering
from ward_hub.edge.json_body import MAX_BODY_BYTES, read_body, read_fields, read_json
from ward_hub.edge.password_errors import password_refused
from ward_hub.identity import enrolment, keys
from ward_hub.identity.challenge import Challenges
from ward_hub.identity.errors import IdentityCode, IdentityRefused
from ward_hub.identity.installation import Installation
from ward_hub.identity.passwords import MAX_CHARS
from ward_hub.identity.sessions import SHORT_WHOLE_MS, StaffSessions
from ward_hub.identity.staff import PasswordUsed, SignedIn, StaffAccounts, WeakPassword
from ward_hub.identity.tokens import STAFF_LIFE_MS, Tokens
from ward_hub.identity.tries import FailureLimit

TOKEN_TEXT = "wardline-token:"  # noqa: S105  what stands before the challenge in the signed text
MAX_ID_CHARS = 48
MAX_NUMBER_CHARS = 32
MAX_PIN_CHARS = 16
"""Longer than a PIN: a wrong one counts as a try rather than as a mistake of the terminal's."""
FAILURES, WINDOW_MS = 30, 60_000
"""Failures a minute. Codes and signatures cannot be guessed: the limit saves work, and must not be what keeps
a ward behind one proxy address from joining, so successes are free and tokens are counted per terminal."""


@dataclass(frozen=True, slots=True)
class IdentityServices:
    """What the routes need. `directory_changed` makes a change count at once (the projector's `changed`),
    `rights_changed` has open documents asked again (the host's `recheck`); `clock` gives ms."""

    database: Database
    current: CurrentDirectory
    gate: Gate
    tokens: Tokens
    challenges: Challenges
    accounts: StaffAccounts
    installation: Installation
    directory_changed: Callable[[], Awaitable[None]]
    rights_changed: Callable[[], Awaitable[None]]
    clock: Callable[[], int]
    ice_servers: Callable[[str, int], Sequence[Mapping[str, object]]] = lambda _terminal, _now: ()
    """(terminal, now) → its ICE servers for the next hour."""
    audit: AuditTrail | None = None
    """Where sign-ins and enrolments are written down."""
    pins: Pins | None = None
    """None: nobody has a PIN or badge."""
    sessions: StaffSessions | None = None


def identity_routes(services: IdentityServices) -> list[Route]:
    """The routes, ready to be mounted at the root."""
    api = _IdentityApi(services)
    return [
        Route(path, answering(endpoint, services.clock), methods=["POST"])
        for path, endpoint in (
            ("/api/enrol", api.enrol),
            ("/api/challenge", api.challenge),
            ("/api/token", api.token),
            ("/api/staff/sign-in", api.sign_in),
            ("/api/staff/password", api.password),
            ("/api/staff/pin", api.pin),
            ("/api/staff/session", api.session),
            ("/api/staff/sign-out", api.sign_out),
        )
    ]


def bearer(request: Request, gate: Gate) -> Principal:
    """Return whose token the request carries.

    Raises WardError: `unauthorized` (none, over, or revoked), `token_invalid` (none of ours, or a hub's).
    """
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise WardError("unauthorized")
    try:
        principal = gate.authenticate(token.strip())
    except AccessRefused as refused:
        known = refused.reason in ("expired", "revoked")
        raise WardError("unauthorized" if known else "token_invalid") from refused
    if principal.kind in hubs.KINDS:
        raise WardError("token_invalid")
    return principal


def terminal_json(terminal: Terminal) -> dict[str, str]:
    """What a terminal is told about itself."""
    value = {
        "terminal": terminal.id,
        "kind": terminal.kind.value,
        "profile": terminal.profile,
        "name": terminal.name,
        "ward": terminal.ward,
    }
    if terminal.room is not None:
        value["room"] = terminal.room
    if terminal.bed is not None:
        value["bed"] = terminal.bed
    return value


class _IdentityApi:
    def __init__(self, services: IdentityServices) -> None:
        self._services = services
        self._enrol_tries = FailureLimit(FAILURES, WINDOW_MS)
        self._token_tries = FailureLimit(FAILURES, WINDOW_MS)
        self._sign_in_tries = FailureLimit(FAILURES, WINDOW_MS)

    async def enrol(self, request: Request) -> Response:
        fields = await read_fields(request, {"code": enrolment.CODE_MAX_CHARS, "public_key": 128})
        services, now, address = self._services, self._services.clock(), _address(request)
        self._enrol_tries.check(address, now)

        async def told(session: AsyncSession, bound: Terminal) -> None:
            if services.audit is not None:
                line = AuditEntry(AuditAction.ENROL, "ok", None, bound.id, bound.ward, bound.id, address)
                await services.audit.add(session, line)

        point = keys.decode_base64url(fields["public_key"], keys.POINT_BYTES)
        try:
            if point is None:
                raise IdentityRefused(IdentityCode.KEY_INVALID)
            terminal = await enrolment.enrol(services.database, fields["code"], point, now, told)
        except IdentityRefused as refused:
            self._enrol_tries.failed(address, now)
            await self._tell(AuditAction.ENROL, "refused", address, detail={"code": refused.code.value})
            raise
        await services.directory_changed()
        return self._answer({**terminal_json(terminal), **self._installation()})

    async def challenge(self, request: Request) -> Response:
        fields = await read_fields(request, {"terminal": MAX_ID_CHARS})
        services = self._services
        return self._answer({"challenge": services.challenges.give(fields["terminal"], services.clock())})

    async def token(self, request: Request) -> Response:
        fields = await read_fields(request, {"terminal": MAX_ID_CHARS, "challenge": 128, "signature": 128})
        services, now = self._services, self._services.clock()
        who = f"{_address(request)} {fields['terminal']}"
        self._token_tries.check(who, now)
        try:
            terminal = self._proven(fields["terminal"], fields["challenge"], fields["signature"], now)
        except IdentityRefused:
            self._token_tries.failed(who, now)
            raise
        issued = services.tokens.issue(terminal, now)
        return self._answer(
            {
                "token": issued.token,
                "expires_at": issued.expires_at,
                "now": now,
                **self._installation(),
                "terminal": terminal_json(terminal),
                "ice_servers": [dict(server) for server in services.ice_servers(terminal.id, now)],
            }
        )

    async def sign_in(self, request: Request) -> Response:
        services, now, address = self._services, self._services.clock(), _address(request)
        principal = bearer(request, services.gate)
        fields = await read_fields(request, {"number": MAX_NUMBER_CHARS, "password": MAX_CHARS})
        self._sign_in_tries.check(address, now)
        terminal = self._terminal(principal.terminal)
        try:
            signed_in = await services.accounts.sign_in(terminal, fields["number"], fields["password"], now)
        except IdentityRefused as refused:
            self._sign_in_tries.failed(address, now)
            await self._tell_refused(refused, "password", address, terminal, fields["number"])
            raise
        if services.pins is not None:
            await services.pins.signed_in_by_password(signed_in.staff.id)
        await self._tell(
            AuditAction.SIGN_IN, "ok", address, terminal, signed_in.staff.id, {"way": "password"}
        )
        return await self._signed_in(terminal, signed_in, now)

    async def pin(self, request: Request) -> Response:
        services, now, address = self._services, self._services.clock(), _address(request)
        principal = bearer(request, services.gate)
        fields = _pin_fields(await read_json(request, MAX_BODY_BYTES))
        way = "badge" if "badge" in fields else "pin"
        self._sign_in_tries.check(address, now)
        terminal = self._terminal(principal.terminal)
        try:
            if services.pins is None:
                raise IdentityRefused(IdentityCode.PIN_REFUSED)
            if "badge" in fields:
                signed_in = await services.pins.sign_in_by_badge(terminal, fields["badge"], now)
            else:
                signed_in = await services.pins.sign_in_by_pin(terminal, fields["number"], fields["pin"], now)
        except IdentityRefused as refused:
            self._sign_in_tries.failed(address, now)
            await self._tell_refused(refused, way, address, terminal, fields.get("number"))
            raise
        await self._tell(AuditAction.SIGN_IN, "ok", address, terminal, signed_in.staff.id, {"way": way})
        return await self._signed_in(terminal, signed_in, now)

    async def session(self, request: Request) -> Response:
        """A terminal asks after its edits and acts: only the hub knows which of them it took."""
        services, now = self._services, self._services.clock()
        principal = bearer(request, services.gate)
        await read_body(request)
        session = None if services.sessions is None else services.sessions.at(principal.terminal, now)
        if principal.staff is None or session is None:
            raise AccessRefused("expired")
        return self._answer({"staff": session.staff, "expires_at": session.expires_at})

    async def _signed_in(self, terminal: Terminal, signed_in: SignedIn, now: int) -> Response:
        services, session, staff = self._services, signed_in.session, signed_in.staff
        await services.rights_changed()  # whoever was signed in here before no longer is
        life_ms = SHORT_WHOLE_MS if session.short else STAFF_LIFE_MS
        issued = services.tokens.issue_staff(terminal, staff, session.id, now, life_ms)
        return self._answer(
            {
                "token": issued.token,
                "expires_at": min(issued.expires_at, session.expires_at),
                "staff": {"id": staff.id, "name": staff.name, "role": staff.role.value},
                "password_due": signed_in.password_due,
            }
        )

    async def password(self, request: Request) -> Response:
        """The person signed in at the terminal sets a new password; most of them have no other place to."""
        services, now, address = self._services, self._services.clock(), _address(request)
        principal = bearer(request, services.gate)
        fields = await read_fields(request, {"old": MAX_CHARS, "new": MAX_CHARS})
        if principal.staff is None:
            raise WardError("signed_out")
        self._sign_in_tries.check(address, now)
        terminal = self._terminal(principal.terminal)
        try:
            await services.accounts.change_password(principal.staff, fields["old"], fields["new"], now)
        except IdentityRefused as refused:
            self._sign_in_tries.failed(address, now)
            detail: dict[str, Json] = {"code": refused.code.value}
            await self._tell(AuditAction.PASSWORD, "refused", address, terminal, principal.staff, detail)
            raise
        except (WeakPassword, PasswordUsed) as error:
            raise password_refused(error) from error
        await self._tell(AuditAction.PASSWORD, "ok", address, terminal, principal.staff)
        return self._answer({})

    async def sign_out(self, request: Request) -> Response:
        principal = bearer(request, self._services.gate)
        await read_body(request)
        if await self._services.accounts.sign_out(principal.terminal, self._services.clock()):
            await self._services.rights_changed()
            terminal = self._terminal(principal.terminal)
            await self._tell(AuditAction.SIGN_OUT, "ok", _address(request), terminal, principal.staff)
        return self._answer({})

    async def _tell(
        self,
        action: AuditAction,
        result: Literal["ok", "refused"],
        address: str,
        terminal: Terminal | None = None,
        staff: str | None = None,
        detail: Mapping[str, Json] | None = None,
    ) -> None:
        """Leave a line."""
        if self._services.audit is None:
            return
        place, ward = (terminal.id, terminal.ward) if terminal else (None, None)
        subject = staff if action is AuditAction.PASSWORD else None
        await self._services.audit.record(
            AuditEntry(action, result, staff, place, ward, subject, address, detail or {})
        )

    async def _tell_refused(
        self, refused: IdentityRefused, way: str, address: str, terminal: Terminal, number: str | None
    ) -> None:
        """Leave a line of a try, never what was typed: at times a password lands in the number's field."""
        known = None if number is None else await self._services.accounts.staff_of(number)
        detail: dict[str, Json] = {"way": way, "code": refused.code.value}
        await self._tell(AuditAction.SIGN_IN, "refused", address, terminal, known, detail)

    def _proven(self, terminal_id: str, challenge: str, signature: str, now: int) -> Terminal:
        """The terminal whose key signed the challenge. Raises IdentityRefused or WardError(`starting`)."""
        challenges = self._services.challenges
        challenges.check(terminal_id, challenge, now)
        terminal = self._terminal(terminal_id)
        raw = keys.decode_base64url(signature, keys.SIGNATURE_BYTES)
        message = (TOKEN_TEXT + challenge).encode()
        if raw is None or terminal.public_key is None or not keys.verify(terminal.public_key, raw, message):
            raise IdentityRefused(IdentityCode.SIGNATURE_INVALID)
        challenges.use(terminal_id, challenge, now)
        return terminal

    def _terminal(self, terminal_id: str) -> Terminal:
        current = self._services.current
        if not current.loaded:
            # Not `terminal_unknown`: a terminal would take that for its revocation.
            raise WardError("starting", retry_after_s=1)
        terminal = current.terminal(terminal_id)
        if terminal is None or terminal.state is not TerminalState.ACTIVE:
            raise IdentityRefused(IdentityCode.TERMINAL_UNKNOWN)
        return terminal

    def _installation(self) -> dict[str, str | int]:
        installation = self._services.installation
        return {"installation": installation.id, "generation": installation.generation}

    def _answer(self, value: dict[str, Any]) -> JSONResponse:
        return JSONResponse(value, headers={"Cache-Control": "no-store"})


def _pin_fields(value: dict[str, Any]) -> dict[str, str]:
    """Either number and PIN or a badge. Raises WardError(`malformed`)."""
    for sizes in ({"number": MAX_NUMBER_CHARS, "pin": MAX_PIN_CHARS}, {"badge": BADGE_MAX_CHARS}):
        if value.keys() == sizes.keys() and all(
            isinstance(value[name], str) and 0 < len(value[name]) <= most for name, most in sizes.items()
        ):
            return value
    raise WardError("malformed", "Expected number and pin, or badge.")


def _address(request: Request) -> str:
    return request.client.host if request.client else "unknown"

"""Sign-in to the back office, and the gate that every other route of it asks.

GET    /api/office/sign-in-ways                     → which ways there are
POST   /api/office/sign-in     number, password     → who they are, and the cookie
POST   /api/office/sign-out
GET    /api/office/me
POST   /api/office/password    old, new
GET    /api/office/sessions                         one's own; those who keep the accounts: everybody's
DELETE /api/office/sessions/{id}
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import select
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ward_hub import __version__
from ward_hub.accounts.office_sessions import OfficeSession, OfficeSessions
from ward_hub.audit.port import AuditAction, AuditEntry, AuditTrail
from ward_hub.db.engine import Database
from ward_hub.directory.current import CurrentDirectory
from ward_hub.directory.tables import StaffRow
from ward_hub.edge.errors import WardError, answering
from ward_hub.edge.json_body import read_body, read_fields
from ward_hub.edge.password_errors import password_refused
from ward_hub.identity.errors import IdentityRefused
from ward_hub.identity.passwords import MAX_CHARS
from ward_hub.identity.staff import PasswordUsed, StaffAccounts, WeakPassword
from ward_hub.identity.tries import FailureLimit
from ward_hub.office.port import OfficePrincipal, Permission

COOKIE = "wardline_office"
COOKIE_PATH = "/api/office"
HEADER = "x-wardline-office"
"""Another site's form cannot set a header: it changes nothing, though the browser adds the cookie."""
POLL_HEADER = "x-wardline-poll"
"""On requests that a page makes by itself: they do not keep a session from being idle."""
SAFE_METHODS = frozenset({"GET", "HEAD"})
NO_STORE = {"Cache-Control": "no-store"}
MAX_NUMBER_CHARS = 32
FAILURES, WINDOW_MS = 30, 60_000
"""Failures a minute and address, all numbers together; each number has its own lock besides."""


class OfficeGate:
    """Implements `OfficeDoor`. `clock` gives ms."""

    def __init__(self, sessions: OfficeSessions, clock: Callable[[], int]) -> None:
        self._sessions = sessions
        self._clock = clock

    async def who(self, request: Request) -> OfficePrincipal:
        """See `OfficeDoor`."""
        session = await self.session(request)
        if session.password_due:
            raise WardError("password_due")
        return session.principal(address_of(request))

    async def session(self, request: Request) -> OfficeSession:
        """As `who`, also for those who must set a new password first."""
        check_header(request)
        found = await self.peek(request)
        if found is None:
            raise WardError("signed_out")
        return found

    async def peek(self, request: Request) -> OfficeSession | None:
        """The session of the request's cookie, if it has one."""
        token = request.cookies.get(COOKIE, "")
        return await self._sessions.find(token, self._clock(), POLL_HEADER not in request.headers)


@dataclass(frozen=True, slots=True)
class OfficeSignIn:
    """What sign-in needs. `provider`: what people call the single sign-on; None: there is none."""

    database: Database
    gate: OfficeGate
    sessions: OfficeSessions
    accounts: StaffAccounts
    current: CurrentDirectory
    audit: AuditTrail
    clock: Callable[[], int]
    provider: str | None = None


def office_session_routes(services: OfficeSignIn) -> list[Route]:
    """The routes, ready to be mounted at the root."""
    api = _SignInApi(services)
    return [
        Route(f"/api/office/{path}", answering(endpoint, services.clock), methods=[method])
        for method, path, endpoint in (
            ("GET", "sign-in-ways", api.ways),
            ("POST", "sign-in", api.sign_in),
            ("POST", "sign-out", api.sign_out),
            ("GET", "me", api.me),
            ("POST", "password", api.password),
            ("GET", "sessions", api.list_sessions),
            ("DELETE", "sessions/{id}", api.end_session),
        )
    ]


def check_header(request: Request) -> None:
    """Raises WardError(`forbidden`) for a method that changes something without the office's header."""
    if request.method not in SAFE_METHODS and request.headers.get(HEADER) != "1":
        raise WardError("forbidden", "Expected the header X-Wardline-Office: 1.")


def address_of(request: Request) -> str:
    return request.client.host if request.client else "unknown"


def set_cookie(request: Request, response: Response, token: str) -> None:
    """Give the browser the session's token: not to scripts, not to other sites, not in the clear over TLS."""
    response.set_cookie(COOKIE, token, path=COOKIE_PATH, **_cookie_rules(request))


def me_json(session: OfficeSession, current: CurrentDirectory) -> dict[str, Any]:
    """`Me` of the office's types."""
    person = session.person
    wards = current.model.wards.values()
    return {
        "staff": {
            "id": person.id,
            "number": person.number,
            "name": person.name,
            "role": person.role.value,
            "ward": session.ward,
        },
        "permissions": [one.value for one in Permission if one in session.permissions],
        "wards": [
            {"id": ward.id, "name": ward.name, "name_en": ward.name_en}
            for ward in wards
            if session.ward is None or session.ward == ward.id
        ],
        "expires_at": session.expires_at,
        "idle_ms": session.idle_ms,
        "password_due": session.password_due,
        "version": __version__,
    }


class _SignInApi:
    def __init__(self, services: OfficeSignIn) -> None:
        self._services = services
        self._tries = FailureLimit(FAILURES, WINDOW_MS)

    async def ways(self, _request: Request) -> Response:
        return JSONResponse({"password": True, "oidc": self._services.provider}, headers=NO_STORE)

    async def sign_in(self, request: Request) -> Response:
        services, now, address = self._services, self._services.clock(), address_of(request)
        check_header(request)
        fields = await read_fields(request, {"number": MAX_NUMBER_CHARS, "password": MAX_CHARS})
        self._tries.check(address, now)
        before = await services.gate.peek(request)
        try:
            person = await services.accounts.verify(fields["number"], fields["password"], now)
            line = AuditEntry(
                AuditAction.SIGN_IN,
                "ok",
                staff=person.id,
                ward=person.ward,
                address=address,
                detail={"place": "office", "way": "password"},
            )
            token, session = await services.sessions.begin(
                person, "password", address, now, lambda db: services.audit.add(db, line)
            )
        except IdentityRefused as refused:
            self._tries.failed(address, now)
            # Never what was typed: a password lands in the number's field now and then.
            known = await services.accounts.staff_of(fields["number"])
            await services.audit.record(
                AuditEntry(
                    AuditAction.SIGN_IN,
                    "refused",
                    staff=known,
                    address=address,
                    detail={"place": "office", "way": "password", "code": refused.code.value},
                )
            )
            raise
        if before is not None:
            await services.sessions.end(before.id, "replaced", now)
        answer = JSONResponse(me_json(session, services.current), headers=NO_STORE)
        set_cookie(request, answer, token)
        return answer

    async def sign_out(self, request: Request) -> Response:
        services, now = self._services, self._services.clock()
        check_header(request)
        await read_body(request)
        session = await services.gate.peek(request)
        if session is not None:
            line = AuditEntry(
                AuditAction.SIGN_OUT,
                "ok",
                staff=session.person.id,
                ward=session.ward,
                address=address_of(request),
                detail={"place": "office"},
            )
            await services.sessions.end(session.id, "sign_out", now, lambda db: services.audit.add(db, line))
        answer = JSONResponse({}, headers=NO_STORE)
        answer.delete_cookie(COOKIE, path=COOKIE_PATH, **_cookie_rules(request))
        return answer

    async def me(self, request: Request) -> Response:
        session = await self._services.gate.session(request)
        return JSONResponse(me_json(session, self._services.current), headers=NO_STORE)

    async def password(self, request: Request) -> Response:
        services, now, address = self._services, self._services.clock(), address_of(request)
        session = await services.gate.session(request)
        fields = await read_fields(request, {"old": MAX_CHARS, "new": MAX_CHARS})
        self._tries.check(address, now)
        staff = session.person.id

        line = AuditEntry(AuditAction.PASSWORD, "ok", staff=staff, subject=staff, address=address)
        try:
            await services.accounts.change_password(
                staff, fields["old"], fields["new"], now, session.id, lambda db: services.audit.add(db, line)
            )
        except IdentityRefused as refused:
            self._tries.failed(address, now)
            told = replace(line, result="refused", detail={"code": refused.code.value})
            await services.audit.record(told)
            raise
        except (WeakPassword, PasswordUsed) as error:
            raise password_refused(error) from error
        return JSONResponse({}, headers=NO_STORE)

    async def list_sessions(self, request: Request) -> Response:
        services = self._services
        who = await services.gate.who(request)
        every = who.may(Permission.STAFF_WRITE)
        rows = await services.sessions.open(services.clock(), None if every else who.staff)
        async with services.database.session() as session:
            wanted = select(StaffRow.id, StaffRow.name).where(StaffRow.id.in_({row.staff for row in rows}))
            names = {row.id: row.name for row in await session.execute(wanted)}
        listed = [
            {
                "id": row.id,
                "staff": row.staff,
                "staff_name": names.get(row.staff),
                "role": row.role,
                "way": row.way,
                "address": row.address,
                "started_at": row.started_at,
                "seen_at": row.seen_at,
                "expires_at": row.expires_at,
                "current": row.id == who.session,
            }
            for row in rows
        ]
        return JSONResponse({"sessions": listed}, headers=NO_STORE)

    async def end_session(self, request: Request) -> Response:
        services, now = self._services, self._services.clock()
        who = await services.gate.who(request)
        mine = None if who.may(Permission.STAFF_WRITE) else who.staff
        rows = {row.id: row for row in await services.sessions.open(now, mine)}
        row = rows.get(request.path_params["id"])
        if row is None:
            raise WardError("not_found")
        line = AuditEntry(
            AuditAction.SESSION_END, "ok", staff=who.staff, subject=row.staff, address=who.address
        )
        await services.sessions.end(row.id, "ended", now, lambda db: services.audit.add(db, line))
        return JSONResponse({}, headers=NO_STORE)


def _cookie_rules(request: Request) -> dict[str, Any]:
    return {"httponly": True, "samesite": "lax", "secure": request.url.scheme == "https"}

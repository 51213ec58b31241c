"""Single sign-on of the back office: off to the provider, and back from it. No parameter says where to.

GET /api/office/oidc/start      → the provider's sign-in
GET /api/office/oidc/callback   → the back office, signed in, or with `?refused=` and a code of edge/errors.py
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import secrets
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import select
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from ward_hub.accounts.id_token import TokenRefused
from ward_hub.accounts.office_sessions import OfficeSessions
from ward_hub.accounts.oidc import OidcProvider, ProviderDown
from ward_hub.audit.port import AuditAction, AuditEntry, AuditTrail
from ward_hub.db.engine import Database
from ward_hub.directory.model import Staff
from ward_hub.directory.store import staff_value
from ward_hub.directory.tables import StaffRow
from ward_hub.edge.errors import WardError, answering
from ward_hub.edge.office_session import OfficeGate, address_of, set_cookie
from ward_hub.identity.errors import IdentityRefused
from ward_hub.identity.tries import FailureLimit

BROWSER_COOKIE = "wardline_oidc"
COOKIE_PATH = "/api/office/oidc"
LIFE_MS = 10 * 60_000
MAX_PENDING = 1000
TRIES, WINDOW_MS = 30, 60_000
"""Starts and refusals a minute and address: each start is remembered, each refusal fills the audit trail."""
MAX_CODE_CHARS = 2048

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class OfficeOidc:
    """What the routes need. `page`: path of the back office's page; `clock` gives ms."""

    provider: OidcProvider
    database: Database
    gate: OfficeGate
    sessions: OfficeSessions
    audit: AuditTrail
    clock: Callable[[], int]
    page: str = "/office/"


@dataclass(frozen=True, slots=True)
class _Pending:
    """A browser that was sent to the provider. `browser`: hash of the cookie it was given."""

    browser: str
    nonce: str
    verifier: str
    began_at: int


def office_oidc_routes(services: OfficeOidc) -> list[Route]:
    """The routes, ready to be mounted at the root."""
    api = _OidcApi(services)
    return [
        Route("/api/office/oidc/start", answering(api.start, services.clock), methods=["GET"]),
        Route("/api/office/oidc/callback", answering(api.callback, services.clock), methods=["GET"]),
    ]


class _OidcApi:
    def __init__(self, services: OfficeOidc) -> None:
        self._services = services
        self._pending: OrderedDict[str, _Pending] = OrderedDict()
        self._starts = FailureLimit(TRIES, WINDOW_MS)
        self._refused = FailureLimit(TRIES, WINDOW_MS)

    async def start(self, request: Request) -> Response:
        now, address = self._services.clock(), address_of(request)
        self._starts.check(address, now)
        self._starts.failed(address, now)
        state, nonce, browser = (secrets.token_urlsafe(32) for _ in range(3))
        verifier = secrets.token_urlsafe(48)
        try:
            there = await self._services.provider.address(state, nonce, verifier)
        except ProviderDown as error:
            log.warning("the sign-in service does not answer: %s", error)
            return self._back("provider")
        self._pending[state] = _Pending(_hash(browser), nonce, verifier, now)
        while len(self._pending) > MAX_PENDING:
            self._pending.popitem(last=False)
        answer = RedirectResponse(there, status_code=303, headers={"Cache-Control": "no-store"})
        answer.set_cookie(
            BROWSER_COOKIE,
            browser,
            max_age=LIFE_MS // 1000,
            path=COOKIE_PATH,
            httponly=True,
            samesite="lax",
            secure=request.url.scheme == "https",
        )
        return answer

    async def callback(self, request: Request) -> Response:
        services, now = self._services, self._services.clock()
        self._refused.check(address_of(request), now)
        person: Staff | None = None
        try:
            pending = self._take(request, now)
            code = request.query_params.get("code", "")
            if not 0 < len(code) <= MAX_CODE_CHARS:
                # `error`: the person turned back, or may not come in there.
                raise TokenRefused("the provider gave no code")
            number = await services.provider.number(code, pending.nonce, pending.verifier)
            person = await self._person(number)
            if person is None:
                raise TokenRefused("nobody has the number")
            line = self._line(request, "ok", person)
            token, _ = await services.sessions.begin(
                person, "oidc", address_of(request), now, lambda db: services.audit.add(db, line)
            )
        except WardError as error:
            # Nobody was sent away from here with this: a link that somebody made up, or an answer again.
            return await self._refuse(request, error.code, "state", None)
        except ProviderDown as error:
            log.warning("the sign-in service does not answer: %s", error)
            return await self._refuse(request, "provider", str(error), None)
        except TokenRefused as error:
            return await self._refuse(request, "sign_in_refused", str(error), None)
        except IdentityRefused as refused:
            return await self._refuse(request, refused.code.value, refused.code.value, person)
        before = await services.gate.peek(request)
        if before is not None:
            await services.sessions.end(before.id, "replaced", now)
        answer = self._back()
        set_cookie(request, answer, token)
        return answer

    def _take(self, request: Request, now: int) -> _Pending:
        """The sign-in this browser began, once. Raises WardError(`forbidden`)."""
        pending = self._pending.pop(request.query_params.get("state", ""), None)
        browser = _hash(request.cookies.get(BROWSER_COOKIE, ""))
        if (
            pending is None
            or now - pending.began_at >= LIFE_MS
            or not hmac.compare_digest(browser, pending.browser)
        ):
            raise WardError("forbidden")
        return pending

    async def _person(self, number: str) -> Staff | None:
        async with self._services.database.session() as session:
            row = await session.scalar(
                select(StaffRow).where(StaffRow.number == number, StaffRow.active.is_(True))
            )
            return None if row is None else staff_value(row)

    async def _refuse(self, request: Request, code: str, why: str, person: Staff | None) -> Response:
        log.info("single sign-on refused from %s: %s", address_of(request), why)
        self._refused.failed(address_of(request), self._services.clock())
        line = self._line(request, "failed" if code == "provider" else "refused", person, why)
        await self._services.audit.record(line)
        return self._back(code)

    def _line(
        self,
        request: Request,
        result: Literal["ok", "refused", "failed"],
        person: Staff | None,
        why: str = "",
    ) -> AuditEntry:
        return AuditEntry(
            AuditAction.SIGN_IN,
            result,
            staff=person.id if person else None,
            ward=person.ward if person else None,
            address=address_of(request),
            detail={"place": "office", "way": "oidc", **({"why": why} if why else {})},
        )

    def _back(self, refused: str | None = None) -> Response:
        query = f"?refused={refused}" if refused else ""
        answer = RedirectResponse(
            self._services.page + query, status_code=303, headers={"Cache-Control": "no-store"}
        )
        answer.delete_cookie(BROWSER_COOKIE, path=COOKIE_PATH)
        return answer


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()

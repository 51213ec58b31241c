"""Passwords, PINs, badges and locks of people, set by the security administrator.

POST /api/office/staff/{id}/password   password
POST /api/office/staff/{id}/pin        pin, badge      text: set, null: taken away, absent: left as it is
POST /api/office/staff/{id}/unlock
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ward_hub.audit.port import AuditAction, AuditEntry, AuditTrail
from ward_hub.db.engine import Database
from ward_hub.directory.tables import StaffRow
from ward_hub.documents.names import ID
from ward_hub.documents.port import Json
from ward_hub.edge.errors import WardError, answering
from ward_hub.edge.json_body import read_body, read_fields, read_json
from ward_hub.edge.office_port import OfficeDoor
from ward_hub.edge.password_errors import password_refused
from ward_hub.identity.passwords import MAX_CHARS
from ward_hub.identity.staff import PasswordUsed, StaffAccounts, WeakPassword, unlock
from ward_hub.office.port import OfficePrincipal, Permission, Problem

MAX_PIN_BODY = 1024
NO_STORE = {"Cache-Control": "no-store"}


class PinsAndBadges(Protocol):
    """Sets them in the caller's transaction. Both raise ValueError for what cannot be one."""

    async def set_pin(self, session: AsyncSession, staff: str, pin: str | None, now: int) -> None: ...

    async def set_badge(self, session: AsyncSession, staff: str, badge: str | None, now: int) -> None: ...


async def _nothing(_staff: str) -> None:
    pass


@dataclass(frozen=True, slots=True)
class OfficeAccounts:
    """What the routes need. `clock` gives ms."""

    database: Database
    door: OfficeDoor
    accounts: StaffAccounts
    pins: PinsAndBadges
    audit: AuditTrail
    clock: Callable[[], int]
    password_set: Callable[[str], Awaitable[None]] = _nothing
    """Told whose password another has set: their sessions at terminals end."""


def office_accounts_routes(services: OfficeAccounts) -> list[Route]:
    """The routes, ready to be mounted at the root."""
    api = _AccountsApi(services)
    return [
        Route(f"/api/office/staff/{{id}}/{path}", answering(endpoint, services.clock), methods=["POST"])
        for path, endpoint in (("password", api.password), ("pin", api.pin), ("unlock", api.unlock))
    ]


class _AccountsApi:
    def __init__(self, services: OfficeAccounts) -> None:
        self._services = services

    async def password(self, request: Request) -> Response:
        services = self._services
        who, person = await self._person(request)
        fields = await read_fields(request, {"password": MAX_CHARS})
        if person.id == who.staff:
            # A session that somebody else sits at must not become an account that is theirs.
            raise WardError("forbidden", "Expected one's own password to be set with the old one.")
        line = _line(who, person, "password")
        try:
            await services.accounts.set_password(
                person.id,
                fields["password"],
                services.clock(),
                by=who.staff,
                also=lambda session: services.audit.add(session, line),
            )
        except (WeakPassword, PasswordUsed) as error:
            raise password_refused(error) from error
        await services.password_set(person.id)
        return JSONResponse({}, headers=NO_STORE)

    async def pin(self, request: Request) -> Response:
        services, now = self._services, self._services.clock()
        who, person = await self._person(request)
        fields = _pin_fields(await read_json(request, MAX_PIN_BODY))
        async with services.database.session.begin() as session:
            for name, setter in (("pin", services.pins.set_pin), ("badge", services.pins.set_badge)):
                if name not in fields:
                    continue
                try:
                    await setter(session, person.id, fields[name], now)
                except ValueError as error:
                    raise WardError("invalid", problems=[_PROBLEMS[name]]) from error
                what = name if fields[name] is not None else f"no {name}"
                await services.audit.add(session, _line(who, person, what))
        return JSONResponse({}, headers=NO_STORE)

    async def unlock(self, request: Request) -> Response:
        services = self._services
        who, person = await self._person(request)
        await read_body(request)
        async with services.database.session.begin() as session:
            await unlock(session, person.id, person.number)
            await services.audit.add(session, _line(who, person, "unlock"))
        return JSONResponse({}, headers=NO_STORE)

    async def _person(self, request: Request) -> tuple[OfficePrincipal, StaffRow]:
        who = await self._services.door.who(request)
        who.require(Permission.STAFF_WRITE)
        staff = request.path_params["id"]
        if not re.fullmatch(ID, staff):
            raise WardError("not_found")
        async with self._services.database.session() as session:
            person = await session.get(StaffRow, staff)
        if person is None or not who.sees(person.ward):
            raise WardError("not_found")
        return who, person


def _pin_fields(value: dict[str, Any]) -> dict[str, str | None]:
    if not value or not value.keys() <= {"pin", "badge"}:
        raise WardError("malformed", "Expected pin, badge or both.")
    if not all(one is None or (isinstance(one, str) and 0 < len(one) <= MAX_CHARS) for one in value.values()):
        raise WardError("malformed", f"Expected texts of 1 to {MAX_CHARS} characters, or null.")
    return value


_PROBLEMS = {
    "pin": Problem(
        0,
        "pin",
        "Expected six digits that are no run and no repetition.",
        "应为 6 位数字，不可连号或重复。",
    ),
    "badge": Problem(
        0,
        "badge",
        "Expected a badge of 8 to 64 signs that nobody else has.",
        "工牌应为 8 至 64 个字符，且未被他人使用。",
    ),
}


def _line(who: OfficePrincipal, person: StaffRow, what: str) -> AuditEntry:
    detail: dict[str, Json] = {"what": what}
    return AuditEntry(
        AuditAction.PASSWORD, "ok", who.staff, None, person.ward, person.id, who.address, detail
    )

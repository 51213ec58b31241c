"""Who is signed in to the back office: sessions that end when idle, with time, and when the person changes.

A browser holds a random token; the database holds its hash, so that who reads one cannot be the other.
"""

from __future__ import annotations

import hashlib
import logging
import re
import secrets
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import delete, select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncSession

from ward_hub.accounts import password_rules
from ward_hub.accounts.permissions import ADMINISTRATORS, CLINICAL, RolePermissions
from ward_hub.accounts.tables import OfficeSessionRow
from ward_hub.db.engine import Database
from ward_hub.directory.model import Staff
from ward_hub.directory.store import read_revision, staff_value
from ward_hub.directory.tables import HospitalRow, StaffRow
from ward_hub.identity.errors import IdentityCode, IdentityRefused
from ward_hub.office.port import OfficePrincipal, Permission

WHOLE_MS = 12 * 3_600_000
"""Nobody works longer: a session that is never idle ends all the same."""
IDLE_MINUTES, LEAST_IDLE, MOST_IDLE = 15, 5, 30
"""Without a request (GB/T 22239 level 3, as assessors read it); `office.idle_min` of the settings."""
SEEN_KEPT_MS = 20_000
"""How far the last request on disk may be behind: it matters only to a hub that starts again."""
TOKEN_BYTES = 32
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")

log = logging.getLogger(__name__)

Way = Literal["password", "oidc"]
Also = Callable[[AsyncSession], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class OfficeSession:
    """A session as the answer to a request: who, until when, and whether a new password comes first."""

    id: str
    person: Staff
    permissions: frozenset[Permission]
    way: Way
    address: str
    expires_at: int
    idle_ms: int
    password_due: bool

    @property
    def ward(self) -> str | None:
        """None: all of them, for the installation's administrators."""
        return None if self.person.role in ADMINISTRATORS else self.person.ward

    def principal(self, address: str) -> OfficePrincipal:
        """Who asks, from this address."""
        person = self.person
        return OfficePrincipal(
            staff=person.id,
            name=person.name,
            role=person.role.value,
            ward=self.ward,
            permissions=self.permissions,
            clinical=person.role in CLINICAL,
            session=self.id,
            address=address,
        )


class OfficeSessions:
    """Opens, finds and ends sessions. One hub asks; any process may end them."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._roles = RolePermissions()
        self._seen: dict[str, int] = {}

    async def begin(
        self, person: Staff, way: Way, address: str, now: int, also: Also | None = None
    ) -> tuple[str, OfficeSession]:
        """Open a session; returns what the browser is to hold, and the session.

        `also` is done in the same transaction. Raises IdentityRefused(SIGN_IN_ELSEWHERE) for people who may
        do nothing in the back office, or belong to a ward and have none.
        """
        token = secrets.token_urlsafe(TOKEN_BYTES)
        async with self._database.session.begin() as session:
            row = OfficeSessionRow(
                id=secrets.token_hex(16),
                token_hash=_hash(token),
                staff=person.id,
                role=person.role.value,
                way=way,
                address=address[:64],
                started_at=now,
                seen_at=now,
                expires_at=now + WHOLE_MS,
                ended_at=None,
                ended_why=None,
            )
            opened = await self._value(session, row, person, now)
            if not opened.permissions or (opened.ward is None and person.role not in ADMINISTRATORS):
                raise IdentityRefused(IdentityCode.SIGN_IN_ELSEWHERE)
            session.add(row)
            if also is not None:
                await also(session)
        self._seen[row.id] = now
        return token, opened

    async def find(self, token: str, now: int, active: bool = True) -> OfficeSession | None:
        """The session of the token, if it lasts. `active`: this is somebody's doing, and keeps it open."""
        if _TOKEN.fullmatch(token) is None:
            return None
        async with self._database.session() as session:
            row = await session.scalar(
                select(OfficeSessionRow).where(
                    OfficeSessionRow.token_hash == _hash(token), OfficeSessionRow.ended_at.is_(None)
                )
            )
            if row is None:
                return None
            staff = await session.get(StaffRow, row.staff)
            person = staff_value(staff) if staff is not None and staff.active else None
            found = None if person is None else await self._value(session, row, person, now)
        seen_at = max(row.seen_at, self._seen.get(row.id, 0))
        why = _over(row, found, seen_at, now)
        if found is None or why is not None:
            await self.end(row.id, why or "inactive", now)
            return None
        if not active:
            return found
        self._seen[row.id] = max(now, seen_at)
        if now - row.seen_at >= SEEN_KEPT_MS:
            await self._keep_seen(row.id, now)
        return found

    async def _keep_seen(self, session_id: str, now: int) -> None:
        try:
            async with self._database.session.begin() as session:
                await session.execute(
                    update(OfficeSessionRow).where(OfficeSessionRow.id == session_id).values(seen_at=now)
                )
        except OperationalError:
            # A full disk must not keep people from looking at what is going on.
            log.warning("the last request of an office session could not be written down")

    async def end(self, session_id: str, why: str, now: int, also: Also | None = None) -> bool:
        """Close the session; returns whether it was open. `also` is done in the same transaction then."""
        self._seen.pop(session_id, None)
        async with self._database.session.begin() as session:
            ended = await session.execute(
                update(OfficeSessionRow)
                .where(OfficeSessionRow.id == session_id, OfficeSessionRow.ended_at.is_(None))
                .values(ended_at=now, ended_why=why)
            )
            was_open = bool(ended.rowcount)  # type: ignore[attr-defined]  # an UPDATE's result has it
            if was_open and also is not None:
                await also(session)
        return was_open

    async def open(self, now: int, staff: str | None = None) -> Sequence[OfficeSessionRow]:
        """The sessions that last, newest first; of one person where one is named."""
        async with self._database.session() as session:
            idle_ms = await _idle_ms(session)
            wanted = select(OfficeSessionRow).where(
                OfficeSessionRow.ended_at.is_(None), OfficeSessionRow.expires_at > now
            )
            if staff is not None:
                wanted = wanted.where(OfficeSessionRow.staff == staff)
            rows = (await session.scalars(wanted.order_by(OfficeSessionRow.started_at.desc()))).all()
        for row in rows:
            row.seen_at = max(row.seen_at, self._seen.get(row.id, 0))
        return [row for row in rows if now - row.seen_at < idle_ms]

    async def holding(self, permission: Permission, now: int) -> list[str]:
        """Ids of the sessions that last and whose people hold the permission as they are now."""
        rows = await self.open(now)
        found: list[str] = []
        async with self._database.session() as session:
            revision = await read_revision(session)
            for row in rows:
                staff = await session.get(StaffRow, row.staff)
                if staff is None or not staff.active or staff.role != row.role:
                    continue
                if permission in await self._roles.of(session, staff_value(staff).role, revision):
                    found.append(row.id)
        return found

    async def end_of(self, people: Collection[str], why: str, now: int) -> None:
        """Close every session of these people: what they may has changed."""
        for person in people:
            for row in await self.open(now, person):
                await self.end(row.id, why, now)

    async def count(self, now: int) -> int:
        """How many sessions last."""
        return len(await self.open(now))

    async def forget_old(self, before_ms: int) -> None:
        """Remove sessions that were over before; the audit trail still tells of them."""
        self._seen = {one: seen_at for one, seen_at in self._seen.items() if seen_at >= before_ms - WHOLE_MS}
        old = OfficeSessionRow.expires_at < before_ms
        async with self._database.session() as session:
            if await session.scalar(select(OfficeSessionRow.id).where(old).limit(1)) is None:
                return
        async with self._database.session.begin() as session:
            await session.execute(delete(OfficeSessionRow).where(old))

    async def _value(
        self, session: AsyncSession, row: OfficeSessionRow, person: Staff, now: int
    ) -> OfficeSession:
        way: Way = "oidc" if row.way == "oidc" else "password"
        revision = await read_revision(session)
        return OfficeSession(
            id=row.id,
            person=person,
            permissions=await self._roles.of(session, person.role, revision),
            way=way,
            address=row.address,
            expires_at=row.expires_at,
            idle_ms=await _idle_ms(session),
            # Who comes by the hospital's own sign-in has their password there.
            password_due=way == "password" and await password_rules.is_due(session, person.id, now),
        )


def idle_ms(settings: Mapping[str, Any]) -> int:
    """How long a session lasts without a request: `office.idle_min` of the hospital's settings, bounded."""
    value = settings.get("office")
    minutes = value.get("idle_min") if isinstance(value, Mapping) else None
    bounded = min(max(minutes, LEAST_IDLE), MOST_IDLE) if type(minutes) is int else IDLE_MINUTES
    return bounded * 60_000


async def _idle_ms(session: AsyncSession) -> int:
    hospital = await session.get(HospitalRow, 1)
    return idle_ms(hospital.settings if hospital else {})


def _over(row: OfficeSessionRow, found: OfficeSession | None, seen_at: int, now: int) -> str | None:
    """Why the session is over, if it is."""
    if found is None:
        return "inactive"
    if found.person.role.value != row.role:
        return "role"
    if now >= row.expires_at:
        return "whole"
    if now - seen_at >= found.idle_ms:
        return "idle"
    if not found.permissions or (found.ward is None and found.person.role not in ADMINISTRATORS):
        return "permissions"
    return None


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()

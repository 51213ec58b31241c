"""People sign in with number and password at stations, PDAs and the whiteboard; guessing is locked out."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from ward_hub.db.engine import Database
from ward_hub.directory.model import Staff, Terminal, TerminalKind
from ward_hub.directory.store import staff_value
from ward_hub.directory.tables import StaffRow
from ward_hub.identity.errors import IdentityCode, IdentityRefused
from ward_hub.identity.passwords import MAX_CHARS, Passwords, is_strong
from ward_hub.identity.sessions import StaffSession, StaffSessions
from ward_hub.identity.tables import CredentialRow, SignInTryRow
from ward_hub.identity.tries import FailureLimit

MAX_FAILED = 5
LOCK_MS = 30 * 60_000
"""Five tries, then half an hour (GB/T 22239 level 3 as assessors read it)."""
TERMINAL_FAILURES = 20
TERMINAL_WINDOW_MS = 10 * 60_000
SIGN_IN_KINDS = frozenset({TerminalKind.STATION, TerminalKind.PDA, TerminalKind.WHITEBOARD})
"""A bedside, a door or a corridor screen never signs a person in: they hold a device's least rights."""


class WeakPassword(ValueError):
    """Expected at least 8 characters of three classes."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    staff: Staff
    session: StaffSession


async def store_password(session: AsyncSession, staff: str, password_hash: str, now: int) -> None:
    """Set the hash of a person's password."""
    await session.merge(CredentialRow(staff=staff, password_hash=password_hash, changed_at=now))


class StaffAccounts:
    """Signs people in and out and sets their passwords."""

    def __init__(self, database: Database, passwords: Passwords, sessions: StaffSessions) -> None:
        self._database = database
        self._passwords = passwords
        self._sessions = sessions
        self._at_terminal = FailureLimit(TERMINAL_FAILURES, TERMINAL_WINDOW_MS)

    async def set_password(self, staff: str, password: str, now: int) -> None:
        """Set a new password and forget failed tries. Raises WeakPassword, or LookupError for nobody."""
        if not is_strong(password):
            raise WeakPassword("expected 8 to 128 characters of three of: small, capital, digit, other")
        hashed = await self._passwords.hash(password)
        async with self._database.session.begin() as session:
            person = await session.get(StaffRow, staff)
            if person is None:
                raise LookupError(staff)
            await store_password(session, staff, hashed, now)
            await session.execute(delete(SignInTryRow).where(SignInTryRow.number == person.number))

    async def sign_in(self, terminal: Terminal, number: str, password: str, now: int) -> SignedIn:
        """Open a session for the person at the terminal.

        Raises IdentityRefused: SIGN_IN_REFUSED, SIGN_IN_LOCKED and TOO_MANY_TRIES (with `retry_at`),
        SIGN_IN_ELSEWHERE. Unknown numbers take as long and are locked like known ones.
        """
        if terminal.kind not in SIGN_IN_KINDS:
            raise IdentityRefused(IdentityCode.SIGN_IN_ELSEWHERE)
        self._at_terminal.check(terminal.id, now)
        if not 0 < len(password) <= MAX_CHARS:
            raise IdentityRefused(IdentityCode.SIGN_IN_REFUSED)
        await self._count_try(number, now)
        person, password_hash = await self._find(number)
        if not await self._passwords.matches(password_hash, password) or person is None:
            self._at_terminal.failed(terminal.id, now)
            raise IdentityRefused(IdentityCode.SIGN_IN_REFUSED)
        await self._forget_tries(number)
        if person.ward != terminal.ward:
            raise IdentityRefused(IdentityCode.SIGN_IN_ELSEWHERE)
        return SignedIn(person, await self._sessions.begin(person.id, terminal.id, now))

    async def sign_out(self, terminal: str, now: int) -> bool:
        """Close the session at the terminal; returns whether there was one."""
        return await self._sessions.end(terminal, now)

    async def _find(self, number: str) -> tuple[Staff | None, str | None]:
        async with self._database.session() as session:
            row = await session.scalar(
                select(StaffRow).where(StaffRow.number == number, StaffRow.active.is_(True))
            )
            credential = await session.get(CredentialRow, row.id) if row else None
        if row is None or credential is None:
            return None, None
        return staff_value(row), credential.password_hash

    async def _count_try(self, number: str, now: int) -> None:
        """Count the try as failed before the password is looked at, so that parallel tries count too.

        Raises IdentityRefused(SIGN_IN_LOCKED).
        """
        async with self._database.session.begin() as session:
            # The deletion comes first and takes the write lock; it also keeps the table small.
            await session.execute(delete(SignInTryRow).where(SignInTryRow.last_at <= now - LOCK_MS))
            row = await session.get(SignInTryRow, number, with_for_update=True)
            if row is None:
                row = SignInTryRow(number=number, failed=0, last_at=now, locked_until=None)
                session.add(row)
            if row.locked_until is not None and row.locked_until > now:
                raise IdentityRefused(IdentityCode.SIGN_IN_LOCKED, row.locked_until)
            row.failed += 1
            row.last_at = now
            if row.failed >= MAX_FAILED:
                row.locked_until = now + LOCK_MS

    async def _forget_tries(self, number: str) -> None:
        async with self._database.session.begin() as session:
            await session.execute(delete(SignInTryRow).where(SignInTryRow.number == number))

"""People and their passwords: sign-in at stations, PDAs and the whiteboard; guessing is locked out.

The back office (`ward_hub.accounts`) asks here too: one number, one count of failed tries, one lock.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from ward_hub.accounts import password_rules
from ward_hub.accounts.tables import OfficeSessionRow, StaffPinRow
from ward_hub.db.engine import Database
from ward_hub.directory.model import Staff, Terminal, TerminalKind
from ward_hub.directory.store import staff_value
from ward_hub.directory.tables import StaffRow
from ward_hub.identity.errors import IdentityCode, IdentityRefused
from ward_hub.identity.passwords import MAX_CHARS, Passwords
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
    """Expected at least 8 characters (more where the hospital says so) of three classes."""

    def __init__(self, min_chars: int) -> None:
        chars = f"{min_chars} to {MAX_CHARS} characters"
        super().__init__(f"expected {chars} of three of: small, capital, digit, other")
        self.min_chars = min_chars


class PasswordUsed(ValueError):
    """One of the person's `last` newest passwords."""

    def __init__(self, last: int) -> None:
        super().__init__(f"expected none of the last {last} passwords")
        self.last = last


@dataclass(frozen=True, slots=True)
class SignedIn:
    """`password_due`: they should set a new password. It never keeps a nurse from the calls."""

    staff: Staff
    session: StaffSession
    password_due: bool = False


async def store_password(
    session: AsyncSession, staff: str, password_hash: str, now: int, by: str | None = None
) -> None:
    """Set the hash of a person's password. `by`: who did, None: the command line."""
    await session.merge(CredentialRow(staff=staff, password_hash=password_hash, changed_at=now))
    await password_rules.add_to_history(session, staff, password_hash, now, by)


class StaffAccounts:
    """Signs people in and out and sets their passwords."""

    def __init__(self, database: Database, passwords: Passwords, sessions: StaffSessions) -> None:
        self._database = database
        self._passwords = passwords
        self._sessions = sessions
        self._at_terminal = FailureLimit(TERMINAL_FAILURES, TERMINAL_WINDOW_MS)

    async def set_password(
        self,
        staff: str,
        password: str,
        now: int,
        by: str | None = None,
        keep: str | None = None,
        also: Callable[[AsyncSession], Awaitable[None]] | None = None,
    ) -> None:
        """Set a new password, forget failed tries, end the person's sessions of the back office but `keep`.

        `by`: who sets it, None: the command line; `also` is done in the same transaction. Raises
        WeakPassword, PasswordUsed, or LookupError for nobody.
        """
        async with self._database.session() as session:
            rules = await password_rules.read_rules(session)
            before = await password_rules.last_hashes(session, staff, rules.last)
        if not password_rules.is_good(password, rules):
            raise WeakPassword(rules.min_chars)
        if await password_rules.was_used(self._passwords, before, password):
            raise PasswordUsed(rules.last)
        hashed = await self._passwords.hash(password)
        async with self._database.session.begin() as session:
            person = await session.get(StaffRow, staff)
            if person is None:
                raise LookupError(staff)
            await store_password(session, staff, hashed, now, by)
            await session.execute(delete(SignInTryRow).where(SignInTryRow.number == person.number))
            await session.execute(
                update(OfficeSessionRow)
                .where(
                    OfficeSessionRow.staff == staff,
                    OfficeSessionRow.ended_at.is_(None),
                    OfficeSessionRow.id != (keep or ""),
                )
                .values(ended_at=now, ended_why="password")
            )
            if also is not None:
                await also(session)

    async def change_password(
        self,
        staff: str,
        old: str,
        new: str,
        now: int,
        keep: str | None = None,
        also: Callable[[AsyncSession], Awaitable[None]] | None = None,
    ) -> None:
        """A person sets their own password, knowing the one of now; `keep` and `also` as in `set_password`.

        Raises IdentityRefused as `verify` does (wrong tries count), WeakPassword, PasswordUsed.
        """
        async with self._database.session() as session:
            person = await session.get(StaffRow, staff)
        if person is None:
            raise IdentityRefused(IdentityCode.SIGN_IN_REFUSED)
        await self.verify(person.number, old, now)
        await self.set_password(staff, new, now, staff, keep, also)

    async def sign_in(self, terminal: Terminal, number: str, password: str, now: int) -> SignedIn:
        """Open a session for the person at the terminal.

        Raises IdentityRefused: SIGN_IN_REFUSED, SIGN_IN_LOCKED and TOO_MANY_TRIES (with `retry_at`),
        SIGN_IN_ELSEWHERE. Unknown numbers take as long and are locked like known ones.
        """
        if terminal.kind not in SIGN_IN_KINDS:
            raise IdentityRefused(IdentityCode.SIGN_IN_ELSEWHERE)
        self._at_terminal.check(terminal.id, now)
        try:
            person = await self.verify(number, password, now)
        except IdentityRefused as refused:
            # Not for a number that is locked: nothing was tried.
            if refused.code is IdentityCode.SIGN_IN_REFUSED and 0 < len(password) <= MAX_CHARS:
                self._at_terminal.failed(terminal.id, now)
            raise
        if person.ward != terminal.ward:
            raise IdentityRefused(IdentityCode.SIGN_IN_ELSEWHERE)
        due = await self.password_due(person.id, now)
        return SignedIn(person, await self._sessions.begin(person.id, terminal.id, now), due)

    async def verify(self, number: str, password: str, now: int) -> Staff:
        """Return the active person of the number whose password this is; it opens a locked PIN again.

        Raises IdentityRefused: SIGN_IN_REFUSED, SIGN_IN_LOCKED (with `retry_at`). Unknown numbers take as
        long and are locked like known ones.
        """
        if not 0 < len(password) <= MAX_CHARS:
            raise IdentityRefused(IdentityCode.SIGN_IN_REFUSED)
        await self._count_try(number, now)
        person, password_hash = await self._find(number)
        if not await self._passwords.matches(password_hash, password) or person is None:
            raise IdentityRefused(IdentityCode.SIGN_IN_REFUSED)
        await self._forget_tries(person)
        return person

    async def password_due(self, staff: str, now: int) -> bool:
        """Whether the person must set a new password: this one is too old, or another person chose it."""
        async with self._database.session() as session:
            return await password_rules.is_due(session, staff, now)

    async def staff_of(self, number: str) -> str | None:
        """The id of who has the number, working here or not."""
        async with self._database.session() as session:
            return await session.scalar(select(StaffRow.id).where(StaffRow.number == number))

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

    async def _forget_tries(self, person: Staff) -> None:
        async with self._database.session.begin() as session:
            await unlock(session, person.id, person.number)


async def unlock(session: AsyncSession, staff: str, number: str) -> None:
    """Forget failed tries with the number and with the person's PIN."""
    await session.execute(delete(SignInTryRow).where(SignInTryRow.number == number))
    await session.execute(
        update(StaffPinRow).where(StaffPinRow.staff == staff).values(pin_failed=0, pin_locked=False)
    )

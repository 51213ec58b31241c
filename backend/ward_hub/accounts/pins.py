"""PIN and badge: the short ways in at shared screens and PDAs, for people who have a password besides.

A PIN is six digits and no more than five may be tried; then only a password, or the security administrator,
opens it again. Neither PIN nor badge can be told from the database without the hub's own secret file.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections import OrderedDict
from itertools import pairwise
from pathlib import Path

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from ward_hub.accounts.tables import StaffPinRow
from ward_hub.db.engine import Database
from ward_hub.directory.model import Staff, Terminal, TerminalKind
from ward_hub.directory.store import staff_value
from ward_hub.directory.tables import StaffRow
from ward_hub.identity.errors import IdentityCode, IdentityRefused
from ward_hub.identity.passwords import Passwords
from ward_hub.identity.secret_file import load_secret_file
from ward_hub.identity.sessions import StaffSessions
from ward_hub.identity.staff import SIGN_IN_KINDS, TERMINAL_FAILURES, TERMINAL_WINDOW_MS, SignedIn
from ward_hub.identity.tries import FailureLimit

MAX_FAILED = 5
BADGE_MIN_CHARS, BADGE_MAX_CHARS = 8, 64
MAX_UNKNOWN = 10_000
"""Numbers without a PIN whose tries are remembered; the one untouched longest is forgotten first."""
_PIN = re.compile(r"[0-9]{6}")
_BADGE = re.compile(r"[!-~]+")
_SECRET_BYTES = 32


class PinRefused(ValueError):
    """The PIN or badge cannot be set: not six digits, too easy, too short, or another person's badge."""


def is_good_pin(pin: str) -> bool:
    """Six digits that are not tried first: no run up or down, no digit, pair or half said again and again."""
    if _PIN.fullmatch(pin) is None:
        return False
    steps = {(int(b) - int(a)) % 10 for a, b in pairwise(pin)}
    doubled = {(int(b) - int(a)) % 10 for a, b in pairwise(pin[::2])}
    return not (
        steps in ({0}, {1}, {9})
        or pin[:2] * 3 == pin
        or pin[:3] * 2 == pin
        or (pin[::2] == pin[1::2] and doubled in ({1}, {9}))
    )


def pin_hashes() -> Passwords:
    """How PINs are hashed: 8 MiB, one pass, some milliseconds at a wall screen that many use.

    No cost saves six digits from somebody who may try for as long as they like; the hub's secret, which is
    mixed in first and lies beside the database and not in it, does.
    """
    return Passwords(time_cost=1, memory_kib=8 * 1024)


def load_pin_secret(data: Path) -> bytes:
    """The secret of the data folder that PINs and badges are hashed with; made at the first call (0600).

    Raises PermissionError when others may read it, ValueError when it is not a secret of ours. Lost, all PINs
    and badges are to be set anew.
    """
    path = data / "pin.secret"
    secret = load_secret_file(path, lambda: secrets.token_bytes(_SECRET_BYTES))
    if len(secret) != _SECRET_BYTES:
        raise ValueError(f"{path}: expected {_SECRET_BYTES} bytes, got {len(secret)}")
    return secret


class Pins:
    """Sets PINs and badges, and signs people in with them."""

    def __init__(
        self, database: Database, sessions: StaffSessions, secret: bytes, hashes: Passwords | None = None
    ) -> None:
        self._database = database
        self._sessions = sessions
        self._secret = secret
        self._hashes = hashes or pin_hashes()
        self._at_terminal = FailureLimit(TERMINAL_FAILURES, TERMINAL_WINDOW_MS)
        self._unknown: OrderedDict[str, int] = OrderedDict()

    async def set_pin(self, session: AsyncSession, staff: str, pin: str | None, now: int) -> None:
        """Set a person's PIN, unlocked, or take it away; in the caller's transaction.

        Raises PinRefused, LookupError for nobody.
        """
        if pin is not None and not is_good_pin(pin):
            raise PinRefused("expected six digits that are no run and no repetition")
        hashed = None if pin is None else await self._hashes.hash(self._mixed("pin", staff, pin))
        row = await self._row(session, staff, now)
        row.pin_hash, row.pin_failed, row.pin_locked, row.changed_at = hashed, 0, False, now

    async def set_badge(self, session: AsyncSession, staff: str, badge: str | None, now: int) -> None:
        """Set a person's badge, or take it away; in the caller's transaction.

        Raises PinRefused, LookupError for nobody.
        """
        hashed = None
        if badge is not None:
            badge = badge.strip()
            if not BADGE_MIN_CHARS <= len(badge) <= BADGE_MAX_CHARS or _BADGE.fullmatch(badge) is None:
                raise PinRefused(
                    f"expected a badge of {BADGE_MIN_CHARS} to {BADGE_MAX_CHARS} letters, digits and signs"
                )
            hashed = self._badge_hash(badge)
            holder = await session.scalar(
                select(StaffPinRow.staff).where(StaffPinRow.badge_hash == hashed, StaffPinRow.staff != staff)
            )
            if holder is not None:
                raise PinRefused(f"expected a badge nobody has, this one is {holder}'s")
        row = await self._row(session, staff, now)
        row.badge_hash, row.changed_at = hashed, now
        await session.flush()

    async def unlock(self, session: AsyncSession, staff: str) -> None:
        """Open a locked PIN again: after a sign-in by password, or by the security administrator."""
        await session.execute(
            update(StaffPinRow).where(StaffPinRow.staff == staff).values(pin_failed=0, pin_locked=False)
        )

    async def signed_in_by_password(self, staff: str) -> None:
        """As `unlock`, in a transaction of its own; nothing is written when nothing was locked or tried."""
        async with self._database.session() as session:
            row = await session.get(StaffPinRow, staff)
        if row is not None and (row.pin_locked or row.pin_failed > 0):
            async with self._database.session.begin() as session:
                await self.unlock(session, staff)

    async def sign_in_by_pin(self, terminal: Terminal, number: str, pin: str, now: int) -> SignedIn:
        """Open a session for the person of the number: a short one at a shared screen.

        Raises IdentityRefused: PIN_REFUSED (wrong, or nobody), SIGN_IN_LOCKED (without `retry_at`: waiting
        does not help), TOO_MANY_TRIES, SIGN_IN_ELSEWHERE. Numbers without a PIN sound and lock alike.
        """
        self._may_try(terminal, now)
        person, pin_hash = await self._count_try(number)
        try:
            right = _PIN.fullmatch(pin) is not None and await self._hashes.matches(
                pin_hash, self._mixed("pin", "" if person is None else person.id, pin)
            )
            if not right or person is None:
                raise IdentityRefused(IdentityCode.PIN_REFUSED)
        except IdentityRefused:
            self._at_terminal.failed(terminal.id, now)
            raise
        async with self._database.session.begin() as session:
            await self.unlock(session, person.id)
        return await self._begin(terminal, person, now)

    async def sign_in_by_badge(self, terminal: Terminal, badge: str, now: int) -> SignedIn:
        """Open a session for the person of the badge: a short one at a shared screen.

        Raises IdentityRefused: PIN_REFUSED, TOO_MANY_TRIES, SIGN_IN_ELSEWHERE.
        """
        self._may_try(terminal, now)
        async with self._database.session() as session:
            row = await session.scalar(
                select(StaffRow)
                .join(StaffPinRow, StaffPinRow.staff == StaffRow.id)
                .where(StaffPinRow.badge_hash == self._badge_hash(badge.strip()), StaffRow.active.is_(True))
            )
            person = None if row is None else staff_value(row)
        if person is None:
            self._at_terminal.failed(terminal.id, now)
            raise IdentityRefused(IdentityCode.PIN_REFUSED)
        return await self._begin(terminal, person, now)

    def _may_try(self, terminal: Terminal, now: int) -> None:
        if terminal.kind not in SIGN_IN_KINDS:
            raise IdentityRefused(IdentityCode.SIGN_IN_ELSEWHERE)
        self._at_terminal.check(terminal.id, now)

    async def _begin(self, terminal: Terminal, person: Staff, now: int) -> SignedIn:
        if person.ward != terminal.ward:
            raise IdentityRefused(IdentityCode.SIGN_IN_ELSEWHERE)
        short = terminal.kind is not TerminalKind.PDA
        return SignedIn(person, await self._sessions.begin(person.id, terminal.id, now, short=short))

    async def _count_try(self, number: str) -> tuple[Staff | None, str | None]:
        """Count the try as failed before the PIN is looked at, so that parallel tries count too.

        Returns the person and the hash. Raises IdentityRefused(SIGN_IN_LOCKED).
        """
        async with self._database.session.begin() as session:
            counted = (
                await session.execute(
                    update(StaffPinRow)
                    .where(
                        StaffPinRow.staff.in_(
                            select(StaffRow.id).where(StaffRow.number == number, StaffRow.active.is_(True))
                        ),
                        StaffPinRow.pin_hash.is_not(None),
                    )
                    .values(pin_failed=StaffPinRow.pin_failed + 1)
                    .returning(
                        StaffPinRow.staff,
                        StaffPinRow.pin_hash,
                        StaffPinRow.pin_failed,
                        StaffPinRow.pin_locked,
                    )
                )
            ).one_or_none()
            if counted is None:
                self._count_unknown(number)
                return None, None
            staff, pin_hash, failed, locked = counted
            # A right PIN after this opens it again, so that the fifth try may still be the right one.
            if not locked and failed >= MAX_FAILED:
                await session.execute(
                    update(StaffPinRow).where(StaffPinRow.staff == staff).values(pin_locked=True)
                )
            person = staff_value(await session.get_one(StaffRow, staff))
        if locked:
            raise IdentityRefused(IdentityCode.SIGN_IN_LOCKED)
        return person, pin_hash

    def _count_unknown(self, number: str) -> None:
        tried = self._unknown.pop(number, 0)
        self._unknown[number] = tried + 1
        while len(self._unknown) > MAX_UNKNOWN:
            self._unknown.popitem(last=False)
        if tried >= MAX_FAILED:
            raise IdentityRefused(IdentityCode.SIGN_IN_LOCKED)

    async def _row(self, session: AsyncSession, staff: str, now: int) -> StaffPinRow:
        row = await session.get(StaffPinRow, staff)
        if row is None:
            if await session.get(StaffRow, staff) is None:
                raise LookupError(staff)
            row = StaffPinRow(
                staff=staff, pin_hash=None, pin_failed=0, pin_locked=False, badge_hash=None, changed_at=now
            )
            session.add(row)
        return row

    def _mixed(self, what: str, staff: str, secret: str) -> str:
        return hmac.digest(self._secret, f"{what}:{staff}:{secret}".encode(), hashlib.sha256).hex()

    def _badge_hash(self, badge: str) -> str:
        # One for all people: it is looked up by.
        return self._mixed("badge", "", badge)

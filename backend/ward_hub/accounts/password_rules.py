"""The rules a password lives by: how long it is, how long it lasts, which ones may not come back.

Numbers are assessors' habit for GB/T 22239 level 3, settable within bounds in the hospital's settings.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from ward_hub.accounts.tables import PasswordHistoryRow
from ward_hub.directory.tables import HospitalRow
from ward_hub.identity.passwords import MIN_CHARS, Passwords, is_strong

DAY_MS = 86_400_000
MOST_KEPT = 24
"""Old passwords kept, whatever the setting: raising it later finds what is there."""


@dataclass(frozen=True, slots=True)
class PasswordRules:
    """`password` of the hospital's settings. `change_given`: who was given a password by another changes it
    first; `last`: so many newest passwords may not be used again, the one of now among them."""

    min_chars: int = MIN_CHARS
    max_age_days: int = 90
    last: int = 5
    change_given: bool = True

    @classmethod
    def read(cls, settings: Mapping[str, Any]) -> PasswordRules:
        """What is absent or of another type has its default, what is out of bounds the nearest bound."""
        value = settings.get("password")
        rules = value if isinstance(value, Mapping) else {}
        return cls(
            min_chars=_bounded(rules.get("min_chars"), MIN_CHARS, 64, cls().min_chars),
            max_age_days=_bounded(rules.get("max_age_days"), 7, 365, cls().max_age_days),
            last=_bounded(rules.get("last"), 1, MOST_KEPT, cls().last),
            change_given=rules.get("change_given") is not False,
        )


def _bounded(value: object, least: int, most: int, default: int) -> int:
    return min(max(value, least), most) if type(value) is int else default


async def read_rules(session: AsyncSession) -> PasswordRules:
    """The hospital's rules."""
    hospital = await session.get(HospitalRow, 1)
    return PasswordRules.read(hospital.settings if hospital else {})


def is_good(password: str, rules: PasswordRules) -> bool:
    """Strong, and as long as the hospital wants it."""
    return is_strong(password) and len(password) >= rules.min_chars


async def was_used(passwords: Passwords, hashes: Sequence[str], password: str) -> bool:
    """Whether it is one of those of the hashes."""
    for one in hashes:
        if await passwords.matches(one, password):
            return True
    return False


async def last_hashes(session: AsyncSession, staff: str, count: int) -> list[str]:
    """Hashes of the person's newest passwords, newest first."""
    wanted = (
        select(PasswordHistoryRow.password_hash)
        .where(PasswordHistoryRow.staff == staff)
        .order_by(PasswordHistoryRow.id.desc())
    )
    return list(await session.scalars(wanted.limit(count)))


async def add_to_history(
    session: AsyncSession, staff: str, password_hash: str, now: int, by: str | None
) -> None:
    """Write the new password down and forget the oldest ones."""
    session.add(PasswordHistoryRow(staff=staff, password_hash=password_hash, set_at=now, set_by=by))
    await session.flush()
    kept = (
        select(PasswordHistoryRow.id)
        .where(PasswordHistoryRow.staff == staff)
        .order_by(PasswordHistoryRow.id.desc())
        .limit(MOST_KEPT)
    )
    await session.execute(
        delete(PasswordHistoryRow).where(
            PasswordHistoryRow.staff == staff, PasswordHistoryRow.id.not_in(kept.scalar_subquery())
        )
    )


async def is_due(session: AsyncSession, staff: str, now: int) -> bool:
    """Whether the person must set a new password: this one is too old, or another person chose it."""
    newest = await session.scalar(
        select(PasswordHistoryRow)
        .where(PasswordHistoryRow.staff == staff)
        .order_by(PasswordHistoryRow.id.desc())
        .limit(1)
    )
    if newest is None:
        return False
    rules = await read_rules(session)
    if rules.change_given and newest.set_by is not None and newest.set_by != staff:
        return True
    return now - newest.set_at >= rules.max_age_days * DAY_MS

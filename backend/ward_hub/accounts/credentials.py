"""What can be told of people's ways to sign in without telling any secret: for the list of staff."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from ward_hub.accounts.tables import StaffPinRow
from ward_hub.directory.tables import StaffRow
from ward_hub.identity.tables import CredentialRow, SignInTryRow


@dataclass(frozen=True, slots=True)
class CredentialFlags:
    """`locked_until`: failed tries with the number keep it closed until then, if that is to come (ms);
    `password_at`: when the password was set (ms)."""

    has_password: bool = False
    has_pin: bool = False
    has_badge: bool = False
    pin_locked: bool = False
    locked_until: int | None = None
    password_at: int | None = None


async def flags(session: AsyncSession, now: int | None = None) -> dict[str, CredentialFlags]:
    """Staff id → flags, of everybody. `now` (ms): locks that are over are left out."""
    rows = await session.execute(
        select(StaffRow.id, CredentialRow, StaffPinRow, SignInTryRow)
        .outerjoin(CredentialRow, CredentialRow.staff == StaffRow.id)
        .outerjoin(StaffPinRow, StaffPinRow.staff == StaffRow.id)
        .outerjoin(SignInTryRow, SignInTryRow.number == StaffRow.number)
    )
    return {staff: _flags(credential, pin, tries, now) for staff, credential, pin, tries in rows}


def _flags(
    credential: CredentialRow | None, pin: StaffPinRow | None, tries: SignInTryRow | None, now: int | None
) -> CredentialFlags:
    locked_until = tries.locked_until if tries else None
    if locked_until is not None and now is not None and locked_until <= now:
        locked_until = None
    return CredentialFlags(
        has_password=credential is not None,
        has_pin=pin is not None and pin.pin_hash is not None,
        has_badge=pin is not None and pin.badge_hash is not None,
        pin_locked=pin is not None and pin.pin_locked,
        locked_until=locked_until,
        password_at=credential.changed_at if credential else None,
    )

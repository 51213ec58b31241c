"""What the accounts of people need beside their passwords: sessions of the back office, passwords they had,
what roles may do where that was changed, PINs and badges.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from ward_hub.db.base import Base


class OfficeSessionRow(Base):
    """A person signed in to the back office. `token_hash`: SHA-256 in hex of what the cookie holds.

    `role` is the one they had at sign-in: another one ends the session. `way`: `password` or `oidc`.
    """

    __tablename__ = "office_sessions"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    staff: Mapped[str] = mapped_column(String(48), ForeignKey("staff.id"), index=True)
    role: Mapped[str] = mapped_column(String(16))
    way: Mapped[str] = mapped_column(String(16))
    address: Mapped[str] = mapped_column(String(64))
    started_at: Mapped[int] = mapped_column(BigInteger)
    seen_at: Mapped[int] = mapped_column(BigInteger)
    expires_at: Mapped[int] = mapped_column(BigInteger)
    ended_at: Mapped[int | None] = mapped_column(BigInteger)
    ended_why: Mapped[str | None] = mapped_column(String(32))


class PasswordHistoryRow(Base):
    """A password a person has or had. `set_by`: the person who set it; None: the command line."""

    __tablename__ = "password_history"

    id: Mapped[int] = mapped_column(primary_key=True)
    staff: Mapped[str] = mapped_column(String(48), ForeignKey("staff.id"), index=True)
    password_hash: Mapped[str] = mapped_column(String(200))
    set_at: Mapped[int] = mapped_column(BigInteger)
    set_by: Mapped[str | None] = mapped_column(String(48))


class RolePermissionsRow(Base):
    """What a role may do, whole, where it is no longer what was shipped."""

    __tablename__ = "role_permissions"

    role: Mapped[str] = mapped_column(String(16), primary_key=True)
    permissions: Mapped[list[Any]] = mapped_column(JSON)


class StaffPinRow(Base):
    """A person's PIN and badge for shared screens and PDAs; either may be absent.

    `pin_locked`: too many tries; a sign-in with the password opens it again. `badge_hash`: SHA-256 in hex.
    """

    __tablename__ = "staff_pins"

    staff: Mapped[str] = mapped_column(String(48), ForeignKey("staff.id"), primary_key=True)
    pin_hash: Mapped[str | None] = mapped_column(String(200))
    pin_failed: Mapped[int] = mapped_column(default=0)
    pin_locked: Mapped[bool] = mapped_column(default=False)
    badge_hash: Mapped[str | None] = mapped_column(String(64), unique=True)
    changed_at: Mapped[int] = mapped_column(BigInteger)

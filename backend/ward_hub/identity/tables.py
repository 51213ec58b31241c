"""What identity must not forget: codes, passwords, tries, sessions, and which installation this is."""

from __future__ import annotations

from sqlalchemy import BigInteger, ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from ward_hub.db.base import Base


class InstallationRow(Base):
    """One row. `generation` grows with every restore from a backup (design: terminals compare it)."""

    __tablename__ = "installation"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    installation: Mapped[str] = mapped_column(String(48))
    generation: Mapped[int]


class EnrolmentCodeRow(Base):
    """A one-time code, kept as its SHA-256 in hex: whoever reads the database cannot enrol with it."""

    __tablename__ = "enrolment_codes"

    code_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    terminal: Mapped[str] = mapped_column(String(48), ForeignKey("terminals.id"), index=True)
    created_at: Mapped[int] = mapped_column(BigInteger)
    expires_at: Mapped[int] = mapped_column(BigInteger)
    used_at: Mapped[int | None] = mapped_column(BigInteger)


class CredentialRow(Base):
    __tablename__ = "staff_credentials"

    staff: Mapped[str] = mapped_column(String(48), ForeignKey("staff.id"), primary_key=True)
    password_hash: Mapped[str] = mapped_column(String(200))
    changed_at: Mapped[int] = mapped_column(BigInteger)


class SignInTryRow(Base):
    """Failed tries by number, whether or not anybody has it: a lock must not tell who exists."""

    __tablename__ = "sign_in_tries"

    number: Mapped[str] = mapped_column(String(32), primary_key=True)
    failed: Mapped[int]
    last_at: Mapped[int] = mapped_column(BigInteger)
    locked_until: Mapped[int | None] = mapped_column(BigInteger)


class StaffSessionRow(Base):
    """A person signed in at a terminal. `ended_at` None while it lasts (until `expires_at`)."""

    __tablename__ = "staff_sessions"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    staff: Mapped[str] = mapped_column(String(48), ForeignKey("staff.id"))
    terminal: Mapped[str] = mapped_column(String(48), ForeignKey("terminals.id"), index=True)
    started_at: Mapped[int] = mapped_column(BigInteger)
    expires_at: Mapped[int] = mapped_column(BigInteger)
    ended_at: Mapped[int | None] = mapped_column(BigInteger)

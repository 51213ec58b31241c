"""The audit trail's tables: its lines, and where their chain begins and ends."""

from __future__ import annotations

from sqlalchemy import BigInteger, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from ward_hub.db.base import Base


class AuditRow(Base):
    """One line. `detail` is canonical JSON; `hash` covers the line and the hash of the one before it.

    Ids are no foreign keys: a line outlives what it is about.
    """

    __tablename__ = "audit_lines"

    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    at: Mapped[int] = mapped_column(BigInteger, index=True)
    action: Mapped[str] = mapped_column(String(32))
    result: Mapped[str] = mapped_column(String(8))
    staff: Mapped[str | None] = mapped_column(String(48), index=True)
    terminal: Mapped[str | None] = mapped_column(String(48))
    ward: Mapped[str | None] = mapped_column(String(48))
    subject: Mapped[str | None] = mapped_column(String(96))
    address: Mapped[str | None] = mapped_column(String(64))
    detail: Mapped[str] = mapped_column(Text)
    hash: Mapped[str] = mapped_column(String(64))


class AuditChainRow(Base):
    """One row, which a writer locks: the newest line, and the last one that was removed for its age."""

    __tablename__ = "audit_chain"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    seq: Mapped[int] = mapped_column(BigInteger)
    hash: Mapped[str] = mapped_column(String(64))
    anchor_seq: Mapped[int] = mapped_column(BigInteger)
    anchor_hash: Mapped[str] = mapped_column(String(64))

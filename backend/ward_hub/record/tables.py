"""The clinical record in SQL: messages as they came, stays with their movements, who lies where.

Instants are integer ms. What is derived (status, place) stands beside what it is derived from, so that other
parts can ask in SQL.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from ward_hub.db.base import Base

ROW_ID = BigInteger().with_variant(Integer, "sqlite")
"""SQLite counts up only in a column of type INTEGER."""


class FeedMessage(Base):
    """One message of a feed, word for word, and what became of it.

    `state`: `taken`, `unchanged` (nothing new in it) or `not_taken` (with code and reason, for a person).
    """

    __tablename__ = "feed_messages"
    __table_args__ = (
        UniqueConstraint("sender", "control_id", "digest", name="uq_feed_messages_identity"),
        Index("ix_feed_messages_state_id", "state", "id"),
    )

    id: Mapped[int] = mapped_column(ROW_ID, primary_key=True, autoincrement=True)
    sender: Mapped[str] = mapped_column(String(300))
    control_id: Mapped[str] = mapped_column(String(200))
    digest: Mapped[str] = mapped_column(String(64))
    received_at: Mapped[int] = mapped_column(BigInteger, index=True)
    kind: Mapped[str] = mapped_column(String(40))
    visit: Mapped[str | None] = mapped_column(String(100))
    body: Mapped[bytes] = mapped_column(LargeBinary)
    state: Mapped[str] = mapped_column(String(12))
    answer: Mapped[str] = mapped_column(String(2))
    code: Mapped[int | None] = mapped_column(Integer)
    reason: Mapped[str | None] = mapped_column(Text)
    times: Mapped[int] = mapped_column(Integer, default=1)


class EncounterRow(Base):
    """A stay. `particulars`: name → [at, arrived, value]; `identifiers`: the patient's numbers."""

    __tablename__ = "encounters"

    stay: Mapped[str] = mapped_column(String(48), primary_key=True)
    visit: Mapped[str] = mapped_column(String(100), unique=True)
    identifiers: Mapped[list[str]] = mapped_column(JSON)
    particulars: Mapped[dict[str, Any]] = mapped_column(JSON)
    status: Mapped[str] = mapped_column(String(12))
    ward: Mapped[str | None] = mapped_column(String(48), index=True)
    bed: Mapped[str | None] = mapped_column(String(48))
    admitted_at: Mapped[int | None] = mapped_column(BigInteger)
    ended_at: Mapped[int | None] = mapped_column(BigInteger)
    last_at: Mapped[int] = mapped_column(BigInteger)
    updated_at: Mapped[int] = mapped_column(BigInteger)


class MovementRow(Base):
    """One movement of a stay; `message` is its number of arrival and the message that told it first."""

    __tablename__ = "movements"
    __table_args__ = (Index("ix_movements_ward_bed", "ward", "bed"),)

    id: Mapped[int] = mapped_column(ROW_ID, primary_key=True, autoincrement=True)
    stay: Mapped[str] = mapped_column(ForeignKey("encounters.stay", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    at: Mapped[int] = mapped_column(BigInteger)
    message: Mapped[int] = mapped_column(BigInteger)
    placed: Mapped[bool] = mapped_column()
    ward: Mapped[str | None] = mapped_column(String(48))
    bed: Mapped[str | None] = mapped_column(String(48))
    outside: Mapped[str] = mapped_column(String(200))


class BedOccupancy(Base):
    """Who lies in a bed. The keys keep two stays off one bed and one stay off two, whatever the code does."""

    __tablename__ = "bed_occupancy"

    ward: Mapped[str] = mapped_column(String(48), primary_key=True)
    bed: Mapped[str] = mapped_column(String(48), primary_key=True)
    stay: Mapped[str] = mapped_column(ForeignKey("encounters.stay", ondelete="CASCADE"), unique=True)
    since: Mapped[int] = mapped_column(BigInteger)

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

    `state`: `taken`, `unchanged` (nothing new in it) or `not_taken` (with code and reason, for a person), and
    what a person made of that: `replayed` (taken after all, `repair` being the message that was) or
    `discarded`. `location`: segment and field as ERR-2 has them; `ward`: the ward of ours it names.
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
    location: Mapped[str | None] = mapped_column(String(40))
    ward: Mapped[str | None] = mapped_column(String(48))
    handled_by: Mapped[str | None] = mapped_column(String(48))
    handled_at: Mapped[int | None] = mapped_column(BigInteger)
    note: Mapped[str | None] = mapped_column(Text)
    repair: Mapped[int | None] = mapped_column(BigInteger)
    repair_of: Mapped[int | None] = mapped_column(BigInteger)


class FeedMappingRow(Base):
    """One version of the installation's mapping, whole; None goes back to the shipped one."""

    __tablename__ = "feed_mappings"

    id: Mapped[int] = mapped_column(ROW_ID, primary_key=True, autoincrement=True)
    at: Mapped[int] = mapped_column(BigInteger)
    staff: Mapped[str] = mapped_column(String(48))
    mapping: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))


class EncounterRow(Base):
    """A stay. `particulars`: name → [at, arrived, value]; `identifiers`: the patient's numbers."""

    __tablename__ = "encounters"

    stay: Mapped[str] = mapped_column(String(48), primary_key=True)
    visit: Mapped[str] = mapped_column(String(100), unique=True)
    identifiers: Mapped[list[str]] = mapped_column(JSON)
    particulars: Mapped[dict[str, Any]] = mapped_column(JSON)
    own: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    """`numbers` and `said` by the stay's own messages; None for stays older than changes of identity."""
    status: Mapped[str] = mapped_column(String(12))
    ward: Mapped[str | None] = mapped_column(String(48), index=True)
    bed: Mapped[str | None] = mapped_column(String(48))
    admitted_at: Mapped[int | None] = mapped_column(BigInteger)
    ended_at: Mapped[int | None] = mapped_column(BigInteger)
    last_at: Mapped[int] = mapped_column(BigInteger)
    updated_at: Mapped[int] = mapped_column(BigInteger)


class EncounterNumberRow(Base):
    """A patient's number by which a stay is found."""

    __tablename__ = "encounter_numbers"

    number: Mapped[str] = mapped_column(String(200), primary_key=True)
    stay: Mapped[str] = mapped_column(
        ForeignKey("encounters.stay", ondelete="CASCADE"), primary_key=True, index=True
    )


class IdentityChangeRow(Base):
    """A change of identity; `message` is its number of arrival. See record/identity.py for the kinds."""

    __tablename__ = "identity_changes"

    id: Mapped[int] = mapped_column(ROW_ID, primary_key=True, autoincrement=True)
    kind: Mapped[str] = mapped_column(String(10))
    at: Mapped[int] = mapped_column(BigInteger)
    message: Mapped[int] = mapped_column(BigInteger)
    surviving: Mapped[list[str]] = mapped_column(JSON)
    prior: Mapped[list[str]] = mapped_column(JSON)
    visit: Mapped[str | None] = mapped_column(String(100), index=True)
    particulars: Mapped[dict[str, Any]] = mapped_column(JSON)
    received_at: Mapped[int] = mapped_column(BigInteger, index=True)


class IdentityNumberRow(Base):
    """A number that a change of identity names."""

    __tablename__ = "identity_change_numbers"

    number: Mapped[str] = mapped_column(String(200), primary_key=True)
    change: Mapped[int] = mapped_column(
        ForeignKey("identity_changes.id", ondelete="CASCADE"), primary_key=True, index=True
    )


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

"""Tables of recorded talks: what was recorded, and the calls it was about. The sound itself is a file.

Kept as long as the journal's lines, which is for good: what removes these is to remove those.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, ForeignKeyConstraint, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from ward_hub.db.base import Base


class Recording(Base):
    """One recorded talk or broadcast. Times in ms; `terminal` recorded it, `parties` are the terminals at the
    other end, parted by commas; `digest` is the SHA-256 of the file in hex and names it."""

    __tablename__ = "recordings"

    ward: Mapped[str] = mapped_column(String(48), primary_key=True)
    talk: Mapped[str] = mapped_column(String(16), primary_key=True)
    purpose: Mapped[str] = mapped_column(String(16))
    started_at: Mapped[int] = mapped_column(BigInteger)
    ended_at: Mapped[int] = mapped_column(BigInteger)
    terminal: Mapped[str] = mapped_column(String(48))
    staff: Mapped[str | None] = mapped_column(String(96))
    parties: Mapped[str] = mapped_column(Text)
    digest: Mapped[str] = mapped_column(String(64))
    bytes: Mapped[int] = mapped_column(Integer)
    stored_at: Mapped[int] = mapped_column(BigInteger)


class RecordingCall(Base):
    """A call that a recorded talk was about."""

    __tablename__ = "recording_calls"
    __table_args__ = (
        ForeignKeyConstraint(["ward", "talk"], ["recordings.ward", "recordings.talk"]),
        Index("ix_recording_calls_call", "call"),
    )

    ward: Mapped[str] = mapped_column(String(48), primary_key=True)
    talk: Mapped[str] = mapped_column(String(16), primary_key=True)
    call: Mapped[str] = mapped_column(String(32), primary_key=True)

"""Tables of the call journal (CALL-06): every accepted fact, which calls it names, and one line a call.

Filled from the log by `journal.py`; they can be emptied and filled again.
"""

from __future__ import annotations

from sqlalchemy import JSON, BigInteger, Boolean, ForeignKey, Index, Integer, String, Text, text, true
from sqlalchemy.orm import Mapped, foreign, mapped_column, relationship

from ward_hub.db.base import Base
from ward_hub.talk.tables import RecordingCall


class CallFact(Base):
    """An accepted fact, kept verbatim."""

    __tablename__ = "call_facts"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    act: Mapped[str] = mapped_column(String(16))
    wire: Mapped[str] = mapped_column(Text)
    heard_at: Mapped[int] = mapped_column(BigInteger)
    missed: Mapped[bool] = mapped_column(Boolean)
    staff_verified: Mapped[bool] = mapped_column(Boolean, server_default=true())


class CallFactName(Base):
    """A call that a fact names (a `placed` names itself)."""

    __tablename__ = "call_fact_names"

    call: Mapped[str] = mapped_column(String(32), primary_key=True)
    fact: Mapped[str] = mapped_column(ForeignKey("call_facts.id"), primary_key=True)


class CallLine(Base):
    """One call as the journal shows it; times in ms, durations in ms."""

    __tablename__ = "calls"
    __table_args__ = (Index("ix_calls_ward_at", "ward", "at"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    ward: Mapped[str] = mapped_column(String(48))
    room: Mapped[str | None] = mapped_column(String(48))
    bed: Mapped[str | None] = mapped_column(String(48))
    source: Mapped[str] = mapped_column(String(64))
    type: Mapped[str] = mapped_column(String(48))
    purpose: Mapped[str | None] = mapped_column(String(48))
    at: Mapped[int] = mapped_column(BigInteger)
    approx: Mapped[bool] = mapped_column(Boolean)
    heard_at: Mapped[int | None] = mapped_column(BigInteger)
    received_at: Mapped[int | None] = mapped_column(BigInteger)
    acknowledged_at: Mapped[int | None] = mapped_column(BigInteger)
    acknowledged_by: Mapped[str | None] = mapped_column(String(96))
    taken_by: Mapped[str | None] = mapped_column(String(96))
    """Who had it last; NULL too in lines of before this was kept."""
    attended_at: Mapped[int | None] = mapped_column(BigInteger)
    attended_by: Mapped[str | None] = mapped_column(String(96))
    talk_ms: Mapped[int | None] = mapped_column(BigInteger)
    closed_at: Mapped[int | None] = mapped_column(BigInteger)
    closed_by: Mapped[str | None] = mapped_column(String(96))
    closed_how: Mapped[str | None] = mapped_column(String(16))
    way: Mapped[str | None] = mapped_column(String(16))
    waited_ms: Mapped[int | None] = mapped_column(BigInteger)
    missed: Mapped[bool] = mapped_column(Boolean)
    staff_unverified: Mapped[list[str]] = mapped_column(JSON, server_default=text("'[]'"))
    """People an act on the call names without having been signed in at its terminal, sorted."""
    recorded: Mapped[list[RecordingCall]] = relationship(
        primaryjoin=lambda: (
            (CallLine.id == foreign(RecordingCall.call)) & (CallLine.ward == foreign(RecordingCall.ward))
        ),
        order_by=RecordingCall.talk,
        lazy="selectin",
        viewonly=True,
    )

    @property
    def recordings(self) -> list[str]:
        """The recorded talks about the call, sorted. They are not of the log: no refill touches them."""
        return [recording.talk for recording in self.recorded]


class JournalCursor(Base):
    """How far the log has been read into these tables; one row, id 1."""

    __tablename__ = "journal_cursor"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    place: Mapped[str] = mapped_column(Text)
    """A cursor of the log (log/port.py)."""

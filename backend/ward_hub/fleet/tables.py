"""Tables of fleet control: what terminals reported, what is wished of them, commands, releases, roll-outs.

Terminals are named without foreign keys: a slot that was removed must not be held by what it once reported.
Times in ms.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from ward_hub.db.base import Base

Id = String(48)


class DeviceReportRow(Base):
    """The newest report of a terminal (`report` as fleet/report.py writes it) and when it was heard."""

    __tablename__ = "device_reports"

    terminal: Mapped[str] = mapped_column(Id, primary_key=True)
    report: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    first_heard_at: Mapped[int] = mapped_column(BigInteger)
    last_heard_at: Mapped[int] = mapped_column(BigInteger)
    address: Mapped[str | None] = mapped_column(String(64))


class DeviceWishRow(Base):
    """What is wished of a terminal; None leaves it as it is. `release` is set by roll-outs only."""

    __tablename__ = "device_wishes"

    terminal: Mapped[str] = mapped_column(Id, primary_key=True)
    volume: Mapped[int | None] = mapped_column(Integer)
    brightness: Mapped[int | None] = mapped_column(Integer)
    screen: Mapped[str | None] = mapped_column(String(3))
    release: Mapped[str | None] = mapped_column(String(16))


class DeviceScheduleRow(Base):
    """DeviceScheduleValue: for all terminals of a ward, of a kind, or those named in `terminals`."""

    __tablename__ = "device_schedules"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    ward: Mapped[str] = mapped_column(Id, index=True)
    kind: Mapped[str | None] = mapped_column(String(16))
    terminals: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    at: Mapped[str] = mapped_column(String(5))
    weekdays: Mapped[list[int]] = mapped_column(JSON)
    do: Mapped[str] = mapped_column(String(16))
    value: Mapped[int | None] = mapped_column(Integer)
    active: Mapped[bool]


class FleetCommandRow(Base):
    __tablename__ = "fleet_commands"

    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    at: Mapped[int] = mapped_column(BigInteger, index=True)
    staff: Mapped[str] = mapped_column(Id)
    do: Mapped[str] = mapped_column(String(16))
    value: Mapped[int | None] = mapped_column(Integer)


class FleetResultRow(Base):
    """How a command ended at one terminal; `waiting` until it has."""

    __tablename__ = "fleet_results"
    __table_args__ = (Index("ix_fleet_results_outcome", "outcome"),)

    command: Mapped[str] = mapped_column(
        String(16), ForeignKey("fleet_commands.id", ondelete="CASCADE"), primary_key=True
    )
    terminal: Mapped[str] = mapped_column(Id, primary_key=True)
    outcome: Mapped[str] = mapped_column(String(16))


class ReleaseRow(Base):
    """A release of the app that lies unpacked in `releases/{build}` of the data folder."""

    __tablename__ = "releases"

    build: Mapped[str] = mapped_column(String(16), primary_key=True)
    version: Mapped[str] = mapped_column(String(32))
    added_at: Mapped[int] = mapped_column(BigInteger)
    added_by: Mapped[str] = mapped_column(Id)
    bytes: Mapped[int] = mapped_column(Integer)
    note: Mapped[str] = mapped_column(String(200))


class RollOutRow(Base):
    """A roll-out (fleet/rollout.py). `stages`: their names; `to_all`: when it was done it had reached every
    terminal there was, so that one added later runs its build too."""

    __tablename__ = "rollouts"

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    build: Mapped[str] = mapped_column(String(16))
    from_build: Mapped[str] = mapped_column(String(16))
    state: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str | None] = mapped_column(String(32))
    stage: Mapped[int] = mapped_column(Integer)
    stages: Mapped[list[str]] = mapped_column(JSON)
    advance_after_s: Mapped[int | None] = mapped_column(Integer)
    well_since: Mapped[int | None] = mapped_column(BigInteger)
    started_at: Mapped[int] = mapped_column(BigInteger)
    staff: Mapped[str] = mapped_column(Id)
    to_all: Mapped[bool]


class RollOutMemberRow(Base):
    """One terminal of a roll-out: fields as in fleet/rollout.py."""

    __tablename__ = "rollout_members"

    rollout: Mapped[int] = mapped_column(
        Integer, ForeignKey("rollouts.id", ondelete="CASCADE"), primary_key=True
    )
    terminal: Mapped[str] = mapped_column(Id, primary_key=True)
    stage: Mapped[int] = mapped_column(Integer)
    outcome: Mapped[str] = mapped_column(String(16))
    before: Mapped[str | None] = mapped_column(String(16))
    told_at: Mapped[int | None] = mapped_column(BigInteger)
    was_there: Mapped[bool]
    lost_at: Mapped[int | None] = mapped_column(BigInteger)
    hung_before: Mapped[int | None] = mapped_column(Integer)

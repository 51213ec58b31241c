"""The directory's tables.

Rooms, beds and groups have ids within their ward; terminals and staff have ids of the installation.
`directory_revision` counts changes: the running hub notices by it what the command line wrote.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, BigInteger, ForeignKey, ForeignKeyConstraint, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from ward_hub.db.base import Base

Id = String(48)
Text = String(200)


class RevisionRow(Base):
    __tablename__ = "directory_revision"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    value: Mapped[int] = mapped_column(BigInteger)


class HospitalRow(Base):
    __tablename__ = "hospital"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(Text)
    name_en: Mapped[str] = mapped_column(Text)
    settings: Mapped[dict[str, Any]] = mapped_column(JSON)
    marks: Mapped[dict[str, Any]] = mapped_column(JSON)


class WardRow(Base):
    __tablename__ = "wards"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    name_en: Mapped[str] = mapped_column(Text)
    escalation_ms: Mapped[list[int]] = mapped_column(JSON)
    reminder_ms: Mapped[int]
    all_tender: Mapped[bool]
    night_from: Mapped[str] = mapped_column(String(5))
    night_to: Mapped[str] = mapped_column(String(5))
    settings: Mapped[dict[str, Any]] = mapped_column(JSON)
    marks: Mapped[dict[str, Any]] = mapped_column(JSON)


class RoomRow(Base):
    __tablename__ = "rooms"

    ward: Mapped[str] = mapped_column(Id, ForeignKey("wards.id"), primary_key=True)
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    position: Mapped[int]


class BedRow(Base):
    __tablename__ = "beds"
    __table_args__ = (ForeignKeyConstraint(["ward", "room"], ["rooms.ward", "rooms.id"]),)

    ward: Mapped[str] = mapped_column(Id, primary_key=True)
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    room: Mapped[str] = mapped_column(Id)
    label: Mapped[str] = mapped_column(Text)
    call_name: Mapped[str] = mapped_column(Text)
    position: Mapped[int]


class TerminalRow(Base):
    __tablename__ = "terminals"
    __table_args__ = (
        ForeignKeyConstraint(["ward", "room"], ["rooms.ward", "rooms.id"]),
        ForeignKeyConstraint(["ward", "bed"], ["beds.ward", "beds.id"], name="fk_terminals_bed_beds"),
    )

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    ward: Mapped[str] = mapped_column(Id, ForeignKey("wards.id", name="fk_terminals_ward_wards"), index=True)
    kind: Mapped[str] = mapped_column(String(16))
    profile: Mapped[str] = mapped_column(Id)
    name: Mapped[str] = mapped_column(Text)
    name_en: Mapped[str] = mapped_column(Text)
    room: Mapped[str | None] = mapped_column(Id)
    bed: Mapped[str | None] = mapped_column(Id)
    serial: Mapped[str | None] = mapped_column(String(64))
    mac: Mapped[str | None] = mapped_column(String(17))
    state: Mapped[str] = mapped_column(String(16))
    public_key: Mapped[bytes | None] = mapped_column(LargeBinary(65), unique=True)
    bound_at: Mapped[int | None] = mapped_column(BigInteger)
    supervised: Mapped[bool]
    position: Mapped[int]


class TerminalKeyRow(Base):
    """A key that was once a terminal's: `why` is `replaced` or `revoked`."""

    __tablename__ = "terminal_keys"

    id: Mapped[int] = mapped_column(primary_key=True)
    terminal: Mapped[str] = mapped_column(Id, ForeignKey("terminals.id"), index=True)
    public_key: Mapped[bytes] = mapped_column(LargeBinary(65))
    bound_at: Mapped[int | None] = mapped_column(BigInteger)
    ended_at: Mapped[int] = mapped_column(BigInteger)
    why: Mapped[str] = mapped_column(String(16))


class GroupRow(Base):
    __tablename__ = "call_groups"

    ward: Mapped[str] = mapped_column(Id, ForeignKey("wards.id"), primary_key=True)
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    position: Mapped[int]


class GroupMemberRow(Base):
    """What a group holds, in order. `part`: station, bed, room, staff or escalate_to."""

    __tablename__ = "call_group_members"
    __table_args__ = (
        ForeignKeyConstraint(
            ["ward", "group_id"],
            ["call_groups.ward", "call_groups.id"],
            ondelete="CASCADE",
        ),
    )

    ward: Mapped[str] = mapped_column(Id, primary_key=True)
    group_id: Mapped[str] = mapped_column(Id, primary_key=True)
    part: Mapped[str] = mapped_column(String(16), primary_key=True)
    member: Mapped[str] = mapped_column(Id, primary_key=True)
    position: Mapped[int]


class StaffRow(Base):
    __tablename__ = "staff"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    ward: Mapped[str | None] = mapped_column(Id, ForeignKey("wards.id"), index=True)
    number: Mapped[str] = mapped_column(String(32), unique=True)
    name: Mapped[str] = mapped_column(Text)
    role: Mapped[str] = mapped_column(String(16))
    title: Mapped[str | None] = mapped_column(String(32))
    active: Mapped[bool]
    position: Mapped[int]


class DutyRow(Base):
    """One turn. `key` names it within the ward, for whoever changes it."""

    __tablename__ = "duty"
    __table_args__ = (Index("ix_duty_ward_key", "ward", "key", unique=True),)

    id: Mapped[int] = mapped_column(primary_key=True)
    ward: Mapped[str] = mapped_column(Id, ForeignKey("wards.id"), index=True)
    key: Mapped[str] = mapped_column(Id, server_default="")
    staff: Mapped[str] = mapped_column(Id, ForeignKey("staff.id"))
    pda: Mapped[str | None] = mapped_column(Id, ForeignKey("terminals.id"))
    beds: Mapped[list[str]] = mapped_column(JSON)
    since: Mapped[int] = mapped_column(BigInteger)
    until: Mapped[int | None] = mapped_column(BigInteger)


class HostingRow(Base):
    __tablename__ = "hosting"
    __table_args__ = (ForeignKeyConstraint(["ward", "from_group"], ["call_groups.ward", "call_groups.id"]),)

    ward: Mapped[str] = mapped_column(Id, primary_key=True)
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    from_group: Mapped[str] = mapped_column(Id)
    to: Mapped[list[str]] = mapped_column(JSON)
    from_ms: Mapped[int] = mapped_column(BigInteger)
    until_ms: Mapped[int] = mapped_column(BigInteger)


class HostingRuleRow(Base):
    """Hosting that comes again (`hosting_rules.py`): HH:MM and YYYY-MM-DD in the hospital's time zone."""

    __tablename__ = "hosting_rules"
    __table_args__ = (ForeignKeyConstraint(["ward", "from_group"], ["call_groups.ward", "call_groups.id"]),)

    ward: Mapped[str] = mapped_column(Id, primary_key=True)
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    from_group: Mapped[str] = mapped_column(Id)
    to: Mapped[list[str]] = mapped_column(JSON)
    weekdays: Mapped[list[int]] = mapped_column(JSON)
    from_time: Mapped[str] = mapped_column(String(5))
    until_time: Mapped[str] = mapped_column(String(5))
    first: Mapped[str] = mapped_column(String(10))
    last: Mapped[str | None] = mapped_column(String(10))


class CallTypeOverrideRow(Base):
    """A call type as one ward has it: a shipped one changed, or one of its own."""

    __tablename__ = "call_type_overrides"

    ward: Mapped[str] = mapped_column(Id, ForeignKey("wards.id"), primary_key=True)
    id: Mapped[str] = mapped_column(Id, primary_key=True)
    value: Mapped[dict[str, Any]] = mapped_column(JSON)

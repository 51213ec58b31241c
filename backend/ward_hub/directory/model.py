"""The directory as frozen values: what a ward consists of, who may be asked, who is on duty.

Read from SQL by `store.py`, made into documents by `project.py`, asked by the gate. Instants are integer ms.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from ward_hub.documents.port import Json

Priority = Literal["special", "first", "routine"]
TALK_LIMIT_MS = 120_000
"""A talk that nobody hangs up ends after two minutes (A16)."""


class TerminalKind(StrEnum):
    BEDSIDE = "bedside"
    DOOR = "door"
    CORRIDOR = "corridor"
    STATION = "station"
    WHITEBOARD = "whiteboard"
    PDA = "pda"
    CALL_POINT = "call_point"


class TerminalState(StrEnum):
    """`planned`: no key yet; `active`: enrolled; `revoked`: its key was taken away."""

    PLANNED = "planned"
    ACTIVE = "active"
    REVOKED = "revoked"


class Role(StrEnum):
    """One a person. The administrators belong to no ward; nobody is two of them (GB/T 22239 level 3)."""

    NURSE = "nurse"
    HEAD_NURSE = "head_nurse"
    DOCTOR = "doctor"
    ENGINEER = "engineer"
    SYSTEM_ADMIN = "system_admin"
    SECURITY_ADMIN = "security_admin"
    AUDIT_ADMIN = "audit_admin"


@dataclass(frozen=True, slots=True)
class Hospital:
    """The installation's house. `settings`: theme, palette and the like; `marks`: mark id → its style."""

    name: str
    name_en: str
    settings: Mapping[str, Json] = field(default_factory=dict)
    marks: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Room:
    id: str
    name: str
    order: int


@dataclass(frozen=True, slots=True)
class Bed:
    """`label` is what stands over the bed (12, +3, 12A), `call_name` what is spoken and shown on a call."""

    id: str
    label: str
    call_name: str
    room: str
    order: int


@dataclass(frozen=True, slots=True)
class Terminal:
    """A slot on the wall and the key of the device that fills it. `public_key`: raw P-256 point, 65 bytes."""

    id: str
    ward: str
    kind: TerminalKind
    profile: str
    name: str
    name_en: str
    room: str | None = None
    bed: str | None = None
    serial: str | None = None
    mac: str | None = None
    state: TerminalState = TerminalState.PLANNED
    public_key: bytes | None = None
    supervised: bool = True


@dataclass(frozen=True, slots=True)
class CallGroup:
    """Who is asked for whose calls (CALL-04); every list is in the order set in the back office."""

    id: str
    name: str
    order: int
    stations: tuple[str, ...] = ()
    beds: tuple[str, ...] = ()
    rooms: tuple[str, ...] = ()
    staff: tuple[str, ...] = ()
    escalate_to: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Staff:
    """A person. `number` is what they sign in with; `title` is `director` for the head of the department.

    `ward` None: an administrator, who is in no ward's staff and on no terminal.
    """

    id: str
    ward: str | None
    number: str
    name: str
    role: Role
    title: str | None = None
    active: bool = True


@dataclass(frozen=True, slots=True)
class Duty:
    """One person's turn: with which PDA, for which beds, from when until when (None: open)."""

    staff: str
    beds: tuple[str, ...]
    since: int
    until: int | None = None
    pda: str | None = None

    def covers(self, now: int) -> bool:
        return self.since <= now and (self.until is None or now < self.until)


@dataclass(frozen=True, slots=True)
class Hosting:
    """Calls of a group also go to other stations for a while (CALL-07)."""

    id: str
    from_group: str
    to: tuple[str, ...]
    from_ms: int
    until_ms: int

    def covers(self, now: int) -> bool:
        return self.from_ms <= now < self.until_ms


@dataclass(frozen=True, slots=True)
class Talk:
    """How the ward talks. `limit_ms`: a talk ends by itself after this; `video`: pictures where both have a
    camera; `recording`: talks and broadcasts may be recorded."""

    limit_ms: int = TALK_LIMIT_MS
    video: bool = False
    recording: bool = False


@dataclass(frozen=True, slots=True)
class Ward:
    """One ward with all that belongs to it. Mappings are in display order.

    `settings`: what the back office sets freely; `talk` of it is read here. `call_types`: those the ward has
    otherwise than shipped, and its own. `hosting` holds what the weekly rules come to in the days around now.
    """

    id: str
    name: str
    name_en: str
    escalation_ms: tuple[int, int, int] = (30_000, 60_000, 120_000)
    reminder_ms: int = 180_000
    all_tender: bool = False
    night_from: str = "21:00"
    night_to: str = "06:00"
    settings: Mapping[str, Json] = field(default_factory=dict)
    marks: Mapping[str, Json] = field(default_factory=dict)
    rooms: Mapping[str, Room] = field(default_factory=dict)
    beds: Mapping[str, Bed] = field(default_factory=dict)
    terminals: Mapping[str, Terminal] = field(default_factory=dict)
    groups: Mapping[str, CallGroup] = field(default_factory=dict)
    staff: Mapping[str, Staff] = field(default_factory=dict)
    duty: tuple[Duty, ...] = ()
    hosting: Mapping[str, Hosting] = field(default_factory=dict)
    call_types: Mapping[str, Json] = field(default_factory=dict)

    @property
    def talk(self) -> Talk:
        """`settings["talk"]`; what is absent or of another type has its default."""
        value = self.settings.get("talk")
        talk = value if isinstance(value, Mapping) else {}
        limit_ms = talk.get("limit_ms")
        return Talk(
            limit_ms=limit_ms if type(limit_ms) is int and limit_ms > 0 else TALK_LIMIT_MS,
            video=talk.get("video") is True,
            recording=talk.get("recording") is True,
        )


@dataclass(frozen=True, slots=True)
class DirectoryModel:
    """All wards of the installation at one revision."""

    revision: int
    hospital: Hospital
    wards: Mapping[str, Ward]

    def terminal(self, terminal: str) -> Terminal | None:
        """The terminal with this id, whichever its ward."""
        return next(
            (ward.terminals[terminal] for ward in self.wards.values() if terminal in ward.terminals), None
        )

    def next_change_at(self, now: int) -> int | None:
        """The next instant after `now` at which a duty or a hosting begins or ends."""
        instants = [
            instant
            for ward in self.wards.values()
            for turn in (
                *((duty.since, duty.until) for duty in ward.duty),
                *((hosting.from_ms, hosting.until_ms) for hosting in ward.hosting.values()),
            )
            for instant in turn
            if instant is not None and instant > now
        ]
        return min(instants, default=None)


EMPTY = DirectoryModel(revision=0, hospital=Hospital(name="", name_en=""), wards={})

"""The ward's directory as the call rules read it: frozen values from the directory document's root maps.

Tolerant of a bedside's partial share: what is absent has a default that alarms rather than stays silent
(CF14).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeVar

from ward_sync.facts import Json

DEFAULT_ESCALATION_MS: Final = (30_000, 60_000, 120_000)
DEFAULT_REMINDER_MS: Final = 180_000
DEFAULT_TALK_LIMIT_MS: Final = 120_000
_PRIORITIES: Final = frozenset({"code", "urgent", "routine", "service"})


@dataclass(frozen=True, slots=True)
class Ward:
    """The ward's own settings; times in ms. `all_tender`: any terminal may hang up any call.

    `talk_limit_ms`: a talk ends by itself after it (A16); `video`: pictures where both have a camera;
    `recording`: talks may be recorded; `relay_key`: public key of the hub's media relay, as of terminals.
    """

    id: str = ""
    escalation_ms: tuple[int, int, int] = DEFAULT_ESCALATION_MS
    reminder_ms: int = DEFAULT_REMINDER_MS
    all_tender: bool = False
    talk_limit_ms: int = DEFAULT_TALK_LIMIT_MS
    video: bool = False
    recording: bool = False
    relay_key: str | None = None


@dataclass(frozen=True, slots=True)
class Bed:
    """A bed: its room, and its priority (special, first, routine)."""

    id: str
    room: str | None
    priority: str


@dataclass(frozen=True, slots=True)
class TerminalEntry:
    """A terminal slot; `key`: base64url of the raw 65-byte point; `state`: planned, active or revoked.

    `camera`: its profile has one.
    """

    id: str
    kind: str
    room: str | None
    bed: str | None
    key: str | None
    state: str
    supervised: bool
    camera: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    """A call group: who receives the calls of which beds and rooms."""

    id: str
    stations: tuple[str, ...]
    beds: tuple[str, ...]
    rooms: tuple[str, ...]
    staff: tuple[str, ...]
    escalate_to: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Duty:
    """Who is on duty from when to when (ms), with which PDA, for which beds."""

    staff: str
    pda: str | None
    beds: tuple[str, ...]
    since: int
    until: int | None

    def active(self, now: int) -> bool:
        """Whether the duty runs at `now` (ms)."""
        return self.since <= now and (self.until is None or now < self.until)


@dataclass(frozen=True, slots=True)
class Hosting:
    """A hosting plan: the calls of `from_group` go to the stations `to` in this time (ms)."""

    id: str
    from_group: str
    to: tuple[str, ...]
    from_ms: int
    until_ms: int


@dataclass(frozen=True, slots=True)
class CallType:
    """How a kind of call alarms and who may clear it; `clear` is tender or strict."""

    id: str
    priority: str
    tone: str
    light: str
    clear: str
    may_talk: bool
    placed_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Directory:
    """All of it, by id."""

    ward: Ward = field(default_factory=Ward)
    rooms: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """room → its beds, in order"""
    beds: Mapping[str, Bed] = field(default_factory=dict)
    terminals: Mapping[str, TerminalEntry] = field(default_factory=dict)
    groups: Mapping[str, Group] = field(default_factory=dict)
    staff_roles: Mapping[str, str] = field(default_factory=dict)
    duty: Mapping[str, Duty] = field(default_factory=dict)
    hosting: Mapping[str, Hosting] = field(default_factory=dict)
    call_types: Mapping[str, CallType] = field(default_factory=dict)

    def call_type(self, name: str) -> CallType:
        """Return the call type; one that is not listed is urgent and strict (CF14)."""
        return self.call_types.get(name) or CallType(name, "urgent", "medium", "urgent", "strict", False, ())

    def policy(self, call_type: str) -> str:
        """Return who may clear calls of the type now: "tender" or "strict", the ward's switch included."""
        return "tender" if self.ward.all_tender else self.call_type(call_type).clear

    def beds_of(self, room: str) -> frozenset[str]:
        """Return the beds of a room, as the room and the beds themselves say."""
        return frozenset(self.rooms.get(room, ())) | {
            bed.id for bed in self.beds.values() if bed.room == room
        }


T = TypeVar("T")


def parse_directory(roots: Mapping[str, Json]) -> Directory:
    """Read the root maps of the directory document (and `call_types` of the settings document beside them).

    Missing roots and missing keys take defaults; a call type without a known priority is left out, so that
    its calls count as urgent. Never raises.
    """
    ward = _entry(_entry(roots).get("ward"))
    escalation = _numbers(ward.get("escalation_ms"))
    return Directory(
        ward=Ward(
            id=_text(ward, "id") or "",
            escalation_ms=(
                (escalation[0], escalation[1], escalation[2])
                if len(escalation) == 3
                else DEFAULT_ESCALATION_MS
            ),
            reminder_ms=_number(ward, "reminder_ms", DEFAULT_REMINDER_MS),
            all_tender=ward.get("all_tender") is True,
            talk_limit_ms=_number(ward, "talk_limit_ms", DEFAULT_TALK_LIMIT_MS),
            video=ward.get("video") is True,
            recording=ward.get("recording") is True,
            relay_key=_text(ward, "relay_key"),
        ),
        rooms=_each(roots, "rooms", lambda name, value: _texts(value, "beds")),
        beds=_each(
            roots,
            "beds",
            lambda name, value: Bed(name, _text(value, "room"), _text(value, "priority") or "routine"),
        ),
        terminals=_each(roots, "terminals", _terminal),
        groups=_each(
            roots,
            "groups",
            lambda name, value: Group(
                name,
                _texts(value, "stations"),
                _texts(value, "beds"),
                _texts(value, "rooms"),
                _texts(value, "staff"),
                _texts(value, "escalate_to"),
            ),
        ),
        staff_roles=_each(roots, "staff", lambda name, value: _text(value, "role") or ""),
        duty=_each(roots, "duty", _duty),
        hosting=_each(
            roots,
            "hosting",
            lambda name, value: Hosting(
                name,
                _text(value, "from_group") or "",
                _texts(value, "to"),
                _number(value, "from_ms", 0),
                _number(value, "until_ms", 0),
            ),
        ),
        call_types={
            name: call_type
            for name, call_type in _each(roots, "call_types", _call_type).items()
            if call_type.priority in _PRIORITIES
        },
    )


def _terminal(name: str, value: Mapping[str, Json]) -> TerminalEntry:
    return TerminalEntry(
        id=name,
        kind=_text(value, "kind") or "",
        room=_text(value, "room"),
        bed=_text(value, "bed"),
        key=_text(value, "key"),
        state=_text(value, "state") or "planned",
        supervised=value.get("supervised") is True,
        camera=value.get("camera") is True,
    )


def _duty(name: str, value: Mapping[str, Json]) -> Duty:
    until = value.get("until")
    return Duty(
        staff=_text(value, "staff") or name,
        pda=_text(value, "pda"),
        beds=_texts(value, "beds"),
        since=_number(value, "since", 0),
        until=int(until) if isinstance(until, int | float) else None,
    )


def _call_type(name: str, value: Mapping[str, Json]) -> CallType:
    return CallType(
        id=name,
        priority=_text(value, "priority") or "",
        tone=_text(value, "tone") or "medium",
        light=_text(value, "light") or "urgent",
        clear="tender" if value.get("clear") == "tender" else "strict",
        may_talk=value.get("may_talk") in (True, 1),
        placed_by=_texts(value, "placed_by"),
    )


def _each(roots: Mapping[str, Json], root: str, read: Callable[[str, Mapping[str, Json]], T]) -> dict[str, T]:
    return {name: read(name, _entry(value)) for name, value in _entry(roots.get(root)).items()}


def _entry(value: object) -> Mapping[str, Json]:
    return value if isinstance(value, Mapping) else {}


def _text(value: Mapping[str, Json], key: str) -> str | None:
    item = value.get(key)
    return item if isinstance(item, str) else None


def _texts(value: Mapping[str, Json], key: str) -> tuple[str, ...]:
    items = value.get(key)
    return tuple(item for item in items if isinstance(item, str)) if isinstance(items, list) else ()


def _number(value: Mapping[str, Json], key: str, default: int) -> int:
    item = value.get(key)
    # pycrdt hands whole numbers over as floats.
    return int(item) if isinstance(item, int | float) and not isinstance(item, bool) else default


def _numbers(value: Json | None) -> list[int]:
    return [int(item) for item in value if isinstance(item, int | float)] if isinstance(value, list) else []

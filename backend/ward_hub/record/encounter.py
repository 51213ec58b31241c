"""A stay as the record knows it, and what follows from its movements. Pure.

A stay is two sets that only grow: movements, and the last said value of each particular. Where the patient is
follows from the movements in the order of their event times, so messages may come in any order.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import assert_never

from ward_hub.documents.port import Json

Instant = tuple[int, int]
"""Event time in ms, then the number of arrival: of two events of one time the later received is the newer."""


SETTLED_MS = 3 * 86_400_000
"""How late a message may come and still be put in its place among sightings."""


class MovementKind(StrEnum):
    ADMIT = "admit"
    TRANSFER = "transfer"
    SEEN = "seen"
    DISCHARGE = "discharge"
    CANCEL_ADMIT = "cancel_admit"
    CANCEL_TRANSFER = "cancel_transfer"
    CANCEL_DISCHARGE = "cancel_discharge"


class Status(StrEnum):
    """`unknown`: nothing told yet where the patient is or was."""

    UNKNOWN = "unknown"
    PRESENT = "present"
    DISCHARGED = "discharged"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Place:
    """A ward of this hub, with a bed or without one yet; or, without `ward`, a place outside it (`text`)."""

    ward: str | None
    bed: str | None = None
    text: str = ""

    def same(self, other: Place) -> bool:
        """Whether both are the same place as far as this hub can tell."""
        return (self.ward, self.bed) == (other.ward, other.bed)


@dataclass(frozen=True, slots=True)
class Movement:
    """One thing that was told about where a patient is. `at` event time in ms, `arrived` its number."""

    kind: MovementKind
    at: int
    arrived: int
    place: Place | None = None

    @property
    def instant(self) -> Instant:
        return (self.at, self.arrived)

    def same_event(self, other: Movement) -> bool:
        """Whether both tell one event, whichever messages brought them."""
        return (self.kind, self.at, self.place) == (other.kind, other.at, other.place)


@dataclass(frozen=True, slots=True)
class Span:
    """A time at one place: from when, last seen there when, until when (None: still)."""

    place: Place
    since: Instant
    seen: Instant
    until: Instant | None = None


@dataclass(frozen=True, slots=True)
class Course:
    """What the movements come to. `before`: states to return to when a transfer or discharge is cancelled."""

    status: Status = Status.UNKNOWN
    spans: tuple[Span, ...] = ()
    admitted_at: int | None = None
    ended_at: int | None = None
    before_transfer: tuple[Course, ...] = field(default=(), repr=False, compare=False)
    before_discharge: Course | None = field(default=None, repr=False, compare=False)

    @property
    def now(self) -> Span | None:
        """Where the patient is, None after a discharge or where nothing told it."""
        return self.spans[-1] if self.spans and self.spans[-1].until is None else None


@dataclass(frozen=True, slots=True)
class Said:
    """The newest value of one particular."""

    at: int
    arrived: int
    value: Json


@dataclass(frozen=True, slots=True)
class Own:
    """What the stay's own messages said of its patient, before merges and corrections (identity.py): number →
    when last said (ms), and the person's particulars."""

    numbers: Mapping[str, int] = field(default_factory=dict)
    said: Mapping[str, Said] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Encounter:
    """A stay. `stay` is opaque and ours, `visit` the hospital's number, `identifiers` the patient's numbers.

    Particulars: name {family, given}, sex, birth_date YYYYMMDD, inpatient_number, doctor, nurse, service,
    admitted_at ms, care_level, condition, diet[], risks[], isolation[], payment_kind, arrears,
    allergies [{substance, severity}], no_known_allergy, diagnosis {code, text, private},
    surgery {name, at?, private}.
    """

    stay: str
    visit: str
    identifiers: tuple[str, ...] = ()
    movements: tuple[Movement, ...] = ()
    particulars: Mapping[str, Said] = field(default_factory=dict)
    own: Own = field(default_factory=Own)

    def value(self, name: str) -> Json:
        """Return the newest value of a particular, None where nothing was said."""
        said = self.particulars.get(name)
        return None if said is None else said.value


def course(movements: Iterable[Movement]) -> Course:
    """Fold movements, in the order of their instants, into where the patient was and is (FEED5 to FEED12)."""
    state = Course()
    for movement in sorted(movements, key=lambda one: one.instant):
        state = _step(state, movement)
    return state


def _step(state: Course, movement: Movement) -> Course:
    kind, place = movement.kind, movement.place
    match kind:
        case MovementKind.ADMIT:
            if state.status is not Status.PRESENT or state.admitted_at is None:
                state = replace(state, admitted_at=movement.at)
            return _put(state, movement, place)
        case MovementKind.TRANSFER:
            here = state.now
            if place is None or here is None or not here.place.same(place):
                state = replace(state, before_transfer=(*state.before_transfer, state))
            return _put(state, movement, place)
        case MovementKind.SEEN:
            if state.status in (Status.DISCHARGED, Status.CANCELLED):
                return state
            return _look(state, movement, place)
        case MovementKind.DISCHARGE:
            if state.status is Status.DISCHARGED:
                return state
            ended = _close(state, movement.instant)
            return replace(ended, status=Status.DISCHARGED, ended_at=movement.at, before_discharge=state)
        case MovementKind.CANCEL_ADMIT:
            return Course(status=Status.CANCELLED, ended_at=movement.at)
        case MovementKind.CANCEL_TRANSFER:
            if state.status is not Status.PRESENT:
                return state
            undone = state.now
            if state.before_transfer:
                state = state.before_transfer[-1]
            # PV1-3 is where the patient is again; some senders put the cancelled place there.
            wrong = place is not None and undone is not None and undone.place.same(place)
            return state if wrong else _look(state, movement, place)
        case MovementKind.CANCEL_DISCHARGE:
            if state.status is Status.DISCHARGED and state.before_discharge is not None:
                return _look(state.before_discharge, movement, place)
            return state
        case _:
            assert_never(kind)


def _put(state: Course, movement: Movement, place: Place | None) -> Course:
    """The patient is at `place` from now on (where it is not told: where they were)."""
    if place is None:
        return replace(state, status=Status.PRESENT, ended_at=None)
    here = state.now
    state = replace(state, status=Status.PRESENT, ended_at=None, before_discharge=None)
    if here is not None and here.place.same(place):
        return _see(state, movement)
    closed = _close(state, movement.instant)
    return replace(closed, spans=(*closed.spans, Span(place, movement.instant, movement.instant)))


def _look(state: Course, movement: Movement, place: Place | None) -> Course:
    """Somebody said in passing where the patient is: it confirms the place, or tells of a missed move."""
    here = state.now
    if place is None:
        return state
    if here is not None and place.bed is None and here.place.ward == place.ward:
        return state
    return _put(state, movement, place)


def _see(state: Course, movement: Movement) -> Course:
    return replace(state, spans=(*state.spans[:-1], replace(state.spans[-1], seen=movement.instant)))


def _close(state: Course, instant: Instant) -> Course:
    here = state.now
    if here is None:
        return state
    return replace(state, spans=(*state.spans[:-1], replace(here, until=instant)))


def thin(movements: tuple[Movement, ...]) -> tuple[Movement, ...]:
    """Drop old sightings that stand between two others of the same place: updates come a hundred a day.

    Only when they are older than SETTLED_MS: before that a late message may still fall between them.
    """
    ordered = sorted(movements, key=lambda one: one.instant)
    kept: list[Movement] = []
    for index, movement in enumerate(ordered):
        between = (
            0 < index < len(ordered) - 1
            and movement.at < ordered[-1].at - SETTLED_MS
            and all(
                one.kind is MovementKind.SEEN and one.place == movement.place
                for one in (ordered[index - 1], movement, ordered[index + 1])
            )
        )
        if not between:
            kept.append(movement)
    return tuple(kept)

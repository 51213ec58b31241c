"""What an event changes in the record. Pure: the part of the record that it touches goes in, the new one out.

The rules are numbered in docs/feed.md (FEED1…); where a patient is follows from `record/encounter.py`, who
has a bed from `record/occupancy.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import assert_never

from ward_hub.documents.port import Json
from ward_hub.ingest.event import (
    AdmitCancelled,
    Admitted,
    BedsSwapped,
    DischargeCancelled,
    Discharged,
    Event,
    IdentityChanged,
    IdentityPart,
    Location,
    PreAdmitted,
    Registered,
    Subject,
    TransferCancelled,
    Transferred,
    Updated,
    subjects,
)
from ward_hub.record.encounter import Encounter, Movement, MovementKind, Own, Place, Said, course, thin
from ward_hub.record.identity import PERSON, ChangeKind, IdentityChange, identify, resolve
from ward_hub.record.occupancy import BedKey, occupancy, present

AHEAD_MS = 3_600_000
"""A clock wrong by more than this would make its message the newest for ever (FEED4)."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """A location that the hospital names and this hub cannot place: `reason` says which part."""

    reason: str


Locate = Callable[[Location], "Place | Unknown"]
"""Places a location: in a ward of this hub, outside it (Place without ward), or not at all."""


@dataclass(frozen=True, slots=True)
class Record:
    """The part of the record that an event can touch.

    `encounters` by stay: those of the event, and all that have a claim on the beds they were or will be in.
    `beds`: who has these beds now.
    """

    encounters: Mapping[str, Encounter]
    beds: Mapping[BedKey, str | None]
    changes: tuple[IdentityChange, ...] = ()
    """Changes of identity about any number of the event or of its stays."""

    def of_visit(self, visit: str) -> Encounter | None:
        """Return the stay with that number of the hospital's."""
        return next((one for one in self.encounters.values() if one.visit == visit), None)


@dataclass(frozen=True, slots=True)
class Changed:
    """The encounters as they are now (only those that changed), and the beds whose occupant changed.

    `displaced`: stays that lost their bed to a newer placement, for a person to see. All empty: nothing new.
    """

    encounters: tuple[Encounter, ...] = ()
    beds: Mapping[BedKey, str | None] | None = None
    displaced: tuple[str, ...] = ()
    identity: tuple[IdentityChange, ...] = ()
    """Changes of identity to be remembered: they hold for messages that are still to come too."""

    @property
    def nothing(self) -> bool:
        return not self.encounters


@dataclass(frozen=True, slots=True)
class Refused:
    """The event is not taken: code of HL7 table 0357, what was expected and what came."""

    code: int
    reason: str


def reconcile(
    record: Record, event: Event, locate: Locate, *, now: int, arrived: int, fresh: Iterable[str]
) -> Changed | Refused:
    """Return what the event changes, or why it cannot be taken.

    `now` in ms; `arrived` numbers the message, rising; `fresh` gives ids for stays not seen before.
    """
    if isinstance(event, BedsSwapped) and (same := _same_twice(event)):
        return Refused(204, f"A17: expected two of each, got {same} twice")
    ids = iter(fresh)
    at = event.at if event.at <= now + AHEAD_MS else now
    if isinstance(event, IdentityChanged):
        return _change_identity(record, event, at, arrived)
    after: dict[str, Encounter] = {}
    for subject in subjects(event):
        known = record.of_visit(subject.visit)
        if known is None and _elsewhere(event, subject, locate):
            continue
        refused = _refused(subject, known, event, locate, record.changes)
        if refused is not None:
            return refused
        before = known or Encounter(stay=next(ids), visit=subject.visit)
        movement = _movement(event, subject, at, arrived, locate)
        changed = identify(_apply(before, subject, movement, at, arrived), record.changes)
        if changed != before or known is None:
            after[changed.stay] = changed
    if not after:
        return Changed()
    return _settle(record, after)


def _change_identity(record: Record, event: IdentityChanged, at: int, arrived: int) -> Changed | Refused:
    fresh: list[IdentityChange] = []
    for part in event.parts:
        if part.kind is not ChangeKind.PERSON and set(part.prior) == set(part.surviving):
            if part.kind is not ChangeKind.RENUMBER:
                return Refused(
                    204, f"MRG-1: expected another patient than PID-3, got {part.prior[0]!r} twice"
                )
            continue
        visit = None if part.kind is not ChangeKind.MOVE else _moved_visit(record, part)
        change = IdentityChange(
            part.kind, at, arrived, part.surviving, part.prior, visit, dict(part.particulars)
        )
        if not any(change.same_event(one) for one in (*record.changes, *fresh)):
            fresh.append(change)
    changes = (*record.changes, *fresh)
    after = [
        changed for before in record.encounters.values() if (changed := identify(before, changes)) != before
    ]
    return Changed(tuple(after), {}, (), tuple(fresh))


def _moved_visit(record: Record, part: IdentityPart) -> str:
    """The number by which the moved stay is known here: an account is often told by the other of its two."""
    if record.of_visit(part.visit) is not None:
        return part.visit
    mine = [
        one.visit
        for one in record.encounters.values()
        if one.value("inpatient_number") == part.visit and set(part.prior) & set(one.identifiers)
    ]
    return mine[0] if len(mine) == 1 else part.visit


def _elsewhere(event: Event, subject: Subject, locate: Locate) -> bool:
    """Whether an unknown stay is announced or registered for somewhere else: nothing to us, no mistake."""
    return isinstance(event, Registered | PreAdmitted) and not _ours(subject, locate)


def _settle(record: Record, after: Mapping[str, Encounter]) -> Changed:
    encounters = {**record.encounters, **after}
    courses = {stay: course(one.movements) for stay, one in encounters.items()}
    touched = {
        (span.place.ward, span.place.bed)
        for stay in after
        for span in courses[stay].spans
        if span.place.ward is not None and span.place.bed is not None
    }
    held = occupancy(courses, touched | set(record.beds))
    changed = {bed: stay for bed, stay in held.items() if record.beds.get(bed) != stay}
    lying = {stay for stay in held.values() if stay is not None}
    displaced = {
        stay
        for bed in changed
        if (stay := record.beds.get(bed)) is not None and stay not in lying and present(courses[stay])
    }
    return Changed(tuple(after.values()), changed, tuple(sorted(displaced)))


def _refused(
    subject: Subject,
    known: Encounter | None,
    event: Event,
    locate: Locate,
    changes: tuple[IdentityChange, ...],
) -> Refused | None:
    if known is not None and _another_patient(known, subject, event.at, changes):
        return Refused(205, f"stay {subject.visit!r}: expected the patient it is known for, got another one")
    place = None if subject.location is None else locate(subject.location)
    if place is None and isinstance(event, Transferred):
        return Refused(101, "PV1-3: expected the new place, got nothing")
    if isinstance(event, PreAdmitted):
        return None
    if isinstance(event, Discharged | AdmitCancelled):
        # They end a stay wherever it is; the place decides only whether an unknown stay is any of ours.
        if known is None and not _ours(subject, locate):
            return Refused(204, _nowhere(subject))
        return None
    if isinstance(place, Unknown):
        return Refused(204, place.reason)
    if known is None and not _ours(subject, locate):
        return Refused(204, _nowhere(subject))
    return None


def _same_twice(event: BedsSwapped) -> str:
    if event.first.visit == event.second.visit:
        return f"stay {event.first.visit!r}"
    if event.first.location == event.second.location:
        return f"bed {event.first.location}"
    return ""


def _ours(subject: Subject, locate: Locate) -> bool:
    places = [locate(one) for one in (subject.location, subject.prior) if one is not None]
    return any(isinstance(place, Unknown) or place.ward is not None for place in places)


def _nowhere(subject: Subject) -> str:
    if subject.location is None:
        return f"PV1-3: expected a ward of this hub for the unknown stay {subject.visit!r}, got nothing"
    ward = subject.location.ward
    return f"PV1-3: expected a ward of this hub for the unknown stay {subject.visit!r}, got {ward!r}"


def _another_patient(
    known: Encounter, subject: Subject, at: int, changes: tuple[IdentityChange, ...]
) -> bool:
    """Neither a number nor the name agrees with what the stay is known for (FEED13)."""
    if not known.identifiers or not subject.identifiers:
        return False
    # What was said before a merge or a correction is meant as it would be said now (FEED21, FEED22).
    if set(known.identifiers) & resolve(subject.identifiers, at, subject.visit, changes):
        return False
    name = subject.particulars.get("name")
    return name is None or name != known.value("name")


def _movement(event: Event, subject: Subject, at: int, arrived: int, locate: Locate) -> Movement | None:
    if isinstance(event, PreAdmitted):
        return None
    found = None if subject.location is None else locate(subject.location)
    place = None if isinstance(found, Unknown) else found
    kind = _kind(event)
    if kind is MovementKind.SEEN and place is None:
        return None
    if kind in (MovementKind.DISCHARGE, MovementKind.CANCEL_ADMIT):
        place = None
    return Movement(kind, at, arrived, place)


def _kind(event: Event) -> MovementKind:
    match event:
        case Admitted() | Registered():
            return MovementKind.ADMIT
        case Transferred() | BedsSwapped():
            return MovementKind.TRANSFER
        case Discharged():
            return MovementKind.DISCHARGE
        case Updated():
            return MovementKind.SEEN
        case AdmitCancelled():
            return MovementKind.CANCEL_ADMIT
        case TransferCancelled():
            return MovementKind.CANCEL_TRANSFER
        case DischargeCancelled():
            return MovementKind.CANCEL_DISCHARGE
        case PreAdmitted() | IdentityChanged():
            raise AssertionError("no movement")
        case _:
            assert_never(event)


def _apply(
    encounter: Encounter, subject: Subject, movement: Movement | None, at: int, arrived: int
) -> Encounter:
    movements = encounter.movements
    if movement is not None and not any(movement.same_event(one) for one in movements):
        movements = thin((*movements, movement))
    particulars, person = dict(encounter.particulars), dict(encounter.own.said)
    for name, value in subject.particulars.items():
        into = person if name in PERSON else particulars
        said = into.get(name)
        if said is None or _newer(said, value, at, arrived):
            into[name] = Said(at, arrived, value)
    numbers = dict(encounter.own.numbers)
    for number in subject.identifiers:
        numbers[number] = max(at, numbers.get(number, at))
    return replace(encounter, movements=movements, particulars=particulars, own=Own(numbers, person))


def _newer(said: Said, value: Json, at: int, arrived: int) -> bool:
    if (said.at, said.arrived) >= (at, arrived):
        return False
    return said.value != value or said.at != at

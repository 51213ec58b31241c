"""What a hospital's system can tell about a stay, in words of no particular interface.

A closed union: adapters (HL7 v2 today) make these, `reconcile.py` alone understands them. Times are ms.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ward_hub.documents.port import Json


@dataclass(frozen=True, slots=True)
class Location:
    """A place in the hospital's own words (PV1-3: point of care, room, bed)."""

    ward: str
    room: str = ""
    bed: str = ""


@dataclass(frozen=True, slots=True)
class Subject:
    """Whose stay it is about, where the patient is, and what else was said.

    `visit` is the hospital's number of the stay; `identifiers` the patient's numbers; `particulars` what the
    bed card shows, keyed as in `record/encounter.py`, with None for what was emptied on purpose.
    """

    visit: str
    identifiers: tuple[str, ...] = ()
    location: Location | None = None
    prior: Location | None = None
    particulars: Mapping[str, Json] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Admitted:
    """The patient came (ADT A01)."""

    at: int
    subject: Subject


@dataclass(frozen=True, slots=True)
class Transferred:
    """The patient moved (ADT A02)."""

    at: int
    subject: Subject


@dataclass(frozen=True, slots=True)
class Discharged:
    """The stay is over (ADT A03)."""

    at: int
    subject: Subject


@dataclass(frozen=True, slots=True)
class Updated:
    """Something about the stay changed (ADT A08)."""

    at: int
    subject: Subject


@dataclass(frozen=True, slots=True)
class AdmitCancelled:
    """The admission was a mistake (ADT A11)."""

    at: int
    subject: Subject


@dataclass(frozen=True, slots=True)
class TransferCancelled:
    """The last transfer was a mistake (ADT A12)."""

    at: int
    subject: Subject


@dataclass(frozen=True, slots=True)
class DischargeCancelled:
    """The discharge was a mistake (ADT A13)."""

    at: int
    subject: Subject


@dataclass(frozen=True, slots=True)
class BedsSwapped:
    """Two patients changed places, each `location` being the new one (ADT A17)."""

    at: int
    first: Subject
    second: Subject


Event = (
    Admitted
    | Transferred
    | Discharged
    | Updated
    | AdmitCancelled
    | TransferCancelled
    | DischargeCancelled
    | BedsSwapped
)


def subjects(event: Event) -> tuple[Subject, ...]:
    """Return the stays the event is about."""
    return (event.first, event.second) if isinstance(event, BedsSwapped) else (event.subject,)

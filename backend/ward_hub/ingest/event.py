"""What a hospital's system can tell about a stay, in words of no particular interface.

A closed union: adapters (HL7 v2 today) make these, `reconcile.py` alone understands them. Times are ms.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ward_hub.documents.port import Json
from ward_hub.record.identity import ChangeKind


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


@dataclass(frozen=True, slots=True)
class Registered:
    """The patient came, perhaps to somewhere that is none of ours (ADT A04)."""

    at: int
    subject: Subject


@dataclass(frozen=True, slots=True)
class PreAdmitted:
    """The patient will come: there is a stay, and it is in no bed yet (ADT A05)."""

    at: int
    subject: Subject


@dataclass(frozen=True, slots=True)
class IdentityChanged:
    """Who somebody is changed: its parts by kind (ADT A28 A31 A34 A40 A44 A47)."""

    at: int
    parts: tuple[IdentityPart, ...]


@dataclass(frozen=True, slots=True)
class IdentityPart:
    """One change. `visit`: number of the stay that is another's now, of a move only."""

    kind: ChangeKind
    surviving: tuple[str, ...]
    prior: tuple[str, ...] = ()
    visit: str = ""
    particulars: Mapping[str, Json] = field(default_factory=dict)


Event = (
    Admitted
    | Transferred
    | Discharged
    | Updated
    | AdmitCancelled
    | TransferCancelled
    | DischargeCancelled
    | BedsSwapped
    | Registered
    | PreAdmitted
    | IdentityChanged
)


def subjects(event: Event) -> tuple[Subject, ...]:
    """Return the stays the event is about; none for a change of identity, which is about people."""
    if isinstance(event, IdentityChanged):
        return ()
    return (event.first, event.second) if isinstance(event, BedsSwapped) else (event.subject,)

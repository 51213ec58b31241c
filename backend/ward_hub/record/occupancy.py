"""Who lies in a bed, of all who were ever said to lie there. Pure; never two, whatever the feeds say.

The newest placement has the bed, by event time (rule FEED9). Who loses it so is without a bed until placed
anew, or until the bed is free again and a newer message names it (FEED10).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ward_hub.record.encounter import Course, Span, Status

BedKey = tuple[str, str]
"""Ward id, bed id."""


@dataclass(frozen=True, slots=True)
class Claim:
    """One stay's time in one bed."""

    stay: str
    span: Span


def claims(courses: Mapping[str, Course]) -> dict[BedKey, list[Claim]]:
    """Return stay → course as bed → claims."""
    found: dict[BedKey, list[Claim]] = {}
    for stay, course in courses.items():
        for span in course.spans:
            if span.place.ward is not None and span.place.bed is not None:
                found.setdefault((span.place.ward, span.place.bed), []).append(Claim(stay, span))
    return found


def occupant(of_bed: Iterable[Claim]) -> str | None:
    """Return the stay that has the bed, None for a free one."""
    ordered = sorted(of_bed, key=lambda claim: (claim.span.since, claim.stay), reverse=True)
    later: list[Claim] = []
    for claim in ordered:
        if claim.span.until is not None:
            later.append(claim)
            continue
        gone = all(claim.span.seen >= one.span.until for one in later if one.span.until is not None)
        return claim.stay if gone else None
    return None


def occupancy(courses: Mapping[str, Course], beds: Iterable[BedKey]) -> dict[BedKey, str | None]:
    """Return who has each of the beds, given every stay that ever had a claim on them."""
    found = claims(courses)
    return {bed: occupant(found.get(bed, ())) for bed in beds}


def present(course: Course) -> bool:
    """Whether the patient is in a ward of this hub, with or without a bed."""
    here = course.now
    return course.status is Status.PRESENT and here is not None and here.place.ward is not None

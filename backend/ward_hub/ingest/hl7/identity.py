"""What messages say of people: name, birth, sex, allergies, numbers; and ADT A28 A31 A34 A40 A44 A47 → event.

PID says who somebody is now, MRG who that was before. Source: HL7 v2.5.1 chapter 3.3.28 ff. and 3.4.10.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence

from ward_hub.documents.port import Json
from ward_hub.ingest.event import IdentityChanged, IdentityPart
from ward_hub.ingest.hl7.parse import NULL, Components, Message, MessageRefused, Segment, parse_time, part
from ward_hub.ingest.mapping import Mapping
from ward_hub.record.identity import ChangeKind

_KINDS = {
    "A28": ChangeKind.PERSON,
    "A31": ChangeKind.PERSON,
    "A34": ChangeKind.MERGE,
    "A40": ChangeKind.MERGE,
    "A44": ChangeKind.MOVE,
    "A47": ChangeKind.RENUMBER,
}
_PRIOR_FIELDS = (1, 4)
"""MRG-1, the list of numbers before, and MRG-4, the one number of older versions."""
_ACCOUNT_BEFORE = 3
NUMBER_LENGTH = 200
MOST_NUMBERS = 50
MOST_PARTS = 50


def read_identity(message: Message, mapping: Mapping, at: int) -> IdentityChanged:
    """Return the change of identity that the message tells. Raises MessageRefused."""
    kind = _KINDS[message.event]
    fields = [int(name.partition("-")[2]) for name in mapping.patient if name.startswith("PID")]
    parts = []
    for pid, mrg, others in _people(message):
        surviving = numbers_of(pid, fields)
        if not surviving:
            raise MessageRefused(101, "PID-3: expected a patient's number, got nothing", location="PID^1^3")
        told = dict(person(pid, others, mapping))
        if kind is ChangeKind.PERSON:
            parts.append(IdentityPart(kind, surviving, particulars=told))
            continue
        prior = () if mrg is None else numbers_of(mrg, _PRIOR_FIELDS)
        if not prior:
            text = "MRG-1: expected the number that the patient had before, got nothing"
            raise MessageRefused(101, text, location="MRG^1^1")
        visit = _moved(pid, mrg, message, mapping) if kind is ChangeKind.MOVE else ""
        parts.append(IdentityPart(kind, surviving, prior, visit, told))
    if not parts or len(parts) > MOST_PARTS:
        text = f"expected 1 to {MOST_PARTS} PID, got {len(parts)}"
        raise MessageRefused(100, text, location="PID^1")
    return IdentityChanged(at, tuple(parts))


def numbers_of(segment: Segment, fields: Sequence[int]) -> tuple[str, ...]:
    """Return a patient's numbers in these fields, each once. Raises MessageRefused for too many, too long."""
    found: dict[str, None] = {}
    for field in fields:
        for one in segment.repetitions(field):
            if (number := part(one, 1)) and number != NULL:
                found[number] = None
    if len(found) > MOST_NUMBERS or any(len(number) > NUMBER_LENGTH for number in found):
        most = f"{MOST_NUMBERS} numbers of {NUMBER_LENGTH} characters"
        text = f"{segment.name}-{fields[0]}: expected at most {most}, got more"
        raise MessageRefused(102, text, location=f"{segment.name}^1^{fields[0]}")
    return tuple(found)


def person(pid: Segment, others: Sequence[Segment], mapping: Mapping) -> Iterator[tuple[str, Json]]:
    """Yield what is said of the person, keyed as in record/encounter.py."""
    if names := pid.repetitions(5):
        yield "name", _patient_name(names)
    if pid.text(7) and (born := pid.text(7)) != NULL:
        parse_time(born, mapping.utc_offset, "PID-7")
        yield "birth_date", born[:8]
    if sex := pid.text(8):
        yield "sex", mapping.sex.get(sex.upper(), "U")
    yield from _allergies(others, mapping)


def _people(message: Message) -> Iterator[tuple[Segment, Segment | None, tuple[Segment, ...]]]:
    """PID with the MRG after it, and what else stands before the next PID."""
    pid: Segment | None = None
    mrg: Segment | None = None
    others: list[Segment] = []
    for segment in (*message.segments, None):
        if segment is None or segment.name == "PID":
            if pid is not None:
                yield pid, mrg, tuple(others)
            pid, mrg, others = segment, None, []
        elif segment.name == "MRG" and mrg is None:
            mrg = segment
        else:
            others.append(segment)


def _moved(pid: Segment, mrg: Segment | None, message: Message, mapping: Mapping) -> str:
    """The number of the stay that moves: as in any message, else the account before (MRG-3)."""
    pv1 = message.first("PV1")
    for name in mapping.visit:
        segment = pid if name.startswith("PID") else pv1
        number = "" if segment is None else segment.text(int(name.partition("-")[2]))
        if number and number != NULL:
            return number[:100]
    number = "" if mrg is None else mrg.text(_ACCOUNT_BEFORE)
    if not number or number == NULL:
        raise MessageRefused(101, "PID-18: expected the number of the stay, got nothing", location="PID^1^18")
    return number[:100]


def _allergies(others: Sequence[Segment], mapping: Mapping) -> Iterator[tuple[str, Json]]:
    """All AL1 of a message together are the whole list; without any nothing is said of allergies."""
    segments = [segment for segment in others if segment.name == "AL1" and segment.repetitions(3)]
    if not segments:
        return
    found: list[Json] = []
    none_known = False
    for segment in segments:
        code, text = segment.text(3, 1), segment.text(3, 2)
        if NULL in (code, text):
            continue
        if code.upper() in mapping.none_known or text.upper() in mapping.none_known:
            none_known = True
            continue
        severity = mapping.values.get("severity", {}).get(segment.text(4).upper(), "unknown")
        found.append({"substance": text or code, "severity": severity})
    yield "allergies", found
    yield "no_known_allergy", none_known and not found


def _patient_name(names: tuple[Components, ...]) -> Json:
    """XPN: the repetition in Chinese characters where there is one, for names come with pinyin forms too."""
    name = next((one for one in names if is_chinese(part(one, 1) + part(one, 2))), names[0])
    family, given = part(name, 1), part(name, 2)
    if family == NULL:
        return None
    return {"family": family, "given": given}


def is_chinese(text: str) -> bool:
    """Whether any of it is a Chinese character."""
    return any(unicodedata.name(mark, "").startswith("CJK") for mark in text)

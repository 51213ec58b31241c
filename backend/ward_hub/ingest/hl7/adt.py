"""ADT messages about stays → events: A01 to A05 A08 A11 A12 A13 A17, read as the mapping says.

Read are EVN, PID, PV1, AL1, DG1 and OBX; all else is left alone. Messages about people are `identity.py`'s,
what follows from an event is `reconcile.py`'s. Source: HL7 v2.5.1 chapter 3.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ward_hub.documents.port import Json
from ward_hub.ingest import event
from ward_hub.ingest.event import Event, Location, Subject
from ward_hub.ingest.hl7.identity import is_chinese, numbers_of, person, read_identity
from ward_hub.ingest.hl7.parse import NULL, Components, Message, MessageRefused, Segment, parse_time, part
from ward_hub.ingest.mapping import OPEN_TABLES, Mapping

_SINGLE: dict[str, type] = {
    "A01": event.Admitted,
    "A02": event.Transferred,
    "A03": event.Discharged,
    "A04": event.Registered,
    "A05": event.PreAdmitted,
    "A08": event.Updated,
    "A11": event.AdmitCancelled,
    "A12": event.TransferCancelled,
    "A13": event.DischargeCancelled,
}
_CANCELS = frozenset(("A11", "A12", "A13"))
_ABOUT_PEOPLE = frozenset(("A28", "A31", "A34", "A40", "A44", "A47"))
EVENTS = (*_SINGLE, "A17", *sorted(_ABOUT_PEOPLE))

VISIT_LENGTH = 100
"""What the record's column holds."""

_LISTS = frozenset(("diet", "risks", "isolation"))


@dataclass(frozen=True, slots=True)
class _Group:
    """The segments about one patient."""

    pid: Segment
    pv1: Segment
    others: tuple[Segment, ...]


def read_adt(message: Message, mapping: Mapping) -> Event:
    """Return the event that the message tells.

    Raises MessageRefused: for other messages with `reject`, else for what is missing or not understood.
    """
    if message.kind != "ADT":
        text = f"MSH-9: expected ADT or ORU^R40, got {message.kind}; this hub does not read it"
        raise MessageRefused(200, text, location="MSH^1^9^1", reject=True)
    if message.event not in EVENTS:
        text = f"MSH-9: expected one of {' '.join(EVENTS)}, got {message.event or 'nothing'}"
        raise MessageRefused(201, text, location="MSH^1^9^2", reject=True)
    at = _event_time(message, mapping)
    if message.event in _ABOUT_PEOPLE:
        return read_identity(message, mapping, at)
    groups = list(_groups(message))
    expected = 2 if message.event == "A17" else 1
    if len(groups) != expected:
        text = f"expected {expected} pair(s) of PID and PV1, got {len(groups)}"
        raise MessageRefused(100, text, location="PID^1")
    found = [_subject(group, mapping) for group in groups]
    if message.event == "A17":
        for one in found:
            if one.location is None:
                raise MessageRefused(101, "PV1-3: expected the new bed, got nothing", location="PV1^1^3")
        return event.BedsSwapped(at, found[0], found[1])
    made: Event = _SINGLE[message.event](at, found[0])
    return made


def _event_time(message: Message, mapping: Mapping) -> int:
    """When it happened: EVN-6, else EVN-2, else MSH-7.

    In a cancellation EVN-6 may be the time of what is cancelled, so EVN-2, the time of entry, comes first.
    """
    evn = message.first("EVN")
    order = (2, 6) if message.event in _CANCELS else (6, 2)
    for field in order:
        if evn is None:
            break
        at = parse_time(evn.text(field), mapping.utc_offset, f"EVN-{field}")
        if at is not None:
            return at
    at = parse_time(message.sent_at, mapping.utc_offset, "MSH-7")
    if at is None:
        raise MessageRefused(101, "EVN-2: expected the time of the event, got nothing", location="EVN^1^2")
    return at


def _groups(message: Message) -> Iterator[_Group]:
    pid: Segment | None = None
    pv1: Segment | None = None
    others: list[Segment] = []
    for segment in (*message.segments, None):
        if segment is None or segment.name == "PID":
            if pid is not None and pv1 is not None:
                yield _Group(pid, pv1, tuple(others))
            pid, pv1, others = segment, None, []
        elif segment.name == "PV1":
            pv1 = segment
        else:
            others.append(segment)


def _subject(group: _Group, mapping: Mapping) -> Subject:
    visit = _number(group, mapping.visit)
    if not visit:
        fields = " or ".join(mapping.visit)
        text = f"{fields}: expected the number of the stay, got nothing"
        raise MessageRefused(101, text, location=_location(mapping.visit[0]))
    if len(visit) > VISIT_LENGTH:
        text = f"{mapping.visit[0]}: expected at most {VISIT_LENGTH} characters, got {len(visit)}"
        raise MessageRefused(102, text, location=_location(mapping.visit[0]))
    identifiers = {
        number: None
        for name in mapping.patient
        for number in numbers_of(_segment(group, name), (_field(name),))
    }
    return Subject(
        visit=visit,
        identifiers=tuple(identifiers),
        location=_place(group.pv1, 3),
        prior=_place(group.pv1, 6),
        particulars=dict(_particulars(group, mapping)),
    )


def _place(pv1: Segment, field: int) -> Location | None:
    ward, room, bed = (pv1.text(field, component) for component in (1, 2, 3))
    return Location(ward, room, bed) if ward and ward != NULL else None


def _particulars(group: _Group, mapping: Mapping) -> Iterator[tuple[str, Json]]:
    pv1 = group.pv1
    yield from person(group.pid, group.others, mapping)
    if number := _number(group, mapping.inpatient_number):
        yield "inpatient_number", number
    if doctors := pv1.repetitions(7):
        yield "doctor", None if part(doctors[0], 1) == NULL else _staff_name(doctors[0])
    if service := pv1.text(10):
        yield "service", None if service == NULL else service
    admitted_at = parse_time(pv1.text(44), mapping.utc_offset, "PV1-44")
    if admitted_at is not None:
        yield "admitted_at", admitted_at
    yield from _diagnosis(group, mapping)
    yield from _observations(group, mapping)


def _diagnosis(group: _Group, mapping: Mapping) -> Iterator[tuple[str, Json]]:
    """DG1 with the highest priority (DG1-15, 1 first), else the first one."""
    segments = [segment for segment in group.others if segment.name == "DG1"]
    filled = [segment for segment in segments if segment.repetitions(3) or segment.text(4)]
    if not filled:
        return
    main = min(filled, key=lambda segment: int(segment.text(15)) if segment.text(15).isdecimal() else 99)
    code, text = main.text(3, 1), main.text(3, 2) or main.text(4)
    if NULL in (code, text):
        yield "diagnosis", None
        return
    yield "diagnosis", {"code": code, "text": text or code, "private": mapping.private(code, text)}


def _observations(group: _Group, mapping: Mapping) -> Iterator[tuple[str, Json]]:
    """OBX of one code, repeated or in several segments, replace what was said under that code before."""
    lists: dict[str, list[str]] = {}
    for segment in group.others:
        if segment.name != "OBX":
            continue
        code = (segment.text(3, 1) or segment.text(3, 2)).upper()
        attribute = mapping.observations.get(code)
        if attribute is None:
            continue
        removed = segment.text(11) in ("D", "W")
        values = [] if removed else [one for one in segment.repetitions(5) if part(one, 1) != NULL]
        if attribute == "surgery":
            yield attribute, _surgery(segment, values, mapping)
        elif attribute == "nurse":
            yield attribute, _staff_name(values[0]) or None if values else None
        elif attribute in _LISTS:
            known = lists.setdefault(attribute, [])
            words = [_value(attribute, code, one, mapping) for one in values]
            known += [word for word in words if word and word not in known]
        else:
            word = _value(attribute, code, values[0], mapping) if values else ""
            yield attribute, (word == "yes") if attribute == "arrears" else (word or None)
    for attribute, words in lists.items():
        yield attribute, list(words)


def _value(attribute: str, code: str, value: Components, mapping: Mapping) -> str:
    table = mapping.values.get(attribute, {})
    said = [text for text in (part(value, 1), part(value, 2)) if text]
    for text in said:
        if text.upper() in table:
            return table[text.upper()]
    if attribute in OPEN_TABLES:
        return said[-1] if said else ""
    text = f"OBX-5 of {code}: expected one of {', '.join(table)}, got {' '.join(said)!r}"
    raise MessageRefused(103, text, location="OBX^1^5")


def _surgery(segment: Segment, values: list[Components], mapping: Mapping) -> Json:
    if not values:
        return None
    code, text = part(values[0], 1), part(values[0], 2)
    name = text or code
    surgery: dict[str, Json] = {"name": name, "private": mapping.private("", name)}
    at = parse_time(segment.text(14), mapping.utc_offset, "OBX-14")
    if at is not None:
        surgery["at"] = at
    return surgery


def _staff_name(name: Components) -> str:
    """XCN: number, family name, given name; a single component is the name itself."""
    if len(name) == 1:
        return part(name, 1)
    family, given = part(name, 2), part(name, 3)
    if not given or is_chinese(family + given):
        return family + given
    return f"{given} {family}"


def _number(group: _Group, fields: tuple[str, ...]) -> str:
    found = (_segment(group, name).text(_field(name)) for name in fields)
    return next((number for number in found if number and number != NULL), "")


def _segment(group: _Group, name: str) -> Segment:
    return group.pid if name.startswith("PID") else group.pv1


def _field(name: str) -> int:
    return int(name.partition("-")[2])


def _location(name: str) -> str:
    return name.replace("-", "^1^")

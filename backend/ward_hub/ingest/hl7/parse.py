"""Bytes of one HL7 v2 message → its segments as plain values, with the header checked.

python-hl7 splits the text; its containers, whose depth depends on the content, end here. What the fields mean
is the business of `adt.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

import hl7

from ward_hub.ingest.hl7 import charset

NULL = '""'
"""HL7's explicit nothing: the field is to be emptied, unlike an absent one, which says nothing."""

Components = tuple[tuple[str, ...], ...]
"""One repetition of a field: its components, each a tuple of sub-components."""

_NAME = re.compile(r"[A-Z][A-Z0-9]{2}")
_TIME = re.compile(r"(\d{4})(\d\d)?(\d\d)?(?:(\d\d)(\d\d)?(\d\d)?(?:\.(\d{1,4}))?)?([+-]\d{4})?")


class MessageRefused(Exception):
    """A message is not taken: `code` of HL7 table 0357, the place in it, what was expected and what came.

    `reject`: the message itself cannot be read (AR), rather than what it says be done (AE).
    """

    def __init__(self, code: int, text: str, *, location: str = "", reject: bool = False) -> None:
        super().__init__(text)
        self.code = code
        self.text = text
        self.location = location
        self.reject = reject


@dataclass(frozen=True, slots=True)
class Segment:
    """A segment's fields by their HL7 number; absent ones read as empty."""

    name: str
    fields: tuple[tuple[Components, ...], ...]

    def repetitions(self, field: int) -> tuple[Components, ...]:
        """Return the repetitions of a field that hold anything."""
        found = self.fields[field] if field < len(self.fields) else ()
        return tuple(one for one in found if any(part for component in one for part in component))

    def text(self, field: int, component: int = 1, repetition: int = 0) -> str:
        """Return the first sub-component of a component, stripped; "" where it is absent."""
        found = self.repetitions(field)
        return part(found[repetition], component) if repetition < len(found) else ""


@dataclass(frozen=True, slots=True)
class Message:
    """One message: the checked header, and all segments in order.

    `sender` is application and facility; `kind` like `ADT^A01`; `charset` as MSH-18 names it.
    """

    sender: str
    receiver: str
    sent_at: str
    kind: str
    event: str
    control_id: str
    processing: str
    version: str
    charset: str
    segments: tuple[Segment, ...]

    def all(self, name: str) -> Iterator[Segment]:
        """Return the segments of that name, in order."""
        return (segment for segment in self.segments if segment.name == name)

    def first(self, name: str) -> Segment | None:
        """Return the first segment of that name."""
        return next(self.all(name), None)


def part(components: Components, component: int) -> str:
    """Return the first sub-component of component `component` (from 1), stripped; "" where absent."""
    return components[component - 1][0].strip() if component <= len(components) else ""


def parse_message(data: bytes) -> Message:
    """Read one message without its framing; segments may end with CR, LF or both.

    Checked: the header's delimiters, MSH-9 (type and event), MSH-10, MSH-11, MSH-12 (2.x). Raises
    MessageRefused, always with `reject`.
    """
    try:
        text, used_charset = charset.decode(data)
    except charset.CharsetError as error:
        raise _reject(102, str(error), "MSH^1^18") from None
    text = text.replace("\r\n", "\r").replace("\n", "\r").strip("\r \x00")
    if "\x00" in text:
        raise _reject(102, "expected text, got a NUL character")
    delimiters = text[3:8]
    if not text.startswith("MSH") or len(delimiters) < 5:
        raise _reject(100, f"expected a segment MSH|^~\\&, got {text[:12]!r}")
    if len(set(delimiters)) < 5 or any(mark.isalnum() or mark.isspace() for mark in delimiters):
        raise _reject(102, f"MSH-1, MSH-2: expected five different delimiters, got {delimiters!r}", "MSH^1^2")
    if text[8:9] != delimiters[0]:
        # HL7 2.7 has a fifth encoding character, for truncation, which python-hl7 does not expect.
        end = text.find(delimiters[0], 8)
        text = text[:8] + (text[end:] if end >= 0 else "")
    segments = _split(text)
    header = segments[0]
    kind, event = header.text(9, 1), header.text(9, 2)
    if not kind:
        raise _reject(101, "MSH-9: expected a message type, got nothing", "MSH^1^9")
    if not header.text(10):
        raise _reject(101, "MSH-10: expected a control id, got nothing", "MSH^1^10")
    if header.text(11) not in ("P", "T", "D"):
        raise _reject(202, f"MSH-11: expected P, T or D, got {header.text(11)!r}", "MSH^1^11")
    if not header.text(12).startswith("2"):
        raise _reject(203, f"MSH-12: expected version 2.x, got {header.text(12)!r}", "MSH^1^12")
    return Message(
        sender=f"{header.text(3)}|{header.text(4)}",
        receiver=f"{header.text(5)}|{header.text(6)}",
        sent_at=header.text(7),
        kind=kind,
        event=event,
        control_id=header.text(10),
        processing=header.text(11),
        version=header.text(12),
        charset=used_charset,
        segments=segments,
    )


def parse_time(value: str, utc_offset: timedelta, location: str) -> int | None:
    """Return ms since the epoch of an HL7 time (YYYY[MM[DD[HH[MM[SS[.S]]]]]][+ZZZZ]); None for an empty one.

    Without a zone it is local at `utc_offset`. Raises MessageRefused, naming `location`.
    """
    if value in ("", NULL):
        return None
    match = _TIME.fullmatch(value)
    try:
        if match is None:
            raise ValueError
        year, month, day, hour, minute, second, fraction, zone = match.groups()
        offset = utc_offset
        if zone:
            offset = timedelta(hours=int(zone[1:3]), minutes=int(zone[3:])) * (-1 if zone[0] == "-" else 1)
        instant = datetime(
            int(year),
            int(month or 1),
            int(day or 1),
            int(hour or 0),
            int(minute or 0),
            int(second or 0),
            int((fraction or "0").ljust(6, "0")),
            timezone(offset),
        )
        return (instant - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    except (ValueError, OverflowError):
        text = f"{location}: expected a time YYYYMMDDHHMMSS, got {value!r}"
        raise MessageRefused(102, text, location=location.replace("-", "^1^")) from None


def _split(text: str) -> tuple[Segment, ...]:
    try:
        parsed = hl7.parse(text)
        segments = tuple(_segment(parsed, segment) for segment in parsed if str(segment).strip())
    except (hl7.HL7Exception, LookupError, ValueError, TypeError) as error:
        raise _reject(100, f"expected segments of HL7 v2, got text that does not split: {error}") from None
    for segment in segments:
        if not _NAME.fullmatch(segment.name):
            raise _reject(100, f"expected a segment name of three characters, got {segment.name[:12]!r}")
    return segments


def _segment(message: hl7.Message, segment: hl7.Segment) -> Segment:
    name = str(segment[0])
    fields = tuple(_field(message, segment[index]) for index in range(len(segment)))
    if name == "MSH":
        # MSH-1 and MSH-2 are the delimiters themselves.
        fields = (fields[0], (), (), *fields[3:])
    return Segment(name, fields)


def _field(message: hl7.Message, field: hl7.Field) -> tuple[Components, ...]:
    return tuple(_repetition(message, one) for one in field)


def _repetition(message: hl7.Message, repetition: object) -> Components:
    if isinstance(repetition, str):
        return ((_unescape(message, repetition),),)
    if not isinstance(repetition, hl7.Repetition):
        raise TypeError(f"a field holds a {type(repetition).__name__}")
    return tuple(
        (_unescape(message, component),)
        if isinstance(component, str)
        else tuple(_unescape(message, str(piece)) for piece in component)
        for component in repetition
    )


def _unescape(message: hl7.Message, text: str) -> str:
    return str(message.unescape(text)) if message.esc in text else text


def _reject(code: int, text: str, location: str = "") -> MessageRefused:
    return MessageRefused(code, text, location=location, reject=True)

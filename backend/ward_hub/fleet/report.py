"""What a terminal says of its device, read strictly: every field there, of its type and within its bounds.

Shapes: DeviceReport of pwa/src/core/fleet/types.ts. A report is data of a device that may be faulty or
another's: it is shown, and steers nothing but what is offered for that terminal.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from math import isfinite
from typing import Any, Literal, cast

ABILITIES = frozenset({"restart", "volume", "brightness", "screen", "lamp", "night-light"})
BUILD = r"[0-9a-f]{16}"
_MAC = re.compile(r"[0-9A-Fa-f]{2}([:-][0-9A-Fa-f]{2}){5}")
_BUILD_TEXT = re.compile(r"[A-Za-z0-9._-]{0,32}")
"""A page of the development server has no build: it says an empty one or a word."""
_A_DAY_MS = 24 * 3_600_000
_YEAR_3000_MS = 32_503_680_000_000

TEXT_CHARS = 64
VERSION_CHARS = 32


class BadReport(ValueError):
    """A report that cannot be taken; the message names the field."""


@dataclass(frozen=True, slots=True)
class Report:
    """DeviceReport without its `t`; `can` is sorted, `mac` in capitals with colons."""

    mac: str | None
    serial: str | None
    model: str | None
    browser: str
    version: str
    build: str
    can: tuple[str, ...]
    volume: int | None
    brightness: int | None
    screen: Literal["on", "off"]
    offset_ms: int | None
    rtt_ms: int | None
    hung: int
    started_at: int


_FIELDS = frozenset(field.name for field in fields(Report))
MEASURED = ("offset_ms", "rtt_ms")
"""What is another number in every report and not worth a write of its own."""


def parse_report(message: Mapping[str, Any]) -> Report:
    """Return the report in a `report` message. Raises BadReport."""
    given = message.keys() - {"t"}
    if given != _FIELDS:
        odd = sorted(str(name)[:32] for name in given ^ _FIELDS)
        raise BadReport(f"fields: {', '.join(odd[:4])}")
    screen = message["screen"]
    if screen not in ("on", "off"):
        raise BadReport("screen")
    return Report(
        mac=_mac(message["mac"]),
        serial=_text_or_none(message, "serial"),
        model=_text_or_none(message, "model"),
        browser=_text(message, "browser", TEXT_CHARS),
        version=_text(message, "version", VERSION_CHARS),
        build=_build(message["build"]),
        can=_abilities(message["can"]),
        volume=_number_or_none(message, "volume", 0, 100),
        brightness=_number_or_none(message, "brightness", 0, 100),
        screen=cast(Literal["on", "off"], screen),
        # Clocks can be years off; what is far beyond sense is no measurement.
        offset_ms=_number_or_none(message, "offset_ms", -_YEAR_3000_MS, _YEAR_3000_MS),
        rtt_ms=_number_or_none(message, "rtt_ms", 0, _A_DAY_MS),
        hung=_number(message, "hung", 0, 1_000_000_000),
        started_at=_number(message, "started_at", 0, _YEAR_3000_MS),
    )


def report_json(report: Report) -> dict[str, Any]:
    """The report as it is stored; `parse_report` reads it again."""
    return {**asdict(report), "can": list(report.can)}


def without_measured(report: Report) -> tuple[object, ...]:
    """What of a report is worth a write at once when it changes."""
    return tuple(getattr(report, field.name) for field in fields(report) if field.name not in MEASURED)


def _text(message: Mapping[str, Any], name: str, most: int) -> str:
    value = message[name]
    if not isinstance(value, str) or len(value) > most or not (value == "" or value.isprintable()):
        raise BadReport(name)
    return value


def _text_or_none(message: Mapping[str, Any], name: str) -> str | None:
    return None if message[name] is None else _text(message, name, TEXT_CHARS)


def _mac(value: object) -> str | None:
    if value is None:
        return None
    if not isinstance(value, str) or not _MAC.fullmatch(value):
        raise BadReport("mac")
    return value.upper().replace("-", ":")


def _build(value: object) -> str:
    if not isinstance(value, str) or not _BUILD_TEXT.fullmatch(value):
        raise BadReport("build")
    return value


def _abilities(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or len(value) > len(ABILITIES):
        raise BadReport("can")
    if not all(isinstance(one, str) and one in ABILITIES for one in value):
        raise BadReport("can")
    return tuple(sorted(set(value)))


def _number(message: Mapping[str, Any], name: str, least: int, most: int) -> int:
    value = message[name]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadReport(name)
    # Browsers measure in fractions of a millisecond.
    if (isinstance(value, float) and not isfinite(value)) or not least <= value <= most:
        raise BadReport(name)
    return round(value)


def _number_or_none(message: Mapping[str, Any], name: str, least: int, most: int) -> int | None:
    return None if message[name] is None else _number(message, name, least, most)

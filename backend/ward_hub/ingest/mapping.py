"""The mapping of one hospital's HL7 v2, read from a TOML file: only data, checked once when it is read.

What each part means stands in the shipped `mapping.toml` and in docs/feed.md.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping as Map
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

SHIPPED = Path(__file__).with_name("mapping.toml")

ATTRIBUTES = frozenset(
    (
        "care_level",
        "diet",
        "risks",
        "isolation",
        "payment_kind",
        "arrears",
        "nurse",
        "condition",
        "surgery",
    )
)
OPEN_TABLES = frozenset(("diet", "risks", "payment_kind", "nurse", "surgery"))
"""Attributes whose unknown words are taken as they come: a diet nobody listed is still a diet."""

CARE_LEVELS = frozenset(("special", "first", "second", "third"))
CONDITIONS = frozenset(("critical", "serious", ""))
ISOLATIONS = frozenset(("contact", "droplet", "airborne", "protective", ""))

_FIELD = re.compile(r"(PID|PV1)-\d{1,2}")


class MappingError(ValueError):
    """The mapping file says something that cannot be."""


@dataclass(frozen=True, slots=True)
class Mapping:
    """See mapping.toml; words to compare are upper case."""

    utc_offset: timedelta
    wards: Map[str, str]
    bed_prefixes: tuple[str, ...]
    bed_suffixes: tuple[str, ...]
    room_suffixes: tuple[str, ...]
    visit: tuple[str, ...]
    inpatient_number: tuple[str, ...]
    patient: tuple[str, ...]
    sex: Map[str, str]
    observations: Map[str, str]
    values: Map[str, Map[str, str]]
    none_known: frozenset[str]
    private_codes: tuple[tuple[str, str], ...]
    private_words: tuple[str, ...]
    hidden_surgery: str

    def bed_label(self, text: str) -> str:
        """Return the bare, upper-case label of a bed as the hospital writes it: `Bed 12`, `12床` → `12`."""
        return _bare(text, self.bed_prefixes, self.bed_suffixes)

    def room_name(self, text: str) -> str:
        """Return the bare, upper-case name of a room: `712病室` → `712`."""
        return _bare(text, (), self.room_suffixes)

    def private(self, code: str, text: str) -> bool:
        """Whether a diagnosis or an operation must not stand on a bedside screen (CARD-08)."""
        bare = code.upper().strip()[:3]
        if any(low <= bare <= high for low, high in self.private_codes if bare):
            return True
        upper = text.upper()
        return any(word in upper for word in self.private_words)


def load_mapping(path: Path | None = None) -> Mapping:
    """Read the mapping at `path`, or the shipped one. Raises OSError, MappingError."""
    try:
        data = tomllib.loads((path or SHIPPED).read_text("utf-8"))
        return _mapping(data)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, KeyError, TypeError, AttributeError) as error:
        raise MappingError(f"expected a mapping as docs/feed.md has it, got {error!r}") from error


def _mapping(data: Map[str, Any]) -> Mapping:
    numbers, values = data["numbers"], data["values"]
    for fields in numbers.values():
        for field in fields:
            _expect(_FIELD.fullmatch(field) is not None, f"a field such as PV1-19, got {field!r}")
    observations = _upper(data["observations"])
    for attribute in observations.values():
        _expect(attribute in ATTRIBUTES, f"one of {sorted(ATTRIBUTES)}, got {attribute!r}")
    tables = {name: _upper(table) for name, table in values.items()}
    for name, allowed in (
        ("care_level", CARE_LEVELS),
        ("condition", CONDITIONS),
        ("isolation", ISOLATIONS),
    ):
        for value in tables.get(name, {}).values():
            _expect(value in allowed, f"values.{name}: one of {sorted(allowed)}, got {value!r}")
    ranges = [code.partition("-") for code in data["diagnosis"]["private_codes"]]
    return Mapping(
        utc_offset=timedelta(minutes=int(data["utc_offset_minutes"])),
        wards=_upper(data["wards"]),
        bed_prefixes=_words(data["beds"]["bed_prefixes"]),
        bed_suffixes=_words(data["beds"]["bed_suffixes"]),
        room_suffixes=_words(data["beds"]["room_suffixes"]),
        visit=tuple(numbers["visit"]),
        inpatient_number=tuple(numbers["inpatient_number"]),
        patient=tuple(numbers["patient"]),
        sex=_upper(data["sex"]),
        observations=observations,
        values=tables,
        none_known=frozenset(_words(data["allergies"]["none_known"])),
        private_codes=tuple((low, high or low) for low, _, high in ranges),
        private_words=_words(data["diagnosis"]["private_words"]),
        hidden_surgery=str(data["diagnosis"]["hidden_surgery"]),
    )


def _bare(text: str, prefixes: tuple[str, ...], suffixes: tuple[str, ...]) -> str:
    bare = text.strip().upper()
    for prefix in sorted(prefixes, key=len, reverse=True):
        if bare.startswith(prefix) and bare != prefix:
            bare = bare.removeprefix(prefix).strip()
            break
    for suffix in sorted(suffixes, key=len, reverse=True):
        if bare.endswith(suffix) and bare != suffix:
            bare = bare.removesuffix(suffix).strip()
            break
    return bare


def _upper(table: Map[str, str]) -> dict[str, str]:
    return {str(key).upper(): str(value) for key, value in table.items()}


def _words(words: list[str]) -> tuple[str, ...]:
    return tuple(word.upper() for word in words)


def _expect(met: bool, text: str) -> None:
    if not met:
        raise MappingError(f"expected {text}")

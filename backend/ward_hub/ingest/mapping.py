"""The mapping of one hospital's HL7 v2: only data, checked whole when it is read.

The shipped TOML file has all of it; an installation's own (mappings.py) replaces whole parts of that.

What each part means stands in the shipped `mapping.toml` and in docs/feed.md.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping as Map
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from ward_hub.documents.names import ID

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
_ID = re.compile(ID)
MOST_WORDS = 5_000
LONGEST_WORD = 200
LONGEST_KEPT_DAYS = 3_650


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
    services: Map[str, str] = field(default_factory=dict)
    alarms: Map[str, str] = field(default_factory=dict)
    taken_days: int = 30
    refused_days: int = 90

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


def shipped_parts() -> dict[str, Any]:
    """Return the shipped mapping as plain values, part by part."""
    return tomllib.loads(SHIPPED.read_text("utf-8"))


def parse_mapping(own: Map[str, Any]) -> Mapping:
    """Return the mapping of which `own` replaces whole parts of the shipped one. Raises MappingError."""
    shipped = shipped_parts()
    unknown = sorted(set(own) - set(shipped))
    _expect(not unknown, f"the parts {', '.join(shipped)}, got {unknown[:1]}")
    _check_words(own)
    try:
        return _mapping({**shipped, **own})
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        if isinstance(error, MappingError):
            raise
        raise MappingError(f"expected a mapping as docs/feed.md has it, got {error!r}"[:300]) from error


def _check_words(value: Any, depth: int = 0, left: list[int] | None = None) -> None:
    """Tables and lists of words and whole numbers, of a size that somebody can have meant."""
    left = [MOST_WORDS] if left is None else left
    left[0] -= 1
    _expect(left[0] >= 0 and depth <= 4, f"at most {MOST_WORDS} words")
    if isinstance(value, dict):
        for key, one in value.items():
            _check_words(key, depth + 1, left)
            _check_words(one, depth + 1, left)
    elif isinstance(value, list):
        for one in value:
            _check_words(one, depth + 1, left)
    elif isinstance(value, str):
        _expect(len(value) <= LONGEST_WORD, f"words of at most {LONGEST_WORD} characters, got {len(value)}")
    else:
        _expect(type(value) is int, f"words and whole numbers, got a {type(value).__name__}")


def _mapping(data: Map[str, Any]) -> Mapping:
    offset, kept = data["utc_offset_minutes"], data["kept"]
    _expect(type(offset) is int and abs(offset) <= 14 * 60, "utc_offset_minutes: -840 to 840")
    for name in ("taken_days", "refused_days"):
        good = type(kept[name]) is int and 1 <= kept[name] <= LONGEST_KEPT_DAYS
        _expect(good, f"kept.{name}: 1 to {LONGEST_KEPT_DAYS} days, got {kept[name]!r}")
    for part in ("wards", "services", "alarms"):
        for word in data[part].values():
            _expect(_ID.fullmatch(str(word)) is not None, f"{part}: an id, got {word!r}")
    for part, name in (
        ("numbers", "visit"),
        ("numbers", "inpatient_number"),
        ("numbers", "patient"),
        ("beds", "bed_prefixes"),
        ("beds", "bed_suffixes"),
        ("beds", "room_suffixes"),
        ("allergies", "none_known"),
        ("diagnosis", "private_codes"),
        ("diagnosis", "private_words"),
    ):
        words = data[part][name]
        good = isinstance(words, list) and all(isinstance(word, str) for word in words)
        _expect(good, f"{part}.{name}: a list of words")
    _expect(bool(data["numbers"]["visit"]), "numbers.visit: a field such as PV1-19, got none")
    numbers, values = data["numbers"], data["values"]
    for fields in numbers.values():
        for name in fields:
            _expect(_FIELD.fullmatch(name) is not None, f"a field such as PV1-19, got {name!r}")
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
        services=_upper(data["services"]),
        alarms=_upper(data["alarms"]),
        taken_days=kept["taken_days"],
        refused_days=kept["refused_days"],
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

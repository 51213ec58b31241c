"""The names of shared documents: built and parsed in one place, so that no right hangs on a substring."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

ID = r"[a-z0-9][a-z0-9._-]{0,47}"


class DocumentKind(StrEnum):
    HOSPITAL_SETTINGS = "hospital_settings"
    WARD_SETTINGS = "ward_settings"
    DIRECTORY = "directory"
    BED_DIRECTORY = "bed_directory"
    PRESENCE = "presence"
    ROOM_CALLS = "room_calls"
    WARD_CALLS = "ward_calls"
    BEDS = "beds"
    CARD = "card"
    CLINICAL = "clinical"
    NOTES = "notes"
    DOOR = "door"
    BOARD = "board"
    MEMOS = "memos"
    HANDOVER = "handover"
    DEVICE = "device"
    REACH = "reach"


_PATTERNS: tuple[tuple[DocumentKind, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(pattern.replace("ID", ID)))
    for kind, pattern in (
        (DocumentKind.HOSPITAL_SETTINGS, r"hospital/settings"),
        (DocumentKind.WARD_SETTINGS, r"ward/(?P<ward>ID)/settings"),
        (DocumentKind.DIRECTORY, r"ward/(?P<ward>ID)/directory"),
        (DocumentKind.BED_DIRECTORY, r"ward/(?P<ward>ID)/bed/(?P<bed>ID)/directory"),
        (DocumentKind.PRESENCE, r"ward/(?P<ward>ID)/presence"),
        (DocumentKind.ROOM_CALLS, r"ward/(?P<ward>ID)/room/(?P<room>ID)/calls"),
        (DocumentKind.WARD_CALLS, r"ward/(?P<ward>ID)/calls"),
        (DocumentKind.BEDS, r"ward/(?P<ward>ID)/beds"),
        (DocumentKind.DOOR, r"ward/(?P<ward>ID)/room/(?P<room>ID)/door"),
        (DocumentKind.BOARD, r"ward/(?P<ward>ID)/board"),
        (DocumentKind.MEMOS, r"ward/(?P<ward>ID)/memos/(?P<month>\d{4}-\d{2})"),
        (
            DocumentKind.HANDOVER,
            r"ward/(?P<ward>ID)/handover/(?P<date>\d{4}-\d{2}-\d{2})/(?P<shift>day|evening|night)",
        ),
        (DocumentKind.DEVICE, r"ward/(?P<ward>ID)/terminal/(?P<terminal>ID)/device"),
        (DocumentKind.REACH, r"ward/(?P<ward>ID)/reach"),
        (DocumentKind.CARD, r"stay/(?P<stay>ID)/card"),
        (DocumentKind.CLINICAL, r"stay/(?P<stay>ID)/clinical"),
        (DocumentKind.NOTES, r"stay/(?P<stay>ID)/notes"),
    )
)


@dataclass(frozen=True, slots=True)
class DocumentName:
    """A parsed name: its kind and the ids that stand in it (None where the kind has none)."""

    kind: DocumentKind
    ward: str | None = None
    room: str | None = None
    bed: str | None = None
    stay: str | None = None
    date: str | None = None
    shift: str | None = None
    terminal: str | None = None
    month: str | None = None


def parse_document(name: str) -> DocumentName | None:
    """Return the parts of a document name, or None when no document can have it."""
    for kind, pattern in _PATTERNS:
        match = pattern.fullmatch(name)
        if match:
            return DocumentName(kind, **match.groupdict())
    return None


def hospital_settings() -> str:
    return "hospital/settings"


def ward_settings(ward: str) -> str:
    return f"ward/{ward}/settings"


def directory(ward: str) -> str:
    return f"ward/{ward}/directory"


def bed_directory(ward: str, bed: str) -> str:
    return f"ward/{ward}/bed/{bed}/directory"


def presence(ward: str) -> str:
    return f"ward/{ward}/presence"


def calls(ward: str, room: str | None) -> str:
    """The calls document of a room, or of the ward for calls without a room."""
    return f"ward/{ward}/room/{room}/calls" if room else f"ward/{ward}/calls"


def beds(ward: str) -> str:
    return f"ward/{ward}/beds"


def door(ward: str, room: str) -> str:
    return f"ward/{ward}/room/{room}/door"


def board(ward: str) -> str:
    return f"ward/{ward}/board"


def memos(ward: str, month: str) -> str:
    """`month` YYYY-MM of UTC: what is written for years lies in documents of a month (memo_months.py)."""
    return f"ward/{ward}/memos/{month}"


def handover(ward: str, date: str, shift: str) -> str:
    """`date` YYYY-MM-DD, `shift` day, evening or night."""
    return f"ward/{ward}/handover/{date}/{shift}"


def device(ward: str, terminal: str) -> str:
    """What is wished of one terminal; commands and reports are stateless frames at its address."""
    return f"ward/{ward}/terminal/{terminal}/device"


def reach(ward: str) -> str:
    """PDAs that no longer answer the hub's probes (A14)."""
    return f"ward/{ward}/reach"


def card(stay: str) -> str:
    return f"stay/{stay}/card"


def clinical(stay: str) -> str:
    return f"stay/{stay}/clinical"


def notes(stay: str) -> str:
    return f"stay/{stay}/notes"

"""What a stay's notes may hold: the running note as text, and entries that are only ever added."""

from __future__ import annotations

import re
from typing import Any

from pycrdt import Doc

from ward_hub.documents.names import ID
from ward_hub.documents.roots import read_list, read_text, utf16_length, whole

NOTE_TEXT_MAX = 20_000
ENTRY_TEXT_MAX = 4_000
ENTRIES_MAX = 5_000
NAME_MAX = 64

_ID = re.compile(ID)
_KEYS = {"id", "text", "at", "staff", "staff_name"}


def _entry_fits(entry: object) -> bool:
    if not isinstance(entry, dict) or set(entry) != _KEYS:
        return False
    at = whole(entry["at"])
    return (
        isinstance(entry["id"], str)
        and _ID.fullmatch(entry["id"]) is not None
        and isinstance(entry["text"], str)
        and utf16_length(entry["text"]) <= ENTRY_TEXT_MAX
        and at is not None
        and at >= 0
        and isinstance(entry["staff"], str)
        and _ID.fullmatch(entry["staff"]) is not None
        and isinstance(entry["staff_name"], str)
        and utf16_length(entry["staff_name"]) <= NAME_MAX
    )


def validate(doc: Doc[Any]) -> str | None:
    """Return why a document of this content is refused, or None when it is well formed."""
    for root in doc.keys():  # noqa: SIM118  (a Doc is not its own iterator)
        if root == "note":
            text = read_text(doc, root)
            if text is None:
                return "wrong_type"
            if utf16_length(text) > NOTE_TEXT_MAX:
                return "text_too_long"
        elif root == "entries":
            entries = read_list(doc, root)
            if entries is None:
                return "wrong_type"
            if len(entries) > ENTRIES_MAX:
                return "too_large"
            if not all(_entry_fits(entry) for entry in entries):
                return "malformed_entry"
        else:
            return "unknown_root"
    return None

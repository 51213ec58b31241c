"""What a stay's notes may hold: one running note that nurses write together."""

from __future__ import annotations

from typing import Any

from pycrdt import Doc

from ward_hub.documents.roots import read_text, utf16_length

NOTE_TEXT_MAX = 20_000


def validate(doc: Doc[Any]) -> str | None:
    """Return why a document of this content is refused, or None when it is well formed."""
    for root in doc.keys():  # noqa: SIM118  (a Doc is not its own iterator)
        if root != "note":
            return "unknown_root"
        text = read_text(doc, root)
        if text is None:
            return "wrong_type"
        if utf16_length(text) > NOTE_TEXT_MAX:
            return "text_too_long"
    return None

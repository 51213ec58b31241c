"""What a shift's handover document may hold (HAND-06, HAND-07): the mirror of the app's handover.ts."""

from __future__ import annotations

import re
from typing import Any

from pycrdt import Doc

from ward_hub.documents.names import ID
from ward_hub.documents.roots import read_map, read_text, utf16_length

HANDOVER_TEXT_MAX = 20_000
"""UTF-16 units of one note or advice."""
TEXT_TOTAL_MAX = 1_000_000
STAYS_MAX = 500
"""Far more patients than a ward has in eight hours."""

_ORDER = "order"
_TEXT = re.compile(rf"(note|advice):({ID})")
_ID = re.compile(ID)
_KEY = re.compile(r"[0-9A-Za-z]{0,63}[1-9A-Za-z]")


def validate(doc: Doc[Any]) -> str | None:
    """Return why a document of this content is refused, or None when it is well formed."""
    total = 0
    roots = list(doc.keys())
    if len(roots) > 2 * STAYS_MAX + 1:
        return "too_large"
    for root in roots:
        if root == _ORDER:
            order = read_map(doc, root)
            if order is None:
                return "wrong_type"
            if len(order) > STAYS_MAX:
                return "too_large"
            if not all(
                _ID.fullmatch(stay) and isinstance(key, str) and _KEY.fullmatch(key)
                for stay, key in order.items()
            ):
                return "malformed_order"
        elif _TEXT.fullmatch(root):
            text = read_text(doc, root)
            if text is None:
                return "wrong_type"
            if utf16_length(text) > HANDOVER_TEXT_MAX:
                return "text_too_long"
            total += utf16_length(text)
        else:
            return "unknown_root"
    return "too_large" if total > TEXT_TOTAL_MAX else None

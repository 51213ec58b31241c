"""What one kind of document allows: sizes, and the check of what people write."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pycrdt import Doc

Check = Callable[[Doc[Any]], str | None]
"""Looks at the document as it would be after a write; returns why not, or None."""


@dataclass(frozen=True, slots=True)
class DocumentRules:
    """Limits in bytes. `check` is run on a copy before a terminal's write is taken."""

    max_update_bytes: int = 2 * 2**20
    max_document_bytes: int = 8 * 2**20
    check: Check | None = None


Kinds = Callable[[str], DocumentRules]
"""Document name → its rules."""


def same_rules(rules: DocumentRules) -> Kinds:
    """The same rules for every document."""
    return lambda _document: rules

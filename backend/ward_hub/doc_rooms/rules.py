"""What one kind of document allows: sizes, and the check of what people write."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pycrdt import Doc

from ward_hub.access.port import Principal
from ward_hub.documents.names import DocumentKind, parse_document

Check = Callable[[Doc[Any], Doc[Any], Principal], str | None]
"""Looks at the document before and after a write, and at who writes; returns why not, or None."""


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


_TYPED = frozenset({DocumentKind.NOTES, DocumentKind.MEMOS, DocumentKind.HANDOVER})
_TYPED_UPDATE_BYTES = 256 * 2**10
"""A whole shift's notes typed offline; pen strokes come a stroke at a time."""
_TYPED_DOCUMENT_BYTES = 4 * 2**20


def ward_rules(checks: Mapping[DocumentKind, Check]) -> Kinds:
    """The rules of a ward's documents: what people type is small, what the hub writes has the usual limits.

    `checks` gives the check of each kind that has one.
    """
    usual = DocumentRules()
    typed = {
        kind: DocumentRules(_TYPED_UPDATE_BYTES, _TYPED_DOCUMENT_BYTES, checks.get(kind)) for kind in _TYPED
    }

    def rules(document: str) -> DocumentRules:
        name = parse_document(document)
        return usual if name is None else typed.get(name.kind, usual)

    return rules

"""What each kind of document allows: its size, and the check of what people write in it."""

from __future__ import annotations

from collections.abc import Mapping

from ward_hub.doc_rooms.rules import DocumentRules
from ward_hub.documents import handover, memos, notes
from ward_hub.documents.names import DocumentKind, parse_document

KIB = 1024
HUB_WRITTEN = DocumentRules(max_update_bytes=256 * KIB, max_document_bytes=8 * KIB * KIB)
"""Nobody but the hub writes these; the limit only bounds what is read from a frame before it is refused."""

RULES: Mapping[DocumentKind, DocumentRules] = {
    DocumentKind.MEMOS: DocumentRules(256 * KIB, 8 * KIB * KIB, memos.validate),
    DocumentKind.HANDOVER: DocumentRules(512 * KIB, 8 * KIB * KIB, handover.validate),
    DocumentKind.NOTES: DocumentRules(256 * KIB, 2 * KIB * KIB, notes.validate),
}


def rules_for(document: str) -> DocumentRules:
    """Return the rules of a document by its name; the gate has already refused names that are none."""
    name = parse_document(document)
    return RULES.get(name.kind, HUB_WRITTEN) if name else HUB_WRITTEN

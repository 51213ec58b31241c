"""What a line of the audit trail is hashed over, and the query that finds lines."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Select, or_, select

from ward_hub.audit.tables import AuditRow
from ward_hub.documents.port import Json

HASHED = ("seq", "at", "action", "result", "staff", "terminal", "ward", "subject", "address", "detail")
"""Every field of a line but its own hash."""
MAX_DETAIL_CHARS = 8000
"""A change of many edits is told by its number; what is longer than this is nobody's reading."""


@dataclass(frozen=True, slots=True)
class AuditSearch:
    """Which lines are wanted: `from_ms` ≤ at < `to_ms`; `text` anywhere in subject, address or detail;
    `before`: lines with a smaller number."""

    from_ms: int | None = None
    to_ms: int | None = None
    staff: str | None = None
    action: str | None = None
    ward: str | None = None
    text: str | None = None
    before: int | None = None


def line_hash(previous: str, line: Sequence[Json]) -> str:
    """SHA-256 in hex over the hash of the line before (empty for the first) and canonical JSON of this.

    `line`: its values in the order of HASHED.
    """
    values = dict(zip(HASHED, line, strict=True))
    return hashlib.sha256(f"{previous}\n{canonical(values)}".encode()).hexdigest()


def canonical(value: Mapping[str, Json]) -> str:
    """JSON with sorted keys and no blanks: the same value is the same text."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False)


def detail_text(detail: Mapping[str, Json]) -> str:
    """The detail as it is stored; what is too long says so instead of filling the store."""
    text = canonical(detail)
    return text if len(text) <= MAX_DETAIL_CHARS else canonical({"too_long": len(text)})


def select_lines(wanted: AuditSearch) -> Select[AuditRow]:
    """The query for these lines, newest first."""
    query = select(AuditRow).order_by(AuditRow.seq.desc())
    if wanted.from_ms is not None:
        query = query.where(AuditRow.at >= wanted.from_ms)
    if wanted.to_ms is not None:
        query = query.where(AuditRow.at < wanted.to_ms)
    if wanted.before is not None:
        query = query.where(AuditRow.seq < wanted.before)
    for column, value in (
        (AuditRow.staff, wanted.staff),
        (AuditRow.action, wanted.action),
        (AuditRow.ward, wanted.ward),
    ):
        if value is not None:
            query = query.where(column == value)
    if wanted.text:
        columns = (AuditRow.subject, AuditRow.address, AuditRow.terminal, AuditRow.staff, AuditRow.detail)
        query = query.where(or_(*(column.icontains(wanted.text, autoescape=True) for column in columns)))
    return query

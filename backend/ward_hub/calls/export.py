"""The call journal as text: one table, the same columns in JSON, CSV and on a terminal. Pure."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from datetime import UTC, datetime, tzinfo

from ward_hub.calls.tables import CallLine

COLUMNS = (*(column.name for column in CallLine.__table__.columns), "recordings")
_INSTANTS = frozenset(
    {"at", "heard_at", "received_at", "acknowledged_at", "attended_at", "closed_at"},
)
_TABLE = (
    ("at", "time"),
    ("bed", "bed"),
    ("room", "room"),
    ("type", "type"),
    ("purpose", "purpose"),
    ("waited_ms", "waited"),
    ("acknowledged_by", "taken by"),
    ("attended_by", "attended by"),
    ("closed_how", "how"),
    ("way", "way"),
    ("closed_by", "closed by"),
)

Value = str | int | bool | list[str] | None


def to_json_line(line: CallLine) -> dict[str, Value]:
    """The line as GET /api/wards/{w}/calls gives it; times in ms since the epoch."""
    return {name: getattr(line, name) for name in COLUMNS}


def to_json(lines: Iterable[CallLine]) -> str:
    return json.dumps({"calls": [to_json_line(line) for line in lines]}, ensure_ascii=False)


def to_csv(lines: Iterable[CallLine], zone: tzinfo = UTC) -> str:
    """CSV with a byte order mark: without it the spreadsheet programs of hospitals take it for another set.

    Instants are ISO 8601 in `zone`; no cell can start a formula.
    """
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for line in lines:
        writer.writerow([_cell(name, getattr(line, name), zone) for name in COLUMNS])
    return "\ufeff" + text.getvalue()


def to_table(lines: Iterable[CallLine], zone: tzinfo = UTC) -> str:
    """Columns for a terminal, waiting as mm:ss."""
    rows = [[title for _, title in _TABLE]]
    rows += [[_shown(name, getattr(line, name), zone) for name, _ in _TABLE] for line in lines]
    widths = [max(len(row[index]) for row in rows) for index in range(len(_TABLE))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def _cell(name: str, value: Value, zone: tzinfo) -> str:
    if value is None:
        return ""
    if name in _INSTANTS and isinstance(value, int):
        return _instant(value, zone).isoformat(timespec="seconds")
    if isinstance(value, list):
        return " ".join(value)
    text = str(int(value)) if isinstance(value, bool) else str(value)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def _shown(name: str, value: Value, zone: tzinfo) -> str:
    if value is None:
        return ""
    if name == "at" and isinstance(value, int):
        return _instant(value, zone).strftime("%Y-%m-%d %H:%M:%S")
    if name == "waited_ms" and isinstance(value, int):
        return f"{value // 60_000:02}:{value // 1000 % 60:02}"
    return str(value)


def _instant(ms: int, zone: tzinfo) -> datetime:
    return datetime.fromtimestamp(ms / 1000, UTC).astimezone(zone)

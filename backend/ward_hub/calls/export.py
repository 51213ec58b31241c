"""The call journal as text: one table, the same columns in JSON, CSV, a spreadsheet, a terminal. Pure."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, tzinfo

from ward_hub.calls.tables import CallLine
from ward_hub.office.export import Cell, Column, Instant, Lang, heads, safe_text
from ward_hub.office.export import to_csv as csv_file

COLUMNS = (*(column.name for column in CallLine.__table__.columns), "recordings")
_HEADS: dict[str, tuple[str, str]] = {
    "id": ("编号", "Call"),
    "ward": ("病区", "Ward"),
    "room": ("病房", "Room"),
    "bed": ("床位", "Bed"),
    "source": ("来源", "Source"),
    "type": ("类型", "Type"),
    "purpose": ("事由", "Purpose"),
    "at": ("呼叫时间", "Called at"),
    "approx": ("时间为估计", "Time is estimated"),
    "heard_at": ("服务器收到", "Heard by the hub at"),
    "received_at": ("护士站收到", "Received at"),
    "acknowledged_at": ("接单时间", "Taken at"),
    "acknowledged_by": ("首次接受", "First taken by"),
    "taken_by": ("最后负责", "Had it last"),
    "attended_at": ("到场时间", "Attended at"),
    "attended_by": ("到场人", "Attended by"),
    "talk_ms": ("通话毫秒", "Talk ms"),
    "closed_at": ("结束时间", "Closed at"),
    "closed_by": ("结束人", "Closed by"),
    "closed_how": ("结束方式", "Closed how"),
    "way": ("处理途径", "Way"),
    "waited_ms": ("等待毫秒", "Waited ms"),
    "missed": ("漏接", "Missed"),
    "staff_unverified": ("未验证人员", "Staff not verified"),
    "recordings": ("录音", "Recordings"),
}
CALL_COLUMNS = tuple(Column(name, *_HEADS.get(name, (name, name))) for name in COLUMNS)
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


def to_csv(lines: Iterable[CallLine], zone: tzinfo = UTC, lang: Lang | None = None) -> str:
    """CSV with a byte order mark: without it the spreadsheet programs of hospitals take it for another set.

    `lang`: heads and times as people read them; None: column names and ISO 8601, for programs. Instants are
    in `zone`; no cell can start a formula.
    """
    if lang is not None:
        return csv_file(heads(CALL_COLUMNS, lang), call_rows(lines), zone).decode()
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for line in lines:
        writer.writerow([_cell(name, getattr(line, name), zone) for name in COLUMNS])
    return "\ufeff" + text.getvalue()


def call_rows(lines: Iterable[CallLine]) -> Iterator[list[Cell]]:
    """The lines as rows of an export, in the order of CALL_COLUMNS."""
    for line in lines:
        yield [_exported(name, getattr(line, name)) for name in COLUMNS]


def to_table(lines: Iterable[CallLine], zone: tzinfo = UTC) -> str:
    """Columns for a terminal, waiting as mm:ss."""
    rows = [[title for _, title in _TABLE]]
    rows += [[_shown(name, getattr(line, name), zone) for name, _ in _TABLE] for line in lines]
    widths = [max(len(row[index]) for row in rows) for index in range(len(_TABLE))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def _exported(name: str, value: Value) -> Cell:
    if name in _INSTANTS and isinstance(value, int):
        return Instant(value)
    return " ".join(value) if isinstance(value, list) else value


def _cell(name: str, value: Value, zone: tzinfo) -> str:
    if value is None:
        return ""
    if name in _INSTANTS and isinstance(value, int):
        return _instant(value, zone).isoformat(timespec="seconds")
    if isinstance(value, list):
        return " ".join(value)
    text = str(int(value)) if isinstance(value, bool) else str(value)
    return safe_text(text)


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

"""Tables as files for a spreadsheet program: CSV and XLSX, in the hospital's time. Pure.

What a cell holds, the caller says; nothing in it can become a formula.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any, Literal

Lang = Literal["zh", "en"]
Format = Literal["csv", "xlsx"]
MEDIA_TYPES: Mapping[Format, str] = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
MAX_CELL_CHARS = 32_000
"""A cell of a spreadsheet holds 32,767."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_NO_XML = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_TIME = "%Y-%m-%d %H:%M:%S"


@dataclass(frozen=True, slots=True)
class Instant:
    """A time in ms since the epoch: a date and time of the hospital's in the file."""

    ms: int


@dataclass(frozen=True, slots=True)
class Column:
    """`name` is for programs, `zh` and `en` stand over the column."""

    name: str
    zh: str
    en: str


Cell = str | int | float | bool | Instant | None
Rows = Iterable[Sequence[Cell]]


def heads(columns: Iterable[Column], lang: Lang) -> list[str]:
    """What stands over the columns."""
    return [column.zh if lang == "zh" else column.en for column in columns]


def to_file(form: Format, sheet: str, head: Sequence[str], rows: Rows, zone: tzinfo) -> bytes:
    """The table as a file of this format."""
    return to_csv(head, rows, zone) if form == "csv" else to_xlsx(sheet, head, rows, zone)


def to_csv(head: Sequence[str], rows: Rows, zone: tzinfo) -> bytes:
    """CSV in UTF-8 with a byte order mark: without it Excel in China takes it for GBK."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(head)
    writer.writerows([_shown(cell, zone) for cell in row] for row in rows)
    return ("\ufeff" + text.getvalue()).encode("utf-8", "replace")


def to_xlsx(sheet: str, head: Sequence[str], rows: Rows, zone: tzinfo) -> bytes:
    """One sheet, the head kept in view, times as dates that can be sorted. Written row by row."""
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell

    book = Workbook(write_only=True)
    page = book.create_sheet(_NO_XML.sub("", sheet)[:31])
    page.freeze_panes = "A2"
    page.append([safe_text(one) for one in head])
    for row in rows:
        cells: list[Any] = []
        for value in row:
            if isinstance(value, Instant):
                # A sheet knows no zones: what stands in the cell is the clock on the hospital's wall.
                cell = WriteOnlyCell(page, _local(value, zone).replace(tzinfo=None))
                cell.number_format = "yyyy-mm-dd hh:mm:ss"
                cells.append(cell)
            else:
                cells.append(safe_text(value) if isinstance(value, str) else value)
        page.append(cells)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def safe_text(text: str) -> str:
    """The text as a cell: no spreadsheet takes it for a formula, no XML parser stumbles over it."""
    text = _NO_XML.sub("\ufffd", text)[:MAX_CELL_CHARS]
    return f"'{text}" if text.startswith(_FORMULA) else text


def _shown(cell: Cell, zone: tzinfo) -> str:
    if cell is None:
        return ""
    if isinstance(cell, Instant):
        return _local(cell, zone).strftime(_TIME)
    if isinstance(cell, bool):
        return str(int(cell))
    return safe_text(cell) if isinstance(cell, str) else str(cell)


def _local(instant: Instant, zone: tzinfo) -> datetime:
    return datetime.fromtimestamp(instant.ms / 1000, UTC).astimezone(zone).replace(microsecond=0)

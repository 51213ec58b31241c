"""Spreadsheets from outside as rows of text: CSV (UTF-8 or GB18030) and XLSX, limited before they are opened.

What the columns mean, `import_rows.py` says. Blocking: read in a thread.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from typing import Literal

MAX_BYTES = 2 * 1024 * 1024
MAX_ROWS = 5_000
MAX_COLUMNS = 40
MAX_CELL_CHARS = 500
MAX_UNPACKED_BYTES = 50 * 1024 * 1024
"""Of all files in the XLSX together: a bomb is refused by its table of contents."""
MAX_PARTS = 200
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_ERRORS = frozenset({"#N/A", "#REF!", "#NAME?", "#VALUE!", "#DIV/0!", "#NULL!", "#NUM!"})
_SEPARATORS = ",;\t"


class SheetRefused(ValueError):
    """The file cannot be taken as a whole. `code`: too_large or malformed."""

    def __init__(self, code: Literal["too_large", "malformed"], message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class SheetRow:
    """`number` as the spreadsheet counts it, the head is 1; cells without blanks around them."""

    number: int
    cells: tuple[str, ...]


def read_sheet(data: bytes) -> list[SheetRow]:
    """Return the head and all rows in which something stands. Raises SheetRefused."""
    if len(data) > MAX_BYTES:
        raise SheetRefused("too_large", f"Expected at most {MAX_BYTES} bytes.")
    rows = _xlsx(data) if data.startswith(b"PK") else _csv(data)
    found: list[SheetRow] = []
    for number, cells in enumerate(rows, start=1):
        if number > MAX_ROWS + 1:
            raise SheetRefused("too_large", f"Expected at most {MAX_ROWS} rows below the head.")
        if any(len(cell) > MAX_CELL_CHARS for cell in cells):
            raise SheetRefused("too_large", f"Row {number}: expected at most {MAX_CELL_CHARS} characters.")
        if number == 1 or any(cells):
            found.append(SheetRow(number, tuple(cells)))
    if not found or not any(found[0].cells):
        raise SheetRefused("malformed", "Expected the names of the columns in the first row.")
    return found


def is_formula(cell: str) -> bool:
    """Whether a cell would be worked out, or was and failed, instead of saying what it says."""
    return cell.startswith("=") or cell in _ERRORS


def write_template(title: str, heads: Sequence[str]) -> bytes:
    """An XLSX file with nothing but the head."""
    from openpyxl import Workbook

    book = Workbook(write_only=True)
    page = book.create_sheet(title)
    page.freeze_panes = "A2"
    page.append(list(heads))
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _csv(data: bytes) -> Iterator[list[str]]:
    text = _decoded(data)
    if "\0" in text:
        raise SheetRefused("malformed", "Expected text, got NUL.")
    head = text.partition("\n")[0]
    separator = max(_SEPARATORS, key=head.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        for row in reader:
            if len(row) > MAX_COLUMNS:
                raise SheetRefused("too_large", f"Expected at most {MAX_COLUMNS} columns.")
            yield [cell.strip() for cell in row]
    except csv.Error as error:
        raise SheetRefused("malformed", f"Line {reader.line_num}: {error}.") from error


def _decoded(data: bytes) -> str:
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise SheetRefused("malformed", "Expected CSV in UTF-8 or GB18030, or XLSX.")


def _xlsx(data: bytes) -> Iterator[list[str]]:
    _check_zip(data)
    # Imported here: a hub that nobody imports into should not pay for it.
    from openpyxl import load_workbook

    try:
        book = load_workbook(io.BytesIO(data), read_only=True, keep_links=False)
        try:
            page = book.worksheets[0]
            rows = page.iter_rows(max_row=MAX_ROWS + 2, max_col=MAX_COLUMNS, values_only=True)
            # A list: what is broken inside shows while it is read.
            found = [[_text(cell) for cell in row] for row in islice(rows, MAX_ROWS + 2)]
        finally:
            book.close()
    except Exception as error:  # openpyxl lets through whatever its readers meet
        raise SheetRefused("malformed", "Expected an XLSX file that can be read.") from error
    while found and not any(found[-1]):
        found.pop()
    return iter(found)


def _check_zip(data: bytes) -> None:
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as file:
            parts = file.infolist()
            if len(parts) > MAX_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED_BYTES:
                raise SheetRefused("too_large", f"Expected at most {MAX_UNPACKED_BYTES} bytes unpacked.")
            for part in parts:
                # No spreadsheet program writes one; entities are declared there.
                if part.filename.endswith((".xml", ".rels")) and b"<!DOCTYPE" in file.read(part):
                    raise SheetRefused("malformed", "Expected XML without a document type.")
    except SheetRefused:
        raise
    except Exception as error:  # zipfile lets through ValueError, zlib's error and more for damaged files
        raise SheetRefused("malformed", "Expected an XLSX file that can be read.") from error


def _text(cell: object) -> str:
    """What a cell shows: 12 for the number 12.0, a date as YYYY-MM-DD."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "1" if cell else "0"
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    if isinstance(cell, datetime | date):
        return cell.isoformat()[:10]
    return str(cell).strip()

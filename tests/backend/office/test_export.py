"""Exports: what a spreadsheet program makes of them, and what it must not."""

from __future__ import annotations

import csv
import io
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from openpyxl import load_workbook
from ward_hub.calls.export import CALL_COLUMNS, to_csv
from ward_hub.calls.tables import CallLine
from ward_hub.office.export import Cell, Column, Format, Instant, heads, to_file

ZONE = ZoneInfo("Asia/Shanghai")
AT = 1_800_000_000_123
HEAD = ["时间", "=head", "n"]
ROWS: list[list[Cell]] = [
    [Instant(AT), "=1+1", 3],
    [None, "+86 10", True],
    [Instant(0), "-1", 2.5],
    [None, "@SUM(A1)", None],
    [None, "\tx", -4],
    [None, "a\x00b\x0bc\ud800", 0],
    [None, 'a "b", c\nd', 0],
    [None, "中文", False],
]


def test_csv_opens_in_excel_and_computes_nothing() -> None:
    data = to_file("csv", "s", HEAD, ROWS, ZONE)
    assert data.startswith(b"\xef\xbb\xbf")
    read = list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))
    assert read[0] == ["时间", "=head", "n"]
    assert read[1] == ["2027-01-15 16:00:00", "'=1+1", "3"]
    assert [row[1] for row in read[2:6]] == ["'+86 10", "'-1", "'@SUM(A1)", "'\tx"]
    assert read[2][2] == "1"
    assert read[5][2] == "-4"
    assert read[7][1] == 'a "b", c\nd'


def test_xlsx_has_dates_and_no_formulas() -> None:
    data = to_file("xlsx", "审计", HEAD, ROWS, ZONE)
    page = load_workbook(io.BytesIO(data))["审计"]
    read = list(page.iter_rows())
    assert [cell.value for cell in read[0]] == ["时间", "'=head", "n"]
    assert read[1][0].value == datetime(2027, 1, 15, 16, 0)  # noqa: DTZ001  a sheet knows no zones
    assert read[1][0].is_date
    assert [row[1].value for row in read[1:6]] == ["'=1+1", "'+86 10", "'-1", "'@SUM(A1)", "'\tx"]
    assert not [cell for row in read for cell in row if cell.data_type == "f"]
    assert read[6][1].value == "a\ufffdb\ufffdc\ufffd"
    assert [row[2].value for row in read[1:5]] == [3, True, 2.5, None]
    assert page.freeze_panes == "A2"


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_an_empty_table_has_its_head(form: Format) -> None:
    assert to_file(form, "s", HEAD, [], ZONE)


def test_heads_are_in_both_languages() -> None:
    assert heads([Column("a", "甲", "A")], "zh") == ["甲"]
    assert heads([Column("a", "甲", "A")], "en") == ["A"]
    for column in CALL_COLUMNS:
        assert column.en != column.name, f"no heads for {column.name}"
        assert not column.zh.isascii()


def test_the_journal_for_people_is_in_the_hospitals_time() -> None:
    line = CallLine(id="a" * 32, ward="thoracic", source="bed:b01", type="patient", at=AT, approx=False)
    line.missed, line.waited_ms, line.closed_by, line.staff_unverified = False, 42_000, "=n001", []
    for lang, head in (("zh", "呼叫时间"), ("en", "Called at")):
        text = to_csv([line], ZONE, "zh" if lang == "zh" else "en")
        (row,) = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")))
        assert row[head] == "2027-01-15 16:00:00"
        assert "'=n001" in row.values()

"""Imports: told by row and column what is wrong, all at once; taken whole as one change, or not at all."""

from __future__ import annotations

import contextlib
import io
import random
import zipfile
from dataclasses import replace
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook
from ward_hub.access.port import AccessRefused
from ward_hub.audit.port import AuditAction
from ward_hub.directory.fixture import WARD
from ward_hub.directory.model import Role
from ward_hub.office import sheets
from ward_hub.office.import_rows import COLUMNS
from ward_hub.office.importing import Imported, Importing, template
from ward_hub.office.port import Permission
from ward_hub.office.sheets import SheetRefused, read_sheet

from tests.backend.office.ward import Office, officer


def csv(*lines: str, encoding: str = "utf-8") -> bytes:
    return "\r\n".join(lines).encode(encoding)


def xlsx(*rows: tuple[Any, ...]) -> bytes:
    book = Workbook()
    page = book.active
    assert page is not None
    for row in rows:
        page.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


async def take(
    office: Office, kind: str, data: bytes, *, ward: str | None = WARD, dry: bool = False
) -> Imported:
    return await Importing(office.database, office.changes).run(officer(), kind, ward, data, dry)


def told(done: Imported) -> list[tuple[int, str | None]]:
    return [(error.row, error.column) for error in done.errors]


async def test_beds_with_new_rooms_are_one_change_that_can_be_undone(office: Office) -> None:
    before = await office.model()
    data = csv("病房,床号,呼叫名", "701,1,一床", "750,50,", "750,+3,加3床")
    tried = await take(office, "beds", data, dry=True)
    assert (tried.rows, tried.errors, tried.change, len(tried.edits)) == (3, (), None, 4)
    assert await office.model() == before
    done = await take(office, "beds", data)
    assert (done.change, done.edits) == (1, tried.edits)
    ward = (await office.model()).wards[WARD]
    assert (ward.beds["b01"].call_name, ward.beds["b02"].call_name) == ("一床", "2床")
    assert (ward.rooms["r27"].name, ward.beds["b47"].room, ward.beds["b47"].call_name) == (
        "750",
        "r27",
        "50床",
    )
    assert (ward.beds["b48"].label, ward.beds["b48"].order) == ("+3", 48)
    assert office.audit.entries[-1].action is AuditAction.IMPORT
    again = await take(office, "beds", data)
    assert (again.rows, again.change, again.edits) == (3, None, ())
    await office.changes.undo(officer(), 1)
    assert replace(await office.model(), revision=0) == replace(before, revision=0)


async def test_every_wrong_cell_is_told_and_nothing_is_taken(office: Office) -> None:
    before = await office.model()
    data = csv(
        "病房,床号,呼叫名,顺序,编号",
        "701,1,一床,1,",
        ",51,,,",
        "750,52,,x,",
        "750,=1+1,,,",
        "750,54,,,B 54",
        "750,55,,,",
        "750,55,,,",
        "",
        "750," + "9" * 21 + ",,,",
        "x" * 61 + ",57,,,",
    )
    done = await take(office, "beds", data)
    assert (done.rows, done.change) == (9, None)
    assert told(done) == [
        (3, "病房"), (4, "顺序"), (5, "床号"), (6, "编号"), (8, "床号"), (10, "床号"), (11, None),
    ]  # fmt: skip
    assert all(error.message and error.message_zh for error in done.errors)
    assert await office.model() == before


async def test_heads_are_known_in_both_languages_once_each(office: Office) -> None:
    assert told(await take(office, "beds", csv("Room, BED ,楼层,room", "1,1,1,1"))) == [
        (1, "楼层"),
        (1, "room"),
    ]
    assert told(await take(office, "beds", csv("room,order", "1,1"))) == [(1, "床号")]
    names = [name for columns in COLUMNS.values() for column in columns for name in column.names]
    assert all(name == name.strip() for name in names)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
async def test_people_in_the_encodings_of_the_field(office: Office, encoding: str) -> None:
    data = csv(
        "工号;姓名;角色;职务;在职",
        "n001;林晓月;护士长;;是",
        "N100;欧阳晓;护士;组长;",
        "d001;陆景明;doctor;主任;否",
        encoding=encoding,
    )
    done = await take(office, "staff", data)
    assert done.errors == ()
    staff = (await office.model()).wards[WARD].staff
    assert (staff["n001"].role, staff["d001"].active, staff["d001"].title) == (
        Role.HEAD_NURSE,
        False,
        "director",
    )
    assert (staff["n100"].name, staff["n100"].number, staff["n100"].ward) == ("欧阳晓", "N100", WARD)
    assert office.people == [frozenset({"n001", "n100", "d001"})]


async def test_people_who_cannot_be_are_told(office: Office) -> None:
    data = csv(
        "number,name,role,ward,active",
        "n200,甲,护士,nowhere,",
        "n201,乙,cook,,",
        "n202,丙,护士,胸壁外科病区,maybe",
        "n203,丁,护士,,",
        "n203,戊,护士,,",
        "n 204,己,护士,,",
        "n205,庚,系统管理员,,",
    )
    assert told(await take(office, "staff", data, ward=None)) == [
        (2, "ward"), (3, "role"), (4, "active"), (5, "ward"), (6, "number"), (7, "number"), (7, "ward"),
    ]  # fmt: skip


async def test_terminals_hang_where_they_say(office: Office) -> None:
    await take(office, "beds", csv("病房,床号", "750,50"))
    data = xlsx(
        ("名称", "类型", "病房", "床号", "序列号", "MAC地址"),
        ("50床床头屏", "床头屏", None, 50, 12345, "AA-BB-CC-00-11-22"),
        ("750门口屏", "door", 750.0, None, None, "aabb.cc00.1133"),
        ("PDA 21", "PDA", None, None, None, None),
        ("1床床头屏", "床头屏", 701, 1, "S1", None),
    )
    done = await take(office, "terminals", data)
    assert done.errors == ()
    terminals = (await office.model()).wards[WARD].terminals
    new = terminals["bed-b47"]
    assert (new.room, new.bed, new.profile, new.serial, new.mac) == (
        "r27", "b47", "bedside-7", "12345", "aa:bb:cc:00:11:22",
    )  # fmt: skip
    assert terminals["door-r27"].mac == "aa:bb:cc:00:11:33"
    assert (terminals["pda-21"].supervised, terminals["bed-b47"].supervised) == (False, True)
    assert terminals["bed-b01"].serial == "S1"
    wrong = xlsx(
        ("名称", "类型", "病房", "床号", "MAC地址", "型号"),
        ("a", "床头屏", None, None, None, None),
        ("b", "门口屏", "799", None, None, None),
        ("c", "护士站", None, None, "x", "station-main-10"),
        ("d", "护士站", None, None, None, None),
        ("e", "烤箱", None, None, None, None),
        ("f", "床头屏", 702, 1, None, None),
        ("g", "PDA", None, None, None, "=A1"),
    )
    assert told(await take(office, "terminals", wrong)) == [
        (2, "床号"), (3, "病房"), (4, "MAC地址"), (5, "型号"), (6, "类型"), (7, "病房"), (8, "型号"),
    ]  # fmt: skip


async def test_who_may_not_change_may_not_import(office: Office) -> None:
    importing = Importing(office.database, office.changes)
    for who in (officer(Permission.WARD_READ), officer(Permission.WARD_WRITE, ward="other")):
        with pytest.raises(AccessRefused):
            await importing.run(who, "beds", WARD, b"", True)


def bomb(size: int) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("xl/worksheets/sheet1.xml", b"\0" * size)
    return file.getvalue()


def with_doctype() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(xlsx(("a",)))) as good, zipfile.ZipFile(file, "w") as made:
        for part in good.infolist():
            data = good.read(part)
            if part.filename == "xl/worksheets/sheet1.xml":
                data = b'<!DOCTYPE x [<!ENTITY a "b">]>' + data
            made.writestr(part.filename, data)
    return file.getvalue()


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "malformed"),
        (b"\n\n", "malformed"),
        (b"PK\x03\x04nothing", "malformed"),
        (bomb(1000), "malformed"),
        (bomb(sheets.MAX_UNPACKED_BYTES + 1), "too_large"),
        (with_doctype(), "malformed"),
        (xlsx(("a",))[:-40], "malformed"),
        (b"a\0b,c\n", "malformed"),
        (b"\xff\xfe\xff", "malformed"),
        (b'a,b\n"x', "malformed"),
        (b"a\n" + b"1\n" * (sheets.MAX_ROWS + 1), "too_large"),
        (b"a\n" + b"1" * 501, "too_large"),
        (b"a" + b",b" * 41, "too_large"),
        (b"x" * (sheets.MAX_BYTES + 1), "too_large"),
    ],
)
def test_files_that_are_none_are_refused_whole(data: bytes, code: str) -> None:
    with pytest.raises(SheetRefused) as refused:
        read_sheet(data)
    assert refused.value.code == code


def test_damaged_files_are_refused_and_nothing_else_happens() -> None:
    good, chance = xlsx(("病房", "床号"), ("701", 1)), random.Random(7)
    for _ in range(150):
        damaged = bytearray(good)
        for _ in range(chance.randint(1, 8)):
            damaged[chance.randrange(2, len(damaged))] = chance.randrange(256)
        at = chance.randrange(2, len(damaged))
        del damaged[at : at + chance.choice((0, 0, 5))]
        with contextlib.suppress(SheetRefused):
            read_sheet(bytes(damaged))


def test_a_sheet_of_many_empty_rows_is_read_quickly() -> None:
    book = Workbook()
    page = book.active
    assert page is not None
    page["A1"] = "a"
    page["A1048576"] = "far away"
    file = io.BytesIO()
    book.save(file)
    assert [row.cells for row in read_sheet(file.getvalue())] == [("a",) + ("",) * 39]


@pytest.mark.parametrize("kind", list(COLUMNS))
def test_templates_hold_the_columns(kind: str) -> None:
    book = load_workbook(io.BytesIO(template(kind)))
    assert [cell.value for cell in book.worksheets[0][1]] == [column.names[0] for column in COLUMNS[kind]]
    assert len(read_sheet(template(kind))) == 1

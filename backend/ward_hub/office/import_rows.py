"""The columns of an import: what may stand over them, and how their cells are read. Pure.

Which edits the rows come to, `import_plans.py` says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ward_hub.directory.model import Role, TerminalKind
from ward_hub.documents.names import ID
from ward_hub.office.port import Edit, Value
from ward_hub.office.sheets import SheetRow, is_formula

Row = Mapping[str, str]
"""Field → text of the cell; empty cells are left out."""
YES = frozenset({"是", "1", "y", "yes", "true", "在职", "启用"})
NO = frozenset({"否", "0", "n", "no", "false", "离职", "停用"})


@dataclass(frozen=True, slots=True)
class ImportColumn:
    """`names`: what may stand over it, the template's first."""

    field: str
    names: tuple[str, ...]
    required: bool = False


COLUMNS: Mapping[str, Sequence[ImportColumn]] = {
    "beds": (
        ImportColumn("room", ("病房", "房间", "room"), required=True),
        ImportColumn("label", ("床号", "床位", "bed", "label"), required=True),
        ImportColumn("call_name", ("呼叫名", "呼叫名称", "call name")),
        ImportColumn("order", ("顺序", "排序", "order")),
        ImportColumn("id", ("编号", "床位编号", "id")),
    ),
    "staff": (
        ImportColumn("number", ("工号", "number"), required=True),
        ImportColumn("name", ("姓名", "name"), required=True),
        ImportColumn("role", ("角色", "岗位", "role"), required=True),
        ImportColumn("title", ("职务", "title")),
        ImportColumn("ward", ("病区", "ward")),
        ImportColumn("active", ("在职", "启用", "active")),
        ImportColumn("order", ("顺序", "排序", "order")),
    ),
    "terminals": (
        ImportColumn("name", ("名称", "终端名称", "name"), required=True),
        ImportColumn("kind", ("类型", "终端类型", "kind", "type"), required=True),
        ImportColumn("name_en", ("英文名称", "name en", "english name")),
        ImportColumn("profile", ("型号", "model", "profile")),
        ImportColumn("room", ("病房", "房间", "room")),
        ImportColumn("bed", ("床号", "床位", "bed")),
        ImportColumn("serial", ("序列号", "serial")),
        ImportColumn("mac", ("MAC地址", "mac", "mac address")),
        ImportColumn("supervised", ("监测", "supervised")),
        ImportColumn("order", ("顺序", "排序", "order")),
        ImportColumn("id", ("编号", "终端编号", "id")),
    ),
}
TITLES: Mapping[str, str] = {"beds": "床位", "staff": "人员", "terminals": "终端"}
ROLES: Mapping[str, Role] = {
    "护士": Role.NURSE,
    "护士长": Role.HEAD_NURSE,
    "医生": Role.DOCTOR,
    "工程师": Role.ENGINEER,
    "系统管理员": Role.SYSTEM_ADMIN,
    "安全管理员": Role.SECURITY_ADMIN,
    "审计管理员": Role.AUDIT_ADMIN,
}
KIND_NAMES: Mapping[str, TerminalKind] = {
    "床头屏": TerminalKind.BEDSIDE,
    "门口屏": TerminalKind.DOOR,
    "走廊屏": TerminalKind.CORRIDOR,
    "护士站": TerminalKind.STATION,
    "护士站主机": TerminalKind.STATION,
    "护士站副机": TerminalKind.STATION,
    "白板屏": TerminalKind.WHITEBOARD,
    "手持终端": TerminalKind.PDA,
    "PDA": TerminalKind.PDA,
    "卫生间呼叫器": TerminalKind.CALL_POINT,
    "呼叫点": TerminalKind.CALL_POINT,
}


@dataclass(frozen=True, slots=True)
class RowError:
    """`row` as the spreadsheet counts it; `column` as it stands in its head, None for the whole row."""

    row: int
    column: str | None
    message: str
    message_zh: str


@dataclass(frozen=True, slots=True)
class There:
    """What is there before the import, by id; rooms, beds and terminals those of `ward`, people all."""

    ward: str | None
    wards: Mapping[str, str] = field(default_factory=dict)
    rooms: Mapping[str, Value] = field(default_factory=dict)
    beds: Mapping[str, Value] = field(default_factory=dict)
    terminals: Mapping[str, Value] = field(default_factory=dict)
    staff: Mapping[str, Value] = field(default_factory=dict)
    terminal_ids: frozenset[str] = frozenset()


@dataclass(slots=True)
class Plan:
    """Edits with the row each came from, and what was wrong with rows that came to none."""

    heads: dict[str, str] = field(default_factory=dict)
    rows: int = 0
    edits: list[tuple[int, Edit]] = field(default_factory=list)
    errors: list[RowError] = field(default_factory=list)

    def error(self, row: int, column: str | None, message: str, message_zh: str) -> None:
        head = self.heads.get(column, column) if column is not None else None
        self.errors.append(RowError(row, head, message, message_zh))


def read_head(columns: Sequence[ImportColumn], head: SheetRow, plan: Plan) -> dict[str, int]:
    """Field → place of its column."""
    errors = plan.errors
    by_name = {_plain(name): column for column in columns for name in column.names}
    places: dict[str, int] = {}
    for place, name in enumerate(head.cells):
        if not name:
            continue
        column = by_name.get(_plain(name))
        if column is None:
            errors.append(RowError(1, name[:40], "There is no such column.", "未知的列。"))
        elif column.field in places:
            errors.append(RowError(1, name[:40], "This column stands twice.", "该列重复。"))
        else:
            places[column.field] = place
            plan.heads[column.field] = name
    for column in columns:
        if column.required and column.field not in places:
            errors.append(RowError(1, column.names[0], "This column is missing.", "缺少该列。"))
    return places


def _plain(name: str) -> str:
    return re.sub(r"[\s_*＊（）()]", "", name).lower()


def read_rows(
    columns: Sequence[ImportColumn], places: Mapping[str, int], rows: Sequence[SheetRow], plan: Plan
) -> Iterator[tuple[int, Row]]:
    """Rows in which nothing required is missing and no cell is a formula."""
    for row in rows:
        cells = {name: row.cells[place] for name, place in places.items() if place < len(row.cells)}
        count = len(plan.errors)
        for column in columns:
            text = cells.get(column.field, "")
            if is_formula(text):
                plan.error(row.number, column.field, "Expected a value, got a formula.", "不能是公式。")
            elif column.required and not text:
                plan.error(row.number, column.field, "This must not be empty.", "不能为空。")
        if len(plan.errors) == count:
            yield row.number, {name: text for name, text in cells.items() if text}


class Cells:
    """One row's cells, read into a value; keeps whether something was wrong."""

    def __init__(self, number: int, row: Row, plan: Plan) -> None:
        self.number = number
        self.row = row
        self._plan = plan
        self.good = True

    def wrong(self, column: str | None, message: str, message_zh: str) -> None:
        self.good = False
        self._plan.error(self.number, column, message, message_zh)

    def whole(self, column: str, otherwise: int) -> int:
        text = self.row.get(column)
        if text is None:
            return otherwise
        if re.fullmatch(r"\d{1,6}", text, re.ASCII):
            return int(text)
        self.wrong(column, "Expected a whole number.", "需为整数。")
        return otherwise

    def yes(self, column: str, otherwise: bool) -> bool:
        text = self.row.get(column, "").lower()
        if text in YES or text in NO:
            return text in YES
        if text:
            self.wrong(column, "Expected yes or no.", "需为“是”或“否”。")
        return otherwise

    def one_of(self, column: str, names: Mapping[str, Any], values: Sequence[str]) -> str | None:
        text = self.row[column]
        found = names.get(text) or (text.lower() if text.lower() in values else None)
        if found is None:
            self.wrong(column, f"Expected one of {', '.join(values)}.", f"需为：{'、'.join(names)}。")
            return None
        return str(getattr(found, "value", found))

    def id(self) -> str | None:
        text = self.row.get("id")
        if text is not None and not re.fullmatch(ID, text):
            self.wrong("id", "Expected small letters, digits, '.', '_', '-'.", "编号只能含小写字母和数字。")
        return text

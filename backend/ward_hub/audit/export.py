"""Lines of the audit trail as the office shows and exports them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ward_hub.audit.book import line_detail
from ward_hub.audit.tables import AuditRow
from ward_hub.office.export import Cell, Column, Instant

AUDIT_COLUMNS = (
    Column("seq", "序号", "No."),
    Column("at", "时间", "Time"),
    Column("action", "操作", "Action"),
    Column("result", "结果", "Result"),
    Column("staff", "工号", "Person"),
    Column("staff_name", "姓名", "Name"),
    Column("terminal", "终端", "Terminal"),
    Column("ward", "病区", "Ward"),
    Column("subject", "对象", "Subject"),
    Column("address", "地址", "Address"),
    Column("detail", "详情", "Detail"),
    Column("hash", "校验值", "Hash"),
)
"""The hash goes with an export: kept elsewhere, it shows a chain that was written anew."""


def line_json(row: AuditRow, names: Mapping[str, str]) -> dict[str, Any]:
    """`AuditLine` of the office's types. `names`: staff id → name."""
    return {
        "seq": row.seq,
        "at": row.at,
        "action": row.action,
        "result": row.result,
        "staff": row.staff,
        "staff_name": names.get(row.staff or ""),
        "terminal": row.terminal,
        "ward": row.ward,
        "subject": row.subject,
        "address": row.address,
        "detail": line_detail(row),
    }


def audit_rows(rows: Iterable[AuditRow], names: Mapping[str, str]) -> Iterator[list[Cell]]:
    """The lines as rows of an export, in the order of AUDIT_COLUMNS."""
    for row in rows:
        yield [
            row.seq,
            Instant(row.at),
            row.action,
            row.result,
            row.staff,
            names.get(row.staff or ""),
            row.terminal,
            row.ward,
            row.subject,
            row.address,
            row.detail,
            row.hash,
        ]

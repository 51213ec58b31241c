"""Audit trail and call journal in the back office: who reads them, who carries them away (A23, CALL-06)."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from ward_hub.audit.port import AuditAction, AuditEntry
from ward_hub.calls.journal import Journal
from ward_hub.calls.tables import CallLine
from ward_hub.directory.hosting_rules import zone_of
from ward_hub.edge.office_audit import OfficeAudit, office_audit_routes
from ward_hub.edge.office_journal import OfficeJournal, office_journal_routes
from ward_hub.log.memory import MemoryLog

from tests.backend.edge.office import Office, code_of, open_office
from tests.backend.ward import NOW

DAY = 86_400_000


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    def routes(office: Office) -> Any:
        journal = Journal(office.database, MemoryLog(), lambda _ward: None, office.clock)
        parts = (office.gate, office.database)
        return [
            *office_audit_routes(OfficeAudit(*parts, office.audit, lambda: zone_of({}), office.clock)),
            *office_journal_routes(
                OfficeJournal(*parts, journal, office.audit, lambda: zone_of({}), office.clock)
            ),
        ]

    async with open_office(tmp_path, routes) as opened:
        async with opened.database.session.begin() as session:
            for n, (ward, bed, at) in enumerate(
                (
                    ("thoracic", "b01", NOW - 1000),
                    ("thoracic", "b02", NOW - 40 * DAY),
                    ("cardiac", "b01", NOW - 500),
                )
            ):
                line = CallLine(
                    id=f"{n:032x}", ward=ward, bed=bed, source=f"bed:{bed}", type="patient", at=at
                )
                line.approx, line.missed, line.staff_unverified, line.closed_by = False, False, [], "=n001"
                session.add(line)
        yield opened


async def test_the_audit_administrator_reads_and_searches(office: Office) -> None:
    for n in range(3):
        entry = AuditEntry(AuditAction.CHANGE, "ok", "a001", ward="thoracic", detail={"change": n})
        await office.audit.record(entry)
    browser = await office.signed_in("a003")
    body = (await browser.get("audit", action="change", limit=2)).json()
    assert body["more"] is True
    assert [line["detail"] for line in body["lines"]] == [{"change": 2}, {"change": 1}]
    assert body["lines"][0] == {
        "seq": 3,
        "at": NOW,
        "action": "change",
        "result": "ok",
        "staff": "a001",
        "staff_name": "系统管理员",
        "terminal": None,
        "ward": "thoracic",
        "subject": None,
        "address": None,
        "detail": {"change": 2},
    }
    body = (await browser.get("audit", action="change", before=2)).json()
    assert ([line["seq"] for line in body["lines"]], body["more"]) == ([1], False)
    assert len((await browser.get("audit", staff="a003")).json()["lines"]) == 1
    assert len((await browser.get("audit", text="office")).json()["lines"]) == 1
    assert not (await browser.get("audit", ward="cardiac")).json()["lines"]


async def test_exports_of_the_trail_are_in_the_trail(office: Office) -> None:
    browser = await office.signed_in("a003")
    answer = await browser.get("audit", format="csv")
    assert answer.headers["content-disposition"] == f'attachment; filename="audit-{NOW}.csv"'
    assert answer.headers["cache-control"] == "no-store"
    (row,) = csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline=""))
    assert (row["时间"], row["操作"], row["姓名"]) == ("2027-01-15 16:00:00", "sign_in", "审计管理员")
    assert len(row["校验值"]) == 64
    answer = await browser.get("audit", format="xlsx", lang="en")
    page = load_workbook(io.BytesIO(answer.content)).active
    assert page is not None
    head, *rows = page.iter_rows(values_only=True)
    assert head[:3] == ("No.", "Time", "Action")
    assert [row[2] for row in rows] == ["export", "sign_in"]
    exports = await office.lines("export")
    assert [(line[2], line[3], line[4]["format"]) for line in exports] == [
        ("a003", "audit", "csv"),
        ("a003", "audit", "xlsx"),
    ]


@pytest.mark.parametrize("number", ["a001", "a002", "h001", "e001"])
async def test_nobody_else_reads_the_trail(office: Office, number: str) -> None:
    browser = await office.signed_in(number)
    for form in ("json", "csv", "xlsx"):
        assert code_of(await browser.get("audit", format=form)) == "forbidden"
    assert await office.lines("export") == []


async def test_nobody_signed_out_reads_anything(office: Office) -> None:
    for path in ("audit", "journal"):
        assert code_of(await office.browser().get(path)) == "signed_out"


@pytest.mark.parametrize(
    "params",
    [
        {"limit": 0},
        {"limit": 501},
        {"limit": "x"},
        {"before": -1},
        {"action": "all"},
        {"staff": "A 1"},
        {"text": "x" * 101},
        {"format": "pdf"},
        {"lang": "fr"},
        {"from": "yesterday"},
        {"more": 1},
    ],
)
async def test_odd_questions_are_malformed(office: Office, params: dict[str, Any]) -> None:
    browser = await office.signed_in("a003")
    assert code_of(await browser.get("audit", **params)) == "malformed"


async def test_the_journal_is_seen_ward_by_ward(office: Office) -> None:
    async def beds(number: str, **params: Any) -> Any:
        answer = await (await office.signed_in(number)).get("journal", **params)
        if answer.status_code >= 400:
            return code_of(answer)
        return [(call["ward"], call["bed"]) for call in answer.json()["calls"]]

    both = [("cardiac", "b01"), ("thoracic", "b01")]
    assert await beds("a001") == both
    assert await beds("a003") == both
    assert await beds("a001", ward="cardiac") == [("cardiac", "b01")]
    assert await beds("h001") == [("thoracic", "b01")]
    assert await beds("h001", ward="thoracic", **{"from": NOW - 50 * DAY}) == [
        ("thoracic", "b01"),
        ("thoracic", "b02"),
    ]
    assert await beds("e001", bed="b02", **{"from": NOW - 50 * DAY}) == [("thoracic", "b02")]
    assert await beds("h001", ward="cardiac") == "forbidden"
    assert await beds("a002") == "forbidden"
    assert await beds("a001", **{"from": 1}) == "malformed"
    assert await beds("a001", type="code_blue") == []


@pytest.mark.parametrize(
    ("number", "code"), [("h001", "ok"), ("a003", "ok"), ("e001", "forbidden"), ("a001", "forbidden")]
)
async def test_reading_the_journal_is_not_carrying_it_away(office: Office, number: str, code: str) -> None:
    browser = await office.signed_in(number)
    assert code_of(await browser.get("journal")) == "ok"
    for form in ("csv", "xlsx"):
        answer = await browser.get("journal", format=form)
        assert code_of(answer) == code
    assert len(await office.lines("export")) == (2 if code == "ok" else 0)


async def test_the_journal_as_a_file(office: Office) -> None:
    browser = await office.signed_in("h001")
    answer = await browser.get("journal", format="csv", lang="en")
    (row,) = csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"), newline=""))
    assert (row["Called at"], row["Bed"], row["Closed by"]) == ("2027-01-15 15:59:59", "b01", "'=n001")
    answer = await browser.get("journal", format="xlsx")
    page = load_workbook(io.BytesIO(answer.content)).active
    assert page is not None
    assert [cell.value for cell in next(page.iter_rows())][:2] == ["编号", "病区"]
    (line, _) = await office.lines("export")
    assert line[4]["lines"] == 1


async def test_a_file_that_is_cut_short_says_so(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ward_hub.edge.office_journal.MAX_EXPORTED", {"csv": 1, "xlsx": 1})
    browser = await office.signed_in("a003")
    for lang, said in (("zh", "还有更多记录"), ("en", "There are more")):
        rows = (await browser.get("journal", format="csv", lang=lang)).text.splitlines()
        assert len(rows) == 3
        assert rows[-1].startswith(('"' + said, said))
    assert all(line[4]["more"] for line in await office.lines("export"))

"""Records of the back office: what is imported, exported, written down, and mended of the feed."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from playwright.sync_api import Locator, Playwright, expect
from ward_hub.demo.his import Hospital, standard_beds, standard_staff
from ward_hub.ingest.hl7.mllp import MllpClient
from ward_sync.facts import Act

from tests.helpers.hub_process import run_async
from tests.helpers.office import Desk, House, Shown, open_house
from tests.helpers.screens import now_ms


@pytest.fixture(scope="module")
def house(
    playwright: Playwright, built_app: Path, ward_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    with open_house(playwright, ward_template, tmp_path_factory.mktemp("records")) as house:
        yield house


def test_beds_are_imported_whole_or_not_at_all_and_the_audit_says_by_whom(house: House) -> None:
    """批量导入: errors by row; the good file is one change, at the door in time, and can be undone."""
    desk, door = house.desk("a001"), house.terminals["door-r21"]
    desk.open("import")
    desk.get("import-kind-beds").click()
    choose(desk, "病房,床号\n721,90\n,91\n721,\n")
    desk.get("import-dry").click()
    expect(desk.get("import-bad")).to_be_visible()
    expect(desk.get("import-error")).to_have_count(2)
    expect(desk.get("import-apply")).to_be_disabled()

    choose(desk, "病房,床号\n721,90\n")
    desk.get("import-dry").click()
    expect(desk.get("import-good")).to_be_visible()
    shown = Shown(door, ".tile .number", "90")
    shown.within(desk.save("import-apply"))
    gone = Shown(door, ".tile .number", "90", gone=True)
    gone.within(desk.undo())

    audit = house.desk("a003")
    audit.open("audit")
    expect(audit.get("audit-row").filter(has_text="系统管理员").filter(has_text="导入").first).to_be_visible()


def test_records_are_exported_as_csv_and_xlsx(house: House, tmp_path: Path) -> None:
    """呼叫记录, 审计: both open, and hold what the page shows."""
    call = house.hands.press("bed-b05", "patient", "bed:b05")
    house.hands.act("bed-b05", Act.CANCELLED, [call])
    head, audit = house.desk("h001"), house.desk("a003")
    head.open("journal")
    head.get("journal-refresh").click()
    expect(head.row("journal-row", call)).to_be_visible()
    audit.open("audit")
    for desk, page in ((head, "journal"), (audit, "audit")):
        rows = sheet(saved(desk, desk.get(f"{page}-xlsx"), tmp_path / f"{page}.xlsx"))
        text = saved(desk, desk.get(f"{page}-csv"), tmp_path / f"{page}.csv").read_text("utf-8-sig")
        lines = list(csv.reader(text.splitlines()))
        assert len(rows) > 1
        assert len(rows[0]) == len(lines[0])


def test_a_message_that_could_not_be_taken_is_mended_and_its_patient_appears(house: House) -> None:
    """接口消息: refused with reason and place, mended and replayed; who read and mended it is audited."""
    desk, station = house.desk("a001"), house.terminals["station-main"]
    free = next(bed for bed in map(str, range(1, 47)) if bed not in house.hospital.patients)
    room = house.desk("a001").held("beds", f"b{int(free):02d}")["room"]
    # somebody who is known to no one here, sent to a bed that the ward does not have
    other = Hospital(11, standard_beds(), standard_staff(), "MENDED")
    admission = other.fill(now_ms())[0]
    bed, patient = next(iter(other.patients.items()))
    place = re.compile(rb"\^\d+\^" + bed.encode() + rb"\^DEMO")
    run_async(send(house, [place.sub(b"^799^99^DEMO", admission)]))
    desk.open("feed")
    row = desk.get("feed-row").filter(has_text="ADT^A01").first
    row.get_by_test_id("feed-open").click()
    text = desk.get("feed-text")
    expect(text).to_have_value(re.compile(r"\bPV1\|"))
    mended = text.input_value().replace("^799^99", f"^{700 + int(room[1:])}^{free}")
    text.fill(mended)
    appears = Shown(station, f'[data-bed="b{int(free):02d}"]', f"{patient.family}{patient.given}")
    since, answer = desk.send(desk.get("feed-replay"), "feed/")
    assert answer.json() == {"state": "replayed", "reason": None}
    appears.within(since)
    audit = house.desk("a003")
    lines = audit.read("audit?action=feed_repair&staff=a001")["lines"]
    assert {line["detail"]["did"] for line in lines} >= {"read", "repair"}


def choose(desk: Desk, text: str) -> None:
    file: Any = {"name": "beds.csv", "mimeType": "text/csv", "buffer": text.encode()}
    desk.get("import-file").set_input_files(files=[file])


def saved(desk: Desk, key: Locator, path: Path) -> Path:
    with desk.page.expect_download() as info:
        key.click()
    info.value.save_as(path)
    return path


def sheet(path: Path) -> list[tuple[Any, ...]]:
    """Rows of the first sheet."""
    book = load_workbook(path, read_only=True)
    return [tuple(row) for row in book.worksheets[0].iter_rows(values_only=True)]


async def send(house: House, messages: list[bytes]) -> list[bytes]:
    client = MllpClient("127.0.0.1", house.hub.mllp_port)
    try:
        return [await client.send(message) for message in messages]
    finally:
        await client.close()

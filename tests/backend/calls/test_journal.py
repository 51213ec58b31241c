"""The call journal (CALL-06): when, who, how long it waited, how it was dealt with."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from ward_hub.calls.export import to_csv, to_json_line, to_table
from ward_hub.calls.journal import Journal
from ward_hub.db.engine import open_database
from ward_sync.facts import Act

from tests.backend.calls.ward import NOW, ROOM, Ward
from tests.helpers.signing import id_of

DAY = 24 * 60 * 60 * 1000


@pytest.fixture
def ward() -> Ward:
    return Ward()


@pytest.fixture
async def journal(ward: Ward, tmp_path: Path) -> AsyncIterator[Journal]:
    database = open_database(f"sqlite:{tmp_path / 'ward.sqlite'}")
    await database.upgrade()
    yield Journal(database, ward.log, lambda _ward: ward.directory(), lambda: ward.now)
    await database.close()


async def _a_call(ward: Ward) -> str:
    call = ward.bedside.place(NOW, purpose="water")
    await ward.send(call)
    ward.now += 40_000
    await ward.send(ward.station.make(Act.ACKNOWLEDGED, ward.now, (id_of(call),), staff="n001"))
    ward.now += 20_000
    await ward.send(ward.door.make(Act.ATTENDED, ward.now, (id_of(call),)))
    await ward.send(
        ward.station.make(
            Act.CLEARED, ward.now + 1, (id_of(call),), policy="tender", way="remote", staff="n002"
        )
    )
    return id_of(call)


async def test_a_line_says_when_who_how_long_and_how(ward: Ward, journal: Journal) -> None:
    call = await _a_call(ward)
    (line,) = await journal.list_calls("thoracic", NOW, NOW + DAY)
    record = to_json_line(line)
    assert record["id"] == call
    assert (record["at"], record["bed"], record["purpose"]) == (NOW, "b01", "water")
    assert (record["acknowledged_at"], record["acknowledged_by"]) == (NOW + 40_000, "n001")
    assert (record["attended_by"], record["closed_by"]) == ("door-r01", "n002")
    assert (record["closed_how"], record["way"], record["waited_ms"]) == ("cleared", "remote", 40_000)


async def test_a_line_keeps_who_was_first_and_who_had_it_last(ward: Ward, journal: Journal) -> None:
    """CF47"""
    call = ward.bedside.place(NOW)
    await ward.send(call)
    for wait, staff in ((20_000, "n001"), (30, "n002")):
        ward.now += wait
        await ward.send(ward.station.make(Act.ACKNOWLEDGED, ward.now, (id_of(call),), staff=staff))
    (line,) = await journal.list_calls("thoracic", NOW, NOW + DAY)
    record = to_json_line(line)
    assert (record["acknowledged_by"], record["taken_by"], record["waited_ms"]) == ("n001", "n002", 20_000)
    assert "首次接受,最后负责" in to_csv([line], lang="zh")


async def test_reading_the_log_again_changes_nothing(ward: Ward, journal: Journal) -> None:
    await _a_call(ward)
    assert await journal.catch_up() == 4
    before = [to_json_line(line) for line in await journal.list_calls("thoracic", NOW, NOW + DAY)]
    assert await journal.catch_up() == 0
    assert [to_json_line(line) for line in await journal.list_calls("thoracic", NOW, NOW + DAY)] == before


async def test_the_list_is_filtered_by_time_bed_and_type(ward: Ward, journal: Journal) -> None:
    await ward.send(ward.bedside.place(NOW), ward.bedside.place(NOW + DAY, type_="emergency"))
    assert len(await journal.list_calls("thoracic", NOW, NOW + 2 * DAY)) == 2
    assert len(await journal.list_calls("thoracic", NOW, NOW + DAY)) == 1
    assert len(await journal.list_calls("thoracic", NOW, NOW + 2 * DAY, type_="emergency")) == 1
    assert await journal.list_calls("thoracic", NOW, NOW + 2 * DAY, bed="b02") == []
    assert await journal.list_calls("cardiac", NOW, NOW + 2 * DAY) == []


async def test_what_closed_a_call_is_found_after_it_left_its_document(ward: Ward, journal: Journal) -> None:
    """A terminal that was away for days asks about a call it still holds open: 0 resurrected."""
    call = await _a_call(ward)
    ward.now += DAY
    assert await ward.service.prune(ROOM) == 4
    assert {entry.fact.body.act for entry in await journal.closing([call])} == {
        Act.PLACED,
        Act.CLEARED,
    }
    waiting = ward.bedside.place(ward.now)
    await ward.send(waiting)
    assert await journal.closing([id_of(waiting)]) == []


async def test_the_export_opens_in_a_spreadsheet(ward: Ward, journal: Journal) -> None:
    await _a_call(ward)
    lines = await journal.list_calls("thoracic", NOW, NOW + DAY)
    text = to_csv(lines)
    assert text.startswith("\ufeff")
    (row,) = csv.DictReader(io.StringIO(text[1:]))
    assert row["at"] == "2027-01-15T08:00:00+00:00"
    assert row["waited_ms"] == "40000"
    assert "00:40" in to_table(lines)
    lines[0].closed_by = "=1+1"
    assert "'=1+1" in to_csv(lines)


async def test_a_name_nobody_vouches_for_is_marked(ward: Ward, journal: Journal) -> None:
    """CF45: the line keeps who it was said to be, and that no session stood behind it."""
    ward.people.behind.add(("n002", "station-main"))
    await _a_call(ward)
    (line,) = await journal.list_calls("thoracic", NOW, NOW + DAY)
    record = to_json_line(line)
    assert (record["acknowledged_by"], record["closed_by"]) == ("n001", "n002")
    assert record["staff_unverified"] == ["n001"]
    (row,) = csv.DictReader(io.StringIO(to_csv([line]).removeprefix("\ufeff")))
    assert row["staff_unverified"] == "n001"

"""`ward-hub replay journal`: the journal is what the log says, before and after (CALL-06)."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from ward_hub.calls.journal import Journal
from ward_hub.calls.tables import CallLine
from ward_hub.cli.main import main
from ward_hub.db.engine import open_database, sqlite_url
from ward_hub.log.sqlite import SqliteLog
from ward_hub.talk.tables import Recording, RecordingCall
from ward_sync.directory import Directory

from loadtests.room_life import RoomLife

TABLES = ("calls", "call_facts", "call_fact_names", "journal_cursor", "recording_calls")


@pytest.fixture(scope="module")
def kept(standard_ward: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with a day of calls in log and journal, and a recorded talk about one of them."""
    data = Path(shutil.copytree(standard_ward, tmp_path_factory.mktemp("kept") / "data"))
    for file in data.glob("log.sqlite*"):
        file.unlink()
    asyncio.run(_fill(data))
    return data


async def _fill(data: Path) -> None:
    await RoomLife(data / "log.sqlite", seed=4).live(1, calls_a_day=40)
    log = SqliteLog(data / "log.sqlite")
    database = open_database(sqlite_url(data / "ward.sqlite"))
    journal = Journal(database, log, lambda _ward: Directory(), lambda: 1_900_000_000_000)
    assert await journal.catch_up() > 150
    async with database.session.begin() as session:
        call = (await session.scalars(select(CallLine.id))).first()
        place = {"ward": "thoracic", "talk": "0" * 16}
        session.add(
            Recording(
                **place,
                purpose="bed",
                started_at=1,
                ended_at=2,
                terminal="station-main",
                parties="",
                digest="0" * 64,
                bytes=1,
                stored_at=3,
            )
        )
        await session.flush()
        session.add(RecordingCall(**place, call=call))
    await log.close()
    await database.close()


@pytest.fixture
def data(kept: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(kept, tmp_path / "data"))


def tables(data: Path) -> dict[str, list[Any]]:
    connection = sqlite3.connect(data / "ward.sqlite")
    try:
        return {name: sorted(connection.execute(f"SELECT * FROM {name}"), key=repr) for name in TABLES}
    finally:
        connection.close()


def write(data: Path, statement: str) -> None:
    connection = sqlite3.connect(data / "ward.sqlite")
    assert connection.execute(statement).rowcount > 0
    connection.commit()
    connection.close()


def test_a_replay_changes_nothing_of_a_sound_journal(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = tables(data)
    assert len(before["calls"]) == 40
    assert main(["replay", "journal", "--data", str(data)]) == 0
    assert "0 lines differ from before, 0 are gone" in capsys.readouterr().out
    assert tables(data) == before


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE calls SET closed_by = 'nobody', talk_ms = 7 WHERE rowid IN (SELECT rowid FROM calls LIMIT 1)",
        "DELETE FROM calls WHERE rowid IN (SELECT rowid FROM calls LIMIT 1)",
        "UPDATE call_facts SET heard_at = heard_at + 60000 WHERE act = 'acknowledged'",
        "DELETE FROM call_fact_names WHERE rowid % 3 = 0",
    ],
)
def test_a_damaged_journal_is_as_the_log_says_again(
    data: Path, capsys: pytest.CaptureFixture[str], damage: str
) -> None:
    before = tables(data)
    write(data, damage)
    assert tables(data) != before
    assert main(["replay", "journal", "--data", str(data)]) == 0
    assert tables(data) == before


def test_a_replay_does_not_begin_where_it_would_lose_lines(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The journal may be all that is left of a log that was replaced."""
    before = tables(data)
    shutil.move(data / "log.sqlite", data / "moved.sqlite")
    assert main(["replay", "journal", "--data", str(data)]) == 2
    assert "there is no log" in capsys.readouterr().err
    asyncio.run(SqliteLog(data / "log.sqlite").close())
    assert main(["replay", "journal", "--data", str(data)]) == 2
    assert "not in the log; nothing was changed" in capsys.readouterr().err
    assert tables(data) == before
    assert main(["replay", "journal", "--data", str(data), "--drop-unknown"]) == 0
    assert "40 are gone" in capsys.readouterr().out


def test_a_replay_beside_a_hub_is_refused(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = SqliteLog(data / "log.sqlite")
    assert main(["replay", "journal", "--data", str(data)]) == 2
    assert "held by a hub" in capsys.readouterr().err
    asyncio.run(log.close())
    assert main(["replay", "journal", "--data", str(tmp_path / "nowhere")]) == 2


def test_an_interrupted_replay_is_finished_by_the_next_reading(data: Path) -> None:
    before = tables(data)
    for table in ("calls", "call_fact_names", "call_facts", "journal_cursor"):
        write(data, f"DELETE FROM {table}")
    assert main(["replay", "journal", "--data", str(data)]) == 0
    assert tables(data) == before

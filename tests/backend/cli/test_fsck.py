"""`ward-hub fsck` over the log of a room that has called: what it finds, what it touches, how it ends."""

from __future__ import annotations

import asyncio
import json
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from ward_hub.cli.main import main
from ward_hub.log.port import Record, RecordKind
from ward_hub.log.sqlite import SqliteLog

from loadtests.room_life import DOCUMENT, RoomLife


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder after a day of calls, some of them still open."""
    folder = tmp_path_factory.mktemp("lived")

    async def live() -> int:
        room = RoomLife(folder / "log.sqlite", seed=4)
        await room.live(1, calls_a_day=40)
        return (await room.sizes()).items

    assert asyncio.run(live()) > 0
    return folder


@pytest.fixture
def data(lived: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(lived, tmp_path / "data"))


def fsck(data: Path, capsys: pytest.CaptureFixture[str], *more: str) -> tuple[int, dict[str, Any]]:
    capsys.readouterr()
    status = main(["fsck", "--data", str(data), "--format", "json", *more])
    printed = capsys.readouterr().out
    return status, json.loads(printed) if printed else {}


def write(data: Path, *statements: str) -> None:
    connection = sqlite3.connect(data / "log.sqlite")
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


def test_a_sound_log_is_said_to_be_so_and_left_as_it_is(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = {file.name: file.read_bytes() for file in data.iterdir()}
    assert fsck(data, capsys) == (0, {"damage": 0, "notices": 0, "findings": []})
    assert main(["fsck", "--data", str(data)]) == 0
    assert "the log is sound" in capsys.readouterr().out
    assert {file.name: file.read_bytes() for file in data.iterdir()} == before


def test_the_store_is_named_as_serve_takes_it(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.move(data / "log.sqlite", data / "other.db")
    assert fsck(data, capsys, "--store", "sqlite:other.db")[0] == 0


def test_what_cannot_be_read_is_said_in_words(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = SqliteLog(data / "log.sqlite")
    assert main(["fsck", "--data", str(data)]) == 2
    assert "held by a hub" in capsys.readouterr().err
    asyncio.run(log.close())
    assert main(["fsck", "--data", str(tmp_path / "nowhere")]) == 2
    assert "there is no log" in capsys.readouterr().err
    assert not (tmp_path / "nowhere").exists()
    for store in ("memory:", "redis:1"):
        assert main(["fsck", "--data", str(data), "--store", store]) == 2


def test_a_file_that_is_no_log_is_damage(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (data / "log.sqlite").write_bytes(b"something else altogether, of some length" * 200)
    status, printed = fsck(data, capsys)
    assert (status, printed["damage"]) == (1, 1)


def test_a_flipped_bit_is_damage_and_is_shown_in_the_table(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(data, "UPDATE record SET terminal = 'bed-b03' WHERE seq = 7")
    assert main(["fsck", "--data", str(data)]) == 1
    printed = capsys.readouterr().out
    assert "record 7: its checksum does not match" in printed
    assert "damaged" in printed.splitlines()[-1]


def test_an_update_that_waits_is_worth_knowing_and_no_damage(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def append() -> None:
        log = SqliteLog(data / "log.sqlite")
        # A letter after one of an author whom nobody knows.
        waits = b"\x01\x01\x07\x05\x84\x07\x04\x01a\x00"
        await log.append([Record("stay/s1/notes", RecordKind.UPDATE, waits, 1, "bed-b01", "n001")])
        await log.close()

    asyncio.run(append())
    status, printed = fsck(data, capsys)
    assert (status, printed["damage"], printed["notices"]) == (0, 0, 1)
    assert printed["findings"][0]["document"] == "stay/s1/notes"


def test_an_open_call_that_its_document_lacks_is_damage(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It would ring nowhere; the facts of the log alone still tell of it."""
    write(
        data,
        "UPDATE compacted SET records = records + (SELECT count(*) FROM record WHERE kind = 'update')",
        "DELETE FROM record WHERE kind = 'update'",
        "DELETE FROM snapshot",
    )
    status, printed = fsck(data, capsys)
    assert status == 1
    assert any(
        "ring nowhere" in found["what"] and found["document"] == DOCUMENT for found in printed["findings"]
    )


def test_a_fact_of_a_document_without_its_record_is_damage(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(
        data,
        "DELETE FROM record WHERE kind = 'fact'"
        " AND seq > (SELECT max(seq) - 20 FROM record WHERE kind = 'fact')",
    )
    status, printed = fsck(data, capsys)
    whats = [found["what"] for found in printed["findings"]]
    assert status == 1
    assert any("records are missing" in what for what in whats)
    assert any("have no record" in what for what in whats)


def test_facts_under_wrong_ids_unreadable_facts_and_unknown_reasons_are_damage(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async def append() -> None:
        log = SqliteLog(data / "log.sqlite")
        sound = await anext(record async for _, record in log.read("", frozenset({RecordKind.FACT})))
        fact = RecordKind.FACT
        await log.append(
            [
                Record(DOCUMENT, fact, sound.payload, 1, key="0" * 32),
                Record("ward/other/calls", fact, sound.payload, 1, key=sound.key),
                Record(DOCUMENT, fact, b'["no wire", 0]', 1, key="1" * 32),
                Record(DOCUMENT, fact, b"no json", 1, key="2" * 32),
                Record(DOCUMENT, RecordKind.REFUSED, b"whim", 1, key="3" * 32),
            ]
        )
        await log.close()

    asyncio.run(append())
    status, printed = fsck(data, capsys)
    assert (status, printed["damage"]) == (1, 5)

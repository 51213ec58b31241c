"""Recorded talks on disk and in the journal: once, durably, never another in its place."""

from __future__ import annotations

import asyncio
import errno
import hashlib
import json
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from ward_hub.calls.export import to_csv, to_json_line
from ward_hub.calls.journal import Journal
from ward_hub.calls.tables import CallLine
from ward_hub.cli.main import main
from ward_hub.db.engine import Database
from ward_hub.talk import recordings as module
from ward_hub.talk.recordings import (
    MAX_BYTES,
    SPARE_BYTES,
    Different,
    NoRoom,
    NotARecording,
    Recorded,
    Recordings,
    TooLong,
)
from ward_hub.talk.tables import Recording
from ward_sync.facts import Act

from tests.backend.calls.ward import NOW, Ward
from tests.backend.talk.migrated import migrated
from tests.helpers.signing import id_of

HEADER = (
    b"\x1a\x45\xdf\xa3\x9f\x42\x86\x81\x01\x42\xf7\x81\x01\x42\xf2\x81\x04\x42\xf3\x81\x08\x42\x82\x84webm"
)
SOUND = HEADER + b"sound" * 1000
TALK = "7" * 16
CALL = "c" * 32
RECORDED = Recorded(
    ward="thoracic",
    talk=TALK,
    purpose="talk",
    started_at=NOW,
    ended_at=NOW + 60_000,
    terminal="station-1",
    staff="n001",
    parties=("bed-b01",),
    calls=(CALL,),
)


async def parts(data: bytes, length: int = 997) -> AsyncIterator[bytes]:
    for start in range(0, len(data), length):
        yield data[start : start + length]


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    opened = await migrated(tmp_path)
    yield opened
    await opened.close()


@pytest.fixture
def recordings(database: Database, tmp_path: Path) -> Recordings:
    return Recordings(database, tmp_path, lambda: NOW + 90_000)


def files(folder: Path) -> list[Path]:
    return [path for path in (folder / "media").rglob("*") if path.is_file()]


async def test_a_recording_is_kept_under_the_name_of_its_bytes(
    recordings: Recordings, database: Database, tmp_path: Path
) -> None:
    assert await recordings.store(RECORDED, parts(SOUND))
    digest = hashlib.sha256(SOUND).hexdigest()
    (path,) = files(tmp_path)
    assert path == tmp_path / "media" / digest[:2] / f"{digest}.webm"
    assert path.read_bytes() == SOUND
    assert path.stat().st_mode & 0o077 == 0
    assert await recordings.find("thoracic", TALK) == path
    assert await recordings.find("cardiac", TALK) is None
    async with database.session() as session:
        row = await session.get(Recording, ("thoracic", TALK))
    assert row is not None
    assert (row.bytes, row.parties, row.staff, row.stored_at) == (len(SOUND), "bed-b01", "n001", NOW + 90_000)


async def test_the_same_again_changes_nothing_and_another_is_refused(
    recordings: Recordings, tmp_path: Path
) -> None:
    await recordings.store(RECORDED, parts(SOUND))
    assert not await recordings.store(RECORDED, parts(SOUND, 10_000))
    with pytest.raises(Different):
        await recordings.store(RECORDED, parts(SOUND + b"more"))
    assert len(files(tmp_path)) == 1
    assert await recordings.store(replace(RECORDED, ward="cardiac"), parts(SOUND + b"more"))


async def test_two_that_come_at_once_are_one(recordings: Recordings, tmp_path: Path) -> None:
    both = await asyncio.gather(*(recordings.store(RECORDED, parts(SOUND)) for _ in range(2)))
    assert sorted(both) == [False, True]
    assert len(files(tmp_path)) == 1


async def test_a_file_that_was_lost_comes_back_with_the_same_bytes(
    recordings: Recordings, tmp_path: Path
) -> None:
    await recordings.store(RECORDED, parts(SOUND))
    files(tmp_path)[0].unlink()
    assert await recordings.find("thoracic", TALK) is None
    assert not await recordings.store(RECORDED, parts(SOUND))
    assert await recordings.find("thoracic", TALK) == files(tmp_path)[0]


@pytest.mark.parametrize(
    "data", [b"", HEADER[:3], b"RIFF" + SOUND, HEADER.replace(b"webm", b"mkv!") + bytes(99)]
)
async def test_what_is_no_webm_is_not_kept(recordings: Recordings, tmp_path: Path, data: bytes) -> None:
    with pytest.raises(NotARecording):
        await recordings.store(RECORDED, parts(data, 2))
    assert files(tmp_path) == []


async def test_what_is_too_long_is_not_read_to_the_end(recordings: Recordings, tmp_path: Path) -> None:
    given = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal given
        yield HEADER
        while True:
            given += 1
            yield bytes(1024 * 1024)

    with pytest.raises(TooLong):
        await recordings.store(RECORDED, endless())
    assert given == MAX_BYTES // (1024 * 1024)
    assert files(tmp_path) == []


async def test_a_full_disk_keeps_nothing_and_leaves_room_for_calls(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tight = Recordings(database, tmp_path, lambda: NOW, lambda _folder: SPARE_BYTES - 1)
    with pytest.raises(NoRoom):
        await tight.store(RECORDED, parts(SOUND))

    def full(_file: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(module, "_sync", full)
    with pytest.raises(NoRoom):
        await Recordings(database, tmp_path, lambda: NOW).store(RECORDED, parts(SOUND))
    assert files(tmp_path) == []
    assert await tight.find("thoracic", TALK) is None


async def test_what_an_earlier_process_left_half_written_is_removed(
    database: Database, tmp_path: Path
) -> None:
    Recordings(database, tmp_path, lambda: NOW)
    (tmp_path / "media" / "incoming" / "half").write_bytes(SOUND)
    Recordings(database, tmp_path, lambda: NOW)
    assert files(tmp_path) == []


async def test_the_journals_lines_name_the_recorded_talks(database: Database, recordings: Recordings) -> None:
    """CALL-06"""
    ward = Ward()
    journal = Journal(database, ward.log, lambda _ward: ward.directory(), lambda: ward.now)
    first, second = ward.bedside.place(NOW), ward.bedside.place(NOW + 1)
    await ward.send(first, second)
    await recordings.store(replace(RECORDED, calls=(id_of(first),)), parts(SOUND))
    await recordings.store(replace(RECORDED, talk="6" * 16, calls=(id_of(first),)), parts(SOUND))
    await recordings.store(replace(RECORDED, ward="cardiac", calls=(id_of(second),)), parts(SOUND))
    for _ in range(2):
        lines = await journal.list_calls("thoracic", NOW, NOW + 10)
        assert {line.id: to_json_line(line)["recordings"] for line in lines} == {
            id_of(first): ["6" * 16, TALK],
            id_of(second): [],
        }
        assert f"{'6' * 16} {TALK}" in to_csv(lines)
        # Lines that are written anew keep them.
        ward.now += 1000
        both = tuple(sorted((id_of(first), id_of(second))))
        await ward.send(ward.station.make(Act.ACKNOWLEDGED, ward.now, both))


async def test_what_stands_under_no_call_has_a_list_of_its_own(
    database: Database, recordings: Recordings
) -> None:
    """CALL-06: a broadcast, a talk without a call, and one whose call has not come yet."""
    kinds = {
        "1" * 16: replace(RECORDED, purpose="broadcast", calls=(), parties=("bed-b01", "bed-b02")),
        "2" * 16: replace(RECORDED, calls=(), started_at=NOW + 5),
        "3" * 16: replace(RECORDED, calls=(CALL,), started_at=NOW + 9),
        "4" * 16: replace(RECORDED, calls=(), started_at=NOW + 10),
    }
    for talk, recorded in kinds.items():
        await recordings.store(replace(recorded, talk=talk), parts(SOUND))
    await recordings.store(replace(RECORDED, ward="cardiac", calls=()), parts(SOUND))
    found = await recordings.list_without_call("thoracic", NOW, NOW + 10)
    assert [one.talk[0] for one in found] == ["3", "2", "1"]
    broadcast = found[-1]
    assert (broadcast.purpose, broadcast.terminal, broadcast.staff) == ("broadcast", "station-1", "n001")
    assert (broadcast.started_at, broadcast.ended_at) == (NOW, NOW + 60_000)
    assert broadcast.parties == ("bed-b01", "bed-b02")
    assert [one.talk[0] for one in await recordings.list_without_call("thoracic", NOW, NOW + 10, 1)] == ["3"]
    line = CallLine(id=CALL, ward="thoracic", source="bed:b01", type="patient", missed=False)
    line.at, line.approx = NOW, False
    async with database.session.begin() as session:
        session.add(line)
    found = await recordings.list_without_call("thoracic", NOW, NOW + 10)
    assert [one.talk[0] for one in found] == ["2", "1"]


def test_the_command_line_shows_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """CALL-06"""

    async def fill() -> None:
        database = await migrated(tmp_path)
        line = CallLine(id=CALL, ward="thoracic", source="bed:b01", type="patient", missed=False)
        line.at, line.approx = time.time_ns() // 1_000_000, False
        async with database.session.begin() as session:
            session.add(line)
        await Recordings(database, tmp_path, lambda: NOW).store(RECORDED, parts(SOUND))
        await database.close()

    asyncio.run(fill())
    assert main(["calls", "--data", str(tmp_path), "--format", "json"]) == 0
    (call,) = json.loads(capsys.readouterr().out)["calls"]
    assert call["recordings"] == [TALK]

"""The check of a SQLite log: a flipped bit in any column, a missing record, files of before."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any
from zlib import crc32

import pytest
from ward_hub.log.port import Finding, LogDamaged, LogUnavailable, Record, RecordKind, Severity
from ward_hub.log.sqlite import SqliteLog
from ward_hub.log.sqlite_files import look_at

from tests.backend.log.compacting import updates_of


async def made(path: Path) -> None:
    """Five updates and two facts, and a document that is a snapshot alone."""
    log = SqliteLog(path)
    for payload in updates_of([f"k{number}" for number in range(5)], 3):
        await log.append([Record("ward/w/board", RecordKind.UPDATE, payload, 1_000, "bed-b01", "n001", "k")])
    await log.append([Record("ward/w/calls", RecordKind.FACT, b"f", 1_000, "bed-b01", "n001", "f1")])
    await log.append([Record("ward/w/memos", RecordKind.UPDATE, u, 5) for u in updates_of(["a", "b"], 4)])
    await log.compact("ward/w/memos")
    await log.append([Record("ward/w/calls", RecordKind.FACT, b"g", 1_000, key="f2")])
    await log.close()


async def findings_of(path: Path) -> list[Finding]:
    """What a hub that has the log finds, and what is found without opening it for writing: the same."""
    async with look_at(path) as still:
        found = [finding async for finding in still.check()]
    log = SqliteLog(path)
    assert [finding async for finding in log.check()] == found
    await log.close()
    return found


def flipped(value: Any) -> Any:
    """The value with one bit turned over."""
    if isinstance(value, int):
        return value ^ 4
    data = bytearray(value if isinstance(value, bytes) else value.encode())
    data[-1] ^= 0x80 if isinstance(value, str) else 4
    return bytes(data)


def files(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Every file of the folder: content and when it was written."""
    return {file.name: (file.read_bytes(), file.stat().st_mtime_ns) for file in folder.iterdir()}


def write(path: Path, statement: str, *values: Any) -> None:
    connection = sqlite3.connect(path)
    connection.execute(statement, values)
    connection.commit()
    connection.close()


async def test_a_sound_log_has_no_findings_and_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    await made(path)
    before = files(tmp_path)
    async with look_at(path) as still:
        assert [finding async for finding in still.check()] == []
        assert len(await still.load("ward/w/board")) == 5
    assert files(tmp_path) == before
    assert await findings_of(path) == []


async def test_what_lies_in_the_write_ahead_file_is_checked_too_and_not_touched(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    log = SqliteLog(tmp_path / "log.db")
    await log.append([Record("a", RecordKind.UPDATE, b"\x00\x00", 1)])
    for name in ("log.db", "log.db-wal"):
        (tmp_path / "there" / name).write_bytes((tmp_path / name).read_bytes())
    await log.close()
    path = tmp_path / "there" / "log.db"
    before = files(path.parent)
    async with look_at(path) as still:
        assert await still.load("a") == [b"\x00\x00"]
        assert [finding async for finding in still.check()] == []
    assert files(path.parent) == before


@pytest.mark.parametrize(
    "column", ["seq", "document", "kind", "payload", "at", "terminal", "staff", "key", "sum"]
)
async def test_a_flipped_bit_in_any_column_of_a_record_is_damage(tmp_path: Path, column: str) -> None:
    path = tmp_path / "log.db"
    await made(path)
    connection = sqlite3.connect(path)
    (value,) = connection.execute(f"SELECT {column} FROM record WHERE seq = 2").fetchone()
    connection.close()
    turned = flipped(value) if column != "seq" else 2 | 1 << 40
    as_it_was = "CAST(? AS TEXT)" if isinstance(value, str) else "?"
    write(path, f"UPDATE record SET {column} = {as_it_was} WHERE seq = 2", turned)
    found = await findings_of(path)
    damage = [finding for finding in found if finding.severity is Severity.DAMAGE]
    assert damage[0].place == ("record 2" if column != "seq" else f"record {turned}")
    assert damage[0].what == "its checksum does not match"


@pytest.mark.parametrize("column", ["document", "seq", "payload", "sum"])
async def test_a_flipped_bit_in_any_column_of_a_snapshot_is_damage(tmp_path: Path, column: str) -> None:
    path = tmp_path / "log.db"
    await made(path)
    connection = sqlite3.connect(path)
    (value,) = connection.execute(f"SELECT {column} FROM snapshot").fetchone()
    connection.close()
    as_it_was = "CAST(? AS TEXT)" if isinstance(value, str) else "?"
    write(path, f"UPDATE snapshot SET {column} = {as_it_was}", flipped(value))
    damage = [finding for finding in await findings_of(path) if finding.severity is Severity.DAMAGE]
    assert damage[0].place == "snapshot"


@pytest.mark.parametrize("seq", [1, 3, 6])
async def test_a_missing_record_is_damage(tmp_path: Path, seq: int) -> None:
    """Whatever it was: numbers have no gaps but those that compaction has counted."""
    path = tmp_path / "log.db"
    await made(path)
    write(path, "DELETE FROM record WHERE seq = ?", seq)
    found = await findings_of(path)
    assert Finding(Severity.DAMAGE, "records", "1 records are missing") in found
    # An update that others build on is missed by them too.
    assert any(finding.severity is Severity.NOTICE for finding in found) == (seq < 5)


async def test_a_damaged_page_is_damage(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    await made(path)
    data = bytearray(path.read_bytes())
    data[4096:4104] = bytes(8)
    path.write_bytes(bytes(data))
    async with look_at(path) as still:
        found = [finding async for finding in still.check()]
    assert any(finding.place == "file" for finding in found)


async def test_a_file_of_before_is_read_counted_and_its_old_checksums_hold(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    await made(path)
    connection = sqlite3.connect(path)
    for seq, document, kind, payload, at, key in connection.execute(
        "SELECT seq, document, kind, payload, at, key FROM record"
    ).fetchall():
        old = crc32(payload, crc32(f"{document}\0{kind}\0{at}\0{key}".encode()))
        connection.execute("UPDATE record SET sum = ? WHERE seq = ?", (old, seq))
    connection.execute("DROP TABLE compacted")
    connection.commit()
    connection.close()
    assert await findings_of(path) == []
    write(path, "UPDATE record SET payload = x'0000' WHERE seq = 2")
    assert (await findings_of(path))[0].place == "record 2"
    write(path, "DELETE FROM record WHERE seq = 6")
    assert Finding(Severity.DAMAGE, "records", "1 records are missing") in await findings_of(path)


async def test_a_log_that_a_hub_holds_is_not_read_and_one_that_is_read_is_not_held(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    log = SqliteLog(path)
    with pytest.raises(LogUnavailable, match="held by a hub"):
        async with look_at(path):
            pass
    await log.close()
    async with look_at(path):
        with pytest.raises(LogUnavailable):
            SqliteLog(path)
    with pytest.raises(LogUnavailable, match="no log"):
        async with look_at(tmp_path / "other.db"):
            pass
    assert not (tmp_path / "other.db.lock").exists()


async def test_a_file_that_is_no_log_is_damaged(tmp_path: Path) -> None:
    (tmp_path / "text.db").write_bytes(b"no database at all, and long enough to be looked at" * 100)
    write(tmp_path / "other.db", "CREATE TABLE t (x)")
    for name in ("text.db", "other.db"):
        with pytest.raises(LogDamaged):
            async with look_at(tmp_path / name):
                pass

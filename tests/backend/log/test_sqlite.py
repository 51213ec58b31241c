"""What only the SQLite log has: files, a full disk, damage, one holder, group commit."""

from __future__ import annotations

import asyncio
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from ward_hub.log.port import BEGINNING, LogDamaged, LogUnavailable, Record, RecordKind, StorageFull
from ward_hub.log.sqlite import SqliteLog


def update(payload: bytes, document: str = "a") -> Record:
    return Record(document, RecordKind.UPDATE, payload, 1)


async def test_what_was_appended_is_there_after_reopening(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "log.db")
    await log.append([update(b"1"), Record("c", RecordKind.FACT, b"f", 2, key="k")])
    await log.close()
    again = SqliteLog(tmp_path / "log.db")
    assert await again.load("a") == [b"1"]
    assert (await again.known(["k"]))["k"].payload == b"f"
    await again.append([update(b"2")])
    assert await again.load("a") == [b"1", b"2"]
    await again.close()


async def test_places_are_not_used_twice_after_compaction(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "log.db")
    await log.append([update(b"\x00\x00"), update(b"\x00\x00")])
    reached = [place async for place, _ in log.read(BEGINNING)][-1]
    await log.compact("a")
    await log.close()
    again = SqliteLog(tmp_path / "log.db")
    await again.append([update(b"\x00\x00")])
    assert len([1 async for _ in again.read(reached)]) == 1
    await again.close()


async def test_a_full_disk_stores_nothing_of_the_append_and_says_so(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "log.db", max_pages=20)
    await log.append([update(b"small")])
    with pytest.raises(StorageFull):
        await log.append([update(b"half"), update(b"x" * 200_000)])
    assert await log.load("a") == [b"small"]
    await log.append([update(b"still")])
    assert await log.load("a") == [b"small", b"still"]
    await log.close()


async def test_one_append_that_is_too_large_does_not_take_the_group_with_it(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "log.db", max_pages=20)
    outcomes = await asyncio.gather(
        log.append([update(b"one")]),
        log.append([update(b"x" * 200_000)]),
        log.append([update(b"two")]),
        return_exceptions=True,
    )
    assert isinstance(outcomes[1], StorageFull)
    assert await log.load("a") == [b"one", b"two"]
    await log.close()


async def test_a_damaged_record_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    log = SqliteLog(path)
    await log.append([update(b"whole")])
    await log.close()
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE record SET payload = x'00'")
    connection.close()
    again = SqliteLog(path)
    with pytest.raises(LogDamaged):
        await again.load("a")
    await again.close()


async def test_two_hubs_cannot_hold_one_log(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "log.db")
    with pytest.raises(LogUnavailable):
        SqliteLog(tmp_path / "log.db")
    await log.close()
    await SqliteLog(tmp_path / "log.db").close()


async def test_a_closed_log_refuses(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "log.db")
    await log.close()
    await log.close()
    with pytest.raises(LogUnavailable):
        await log.append([update(b"1")])


async def test_a_file_that_is_no_log_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    path.write_bytes(b"not a database, and long enough to be looked at" * 100)
    with pytest.raises(LogUnavailable):
        SqliteLog(path)


async def test_appends_that_wait_share_a_commit(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "log.db")
    commits: list[int] = []
    insert = log._insert

    def counted(group: list[Any]) -> None:
        commits.append(len(group))
        insert(group)

    log._insert = counted  # type: ignore[method-assign]
    await asyncio.gather(*(log.append([update(b"x")]) for _ in range(200)))
    assert sum(commits) == 200
    assert len(commits) < 100
    await log.close()

"""Power loss: whatever is left of a write that was under way, what had been acknowledged is there, and what
was cut is told.

An append returns after the fdatasync: everything up to there is on the disk, and of what follows any part may
be, or be something else.
"""

from __future__ import annotations

import asyncio
import logging
import random
import shutil
import sqlite3
import struct
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from ward_hub.log.port import Finding, Record, RecordKind, Severity
from ward_hub.log.sqlite import SqliteLog
from ward_hub.log.sqlite_wal import read_tail

HEADER, FRAME = 32, 24 + 4096
PAYLOAD = 9_000
"""Three pages: a transaction of several frames."""


@dataclass(frozen=True, repr=False)
class Disk:
    """The files as they were while the last append was under way. `synced`: bytes of the WAL that were on the
    disk when the one before it was acknowledged."""

    db: bytes
    wal: bytes
    synced: int
    updates: list[bytes]

    def lay(self, folder: Path, wal: bytes) -> Path:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        path = folder / "log.db"
        path.write_bytes(self.db)
        (folder / "log.db-wal").write_bytes(wal)
        return path


async def disk(folder: Path, appends: int, checkpoint_pages: int | None) -> Disk:
    """Append so often and look at the files as they lie; with `checkpoint_pages` the WAL begins anew in
    between."""
    log = SqliteLog(folder / "log.db")
    wal = folder / "log.db-wal"
    if checkpoint_pages is not None:
        log._connection.execute(f"PRAGMA wal_autocheckpoint={checkpoint_pages}")
    updates = [bytes([number]) * PAYLOAD for number in range(appends)]
    before = b""
    for payload in updates:
        before = wal.read_bytes()
        await log.append([Record("a", RecordKind.UPDATE, payload, 1)])
    found = Disk(
        (folder / "log.db").read_bytes(), wal.read_bytes(), _equal(before, wal.read_bytes()), updates
    )
    await log.close()
    return found


def _equal(one: bytes, other: bytes) -> int:
    """How many whole frames at the beginning are the same."""
    frames = 0
    while True:
        end = HEADER + (frames + 1) * FRAME
        if end > min(len(one), len(other)) or one[:end] != other[:end]:
            return HEADER + frames * FRAME
        frames += 1


@pytest.fixture(scope="module", params=[None, 12], ids=["one round", "several rounds"])
def power_lost(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Disk:
    made = asyncio.run(disk(tmp_path_factory.mktemp("disk"), 8, request.param))
    assert made.synced > HEADER + FRAME
    return made


def reopened(path: Path) -> tuple[list[bytes], Finding | None]:
    """What a hub finds that starts on these files."""
    log = SqliteLog(path)
    rows = sqlite3.connect(path).execute("SELECT payload FROM record ORDER BY seq").fetchall()
    log._connection.close()
    log._lock.close()
    return [row[0] for row in rows], log.cut


@given(
    where=st.floats(0, 1, exclude_max=True),
    how=st.sampled_from(["cut", "zeros", "garbage", "one bit", "frames swapped"]),
    seed=st.integers(0, 2**16),
)
@example(where=0.0, how="cut", seed=0)
@example(where=0.0, how="zeros", seed=0)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_power_loss_leaves_of_a_write_costs_nothing_that_was_acknowledged(
    power_lost: Disk, tmp_path: Path, where: float, how: str, seed: int
) -> None:
    """Every byte after what was synced may be gone, empty or wrong."""
    wal, synced = power_lost.wal, power_lost.synced
    last = synced + _frames_of_last(power_lost) * FRAME
    at = synced + int(where * (last - synced))
    source = random.Random(seed)
    lost = bytearray(wal)
    if how == "cut":
        del lost[at:]
    elif how == "zeros":
        lost[at:last] = bytes(last - at)
    elif how == "garbage":
        lost[at:last] = source.randbytes(last - at)
    elif how == "one bit":
        # Not in the mark of a transaction's end: that looks like two transactions.
        in_frame = (at - HEADER) % FRAME
        lost[at + 4 if 4 <= in_frame < 8 else at] ^= 1 << source.randrange(8)
    else:
        first = lost[synced : synced + FRAME]
        lost[synced : synced + FRAME] = lost[last - FRAME : last]
        lost[last - FRAME : last] = first
    there, cut = reopened(power_lost.lay(tmp_path / "there", bytes(lost)))
    acknowledged = power_lost.updates[:-1]
    assert there in (acknowledged, power_lost.updates)
    if there == acknowledged and len(lost) > synced and lost[synced:last].strip(b"\0"):
        assert cut is not None
        assert cut.severity is Severity.NOTICE
    if cut is not None:
        assert cut.severity is Severity.NOTICE
    # What was told once has left the disk.
    again, cut_again = reopened(tmp_path / "there" / "log.db")
    assert (again, cut_again) == (there, None)


def _frames_of_last(of: Disk) -> int:
    """How many frames the last append wrote: those of the salts of the first frame, after what was synced."""
    salts = of.wal[16:24]
    count = 0
    while of.wal[of.synced + count * FRAME + 8 : of.synced + count * FRAME + 16] == salts:
        count += 1
    assert count > 1
    return count


def test_a_whole_file_has_no_tail(power_lost: Disk, tmp_path: Path) -> None:
    path = power_lost.lay(tmp_path / "there", power_lost.wal)
    tail = read_tail(path)
    assert tail is not None
    assert (tail.bytes, tail.finished) == (0, False)
    assert reopened(path) == (power_lost.updates, None)


def test_the_tail_is_counted_in_bytes(power_lost: Disk, tmp_path: Path) -> None:
    synced = power_lost.synced
    for extra in (1, 23, 24, 25, FRAME - 1, FRAME):
        tail = read_tail(power_lost.lay(tmp_path / "there", power_lost.wal[: synced + extra]))
        assert tail is not None
        assert tail.bytes == extra


def test_a_damaged_frame_under_finished_transactions_is_damage(power_lost: Disk, tmp_path: Path) -> None:
    """SQLite passes over everything after it and says nothing: here that is told, as damage."""
    for frame in range(2):
        wal = bytearray(power_lost.wal)
        wal[HEADER + frame * FRAME + 100] ^= 4
        there, cut = reopened(power_lost.lay(tmp_path / "there", bytes(wal)))
        assert there == power_lost.updates[: len(there)]
        assert cut is not None
        assert cut.severity is Severity.DAMAGE


def test_a_damaged_header_under_transactions_is_damage(power_lost: Disk, tmp_path: Path) -> None:
    wal = bytearray(power_lost.wal)
    wal[20] ^= 1
    _, cut = reopened(power_lost.lay(tmp_path / "there", bytes(wal)))
    assert cut is not None
    assert cut.severity is Severity.DAMAGE


def test_what_was_cut_is_said_in_the_log_of_the_hub(
    power_lost: Disk, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    reopened(power_lost.lay(tmp_path / "there", power_lost.wal[: power_lost.synced + 100]))
    assert "100 bytes after the last whole transaction" in caplog.text


async def test_what_was_cut_is_a_finding_of_the_check(power_lost: Disk, tmp_path: Path) -> None:
    log = SqliteLog(power_lost.lay(tmp_path / "there", power_lost.wal[: power_lost.synced + 100]))
    findings = [finding async for finding in log.check()]
    assert findings[0].place == "write-ahead file"
    assert findings[0].severity is Severity.NOTICE
    await log.close()


def test_frames_of_an_earlier_round_are_no_tail(tmp_path: Path) -> None:
    """SQLite begins the file anew without emptying it: what lies behind is old and on the disk already."""
    connection = sqlite3.connect(tmp_path / "log.db", isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("CREATE TABLE t (x)")
    connection.execute("INSERT INTO t VALUES (zeroblob(40000))")
    connection.execute("PRAGMA wal_checkpoint(RESTART)")
    connection.execute("INSERT INTO t VALUES (1)")
    wal = (tmp_path / "log.db-wal").read_bytes()
    frames = {struct.unpack_from(">I", wal, at + 8) for at in range(HEADER, len(wal), FRAME)}
    assert len(frames) == 2
    tail = read_tail(tmp_path / "log.db")
    assert tail is not None
    assert (tail.bytes, tail.finished) == (0, False)
    connection.close()

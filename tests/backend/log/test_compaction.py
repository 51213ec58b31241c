"""Compaction of the SQLite log: at no moment does it lose what was accepted, hold up what is appended, or
replace what it does not equal.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import random
import shutil
import signal
import sqlite3
import threading
from collections.abc import Callable, Sequence
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycrdt import Doc, Map, Text, merge_updates
from ward_hub.log import snapshot, sqlite
from ward_hub.log.port import LogUnavailable, Severity, StorageFull
from ward_hub.log.sqlite import SqliteLog
from ward_hub.log.sqlite_compact import SLICE
from ward_sync.update import parse_state_vector

from tests.backend.log.compacting import (
    DOCUMENT,
    append_and_compact,
    append_until_full,
    names_in,
    record,
    updates_of,
)

STEPS = ("read", "merged", "begun", "snapshot", "stored", "deleted", "committed")
OLD = [f"old{number}" for number in range(2 * SLICE + 100)]
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["tests.backend.log.compacting"])


@pytest.fixture(scope="module")
def long_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log whose document takes three slices to be deleted."""
    path = tmp_path_factory.mktemp("long") / "log.db"

    async def fill() -> None:
        log = SqliteLog(path)
        await log.append([record(payload) for payload in updates_of(OLD, 5)])
        await log.close()

    asyncio.run(fill())
    return path


def run_until_killed(target: Callable[..., None], path: Path, *given: Any) -> list[bytes]:
    """Run in a process of its own until it is killed; returns what it told."""
    here, there = PROCESSES.Pipe(duplex=False)
    process = PROCESSES.Process(target=target, args=(path, there, *given))
    process.start()
    there.close()
    told = _everything(here)
    process.join(60)
    assert process.exitcode == -signal.SIGKILL, f"ended with {process.exitcode}: the point was not reached"
    return told


def _everything(here: Connection) -> list[bytes]:
    told = []
    try:
        while True:
            told.append(here.recv_bytes())
    except EOFError:
        return told


async def expect_everything(path: Path, acknowledged: Sequence[bytes]) -> None:
    """Open again: all that was told is there, the check is content, and compaction goes on."""
    wanted = {*OLD, *(f"w{int(number)}" for number in acknowledged)}
    log = SqliteLog(path)
    assert wanted <= names_in(await log.load(DOCUMENT))
    damage = [finding async for finding in log.check() if finding.severity is Severity.DAMAGE]
    assert damage == []
    await log.compact(DOCUMENT)
    assert wanted <= names_in(await log.load(DOCUMENT))
    left = log._connection.execute("SELECT count(*) FROM record").fetchone()[0]
    assert left == 0
    assert [finding async for finding in log.check()] == [] or log.cut is not None
    await log.close()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("step", "nth"), [*((step, 1) for step in STEPS), ("deleted", 2), ("committed", 3), ("stored", 2)]
)
async def test_a_hub_killed_at_any_step_of_a_compaction_has_lost_nothing(
    long_log: Path, tmp_path: Path, step: str, nth: int
) -> None:
    path = Path(shutil.copy(long_log, tmp_path / "log.db"))
    told = run_until_killed(append_and_compact, path, step, nth)
    await expect_everything(path, told)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(3))
async def test_a_hub_killed_at_any_moment_has_lost_nothing(long_log: Path, tmp_path: Path, seed: int) -> None:
    path = Path(shutil.copy(long_log, tmp_path / "log.db"))
    here, there = PROCESSES.Pipe(duplex=False)
    process = PROCESSES.Process(target=append_and_compact, args=(path, there, "none", 1))
    process.start()
    there.close()
    told = [here.recv_bytes() for _ in range(random.Random(seed).randrange(1, 60))]
    process.kill()
    told += _everything(here)
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    await expect_everything(path, told)


async def test_appends_go_on_while_a_long_document_is_merged(
    long_log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    merging, may_end = threading.Event(), threading.Event()

    def slow_merge(updates: Sequence[bytes]) -> bytes:
        merging.set()
        assert may_end.wait(30)
        return snapshot.merge(updates)

    monkeypatch.setattr(sqlite, "merge", slow_merge)
    log = SqliteLog(Path(shutil.copy(long_log, tmp_path / "log.db")))
    compacting = asyncio.create_task(log.compact(DOCUMENT))
    assert await asyncio.to_thread(merging.wait, 30)
    await log.append([record(updates_of(["meanwhile"], 8)[0])])
    assert not compacting.done()
    assert len(await log.load(DOCUMENT)) == len(OLD) + 1
    may_end.set()
    await compacting
    loaded = await log.load(DOCUMENT)
    assert len(loaded) == 2
    assert names_in(loaded) == {*OLD, "meanwhile"}
    await log.close()


async def test_of_two_compactions_at_once_one_gives_way(long_log: Path, tmp_path: Path) -> None:
    log = SqliteLog(Path(shutil.copy(long_log, tmp_path / "log.db")))
    await asyncio.gather(*(log.compact(DOCUMENT) for _ in range(3)))
    assert names_in(await log.load(DOCUMENT)) == set(OLD)
    assert [finding async for finding in log.check()] == []
    await log.close()


async def test_what_does_not_equal_the_updates_replaces_nothing(
    long_log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    payloads = updates_of(["a", "b", "c"], 9)
    log = SqliteLog(tmp_path / "log.db")
    await log.append([record(payload) for payload in (payloads[0], payloads[2])])
    monkeypatch.setattr(snapshot, "merge_updates", lambda *_updates: payloads[0])
    with pytest.raises(LogUnavailable, match="leaves out what waits"):
        await log.compact(DOCUMENT)
    assert await log.load(DOCUMENT) == [payloads[0], payloads[2]]
    await log.close()


@given(st.lists(st.tuples(st.integers(0, 2), st.sampled_from("abcx")), min_size=2, max_size=40), st.data())
@settings(max_examples=60, deadline=None)
def test_a_snapshot_equals_what_it_replaces(edits: list[tuple[int, str]], data: st.DataObject) -> None:
    """Three authors who write, overwrite and delete, some without having seen the others; some updates are
    missing, so others wait."""
    docs: list[Doc[Any]] = [Doc(client_id=number + 1) for number in range(3)]
    updates: list[bytes] = []
    for doc in docs:
        doc.observe(lambda event: updates.append(event.update))
    for author, key in edits:
        doc = docs[author]
        root, text = doc.get("m", type=Map), doc.get("t", type=Text)
        if key == "x" and "a" in root:
            del root["a"]
        elif key == "x" and len(text) > 2:
            del text[1:3]
        elif key == "x":
            seen = [*updates]
            for update in seen:
                doc.apply_update(update)
        else:
            root[key] = key
            text += key * 3
    kept = [update for update in updates if data.draw(st.booleans() | st.just(True))]
    if not kept:
        return
    merged = snapshot.merge(kept)
    left = [update for update in updates if update not in kept]
    assert _state([merged, *left]) == _state([*kept, *left])
    if not left:
        assert _state([merged]) == _state(kept)


def _state(updates: Sequence[bytes]) -> tuple[dict[int, int], Any, str]:
    doc: Doc[Any] = Doc()
    # Again: what came before its foundations is not always taken up when they come.
    for update in [*updates, *updates, *updates]:
        doc.apply_update(update)
    return parse_state_vector(doc.get_state()), doc.get("m", type=Map).to_py(), str(doc.get("t", type=Text))


def test_a_snapshot_that_lacks_an_update_is_noticed() -> None:
    whole = updates_of(["a", "b"], 3)
    doc = snapshot._applied(whole)
    with pytest.raises(snapshot.SnapshotDiffers):
        snapshot._compare(whole[0], doc, doc.get_update(), [])
    snapshot._compare(merge_updates(*whole), doc, doc.get_update(), [])


async def test_a_disk_too_full_for_a_snapshot_costs_nothing(tmp_path: Path) -> None:
    names = [f"{number:04d}" + "n" * 200 for number in range(300)]
    log = SqliteLog(tmp_path / "log.db")
    await log.append([record(payload) for payload in updates_of(names, 4)])
    pages = log._connection.execute("PRAGMA page_count").fetchone()[0]
    log._connection.execute(f"PRAGMA max_page_count={pages}")
    with pytest.raises(StorageFull):
        await log.compact(DOCUMENT)
    assert len(await log.load(DOCUMENT)) == len(names)
    log._connection.execute("PRAGMA max_page_count=100000")
    await log.compact(DOCUMENT)
    assert names_in(await log.load(DOCUMENT)) == set(names)
    await log.close()


@pytest.mark.slow
async def test_a_disk_that_fills_up_refuses_and_goes_on_when_there_is_room(tmp_path: Path) -> None:
    """The main file reaches the limit first: what is written stays in the write-ahead file. Readers go on."""
    path = tmp_path / "log.db"
    here, there = PROCESSES.Pipe(duplex=False)
    most = 6 * 2**20
    process = PROCESSES.Process(target=append_until_full, args=(path, there, most))
    process.start()
    there.close()
    stored, read_when_full, compacted = here.recv()
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    assert stored * 50_000 > most, "the limit was reached before anything was moved into the main file"
    assert read_when_full == stored
    assert compacted != "done"
    count = sqlite3.connect(path).execute("SELECT count(*) FROM record").fetchone()[0]
    assert count == stored + 1

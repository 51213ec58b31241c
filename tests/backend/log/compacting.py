"""A process that appends and compacts until it is killed, for test_compaction.py; and what it wrote."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from pycrdt import Doc, Map
from ward_hub.log.port import LogUnavailable, Record, RecordKind, StorageFull
from ward_hub.log.sqlite import SqliteLog

DOCUMENT = "ward/w/board"


def updates_of(names: list[str], client: int) -> list[bytes]:
    """Updates that set one key each."""
    doc: Doc[Any] = Doc(client_id=client)
    root = doc.get("m", type=Map)
    out: list[bytes] = []
    subscription = doc.observe(lambda event: out.append(event.update))
    for name in names:
        root[name] = True
    doc.unobserve(subscription)
    return out


def names_in(updates: list[bytes]) -> set[str]:
    """The keys that a document of these updates has."""
    doc: Doc[Any] = Doc()
    for update in updates:
        doc.apply_update(update)
    return set(doc.get("m", type=Map).to_py() or {})


def record(payload: bytes, document: str = DOCUMENT) -> Record:
    return Record(document, RecordKind.UPDATE, payload, 1)


def append_and_compact(path: Path, told: Connection, step: str, nth: int) -> None:
    """Append, one at a time, and compact meanwhile; tell the number of every append that was acknowledged.

    The process kills itself when a compaction reaches the step for the nth time.
    """
    seen = 0

    def reached(name: str) -> None:
        nonlocal seen
        seen += name == step
        if seen == nth:
            os.kill(os.getpid(), signal.SIGKILL)

    asyncio.run(_append_and_compact(SqliteLog(path, step=reached), told))


async def _append_and_compact(log: SqliteLog, told: Connection) -> None:
    async def write() -> None:
        for number, payload in enumerate(updates_of([f"w{number}" for number in range(5_000)], 77)):
            await log.append([record(payload)])
            told.send_bytes(str(number).encode())

    writing = asyncio.create_task(write())
    while not writing.done():
        await log.compact(DOCUMENT)
        await asyncio.sleep(0)
    await log.close()


def append_until_full(path: Path, told: Connection, most_bytes: int) -> None:
    """Append while no file may grow beyond the limit, then without it; tell what happened.

    Main file and write-ahead file reach the limit at different times: first what is written cannot be moved
    into the main file any more, then nothing can be written.
    """
    asyncio.run(_append_until_full(SqliteLog(path), told, most_bytes))


async def _append_until_full(log: SqliteLog, told: Connection, most_bytes: int) -> None:
    payload = b"\x00\x00" + b"x" * 50_000  # no update; it is only stored
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (most_bytes, hard))
    stored = refused = 0
    while refused < 3:
        try:
            await log.append([record(payload)])
            stored += 1
        except (StorageFull, LogUnavailable):
            refused += 1
    try:
        await log.compact(DOCUMENT)
        compacted = "done"
    except (StorageFull, LogUnavailable) as error:
        compacted = type(error).__name__
    read_when_full = len(await log.load(DOCUMENT))
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    await log.append([record(payload)])
    told.send((stored, read_when_full, compacted))
    os.kill(os.getpid(), signal.SIGKILL)

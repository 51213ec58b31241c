"""The files of a SQLite log: who holds them, and reading them without leaving a trace (`ward-hub fsck`)."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import sqlite3
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path
from typing import IO

from ward_hub.log.port import Cursor, Finding, LogDamaged, LogUnavailable, Record, RecordKind
from ward_hub.log.sqlite_jobs import translate
from ward_hub.log.sqlite_reader import SqliteReader
from ward_hub.log.sqlite_wal import Tail, read_tail, wal_path


def is_held(path: Path) -> bool:
    """Whether a process holds the log of this file now. Makes and changes no file."""
    try:
        with _shared(path):
            return False
    except LogUnavailable:
        return True


def hold(path: Path) -> IO[bytes]:
    """Hold the log for this process until the file is closed. Raises LogUnavailable."""
    handle = _lock_path(path).open("ab")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        handle.close()
        raise LogUnavailable(f"{path.name} is held by another process") from error
    os.set_inheritable(handle.fileno(), False)
    return handle


def sync_folder(folder: Path) -> None:
    """Make it durable that a file made in the folder is there."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


class StillLog:
    """A log that no hub holds, to be looked at: what of the port reads. Also a `Readable` of log/check.py."""

    def __init__(self, connection: sqlite3.Connection, tail: Tail | None) -> None:
        self._reader = SqliteReader(connection)
        self._tail = tail

    async def load(self, document: str) -> list[bytes]:
        return await self._reader.load(document)

    async def known(self, keys: Sequence[str]) -> dict[str, Record]:
        return await self._reader.known(keys)

    def read(
        self, after: Cursor, kinds: frozenset[RecordKind] | None = None
    ) -> AsyncIterator[tuple[Cursor, Record]]:
        return self._reader.read(after, kinds)

    async def check(self) -> AsyncIterator[Finding]:
        if self._tail is not None and self._tail.finding is not None:
            yield self._tail.finding
        async for finding in self._reader.check():
            yield finding

    async def close(self) -> None:
        await self._reader.close()


@contextlib.asynccontextmanager
async def look_at(path: Path) -> AsyncIterator[StillLog]:
    """Open a log for reading and keep hubs from opening it meanwhile. Makes and changes nothing beside it.

    SQLite reads a write-ahead file only where it may make files: where there is one, a copy of both is read,
    in the folder for temporary files. Raises LogUnavailable when a hub holds it or it is not there,
    LogDamaged when it is no log.
    """
    with _shared(path), tempfile.TemporaryDirectory(prefix="wardline-fsck-") as folder:
        still = StillLog(*_open_still(path, Path(folder)))
        try:
            yield still
        finally:
            await still.close()


def _open_still(path: Path, folder: Path) -> tuple[sqlite3.Connection, Tail | None]:
    try:
        tail = read_tail(path)
        if not path.is_file():
            raise LogUnavailable(f"there is no log at {path}")
        if tail is not None:
            copy = folder / path.name
            shutil.copyfile(path, copy)
            shutil.copyfile(wal_path(path), wal_path(copy))
            path = copy
    except OSError as error:
        raise LogUnavailable(f"{path.name} cannot be read or copied: {error.strerror}") from error
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?{'mode=ro&immutable=1' if tail is None else 'mode=rw'}",
        uri=True,
        isolation_level=None,
        check_same_thread=False,
    )
    try:
        tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_schema")}
    except sqlite3.Error as error:
        connection.close()
        raise translate(error) from error
    if not {"record", "snapshot"} <= tables:
        connection.close()
        raise LogDamaged(f"{path.name} holds no log: expected the tables record and snapshot")
    return connection, tail


def _lock_path(path: Path) -> Path:
    return path.with_name(path.name + ".lock")


@contextlib.contextmanager
def _shared(path: Path) -> Iterator[None]:
    """Keep others from holding the log, while one that holds it is respected."""
    try:
        handle = _lock_path(path).open("rb")
    except FileNotFoundError:
        yield  # no hub has opened it yet, and a lock would be a file
        return
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            raise LogUnavailable(f"{path.name} is held by a hub that runs") from None
        yield

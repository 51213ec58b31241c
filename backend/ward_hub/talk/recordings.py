"""Recorded talks on disk: files named by what is in them, a row each, and the calls they were about.

A recording is stored once and never changed. Who may store or hear one is the edge's question.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from sqlalchemy import exists, select

from ward_hub.calls.tables import CallLine
from ward_hub.db.engine import Database
from ward_hub.talk.tables import Recording, RecordingCall

MAX_BYTES: Final = 32 * 1024 * 1024
"""More than two hours of speech as browsers record it."""
SPARE_BYTES: Final = 512 * 1024 * 1024
"""What recordings leave free on the disk: calls are written there too, and come first."""
_EBML: Final = b"\x1a\x45\xdf\xa3"
"""How every WebM file begins (RFC 8794 11.2.1); its document type follows within the header."""
_HEADER_BYTES: Final = 64


class NotARecording(Exception):
    """The bytes are no WebM file."""


class TooLong(Exception):
    """More than MAX_BYTES."""


class Different(Exception):
    """There is a recording of this talk, of other bytes."""


class NoRoom(Exception):
    """The disk is full, or cannot be written."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """What is told about a recording; times in ms. `terminal` made it, `parties` were at the other end."""

    ward: str
    talk: str
    purpose: str
    started_at: int
    ended_at: int
    terminal: str
    staff: str | None
    parties: tuple[str, ...]
    calls: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Listed:
    """A stored recording as a list shows it; times in ms, ends as in Recorded."""

    talk: str
    purpose: str
    started_at: int
    ended_at: int
    terminal: str
    staff: str | None
    parties: tuple[str, ...]


def free_bytes(folder: Path) -> int:
    """How much a file in the folder may grow."""
    return shutil.disk_usage(folder).free


class Recordings:
    """The folder `media` of the data folder, and its rows."""

    def __init__(
        self,
        database: Database,
        data: Path,
        clock: Callable[[], int],
        free: Callable[[Path], int] = free_bytes,
    ) -> None:
        """Makes the folder, and removes what an earlier process left half written. Raises OSError."""
        self._database = database
        self._folder = data / "media"
        self._incoming = self._folder / "incoming"
        self._clock = clock
        self._free = free
        self._turn = asyncio.Lock()
        for folder in (self._folder, self._incoming):
            folder.mkdir(mode=0o700, exist_ok=True)
        for left in self._incoming.iterdir():
            left.unlink()

    async def store(self, recorded: Recorded, sound: AsyncIterator[bytes]) -> bool:
        """Store a recording, durably; returns False when it was there already, byte for byte.

        Raises NotARecording, TooLong, Different and NoRoom; then nothing is kept.
        """
        name: Path | None = None
        try:
            with tempfile.NamedTemporaryFile(dir=self._incoming, delete=False) as file:
                name = Path(file.name)
                digest, size = await self._receive(file.file, sound)
            async with self._turn:
                return await self._keep(recorded, name, digest, size)
        except OSError as error:
            raise NoRoom(str(error)) from error
        finally:
            if name is not None:
                name.unlink(missing_ok=True)

    async def find(self, ward: str, talk: str) -> Path | None:
        """Return the file of a recording, None when there is none."""
        async with self._database.session() as session:
            row = await session.get(Recording, (ward, talk))
        path = None if row is None else self._path(row.digest)
        return path if path is not None and path.is_file() else None

    async def list_without_call(self, ward: str, from_ms: int, to_ms: int, limit: int = 5000) -> list[Listed]:
        """The ward's recordings begun in [from_ms, to_ms) that no line of its journal shows, newest first, at
        most `limit`: broadcasts, talks without a call, and talks whose call the hub does not know (yet)."""
        shown = exists().where(
            RecordingCall.ward == Recording.ward,
            RecordingCall.talk == Recording.talk,
            CallLine.id == RecordingCall.call,
            CallLine.ward == RecordingCall.ward,
        )
        wanted = (
            select(Recording)
            .where(Recording.ward == ward, Recording.started_at >= from_ms, Recording.started_at < to_ms)
            .where(~shown)
            .order_by(Recording.started_at.desc(), Recording.talk)
            .limit(limit)
        )
        async with self._database.session() as session:
            return [_listed(row) for row in await session.scalars(wanted)]

    async def _receive(self, file: IO[bytes], sound: AsyncIterator[bytes]) -> tuple[str, int]:
        """Write what comes, and sync it; returns its SHA-256 in hex and its length."""
        digest, size, header = hashlib.sha256(), 0, b""
        async for chunk in sound:
            size += len(chunk)
            if size > MAX_BYTES:
                raise TooLong
            if len(header) < _HEADER_BYTES:
                header = (header + chunk)[:_HEADER_BYTES]
                if not header.startswith(_EBML[: len(header)]):
                    raise NotARecording
            if self._free(self._incoming) < SPARE_BYTES:
                raise NoRoom(f"less than {SPARE_BYTES} bytes are free")
            digest.update(chunk)
            await asyncio.to_thread(file.write, chunk)
        if not header.startswith(_EBML) or b"webm" not in header:
            raise NotARecording
        await asyncio.to_thread(_sync, file)
        return digest.hexdigest(), size

    async def _keep(self, recorded: Recorded, name: Path, digest: str, size: int) -> bool:
        """The file under its name first, then the row: a row without a file would be a lie."""
        async with self._database.session() as session:
            row = await session.get(Recording, (recorded.ward, recorded.talk))
        if row is not None and row.digest != digest:
            raise Different
        path = self._path(digest)
        if not path.is_file():
            await asyncio.to_thread(_move, name, path)
        if row is not None:
            return False
        async with self._database.session.begin() as session:
            session.add(
                Recording(
                    ward=recorded.ward,
                    talk=recorded.talk,
                    purpose=recorded.purpose,
                    started_at=recorded.started_at,
                    ended_at=recorded.ended_at,
                    terminal=recorded.terminal,
                    staff=recorded.staff,
                    parties=",".join(recorded.parties),
                    digest=digest,
                    bytes=size,
                    stored_at=self._clock(),
                )
            )
            # The foreign key wants the recording first.
            await session.flush()
            session.add_all(
                RecordingCall(ward=recorded.ward, talk=recorded.talk, call=call) for call in recorded.calls
            )
        return True

    def _path(self, digest: str) -> Path:
        return self._folder / digest[:2] / f"{digest}.webm"


def _listed(row: Recording) -> Listed:
    return Listed(
        talk=row.talk,
        purpose=row.purpose,
        started_at=row.started_at,
        ended_at=row.ended_at,
        terminal=row.terminal,
        staff=row.staff,
        parties=tuple(row.parties.split(",")),
    )


def _sync(file: IO[bytes]) -> None:
    file.flush()
    os.fsync(file.fileno())


def _move(name: Path, path: Path) -> None:
    """Rename, and sync the folders that name it."""
    path.parent.mkdir(mode=0o700, exist_ok=True)
    name.replace(path)
    for folder in (path.parent, path.parent.parent):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

"""Releases of the app that terminals may run (DEV-07): the one the hub came with, and those added since.

Added ones lie unpacked in `releases/{build}` of the data folder; what is served of them is edge/pages.py's.
"""

from __future__ import annotations

import asyncio
import logging
import re
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from sqlalchemy import delete, select

from ward_hub.audit.port import AuditAction, AuditEntry, AuditTrail
from ward_hub.db.engine import Database
from ward_hub.documents.port import Json
from ward_hub.fleet.release_zip import MAX_ZIP_BYTES, BadRelease, Build, check, read_build, unpack
from ward_hub.fleet.tables import ReleaseRow
from ward_hub.office.port import OfficePrincipal

MAX_RELEASES = 20
MAX_NOTE_CHARS = 200
_HASHED = re.compile(r".+-[A-Za-z0-9_-]{8}\.[a-z0-9]+")
"""Names that carry their content's hash, as Vite makes them: browsers keep such a file for ever."""

log = logging.getLogger(__name__)


class TooLarge(Exception):
    """More than MAX_ZIP_BYTES."""


class NoRoom(Exception):
    """The disk cannot take it."""


class StillUsed(Exception):
    """The release is run or wished somewhere; the message says where."""


class NotHeld(LookupError):
    """No such release."""


@dataclass(frozen=True, slots=True)
class Release:
    """An added release. Times in ms, `bytes` of the zip it came as."""

    build: str
    version: str
    added_at: int
    added_by: str
    bytes: int
    note: str


class Releases:
    """The releases of this hub. Also the shelf that pages are served from."""

    def __init__(
        self, database: Database, data: Path, base_folder: Path, audit: AuditTrail, clock: Callable[[], int]
    ) -> None:
        """Reads what the app in `base_folder` calls itself. Raises BadRelease and OSError."""
        self._database = database
        self._audit = audit
        self._clock = clock
        self._folder = data / "releases"
        self._incoming = self._folder / "incoming"
        self._base_folder = base_folder
        self.base: Build = read_build(base_folder)
        files = [path.stat() for path in base_folder.rglob("*") if path.is_file()]
        self.base_bytes = sum(one.st_size for one in files)
        self.base_at = max((one.st_mtime_ns // 1_000_000 for one in files), default=0)
        """When the hub's own app was put there, ms."""
        self._held: dict[str, Release] = {}
        self._turn = asyncio.Lock()

    async def load(self) -> None:
        """Read which releases there are; remove what an earlier process left half done. Raises OSError."""
        await asyncio.to_thread(self._clear_incoming)
        async with self._database.session() as session:
            rows = (await session.scalars(select(ReleaseRow).order_by(ReleaseRow.added_at))).all()
        for row in rows:
            try:
                found = await asyncio.to_thread(check, self._folder / row.build)
            except (BadRelease, OSError) as error:
                # Nothing is served of it; terminals that were to run it get what the house has.
                log.error("release %s cannot be used: %s", row.build, error)
                continue
            if found.build == row.build:
                self._held[row.build] = Release(
                    row.build, row.version, row.added_at, row.added_by, row.bytes, row.note
                )
        known = {row.build for row in rows}
        for folder in self._folder.iterdir():
            if folder != self._incoming and folder.name not in known:
                await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)

    def holds(self, build: str) -> bool:
        return build == self.base.build or build in self._held

    def added(self) -> list[Release]:
        """The added ones, oldest first."""
        return list(self._held.values())

    def folder_of(self, build: str | None) -> Path:
        """The folder of a build; the hub's own app for None and for one that is not held."""
        if build is None or build == self.base.build or build not in self._held:
            return self._base_folder
        return self._folder / build

    def asset_folders(self) -> list[Path]:
        """Where assets are looked for, in order: the hub's own, then the newest release first."""
        added = [self._folder / build / "assets" for build in reversed(self._held)]
        return [self._base_folder / "assets", *(folder for folder in added if folder.is_dir())]

    def has_page(self, build: str, kind: str) -> bool:
        """Whether the build has a page for this kind of terminal."""
        return self.holds(build) and (self.folder_of(build) / f"{kind}.html").is_file()

    async def add(self, who: OfficePrincipal, note: str, body: AsyncIterator[bytes]) -> Release:
        """Take a zip, check and unpack it. Raises BadRelease, TooLarge, NoRoom; then nothing is kept."""
        async with self._turn:
            if len(self._held) >= MAX_RELEASES:
                raise BadRelease(f"{MAX_RELEASES} releases are held already: delete one first")
            place = Path(tempfile.mkdtemp(dir=self._incoming))
            try:
                return await self._add(who, note, body, place)
            except OSError as error:
                raise NoRoom(str(error)) from error
            finally:
                await asyncio.to_thread(shutil.rmtree, place, ignore_errors=True)

    async def _add(self, who: OfficePrincipal, note: str, body: AsyncIterator[bytes], place: Path) -> Release:
        size = 0
        packed, unpacked = place / "release.zip", place / "app"
        unpacked.mkdir(mode=0o700)
        file: IO[bytes]
        with packed.open("xb") as file:
            async for chunk in body:
                size += len(chunk)
                if size > MAX_ZIP_BYTES:
                    raise TooLarge
                await asyncio.to_thread(file.write, chunk)
        build = await asyncio.to_thread(unpack, packed, unpacked)
        if self.holds(build.build):
            raise BadRelease(f"build {build.build} is held already")
        await asyncio.to_thread(self._unlike_others, unpacked)
        target = self._folder / build.build
        release = Release(build.build, build.version, self._clock(), who.staff, size, note)
        await asyncio.to_thread(shutil.rmtree, target, ignore_errors=True)  # left by a deletion that was cut
        await asyncio.to_thread(unpacked.rename, target)
        async with self._database.session.begin() as session:
            session.add(
                ReleaseRow(
                    build=release.build,
                    version=release.version,
                    added_at=release.added_at,
                    added_by=release.added_by,
                    bytes=release.bytes,
                    note=release.note,
                )
            )
            await self._audit.add(
                session, _entry(who, release.build, {"do": "add", "version": release.version, "bytes": size})
            )
        self._held[release.build] = release
        log.info("release %s (%s) added by %s", release.build, release.version, who.staff)
        return release

    async def remove(self, who: OfficePrincipal, build: str, used_by: Callable[[str], str | None]) -> None:
        """Delete an added release. `used_by`: build → who still uses it, None: nobody.

        Raises NotHeld and StillUsed (also for the hub's own).
        """
        async with self._turn:
            if build == self.base.build:
                raise StillUsed("it is the hub's own")
            if build not in self._held:
                raise NotHeld(build)
            user = used_by(build)
            if user is not None:
                raise StillUsed(user)
            async with self._database.session.begin() as session:
                await session.execute(delete(ReleaseRow).where(ReleaseRow.build == build))
                await self._audit.add(session, _entry(who, build, {"do": "delete"}))
            del self._held[build]
            await asyncio.to_thread(shutil.rmtree, self._folder / build, ignore_errors=True)

    def _clear_incoming(self) -> None:
        self._folder.mkdir(mode=0o700, exist_ok=True)
        shutil.rmtree(self._incoming, ignore_errors=True)
        self._incoming.mkdir(mode=0o700)

    def _unlike_others(self, folder: Path) -> None:
        """A name with a hash in it means one content: two would be served for each other. Raises
        BadRelease."""
        for path in (folder / "assets").rglob("*"):
            if not path.is_file() or not _HASHED.fullmatch(path.name):
                continue
            name = path.relative_to(folder / "assets")
            for other in self.asset_folders():
                held = other / name
                if held.is_file() and held.read_bytes() != path.read_bytes():
                    raise BadRelease(f"assets/{name} differs from the one another release has")


def _entry(who: OfficePrincipal, build: str, detail: dict[str, Json]) -> AuditEntry:
    return AuditEntry(
        AuditAction.RELEASE, "ok", staff=who.staff, subject=build, address=who.address, detail=detail
    )

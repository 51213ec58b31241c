"""A release of the app as a zip: read strictly, unpacked whole or not at all (DEV-07).

Taken is what the build makes and nothing else: the pages, the worker, the manifest, `build.json`, and files
under `assets/`. Names are plain; links, paths that leave the folder and encrypted entries are refused.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import stat
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ward_hub.fleet.report import BUILD, VERSION_CHARS

MAX_ZIP_BYTES = 50 * 2**20
MAX_UNPACKED_BYTES = 100 * 2**20
"""The app is 1 MiB; this leaves room for sounds and clips, and none for a bomb."""
MAX_FILES = 2_000
MAX_NAME_CHARS = 200
PAGES = ("bedside", "door", "corridor", "station", "whiteboard", "pda", "wall", "office")
REQUIRED = ("bedside.html", "sw.js", "manifest.json", "build.json")
_TOP = frozenset({*REQUIRED, *(f"{page}.html" for page in PAGES)})
_SEGMENT = r"[A-Za-z0-9_-][A-Za-z0-9_.-]*"
_ASSET = re.compile(
    rf"assets/({_SEGMENT}/){{0,3}}{_SEGMENT}\.(js|css|png|svg|jpg|webp|ico|woff2|woff|json|wasm|mp3|wav|ogg|webm|txt)"
)
_ASSET_FOLDER = re.compile(rf"assets/({_SEGMENT}/){{0,3}}")
_REFERENCE = re.compile(r"""["'`](/assets/[A-Za-z0-9_./-]+)["'`]""")
_IN_WORKER = re.compile(rf"""["'`]({BUILD})["'`]""")
_CHUNK = 256 * 1024


class BadRelease(ValueError):
    """Not a release of the app; the message says what was expected and what came."""


@dataclass(frozen=True, slots=True)
class Build:
    """What a built app calls itself: 16 hex digits and a version for people."""

    build: str
    version: str


def read_build(folder: Path) -> Build:
    """Return the name of the app built in the folder, which the hub came with. Raises BadRelease and OSError.

    From `build.json`; a build of before there was one has its hash in the worker, or is named by what its
    worker holds.
    """
    told, worker = folder / "build.json", folder / "sw.js"
    if told.is_file():
        return _parse_build(told.read_bytes())
    content = worker.read_bytes() if worker.is_file() else b""
    found = _IN_WORKER.findall(content.decode("utf-8", "replace"))
    return Build(found[0] if found else hashlib.sha256(content).hexdigest()[:16], "")


def unpack(zip_path: Path, folder: Path) -> Build:
    """Unpack a release into the folder, which is empty, and return what it is. Raises BadRelease and OSError.

    Whatever was written before it turned out unfit is the caller's to remove.
    """
    try:
        with zipfile.ZipFile(zip_path) as archive:
            entries = _entries(archive)
            left = MAX_UNPACKED_BYTES
            for entry in entries:
                left -= _write(archive, entry, folder / entry.filename, left)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise BadRelease(f"no readable zip: {type(error).__name__}") from error
    except OSError as error:
        if error.errno == errno.EINVAL:  # an entry before the file's begin
            raise BadRelease("no readable zip") from error
        raise
    except ValueError as error:  # what decompressors raise over broken data
        raise error if isinstance(error, BadRelease) else BadRelease("no readable zip") from error
    _sync_folders(folder)
    return check(folder)


def check(folder: Path) -> Build:
    """Return what the unpacked release is: it names itself everywhere alike, and all it needs is there.

    Raises BadRelease.
    """
    for name in REQUIRED:
        if not (folder / name).is_file():
            raise BadRelease(f"expected {name}")
    build = _parse_build((folder / "build.json").read_bytes())
    _manifest(folder)
    worker = _text(folder / "sw.js")
    if build.build not in _IN_WORKER.findall(worker):
        raise BadRelease("build.json names another build than sw.js")
    for path in sorted(folder.glob("*.html")):
        page = _text(path)
        if f'<meta name="wardline-build" content="{build.build}"' not in page:
            raise BadRelease(f"{path.name} does not name the build of build.json")
        _needs(folder, path.name, page)
    _needs(folder, "sw.js", worker)
    return build


def _entries(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """The files, each looked at before anything is written."""
    infos = archive.infolist()
    if len(infos) > MAX_FILES:
        raise BadRelease(f"expected at most {MAX_FILES} files, got {len(infos)}")
    files: list[zipfile.ZipInfo] = []
    taken: set[str] = set()
    total = 0
    for info in infos:
        name = info.filename
        if len(name) > MAX_NAME_CHARS:
            raise BadRelease("a name is too long")
        kind = stat.S_IFMT(info.external_attr >> 16)
        if info.is_dir():
            if not _ASSET_FOLDER.fullmatch(name) or kind not in (0, stat.S_IFDIR):
                raise BadRelease(f"unexpected folder {name!r}")
            continue
        if kind not in (0, stat.S_IFREG):
            raise BadRelease(f"{name!r} is no plain file")
        if name not in _TOP and not _ASSET.fullmatch(name):
            raise BadRelease(f"unexpected file {name!r}")
        if info.flag_bits & 0x1:
            raise BadRelease(f"{name!r} is encrypted")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise BadRelease(f"{name!r} is packed in a way that is not taken")
        # Folders of some systems do not tell small from capital letters.
        if name.lower() in taken:
            raise BadRelease(f"{name!r} stands twice")
        taken.add(name.lower())
        total += info.file_size
        if total > MAX_UNPACKED_BYTES:
            raise BadRelease(f"expected at most {MAX_UNPACKED_BYTES} bytes unpacked")
        files.append(info)
    return files


def _write(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, path: Path, left: int) -> int:
    """Write one file, durably; what it really holds counts, not what it says."""
    written = 0
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with archive.open(entry) as packed, path.open("xb") as file:
        while chunk := packed.read(_CHUNK):
            written += len(chunk)
            if written > left:
                raise BadRelease(f"expected at most {MAX_UNPACKED_BYTES} bytes unpacked")
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())
    return written


def _sync_folders(folder: Path) -> None:
    for one in (folder, *(path for path in folder.rglob("*") if path.is_dir())):
        handle = os.open(one, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _parse_build(data: bytes) -> Build:
    value = _json(data, "build.json")
    if not isinstance(value, dict) or value.keys() != {"build", "version"}:
        raise BadRelease("build.json: expected exactly build and version")
    build, version = value["build"], value["version"]
    if not isinstance(build, str) or not re.fullmatch(BUILD, build):
        raise BadRelease("build.json: expected build to be 16 hex digits")
    if not isinstance(version, str) or not re.fullmatch(r"[A-Za-z0-9.+_-]*", version):
        raise BadRelease("build.json: expected version to be letters, digits and dots")
    if len(version) > VERSION_CHARS:
        raise BadRelease(f"build.json: expected version to have at most {VERSION_CHARS} characters")
    return Build(build, version)


def _manifest(folder: Path) -> None:
    if not isinstance(_json((folder / "manifest.json").read_bytes(), "manifest.json"), dict):
        raise BadRelease("manifest.json: expected an object")


def _json(data: bytes, name: str) -> Any:
    try:
        return json.loads(data.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise BadRelease(f"{name}: expected JSON in UTF-8") from error


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8")
    except ValueError as error:
        raise BadRelease(f"{path.name}: expected UTF-8") from error


def _needs(folder: Path, name: str, text: str) -> None:
    for reference in _REFERENCE.findall(text):
        if not _ASSET.fullmatch(reference[1:]) or not (folder / reference[1:]).is_file():
            raise BadRelease(f"{name} needs {reference}, which is not there")

"""Tiny apps of the form the build makes, as folders and as zips."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from pathlib import Path

BASE = "ba5e000000000001"
NEW = "4e3b000000000002"
NEWER = "4e3b000000000003"
KINDS = ("bedside", "door", "corridor", "station", "whiteboard", "pda")


def app_files(build: str, kinds: tuple[str, ...] = KINDS, version: str = "1.2.0") -> dict[str, bytes]:
    """Path → content of an app whose assets carry the build in their name."""
    script = f"assets/app-{build[-8:]}.js"
    page = (
        f'<html><head><meta name="wardline-build" content="{build}" /></head>'
        f'<script src="/{script}"></script></html>'
    )
    return {
        "build.json": json.dumps({"build": build, "version": version}).encode(),
        "manifest.json": b'{"name": "Wardline"}',
        "sw.js": f'const own="{build}",files=["/{script}"];'.encode(),
        script: f"// {build}".encode(),
        "assets/icons/icon-192.png": b"icon",
        **{f"{kind}.html": page.encode() for kind in kinds},
    }


def write_app(folder: Path, build: str) -> None:
    for name, content in app_files(build).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def zip_of(files: Mapping[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()


def release_zip(build: str = NEW, **options: object) -> bytes:
    return zip_of(app_files(build, **options))  # type: ignore[arg-type]  # as app_files takes them

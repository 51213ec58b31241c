"""The built app: one page a kind of terminal under `/t/{kind}/{terminal}/`, its worker, manifest and assets.

Pages hold no data, so they need no token. What may be cached for ever has its hash in the name. Which release
of the app a slot gets is told by a shelf; assets are found in whichever release has them.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from ward_hub.documents.names import ID

KINDS = ("bedside", "door", "corridor", "station", "whiteboard", "pda")

POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; media-src 'self' blob:; "
    "style-src 'self' 'unsafe-inline'; connect-src 'self' {control}; worker-src 'self' blob:; "
    "frame-src 'self'; frame-ancestors 'self'; base-uri 'none'; form-action 'none'; object-src 'none'"
)
"""`unsafe-inline` for styles only: panels place bars and lamps by style attributes."""

NAMES: Mapping[str, str] = {
    "bedside": "床头屏",
    "door": "门口屏",
    "corridor": "走廊屏",
    "station": "护士站",
    "whiteboard": "白板屏",
    "pda": "手持终端",
    "wall": "演示墙",
}


class Shelf(Protocol):
    """The releases of the app there are (fleet/service.py)."""

    def page_folder(self, terminal: str) -> Path:
        """The folder of the release a terminal is to run."""
        ...

    def asset_folders(self) -> Sequence[Path]:
        """Where assets are looked for, in order."""
        ...


class AppMissing(Exception):
    """The folder holds no built app; the message says which file was expected."""


def app_folder(given: Path | None) -> Path:
    """Return the folder of the built app: the given one, the packaged one, or a checkout's `pwa/dist`.

    Raises AppMissing when none holds a `bedside.html`.
    """
    package = Path(__file__).resolve().parent.parent
    candidates = [given] if given else [package / "app", package.parent.parent / "pwa" / "dist"]
    for folder in candidates:
        if (folder / "bedside.html").is_file():
            return folder
    raise AppMissing(f"no built app: expected bedside.html in {' or '.join(str(c) for c in candidates)}")


class Assets(StaticFiles):
    """Files whose names carry their content's hash, of every release on the shelf."""

    def __init__(self, folder: Path, shelf: Shelf | None) -> None:
        super().__init__(directory=folder)
        self._shelf = shelf

    def lookup_path(self, path: str) -> tuple[str, os.stat_result | None]:
        if self._shelf is not None:
            # Each is looked into with StaticFiles' own check that the path stays inside.
            self.all_directories = list(self._shelf.asset_folders())
        return super().lookup_path(path)

    def file_response(self, *args: object, **kwargs: object) -> Response:
        response = super().file_response(*args, **kwargs)  # type: ignore[arg-type]  # passed through as given
        response.headers["cache-control"] = "public, max-age=31536000, immutable"
        return response

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["x-content-type-options"] = "nosniff"
        return response


def page_routes(folder: Path, control: str = "", shelf: Shelf | None = None) -> list[BaseRoute]:
    """Return the routes of the built app in `folder`, and of other releases for slots that are to run them.

    `control` is the origin of the demo's supervisor that pages may speak to, or empty.
    """
    headers = {
        "cache-control": "no-cache",
        "content-security-policy": POLICY.format(control=control).replace("  ", " "),
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "permissions-policy": "microphone=(self), camera=(self)",
    }

    def file(name: str, media_type: str, place: Path = folder) -> Response:
        return FileResponse(place / name, media_type=media_type, headers=headers)

    def place_of(request: Request, kind: str) -> Path:
        if shelf is None:
            return folder
        place = shelf.page_folder(request.path_params["terminal"])
        return place if (place / f"{kind}.html").is_file() else folder

    def known(request: Request) -> str | None:
        kind, terminal = request.path_params["kind"], request.path_params["terminal"]
        return kind if kind in KINDS and re.fullmatch(ID, terminal) else None

    def missing() -> Response:
        return PlainTextResponse("no such terminal page", 404)

    async def page(request: Request) -> Response:
        kind = known(request)
        return file(f"{kind}.html", "text/html", place_of(request, kind)) if kind else missing()

    async def worker(request: Request) -> Response:
        kind = known(request)
        return file("sw.js", "text/javascript", place_of(request, kind)) if kind else missing()

    async def manifest(request: Request) -> Response:
        kind = known(request)
        if kind is None:
            return missing()
        return slot_manifest(kind, request.path_params["terminal"], place_of(request, kind))

    def slot_manifest(kind: str, terminal: str, place: Path) -> Response:
        template = json.loads((place / "manifest.json").read_text("utf-8"))
        scope = f"/t/{kind}/{terminal}/" if terminal else "/wall/"
        name = f"{NAMES[kind]} {terminal}".strip()
        filled = {
            **template,
            "id": scope,
            "start_url": scope,
            "scope": scope,
            "name": name,
            "short_name": name,
        }
        return JSONResponse(filled, media_type="application/manifest+json", headers=headers)

    async def wall(request: Request) -> Response:
        return file("wall.html", "text/html")

    async def wall_worker(request: Request) -> Response:
        return file("sw.js", "text/javascript")

    async def wall_manifest(request: Request) -> Response:
        return slot_manifest("wall", "", folder)

    async def office(request: Request) -> Response:
        return file("office.html", "text/html")

    async def to_office(request: Request) -> Response:
        return RedirectResponse("/office/")

    slot = "/t/{kind}/{terminal}"
    routes: list[BaseRoute] = [
        Route(f"{slot}/", page),
        Route(f"{slot}/sw.js", worker),
        Route(f"{slot}/manifest.webmanifest", manifest),
        Mount("/assets", GZipMiddleware(Assets(folder / "assets", shelf), minimum_size=1024)),
    ]
    if (folder / "office.html").is_file():
        routes += [Route("/office/", office), Route("/office", to_office), Route("/", to_office)]
    if (folder / "wall.html").is_file():
        routes += [
            Route("/wall/", wall),
            Route("/wall/sw.js", wall_worker),
            Route("/wall/manifest.webmanifest", wall_manifest),
        ]
    return routes

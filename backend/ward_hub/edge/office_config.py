"""The configuration over HTTP, for the back office: what there is, changes, undo, imports.

GET  /api/office/wards, /wards/{ward}, /staff, /permissions, /hospital
POST /api/office/changes {note, edits}          → {id, revision}
GET  /api/office/changes?ward&before&limit      → {changes, more}
POST /api/office/changes/{id}/undo              → {id, revision}
POST /api/office/import/{kind}?ward&dry         (CSV or XLSX)
GET  /api/office/import/{kind}/template         XLSX

Ad hoc hosting: `office_hosting.py`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import asdict, dataclass
from typing import Any, TypeVar
from urllib.parse import quote

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ward_hub.access.port import AccessRefused
from ward_hub.db.engine import Database
from ward_hub.edge.errors import WardError, answering
from ward_hub.edge.json_body import read_body, read_json, read_upload
from ward_hub.edge.office_edits import change_json, parse_edits, path_id, query, ward_of, whole
from ward_hub.edge.office_port import OfficeDoor
from ward_hub.office.changes import Applied, Changes, UnknownChange, edit_json
from ward_hub.office.entities.places import HospitalAdapter
from ward_hub.office.import_rows import TITLES
from ward_hub.office.importing import Importing, template
from ward_hub.office.port import OfficePrincipal, Permission, Value
from ward_hub.office.sheets import MAX_BYTES, XLSX, SheetRefused
from ward_hub.office.ward_config import list_staff, list_wards, ward_config

MAX_CHANGE_BYTES = 1024 * 1024
MAX_LISTED = 200
LISTED = 50
MAX_CHANGE_ID = 2**31 - 1
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class OfficeConfig:
    """What the routes need.

    `shipped_call_types`: id → type without its id; `occupied`: ward → beds with a patient; `flags`: staff id
    → how they can sign in; `permissions`: what GET permissions answers; `clock` gives ms.
    """

    database: Database
    door: OfficeDoor
    changes: Changes
    importing: Importing
    shipped_call_types: Mapping[str, Value]
    occupied: Callable[[str], Collection[str]]
    flags: Callable[[AsyncSession], Awaitable[Mapping[str, Mapping[str, Any]]]]
    permissions: Callable[[AsyncSession], Awaitable[Mapping[str, Any]]]
    clock: Callable[[], int]


def office_config_routes(services: OfficeConfig) -> list[Route]:
    """The routes, ready to be mounted at the root."""
    api = _ConfigApi(services)
    return [
        Route(f"/api/office/{path}", answering(endpoint, services.clock), methods=[method])
        for method, path, endpoint in (
            ("GET", "wards", api.wards),
            ("GET", "wards/{ward}", api.ward),
            ("GET", "staff", api.staff),
            ("GET", "permissions", api.permissions),
            ("GET", "hospital", api.hospital),
            ("POST", "changes", api.change),
            ("GET", "changes", api.changes),
            ("POST", "changes/{id}/undo", api.undo),
            ("POST", "import/{kind}", api.run_import),
            ("GET", "import/{kind}/template", api.template),
        )
    ]


class _ConfigApi:
    def __init__(self, services: OfficeConfig) -> None:
        self._services = services

    async def wards(self, request: Request) -> Response:
        who = await self._services.door.who(request)
        query(request)
        wards = await self._read(list_wards)
        return _answer([ward for ward in wards if who.sees(ward["id"])])

    async def ward(self, request: Request) -> Response:
        who = await self._services.door.who(request)
        query(request)
        ward = path_id(request, "ward")
        who.require(Permission.WARD_READ, ward)
        services = self._services
        found = await self._read(
            lambda session: ward_config(
                session, ward, services.shipped_call_types, services.occupied(ward), services.clock()
            )
        )
        if found is None:
            raise WardError("not_found")
        return _answer(found)

    async def staff(self, request: Request) -> Response:
        who = await self._services.door.who(request)
        query(request)
        who.require(Permission.STAFF_WRITE)
        people, flags = await self._read(self._people)
        return _answer(
            [
                {"id": person, **value, **flags.get(person, {})}
                for person, value in people
                if who.sees(_ward_of(value))
            ]
        )

    async def permissions(self, request: Request) -> Response:
        who = await self._services.door.who(request)
        query(request)
        if not (who.may(Permission.PERMISSIONS_WRITE) or who.may(Permission.STAFF_WRITE)):
            raise AccessRefused("permission-denied")
        return _answer(await self._read(self._services.permissions))

    async def hospital(self, request: Request) -> Response:
        who = await self._services.door.who(request)
        query(request)
        who.require(Permission.WARD_READ)
        return _answer(await self._read(lambda session: HospitalAdapter().read(session, None, "hospital")))

    async def change(self, request: Request) -> Response:
        who = await self._services.door.who(request)
        edits, note = parse_edits(await read_json(request, MAX_CHANGE_BYTES))
        return _applied(await self._services.changes.apply(who, edits, note))

    async def changes(self, request: Request) -> Response:
        who = await self._services.door.who(request)
        given = query(request, "ward", "before", "limit")
        ward = ward_of(given)
        who.require(Permission.WARD_READ, ward)
        before = whole(given, "before", None, MAX_CHANGE_ID)
        limit = whole(given, "limit", LISTED, MAX_LISTED) or LISTED
        rows, more = await self._services.changes.list(who, ward, before, limit)
        return _answer({"changes": [change_json(row) for row in rows], "more": more})

    async def undo(self, request: Request) -> Response:
        who = await self._services.door.who(request)
        await read_body(request)
        change = request.path_params["id"]
        if not (change.isascii() and change.isdecimal() and len(change) <= 10):
            raise WardError("not_found")
        try:
            return _applied(await self._services.changes.undo(who, int(change)))
        except UnknownChange:
            raise WardError("not_found") from None

    async def run_import(self, request: Request) -> Response:
        who = await self._services.door.who(request)
        kind = _kind(request)
        given = query(request, "ward", "dry")
        if given.get("dry", "0") not in ("0", "1"):
            raise WardError("malformed", "Expected dry to be 0 or 1.")
        ward = ward_of(given)
        if ward is None and kind != "staff":
            raise WardError("malformed", "Expected the ward that is imported into.")
        await self._allow_ward(who, ward)
        data = await read_upload(request, MAX_BYTES)
        try:
            done = await self._services.importing.run(who, kind, ward, data, given.get("dry") == "1")
        except SheetRefused as refused:
            raise WardError(refused.code, str(refused)) from refused
        return _answer(
            {
                "rows": done.rows,
                "errors": [asdict(error) for error in done.errors],
                "edits": [edit_json(edit) for edit in done.edits],
                "change": done.change,
            }
        )

    async def template(self, request: Request) -> Response:
        await self._services.door.who(request)
        query(request)
        kind = _kind(request)
        name = quote(f"{TITLES[kind]}导入模板.xlsx")
        headers = {
            "Cache-Control": "no-store",
            "Content-Disposition": f"attachment; filename=\"{kind}.xlsx\"; filename*=UTF-8''{name}",
            "X-Content-Type-Options": "nosniff",
        }
        return Response(template(kind), media_type=XLSX, headers=headers)

    async def _allow_ward(self, who: OfficePrincipal, ward: str | None) -> None:
        """A ward that is not there is said so only to those who would see it."""
        if ward is None:
            return
        if not who.sees(ward):
            raise AccessRefused("permission-denied")
        if ward not in {one["id"] for one in await self._read(list_wards)}:
            raise WardError("not_found")

    async def _people(
        self, session: AsyncSession
    ) -> tuple[list[tuple[str, Value]], Mapping[str, Mapping[str, Any]]]:
        return await list_staff(session), await self._services.flags(session)

    async def _read(self, look: Callable[[AsyncSession], Awaitable[T]]) -> T:
        async with self._services.database.session() as session:
            return await look(session)


def _ward_of(value: Value) -> str | None:
    ward = value["ward"]
    return ward if isinstance(ward, str) else None


def _kind(request: Request) -> str:
    kind: str = request.path_params["kind"]
    if kind not in TITLES:
        raise WardError("not_found")
    return kind


def _applied(applied: Applied) -> Response:
    """`id` is null when nothing was to be changed."""
    return _answer({"id": applied.id, "revision": applied.revision})


def _answer(value: object) -> Response:
    return JSONResponse(value, headers={"Cache-Control": "no-store"})

"""Ad hoc hosting (CALL-07): from the back office, and by a station's own key.

POST   /api/office/hosting/now          ward, from_group, to, until_ms     → {id, revision, hosting}
POST   /api/wards/{ward}/hosting        from_group, to, until_ms (Bearer)  → {id, revision, hosting}
DELETE /api/wards/{ward}/hosting/{id}   (Bearer)                           → {id, revision}

A station hosts the calls of groups that name it, with or without a person signed in; both are recorded.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ward_hub.access.port import Gate
from ward_hub.db.engine import Database
from ward_hub.directory.current import CurrentDirectory
from ward_hub.directory.model import TerminalKind
from ward_hub.edge.errors import WardError, answering
from ward_hub.edge.identity_api import bearer
from ward_hub.edge.json_body import MAX_BODY_BYTES, read_body, read_json
from ward_hub.edge.office_edits import path_id, query
from ward_hub.edge.office_port import OfficeDoor
from ward_hub.office.changes import Applied, Changes
from ward_hub.office.entities.hosting import HostingAdapter
from ward_hub.office.port import Edit, EditsRefused, Entity, Problem
from ward_hub.office.principals import StationPrincipal, Who

LONGEST_MS = 7 * 24 * 3_600_000
"""What is to last longer belongs into the plan."""


@dataclass(frozen=True, slots=True)
class OfficeHosting:
    """What the routes need. `new_id` makes the id of a hosting; `clock` gives ms."""

    database: Database
    door: OfficeDoor
    gate: Gate
    current: CurrentDirectory
    changes: Changes
    new_id: Callable[[], str]
    clock: Callable[[], int]


def office_hosting_routes(services: OfficeHosting) -> list[Route]:
    """The routes, ready to be mounted at the root."""
    api = _HostingApi(services)
    return [
        Route(path, answering(endpoint, services.clock), methods=[method])
        for method, path, endpoint in (
            ("POST", "/api/office/hosting/now", api.by_office),
            ("POST", "/api/wards/{ward}/hosting", api.by_station),
            ("DELETE", "/api/wards/{ward}/hosting/{id}", api.ended_by_station),
        )
    ]


class _HostingApi:
    def __init__(self, services: OfficeHosting) -> None:
        self._services = services

    async def by_office(self, request: Request) -> Response:
        who = await self._services.door.who(request)
        query(request)
        body = await read_json(request, MAX_BODY_BYTES)
        ward = body.pop("ward", None)
        if not isinstance(ward, str):
            raise WardError("malformed", "Expected ward to be a string.")
        return await self._begin(who, ward, body)

    async def by_station(self, request: Request) -> Response:
        who = self._station(request)
        query(request)
        body = await read_json(request, MAX_BODY_BYTES)
        return await self._begin(who, path_id(request, "ward"), body)

    async def ended_by_station(self, request: Request) -> Response:
        """A hosting of now ends now and stays in the plan as it was; one to come is taken out."""
        who, services = self._station(request), self._services
        query(request)
        await read_body(request)
        ward, hosting = path_id(request, "ward"), path_id(request, "id")
        async with services.database.session() as session:
            value = await HostingAdapter().read(session, ward, hosting)
        now = services.clock()
        from_ms, until_ms = (value or {}).get("from_ms"), (value or {}).get("until_ms")
        if value is None or not isinstance(from_ms, int) or not isinstance(until_ms, int) or until_ms <= now:
            raise WardError("not_found")
        after = {**value, "until_ms": now} if from_ms < now else None
        edit = Edit(Entity.HOSTING, ward, hosting, value, after)
        return _answer(await services.changes.apply(who, [edit], "提前结束托管"))

    async def _begin(self, who: Who, ward: str, body: dict[str, Any]) -> Response:
        if body.keys() != {"from_group", "to", "until_ms"}:
            raise WardError("malformed", "Expected exactly the fields from_group, to, until_ms.")
        now, until_ms = self._services.clock(), body["until_ms"]
        if type(until_ms) is int and not now < until_ms <= now + LONGEST_MS:
            words = ("An ad hoc hosting ends within 7 days.", "临时托管需在 7 天内结束。")
            raise EditsRefused("invalid", (Problem(0, "until_ms", *words),))
        hosting = self._services.new_id()
        edit = Edit(Entity.HOSTING, ward, hosting, None, {**body, "from_ms": now})
        applied = await self._services.changes.apply(who, [edit], "临时托管")
        return _answer(applied, hosting=hosting)

    def _station(self, request: Request) -> StationPrincipal:
        """Whose key it was. Raises AccessRefused, WardError(`unauthorized`, `forbidden`)."""
        principal = bearer(request, self._services.gate)
        current = self._services.current
        terminal = current.terminal(principal.terminal)
        if terminal is None or terminal.kind is not TerminalKind.STATION:
            raise WardError("forbidden")
        staff = principal.staff
        return StationPrincipal(
            terminal=terminal.id,
            terminal_name=terminal.name,
            ward=terminal.ward,
            staff=staff,
            staff_name=current.staff_name(terminal.ward, staff) if staff is not None else None,
            address=request.client.host if request.client else "unknown",
        )


def _answer(applied: Applied, **more: str) -> Response:
    value = {"id": applied.id, "revision": applied.revision, **more}
    return JSONResponse(value, headers={"Cache-Control": "no-store"})

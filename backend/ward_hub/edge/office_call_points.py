"""Call points in the back office: how each is, and a new key for its device.

GET  /api/office/call-points?ward=       → CallPointLine[]
POST /api/office/call-points/{id}/key    → {key}, shown once
"""

from __future__ import annotations

import re
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ward_hub.call_points.port import NoPlace
from ward_hub.call_points.service import CallPoints
from ward_hub.directory.model import DirectoryModel, Terminal, TerminalKind
from ward_hub.directory.store import UnknownTerminal
from ward_hub.documents.names import ID
from ward_hub.documents.port import Json
from ward_hub.edge.errors import WardError, answering
from ward_hub.edge.office_port import OfficeDoor
from ward_hub.office.port import Permission

_HEADERS = {"cache-control": "no-store"}


def office_call_points_routes(
    door: OfficeDoor,
    points: CallPoints,
    model: Callable[[], DirectoryModel],
    clock: Callable[[], int],
) -> list[Route]:
    """The routes, ready to be mounted at the root. `model`: the directory of this moment."""

    async def lines(request: Request) -> Response:
        who = await door.who(request)
        unknown = set(request.query_params) - {"ward"}
        ward = request.query_params.get("ward")
        if unknown or (ward is not None and not re.fullmatch(ID, ward)):
            raise WardError("malformed", "Expected no parameter but ward, an id.")
        who.require(Permission.WARD_READ, ward)
        found = [
            _line(terminal, points)
            for one in model().wards.values()
            if ward in (None, one.id) and who.sees(one.id)
            for terminal in one.terminals.values()
            if terminal.kind is TerminalKind.CALL_POINT
        ]
        return JSONResponse(found, headers=_HEADERS)

    async def key(request: Request) -> Response:
        who = await door.who(request)
        terminal = model().terminal(str(request.path_params["id"]))
        if terminal is None or not who.sees(terminal.ward):
            who.require(Permission.TERMINALS_WRITE)
            raise WardError("not_found")
        who.require(Permission.TERMINALS_WRITE, terminal.ward)
        try:
            made = await points.make_key(terminal.id, who.staff, who.address)
        except UnknownTerminal:
            raise WardError("not_found") from None
        except NoPlace as error:
            raise WardError("not_able", str(error)) from None
        return JSONResponse({"key": made}, headers=_HEADERS)

    return [
        Route("/api/office/call-points", answering(lines, clock)),
        Route("/api/office/call-points/{id}/key", answering(key, clock), methods=["POST"]),
    ]


def _line(terminal: Terminal, points: CallPoints) -> dict[str, Json]:
    state = points.state(terminal)
    return {
        "id": terminal.id,
        "ward": terminal.ward,
        "name": terminal.name,
        "room": terminal.room,
        "bed": terminal.bed,
        "has_key": state.has_key,
        "last_heard_at": state.last_heard_at,
        "line": state.line,
        "refused": state.refused,
    }

"""The devices in the back office: which there are and how they are, who fills a slot, commands to many.

GET    /api/office/terminals?ward=                    → TerminalLine[]
POST   /api/office/terminals/{id}/enrol               → {code, url, expires_at}; also to replace a device
POST   /api/office/terminals/{id}/revoke   {reason}
POST   /api/office/fleet/commands   {targets, do, value} → FleetCommand
GET    /api/office/fleet/commands/{id}                → FleetCommand
GET    /api/office/device-schedules                   → Held<DeviceScheduleValue>[]

Shapes: pwa/src/screens/back_office/types.ts. Device schedules are changed like all configuration.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ward_hub.access.port import AccessRefused
from ward_hub.audit.port import AuditAction, AuditTrail
from ward_hub.directory.model import Terminal, TerminalKind
from ward_hub.documents.names import ID
from ward_hub.edge.errors import Endpoint, WardError, answering
from ward_hub.edge.fleet_requests import FLEET, answer, any_of, expect_fields, in_sight, note_refusal, only
from ward_hub.edge.json_body import read_body, read_fields, read_json
from ward_hub.edge.office_port import OfficeDoor
from ward_hub.fleet.commands import BadCommand
from ward_hub.fleet.report import BUILD
from ward_hub.fleet.service import Fleet
from ward_hub.fleet.targets import (
    BadTargets,
    Targets,
    UnknownTargets,
    expand,
    parse_targets,
)
from ward_hub.office.port import OfficePrincipal, Permission

MAX_COMMAND_BYTES = 512 * 1024
MAX_REASON_CHARS = 200


def office_fleet_routes(
    door: OfficeDoor, fleet: Fleet, audit: AuditTrail, public_url: str, clock: Callable[[], int]
) -> list[Route]:
    """The routes, ready to be mounted at the root. `public_url`: how terminals reach the hub; empty: as the
    request came."""
    api = _FleetApi(door, fleet, audit, public_url)
    found: list[tuple[str, str, Endpoint]] = [
        ("GET", "/terminals", api.terminals),
        ("POST", "/terminals/{id}/enrol", api.enrol),
        ("POST", "/terminals/{id}/revoke", api.revoke),
        ("POST", "/fleet/commands", api.command),
        ("GET", "/fleet/commands/{id}", api.find_command),
        ("GET", "/device-schedules", api.schedules),
    ]
    return [
        Route(f"/api/office{path}", answering(endpoint, clock), methods=[method])
        for method, path, endpoint in found
    ]


class _FleetApi:
    def __init__(self, door: OfficeDoor, fleet: Fleet, audit: AuditTrail, public_url: str) -> None:
        self._door = door
        self._fleet = fleet
        self._audit = audit
        self._public_url = public_url

    async def terminals(self, request: Request) -> Response:
        who = await self._door.who(request)
        only(request, {"ward"})
        ward = request.query_params.get("ward")
        if ward is not None and not re.fullmatch(ID, ward):
            raise WardError("malformed", "Expected ward to be an id.")
        who.require(Permission.WARD_READ, ward)
        shown = [
            terminal
            for terminal in self._fleet.current.terminals.values()
            if ward in (None, terminal.ward) and who.sees(terminal.ward)
        ]
        return answer(self._fleet.lines.of(shown))

    async def enrol(self, request: Request) -> Response:
        who, terminal = await self._slot(request)
        await read_body(request)
        if terminal.kind is TerminalKind.CALL_POINT:
            raise WardError("not_able", "A call point has a key of its own kind.")
        base_url = self._public_url or str(request.base_url)
        made = await self._fleet.slots.invite(who, terminal, base_url)
        return answer({"code": made.code, "url": made.url, "expires_at": made.expires_at})

    async def revoke(self, request: Request) -> Response:
        who, terminal = await self._slot(request)
        fields = await read_fields(request, {"reason": MAX_REASON_CHARS})
        await self._fleet.slots.revoke(who, terminal, fields["reason"])
        return answer({})

    async def command(self, request: Request) -> Response:
        who = await self._door.who(request)
        body = await read_json(request, MAX_COMMAND_BYTES)
        expect_fields(body, {"targets", "do", "value"})
        do, value = body["do"], body["value"]
        if not isinstance(do, str) or not (value is None or type(value) is int):
            raise WardError("malformed", "Expected do to be a word and value a whole number or null.")
        targets = _targets(body["targets"])
        try:
            meant = expand(self._fleet.current, who, Permission.FLEET_CONTROL, targets)
            given = await self._fleet.commands.give(who, meant, do, value)
        except AccessRefused:
            await note_refusal(self._audit, who, AuditAction.FLEET_COMMAND, {"do": do[:16]})
            raise
        except UnknownTargets as unknown:
            raise WardError("not_found", f"Not known: {unknown}.") from None
        except (BadTargets, BadCommand) as bad:
            raise WardError("invalid", str(bad)) from None
        return answer(given.json())

    async def find_command(self, request: Request) -> Response:
        who = await self._door.who(request)
        who.require(Permission.FLEET_CONTROL)
        command_id = request.path_params["id"]
        found = await self._fleet.commands.find(command_id) if re.fullmatch(BUILD, command_id) else None
        if found is None or not (who.ward is None or any(map(in_sight(self._fleet, who), found.results))):
            raise WardError("not_found")
        return answer(found.json(in_sight(self._fleet, who)))

    async def schedules(self, request: Request) -> Response:
        who = await self._door.who(request)
        any_of(who, Permission.WARD_READ, *FLEET)
        return answer(
            [
                {"id": schedule.id, **schedule.office_value()}
                for schedule in self._fleet.wishes.schedules
                if who.sees(schedule.ward)
            ]
        )

    async def _slot(self, request: Request) -> tuple[OfficePrincipal, Terminal]:
        """Who asks, and the terminal of the address, which is theirs to change."""
        who = await self._door.who(request)
        who.require(Permission.TERMINALS_WRITE)
        terminal = self._fleet.current.terminal(request.path_params["id"])
        if terminal is None or not who.sees(terminal.ward):
            raise WardError("not_found")
        return who, terminal


def _targets(value: object) -> Targets:
    try:
        return parse_targets(value)
    except BadTargets as bad:
        raise WardError("malformed", str(bad)) from None

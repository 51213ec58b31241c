"""The devices in the back office: which there are and how they are, commands, releases and their roll-outs.

GET    /api/office/terminals?ward=                    → TerminalLine[]
POST   /api/office/terminals/{id}/enrol               → {code, url, expires_at}; also to replace a device
POST   /api/office/terminals/{id}/revoke   {reason}
POST   /api/office/fleet/commands   {targets, do, value} → FleetCommand
GET    /api/office/fleet/commands/{id}                → FleetCommand
GET    /api/office/device-schedules                   → Held<DeviceScheduleValue>[]
GET    /api/office/releases                           → Release[]
POST   /api/office/releases?note=   a zip of at most 50 MiB → Release
DELETE /api/office/releases/{build}
GET    /api/office/rollouts                           → RollOut[], newest first
POST   /api/office/rollouts   {build, stages, advance_after_s} → RollOut
POST   /api/office/rollouts/{id}/{advance|halt|resume|rollback} → RollOut

Shapes: pwa/src/screens/back_office/types.ts. Device schedules are changed like all configuration.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ward_hub.access.port import AccessRefused
from ward_hub.audit.port import AuditAction, AuditEntry, AuditTrail
from ward_hub.directory.model import Terminal, TerminalKind
from ward_hub.documents.names import ID
from ward_hub.documents.port import Json
from ward_hub.edge.errors import Endpoint, WardError, answering
from ward_hub.edge.json_body import read_body, read_fields, read_json
from ward_hub.edge.office_port import OfficeDoor
from ward_hub.fleet.commands import BadCommand
from ward_hub.fleet.release_zip import MAX_ZIP_BYTES, BadRelease
from ward_hub.fleet.releases import MAX_NOTE_CHARS, NoRoom, NotHeld, Release, StillUsed, TooLarge
from ward_hub.fleet.report import BUILD
from ward_hub.fleet.rollout import Event, NotNow, RollOut
from ward_hub.fleet.rollouts import MAX_STAGES, AnotherRuns, NotNewest, Stage, Unfit
from ward_hub.fleet.service import Fleet
from ward_hub.fleet.targets import (
    BadTargets,
    Targets,
    UnknownTargets,
    expand,
    named,
    parse_targets,
    parse_terminals,
)
from ward_hub.office.port import OfficePrincipal, Permission

MAX_COMMAND_BYTES = 512 * 1024
MAX_REASON_CHARS = 200
MAX_STAGE_CHARS = 64
MAX_ADVANCE_S = 7 * 24 * 3_600
_HEADERS = {"cache-control": "no-store"}
_FLEET = (Permission.FLEET_CONTROL, Permission.FLEET_RELEASE, Permission.FLEET_VIEW)


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
        ("GET", "/releases", api.releases),
        ("POST", "/releases", api.add_release),
        ("DELETE", "/releases/{build}", api.remove_release),
        ("GET", "/rollouts", api.rollouts),
        ("POST", "/rollouts", api.start_rollout),
        ("POST", "/rollouts/{id}/{event}", api.act),
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
        _only(request, {"ward"})
        ward = request.query_params.get("ward")
        if ward is not None and not re.fullmatch(ID, ward):
            raise WardError("malformed", "Expected ward to be an id.")
        who.require(Permission.WARD_READ, ward)
        shown = [
            terminal
            for terminal in self._fleet.current.terminals.values()
            if ward in (None, terminal.ward) and who.sees(terminal.ward)
        ]
        return _answer(self._fleet.lines.of(shown))

    async def enrol(self, request: Request) -> Response:
        who, terminal = await self._slot(request)
        await read_body(request)
        if terminal.kind is TerminalKind.CALL_POINT:
            raise WardError("not_able", "A call point has a key of its own kind.")
        base_url = self._public_url or str(request.base_url)
        made = await self._fleet.slots.invite(who, terminal, base_url)
        return _answer({"code": made.code, "url": made.url, "expires_at": made.expires_at})

    async def revoke(self, request: Request) -> Response:
        who, terminal = await self._slot(request)
        fields = await read_fields(request, {"reason": MAX_REASON_CHARS})
        await self._fleet.slots.revoke(who, terminal, fields["reason"])
        return _answer({})

    async def command(self, request: Request) -> Response:
        who = await self._door.who(request)
        body = await read_json(request, MAX_COMMAND_BYTES)
        _fields(body, {"targets", "do", "value"})
        do, value = body["do"], body["value"]
        if not isinstance(do, str) or not (value is None or type(value) is int):
            raise WardError("malformed", "Expected do to be a word and value a whole number or null.")
        targets = _targets(body["targets"])
        try:
            meant = expand(self._fleet.current, who, Permission.FLEET_CONTROL, targets)
            given = await self._fleet.commands.give(who, meant, do, value)
        except AccessRefused:
            await self._refused(who, AuditAction.FLEET_COMMAND, {"do": do[:16]})
            raise
        except UnknownTargets as unknown:
            raise WardError("not_found", f"Not known: {unknown}.") from None
        except (BadTargets, BadCommand) as bad:
            raise WardError("invalid", str(bad)) from None
        return _answer(given.json())

    async def find_command(self, request: Request) -> Response:
        who = await self._door.who(request)
        who.require(Permission.FLEET_CONTROL)
        command_id = request.path_params["id"]
        found = await self._fleet.commands.find(command_id) if re.fullmatch(BUILD, command_id) else None
        if found is None or not (who.ward is None or any(map(self._shown(who), found.results))):
            raise WardError("not_found")
        return _answer(found.json(self._shown(who)))

    async def schedules(self, request: Request) -> Response:
        who = await self._door.who(request)
        _any(who, Permission.WARD_READ, *_FLEET)
        return _answer(
            [
                {"id": schedule.id, **schedule.office_value()}
                for schedule in self._fleet.wishes.schedules
                if who.sees(schedule.ward)
            ]
        )

    async def releases(self, request: Request) -> Response:
        who = await self._door.who(request)
        _any(who, *_FLEET)
        running = self._running()
        releases = self._fleet.releases
        base: dict[str, Json] = {
            "build": releases.base.build,
            "version": releases.base.version,
            "added_at": releases.base_at,
            "added_by": "",
            "bytes": releases.base_bytes,
            "note": "",
            "running": running.get(releases.base.build, 0),
            "base": True,
        }
        return _answer([base, *(_release(one, running.get(one.build, 0)) for one in releases.added()[::-1])])

    async def add_release(self, request: Request) -> Response:
        who = await self._door.who(request)
        _house(who)
        _only(request, {"note"})
        note = request.query_params.get("note", "")
        if len(note) > MAX_NOTE_CHARS or not (note == "" or note.isprintable()):
            raise WardError("malformed", f"Expected note to have at most {MAX_NOTE_CHARS} characters.")
        said = request.headers.get("content-length", "")
        if said.isdecimal() and int(said[:20]) > MAX_ZIP_BYTES:
            raise WardError("too_large", f"Expected at most {MAX_ZIP_BYTES} bytes, got {said[:20]}.")
        try:
            added = await self._fleet.releases.add(who, note, request.stream())
        except BadRelease as bad:
            await self._refused(who, AuditAction.RELEASE, {"do": "add", "why": str(bad)[:200]})
            raise WardError("release_unfit", str(bad)) from None
        except TooLarge:
            raise WardError("too_large", f"Expected at most {MAX_ZIP_BYTES} bytes.") from None
        except NoRoom:
            raise WardError("storage", retry_after_s=60) from None
        return _answer(_release(added, 0))

    async def remove_release(self, request: Request) -> Response:
        who = await self._door.who(request)
        _house(who)
        await read_body(request)
        build = request.path_params["build"]
        try:
            await self._fleet.releases.remove(who, build, self._fleet.rollouts.used_by)
        except NotHeld:
            raise WardError("not_found") from None
        except StillUsed as used:
            raise WardError("still_used", f"Release {build}: {used}.") from None
        return _answer({})

    async def rollouts(self, request: Request) -> Response:
        who = await self._door.who(request)
        _any(who, *_FLEET)
        return _answer([self._rollout(who, rollout) for rollout in self._fleet.rollouts.listed()])

    async def start_rollout(self, request: Request) -> Response:
        who = await self._door.who(request)
        who.require(Permission.FLEET_RELEASE)
        body = await read_json(request, MAX_COMMAND_BYTES)
        _fields(body, {"build", "stages", "advance_after_s"})
        build, after = body["build"], body["advance_after_s"]
        if not isinstance(build, str) or not re.fullmatch(BUILD, build):
            raise WardError("malformed", "Expected build to be 16 hex digits.")
        if after is not None and not (type(after) is int and 0 <= after <= MAX_ADVANCE_S):
            raise WardError("malformed", f"Expected advance_after_s to be 0 to {MAX_ADVANCE_S} or null.")
        stages = _stages(body["stages"])
        try:
            for stage in stages:
                named(self._fleet.current, who, Permission.FLEET_RELEASE, stage.terminals)
            started = await self._fleet.rollouts.start(who, build, stages, after)
        except AccessRefused:
            await self._refused(who, AuditAction.ROLL_OUT, {"do": "start", "build": build})
            raise
        except NotHeld:
            raise WardError("not_found", f"No release {build} is held.") from None
        except UnknownTargets as unknown:
            raise WardError("not_found", f"Not known: {unknown}.") from None
        except Unfit as unfit:
            raise WardError("invalid", str(unfit)) from None
        except AnotherRuns:
            raise WardError("changed_meanwhile", "Another roll-out is going on.") from None
        return _answer(self._rollout(who, started))

    async def act(self, request: Request) -> Response:
        who = await self._door.who(request)
        who.require(Permission.FLEET_RELEASE)
        await read_body(request)
        number, event = request.path_params["id"], request.path_params["event"]
        found = self._fleet.rollouts.of(int(number)) if re.fullmatch(r"[0-9]{1,9}", number) else None
        if found is None or event not in ("advance", "halt", "resume", "rollback"):
            raise WardError("not_found")
        if who.ward is not None and not all(map(self._shown(who), found.members)):
            await self._refused(who, AuditAction.ROLL_OUT, {"do": event, "rollout": found.id})
            raise AccessRefused("permission-denied")
        try:
            done = await self._fleet.rollouts.act(who, found.id, Event(event))
        except NotNow as not_now:
            raise WardError("changed_meanwhile", f"{not_now}.") from None
        except NotNewest:
            raise WardError("changed_meanwhile", "A newer roll-out stands on this one.") from None
        return _answer(self._rollout(who, done))

    async def _slot(self, request: Request) -> tuple[OfficePrincipal, Terminal]:
        """Who asks, and the terminal of the address, which is theirs to change."""
        who = await self._door.who(request)
        who.require(Permission.TERMINALS_WRITE)
        terminal = self._fleet.current.terminal(request.path_params["id"])
        if terminal is None or not who.sees(terminal.ward):
            raise WardError("not_found")
        return who, terminal

    async def _refused(self, who: OfficePrincipal, action: AuditAction, detail: dict[str, Json]) -> None:
        await self._audit.record(
            AuditEntry(action, "refused", staff=who.staff, ward=who.ward, address=who.address, detail=detail)
        )

    def _shown(self, who: OfficePrincipal) -> Callable[[str], bool]:
        """Whether a terminal is in sight; one that is no longer there is for those of all wards."""

        def shown(terminal_id: str) -> bool:
            terminal = self._fleet.current.terminal(terminal_id)
            return who.sees(terminal.ward if terminal else None)

        return shown

    def _rollout(self, who: OfficePrincipal, rollout: RollOut) -> dict[str, Json]:
        return self._fleet.rollouts.json(rollout, self._shown(who))

    def _running(self) -> dict[str, int]:
        """Build → how many connected terminals report it."""
        running: dict[str, int] = {}
        for terminal in self._fleet.reports.connected():
            report = self._fleet.reports.report(terminal)
            if report is not None:
                running[report.build] = running.get(report.build, 0) + 1
        return running


def _release(release: Release, running: int) -> dict[str, Json]:
    return {
        "build": release.build,
        "version": release.version,
        "added_at": release.added_at,
        "added_by": release.added_by,
        "bytes": release.bytes,
        "note": release.note,
        "running": running,
        "base": False,
    }


def _targets(value: object) -> Targets:
    try:
        return parse_targets(value)
    except BadTargets as bad:
        raise WardError("malformed", str(bad)) from None


def _stages(value: object) -> list[Stage]:
    if not isinstance(value, list) or not 0 < len(value) <= MAX_STAGES:
        raise WardError("malformed", f"Expected 1 to {MAX_STAGES} stages.")
    stages: list[Stage] = []
    for one in value:
        if not isinstance(one, dict):
            raise WardError("malformed", "Expected each stage to be an object.")
        _fields(one, {"name", "terminals"})
        name = one["name"]
        if not isinstance(name, str) or not 0 < len(name) <= MAX_STAGE_CHARS or not name.isprintable():
            raise WardError("malformed", f"Expected a stage's name of 1 to {MAX_STAGE_CHARS} characters.")
        try:
            stages.append(Stage(name, parse_terminals(one["terminals"])))
        except BadTargets as bad:
            raise WardError("malformed", str(bad)) from None
    return stages


def _fields(body: dict[str, Any], expected: set[str]) -> None:
    if body.keys() != expected:
        raise WardError("malformed", f"Expected exactly the fields {', '.join(sorted(expected))}.")


def _only(request: Request, known: set[str]) -> None:
    names = [name for name, _ in request.query_params.multi_items()]
    if len(names) != len(set(names)) or set(names) - known:
        raise WardError("malformed", f"Expected no parameters but {', '.join(sorted(known))}, once.")


def _any(who: OfficePrincipal, *permissions: Permission) -> None:
    if not any(map(who.may, permissions)):
        raise AccessRefused("permission-denied")


def _house(who: OfficePrincipal) -> None:
    """Releases are the whole house's: not for those of one ward."""
    who.require(Permission.FLEET_RELEASE)
    if who.ward is not None:
        raise AccessRefused("permission-denied")


def _answer(value: Json | list[dict[str, Json]]) -> JSONResponse:
    return JSONResponse(value, headers=_HEADERS)

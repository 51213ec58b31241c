"""Releases of the app and their roll-outs in the back office (DEV-07).

GET    /api/office/releases                           → Release[]
POST   /api/office/releases?note=   a zip of at most 50 MiB → Release
DELETE /api/office/releases/{build}
GET    /api/office/rollouts                           → RollOut[], newest first
POST   /api/office/rollouts   {build, stages, advance_after_s} → RollOut
POST   /api/office/rollouts/{id}/{advance|halt|resume|rollback} → RollOut

Shapes: pwa/src/screens/back_office/types.ts.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ward_hub.access.port import AccessRefused
from ward_hub.audit.port import AuditAction, AuditTrail
from ward_hub.documents.port import Json
from ward_hub.edge.errors import Endpoint, WardError, answering
from ward_hub.edge.fleet_requests import FLEET, answer, any_of, expect_fields, in_sight, note_refusal, only
from ward_hub.edge.json_body import read_body, read_json
from ward_hub.edge.office_port import OfficeDoor
from ward_hub.fleet.release_zip import MAX_ZIP_BYTES, BadRelease
from ward_hub.fleet.releases import MAX_NOTE_CHARS, NoRoom, NotHeld, Release, StillUsed, TooLarge
from ward_hub.fleet.report import BUILD
from ward_hub.fleet.rollout import Event, NotNow, RollOut
from ward_hub.fleet.rollouts import MAX_STAGES, AnotherRuns, NotNewest, Stage, Unfit
from ward_hub.fleet.service import Fleet
from ward_hub.fleet.targets import BadTargets, UnknownTargets, named, parse_terminals
from ward_hub.office.port import OfficePrincipal, Permission

MAX_ROLL_OUT_BYTES = 512 * 1024
MAX_STAGE_CHARS = 64
MAX_ADVANCE_S = 7 * 24 * 3_600


def office_release_routes(
    door: OfficeDoor, fleet: Fleet, audit: AuditTrail, clock: Callable[[], int]
) -> list[Route]:
    """The routes, ready to be mounted at the root."""
    api = _ReleaseApi(door, fleet, audit)
    found: list[tuple[str, str, Endpoint]] = [
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


class _ReleaseApi:
    def __init__(self, door: OfficeDoor, fleet: Fleet, audit: AuditTrail) -> None:
        self._door = door
        self._fleet = fleet
        self._audit = audit

    async def releases(self, request: Request) -> Response:
        who = await self._door.who(request)
        any_of(who, *FLEET)
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
        return answer([base, *(_release(one, running.get(one.build, 0)) for one in releases.added()[::-1])])

    async def add_release(self, request: Request) -> Response:
        who = await self._door.who(request)
        _house(who)
        only(request, {"note"})
        note = request.query_params.get("note", "")
        if len(note) > MAX_NOTE_CHARS or not (note == "" or note.isprintable()):
            raise WardError("malformed", f"Expected note to have at most {MAX_NOTE_CHARS} characters.")
        said = request.headers.get("content-length", "")
        if said.isdecimal() and int(said[:20]) > MAX_ZIP_BYTES:
            raise WardError("too_large", f"Expected at most {MAX_ZIP_BYTES} bytes, got {said[:20]}.")
        try:
            added = await self._fleet.releases.add(who, note, request.stream())
        except BadRelease as bad:
            await note_refusal(self._audit, who, AuditAction.RELEASE, {"do": "add", "why": str(bad)[:200]})
            raise WardError("release_unfit", str(bad)) from None
        except TooLarge:
            raise WardError("too_large", f"Expected at most {MAX_ZIP_BYTES} bytes.") from None
        except NoRoom:
            raise WardError("storage", retry_after_s=60) from None
        return answer(_release(added, 0))

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
        return answer({})

    async def rollouts(self, request: Request) -> Response:
        who = await self._door.who(request)
        any_of(who, *FLEET)
        return answer([self._rollout(who, rollout) for rollout in self._fleet.rollouts.listed()])

    async def start_rollout(self, request: Request) -> Response:
        who = await self._door.who(request)
        who.require(Permission.FLEET_RELEASE)
        body = await read_json(request, MAX_ROLL_OUT_BYTES)
        expect_fields(body, {"build", "stages", "advance_after_s"})
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
            await note_refusal(self._audit, who, AuditAction.ROLL_OUT, {"do": "start", "build": build})
            raise
        except NotHeld:
            raise WardError("not_found", f"No release {build} is held.") from None
        except UnknownTargets as unknown:
            raise WardError("not_found", f"Not known: {unknown}.") from None
        except Unfit as unfit:
            raise WardError("invalid", str(unfit)) from None
        except AnotherRuns:
            raise WardError("changed_meanwhile", "Another roll-out is going on.") from None
        return answer(self._rollout(who, started))

    async def act(self, request: Request) -> Response:
        who = await self._door.who(request)
        who.require(Permission.FLEET_RELEASE)
        await read_body(request)
        number, event = request.path_params["id"], request.path_params["event"]
        found = self._fleet.rollouts.of(int(number)) if re.fullmatch(r"[0-9]{1,9}", number) else None
        if found is None or event not in ("advance", "halt", "resume", "rollback"):
            raise WardError("not_found")
        if who.ward is not None and not all(map(in_sight(self._fleet, who), found.members)):
            await note_refusal(self._audit, who, AuditAction.ROLL_OUT, {"do": event, "rollout": found.id})
            raise AccessRefused("permission-denied")
        try:
            done = await self._fleet.rollouts.act(who, found.id, Event(event))
        except NotNow as not_now:
            raise WardError("changed_meanwhile", f"{not_now}.") from None
        except NotNewest:
            raise WardError("changed_meanwhile", "A newer roll-out stands on this one.") from None
        return answer(self._rollout(who, done))

    def _rollout(self, who: OfficePrincipal, rollout: RollOut) -> dict[str, Json]:
        return self._fleet.rollouts.json(rollout, in_sight(self._fleet, who))

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


def _stages(value: object) -> list[Stage]:
    if not isinstance(value, list) or not 0 < len(value) <= MAX_STAGES:
        raise WardError("malformed", f"Expected 1 to {MAX_STAGES} stages.")
    stages: list[Stage] = []
    for one in value:
        if not isinstance(one, dict):
            raise WardError("malformed", "Expected each stage to be an object.")
        expect_fields(one, {"name", "terminals"})
        name = one["name"]
        if not isinstance(name, str) or not 0 < len(name) <= MAX_STAGE_CHARS or not name.isprintable():
            raise WardError("malformed", f"Expected a stage's name of 1 to {MAX_STAGE_CHARS} characters.")
        try:
            stages.append(Stage(name, parse_terminals(one["terminals"])))
        except BadTargets as bad:
            raise WardError("malformed", str(bad)) from None
    return stages


def _house(who: OfficePrincipal) -> None:
    """Releases are the whole house's: not for those of one ward."""
    who.require(Permission.FLEET_RELEASE)
    if who.ward is not None:
        raise AccessRefused("permission-denied")

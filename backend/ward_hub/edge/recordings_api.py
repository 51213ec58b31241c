"""Recorded talks over HTTP: stored and listed by stations and PDAs of the ward, heard by its people.

PUT /api/wards/{ward}/recordings/{talk}?calls&purpose&started_at&ended_at&with   audio/webm, at most 32 MiB
GET /api/wards/{ward}/recordings/{talk}                                          (a person signed in)
GET /api/wards/{ward}/recordings?from&to   [{talk, purpose, started_at, ended_at, terminal, staff, with}]:
                                           those under no call of the journal, newest first

`calls` and `with`: ids parted by commas, `calls` may be empty; times in ms since the epoch.
"""

from __future__ import annotations

import contextlib
import logging
import re
from collections.abc import AsyncIterator, Callable

from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route
from ward_signalling.messages import MAX_CALLS, MAX_TARGETS, Purpose
from ward_sync.directory import Directory

from ward_hub.access.port import AccessRefused, Gate, Principal
from ward_hub.audit.port import AuditAction, AuditEntry, AuditTrail
from ward_hub.directory.model import Role
from ward_hub.documents.names import ID
from ward_hub.edge.errors import WardError, answering
from ward_hub.edge.identity_api import bearer
from ward_hub.talk.recordings import (
    MAX_BYTES,
    Different,
    Listed,
    NoRoom,
    NotARecording,
    Recorded,
    Recordings,
    TooLong,
)

RECORDERS = frozenset({"station", "pda"})
HEARERS = frozenset({Role.NURSE, Role.HEAD_NURSE, Role.DOCTOR})
LONGEST_MS = 24 * 60 * 60 * 1000
LONGEST_SPAN_MS = 366 * LONGEST_MS
TALK, CALL = r"[0-9a-f]{16}", r"[0-9a-f]{32}"
FIELDS = frozenset({"calls", "purpose", "started_at", "ended_at", "with"})
_HEADERS = {"cache-control": "no-store", "x-content-type-options": "nosniff"}

log = logging.getLogger(__name__)


def recordings_routes(
    gate: Gate,
    recordings: Recordings,
    directory: Callable[[str], Directory | None],
    clock: Callable[[], int],
    audit: AuditTrail | None = None,
) -> list[Route]:
    """The routes, ready to be mounted at the root. `directory`: ward → its directory now; `audit`: where it
    is written down who heard what."""

    async def put(request: Request) -> Response:
        sound = request.stream()
        try:
            return await store(request, sound)
        except (WardError, AccessRefused):
            # What is refused is read all the same: a browser that is still sending never sees the answer.
            await _pour_away(sound)
            raise

    async def store(request: Request, sound: AsyncIterator[bytes]) -> Response:
        principal = bearer(request, gate)
        ward, talk = _place(request)
        if principal.kind not in RECORDERS or principal.ward != ward:
            raise WardError("forbidden")
        found = directory(ward)
        if found is None or not found.ward.recording:
            raise WardError("recording_off")
        recorded = _recorded(request, principal, ward, talk)
        if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "audio/webm":
            raise WardError("malformed", "Expected audio/webm.")
        if _length(request) > MAX_BYTES:
            raise WardError("too_large", f"Expected at most {MAX_BYTES} bytes.")
        try:
            new = await recordings.store(recorded, sound)
        except NotARecording as error:
            raise WardError("malformed", "Expected a WebM file.") from error
        except TooLong as error:
            raise WardError("too_large", f"Expected at most {MAX_BYTES} bytes.") from error
        except Different as error:
            raise WardError("recording_differs") from error
        except NoRoom as error:
            log.warning("a recording of %s is not kept: %s", ward, error)
            raise WardError("storage", retry_after_s=60) from error
        return JSONResponse({"talk": talk}, status_code=201 if new else 200, headers=_HEADERS)

    async def hear(request: Request) -> Response:
        principal = bearer(request, gate)
        ward, talk = _place(request)
        if principal.staff is None or principal.role not in HEARERS or principal.ward != ward:
            raise WardError("forbidden")
        path = await recordings.find(ward, talk)
        if path is None:
            raise WardError("not_found")
        # Whoever hears a patient's words leaves a line.
        log.info("recording %s of %s heard by %s at %s", talk, ward, principal.staff, principal.terminal)
        if audit is not None:
            address = request.client.host if request.client else None
            heard = (principal.staff, principal.terminal, ward, talk, address)
            await audit.record(AuditEntry(AuditAction.RECORDING, "ok", *heard))
        return FileResponse(path, media_type="audio/webm", headers=_HEADERS)

    async def without_call(request: Request) -> Response:
        principal = bearer(request, gate)
        ward = request.path_params["ward"]
        if principal.kind not in RECORDERS or principal.ward != ward:
            raise WardError("forbidden")
        from_ms, to_ms = _span(request)
        found = await recordings.list_without_call(ward, from_ms, to_ms)
        return JSONResponse([_line(one) for one in found], headers=_HEADERS)

    path = "/api/wards/{ward}/recordings/{talk}"
    return [
        Route("/api/wards/{ward}/recordings", answering(without_call, clock), methods=["GET"]),
        Route(path, answering(put, clock), methods=["PUT"]),
        Route(path, answering(hear, clock), methods=["GET"]),
    ]


async def _pour_away(sound: AsyncIterator[bytes]) -> None:
    size = 0
    with contextlib.suppress(ClientDisconnect):
        async for chunk in sound:
            size += len(chunk)
            if size > MAX_BYTES:
                return


def _place(request: Request) -> tuple[str, str]:
    ward, talk = request.path_params["ward"], request.path_params["talk"]
    if not re.fullmatch(TALK, talk):
        raise WardError("malformed", "Expected a talk of 16 hex digits.")
    return ward, talk


def _span(request: Request) -> tuple[int, int]:
    given = request.query_params
    if sorted(name for name, _ in given.multi_items()) != ["from", "to"]:
        raise WardError("malformed", "Expected exactly the parameters from, to.")
    from_ms, to_ms = _instant(given["from"]), _instant(given["to"])
    if not 0 < to_ms - from_ms <= LONGEST_SPAN_MS:
        raise WardError("malformed", "Expected to to be after from, by 366 days at most.")
    return from_ms, to_ms


def _line(listed: Listed) -> dict[str, object]:
    return {
        "talk": listed.talk,
        "purpose": listed.purpose,
        "started_at": listed.started_at,
        "ended_at": listed.ended_at,
        "terminal": listed.terminal,
        "staff": listed.staff,
        "with": list(listed.parties),
    }


def _recorded(request: Request, principal: Principal, ward: str, talk: str) -> Recorded:
    given = request.query_params
    names = [name for name, _ in given.multi_items()]
    if sorted(names) != sorted(FIELDS):
        raise WardError("malformed", f"Expected exactly the parameters {', '.join(sorted(FIELDS))}.")
    if given["purpose"] not in list(Purpose):
        raise WardError("malformed", f"Expected purpose to be one of {', '.join(Purpose)}.")
    started_at, ended_at = _instant(given["started_at"]), _instant(given["ended_at"])
    if not 0 <= ended_at - started_at <= LONGEST_MS:
        raise WardError("malformed", "Expected ended_at to be after started_at, by a day at most.")
    return Recorded(
        ward=ward,
        talk=talk,
        purpose=given["purpose"],
        started_at=started_at,
        ended_at=ended_at,
        terminal=principal.terminal,
        staff=principal.staff,
        parties=_ids(given["with"], ID, 1, MAX_TARGETS),
        calls=_ids(given["calls"], CALL, 0, MAX_CALLS),
    )


def _ids(text: str, pattern: str, least: int, most: int) -> tuple[str, ...]:
    found = text.split(",") if text else []
    if not least <= len(found) <= most or not all(re.fullmatch(pattern, one) for one in found):
        raise WardError("malformed", f"Expected {least} to {most} ids, parted by commas.")
    return tuple(sorted(set(found)))


def _instant(text: str) -> int:
    if not re.fullmatch(r"\d{1,15}", text, re.ASCII):
        raise WardError("malformed", "Expected times in ms since the epoch.")
    return int(text)


def _length(request: Request) -> int:
    """What the request says of its length; 0 where it says nothing that can be read."""
    text = request.headers.get("content-length", "")
    return int(text) if re.fullmatch(r"\d{1,15}", text, re.ASCII) else 0

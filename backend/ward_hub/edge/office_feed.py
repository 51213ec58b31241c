"""The feed in the back office: what could not be taken, and how the hospital's words are read.

GET  /api/office/feed/messages?state&before&limit   → {messages, more}
GET  /api/office/feed/messages/{id}                 → FeedMessageLine with text; audited
POST /api/office/feed/messages/{id}/replay          {text: string|null} → {state, reason}
POST /api/office/feed/messages/{id}/discard         {reason} → {state}
GET  /api/office/feed/mapping                       → {version, mapping, shipped, versions}
POST /api/office/feed/mapping                       {version, mapping|restore} → {version}
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, cast

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ward_hub.audit.port import AuditAction, AuditEntry, AuditTrail
from ward_hub.db.engine import Database
from ward_hub.edge.errors import WardError, answering
from ward_hub.edge.json_body import read_json
from ward_hub.edge.office_port import OfficeDoor
from ward_hub.ingest.hl7.mllp import MAX_MESSAGE_BYTES
from ward_hub.ingest.mapping import MappingError, shipped_parts
from ward_hub.ingest.mappings import (
    MappingMoved,
    load_version,
    newest,
    store_mapping,
    versions,
)
from ward_hub.ingest.repair import Actor, HandledAlready, NotMended, Refusal, Repairs, State
from ward_hub.ingest.service import FeedService
from ward_hub.office.port import OfficePrincipal, Permission, Problem

MAX_LIST = 500
MAX_TEXT_BODY = 2 * MAX_MESSAGE_BYTES
MAX_MAPPING_BODY = 1 << 20
MAX_NOTE = 500
STATES = ("refused", "replayed", "discarded")
_HEADERS = {"cache-control": "no-store"}


def office_feed_routes(
    door: OfficeDoor,
    repairs: Repairs,
    feed: FeedService,
    database: Database,
    audit: AuditTrail,
    clock: Callable[[], int],
) -> list[Route]:
    """The routes, ready to be mounted at the root."""

    async def messages(request: Request) -> Response:
        who = await door.who(request)
        who.require(Permission.FEED_READ)
        unknown = set(request.query_params) - {"state", "before", "limit"}
        state = request.query_params.get("state")
        if unknown or (state is not None and state not in STATES):
            raise WardError("malformed", f"Expected state, one of {', '.join(STATES)}, before and limit.")
        before = _number(request.query_params.get("before"), "before")
        limit = _number(request.query_params.get("limit"), "limit")
        found, more = await repairs.list(
            _actor(who), cast("State | None", state), before, min(limit or 100, MAX_LIST)
        )
        answer = {"messages": [_line(one, _reads(who)) for one in found], "more": more}
        return JSONResponse(answer, headers=_HEADERS)

    async def message(request: Request) -> Response:
        who = await door.who(request)
        if not _reads(who):
            raise WardError("forbidden")
        found = await repairs.read(_actor(who), _id(request))
        if found is None:
            raise WardError("not_found")
        return JSONResponse({**_line(found[0], True), "text": found[1]}, headers=_HEADERS)

    async def replay(request: Request) -> Response:
        who = await door.who(request)
        who.require(Permission.FEED_REPAIR)
        body = await read_json(request, MAX_TEXT_BODY)
        text = body.get("text")
        if set(body) != {"text"} or not (text is None or isinstance(text, str)):
            raise WardError("malformed", "Expected text, a string or null, and nothing beside it.")
        if text is not None and who.ward is not None:
            # What somebody writes may name any ward and any patient: not for those of one ward.
            raise WardError("forbidden", "Expected somebody of the whole house to change a message.")
        try:
            done = await repairs.replay(_actor(who), _id(request), text)
        except NotMended as error:
            problem = Problem(0, "text", str(error), "消息无法按此内容重发。")
            raise WardError("invalid", problems=[problem]) from None
        except HandledAlready:
            raise WardError("changed_meanwhile") from None
        if done is None:
            raise WardError("not_found")
        return JSONResponse({"state": done[0], "reason": done[1]}, headers=_HEADERS)

    async def discard(request: Request) -> Response:
        who = await door.who(request)
        who.require(Permission.FEED_REPAIR)
        body = await read_json(request, MAX_NOTE * 8)
        note = body.get("reason", "")
        if set(body) - {"reason"} or not isinstance(note, str) or len(note) > MAX_NOTE:
            raise WardError("malformed", f"Expected reason, at most {MAX_NOTE} characters.")
        try:
            if not await repairs.discard(_actor(who), _id(request), note.strip()):
                raise WardError("not_found")
        except HandledAlready:
            raise WardError("changed_meanwhile") from None
        return JSONResponse({"state": "discarded"}, headers=_HEADERS)

    async def mapping(request: Request) -> Response:
        who = await door.who(request)
        who.require(Permission.FEED_READ)
        async with database.session() as session:
            now, known = await newest(session), await versions(session)
        shipped = shipped_parts()
        answer = {
            "version": now.id,
            "mapping": {**shipped, **now.own},
            "shipped": shipped,
            "versions": [{"id": one.id, "at": one.at, "staff": one.staff} for one in known],
        }
        return JSONResponse(answer, headers=_HEADERS)

    async def change_mapping(request: Request) -> Response:
        who = await door.who(request)
        who.require(Permission.FEED_REPAIR)
        if not who.sees(None):
            raise WardError("forbidden", "The mapping is of all wards.")
        body = await read_json(request, MAX_MAPPING_BODY)
        before = body.get("version")
        if type(before) is not int or set(body) not in ({"version", "mapping"}, {"version", "restore"}):
            raise WardError("malformed", "Expected version and mapping, or version and restore.")
        async with database.session.begin() as session:
            own = await _wanted(session, body)
            try:
                version, made = await store_mapping(session, own, who.staff, clock(), before)
            except MappingMoved:
                raise WardError("changed_meanwhile") from None
            except MappingError as error:
                problem = Problem(0, "mapping", str(error), "映射内容无效。")
                raise WardError("invalid", problems=[problem]) from None
            await audit.add(
                session,
                AuditEntry(
                    AuditAction.CHANGE,
                    "ok",
                    staff=who.staff,
                    subject="feed_mapping",
                    address=who.address,
                    detail={"version": version, "before": before},
                ),
            )
        feed.use(made)
        return JSONResponse({"version": version}, headers=_HEADERS)

    return [
        Route("/api/office/feed/messages", answering(messages, clock)),
        Route("/api/office/feed/messages/{id}", answering(message, clock)),
        Route("/api/office/feed/messages/{id}/replay", answering(replay, clock), methods=["POST"]),
        Route("/api/office/feed/messages/{id}/discard", answering(discard, clock), methods=["POST"]),
        Route("/api/office/feed/mapping", answering(mapping, clock)),
        Route("/api/office/feed/mapping", answering(change_mapping, clock), methods=["POST"]),
    ]


async def _wanted(session: Any, body: dict[str, Any]) -> dict[str, Any]:
    """The parts that shall replace the shipped ones: as given, or those of an older version."""
    if "restore" in body:
        version = body["restore"]
        found = await load_version(session, version) if type(version) is int and version >= 0 else None
        if found is None:
            raise WardError("not_found")
        return dict(found.own)
    wanted = body["mapping"]
    if wanted is None:
        return {}
    if not isinstance(wanted, dict):
        raise WardError("malformed", "Expected mapping to be an object or null.")
    shipped = shipped_parts()
    return {part: value for part, value in wanted.items() if shipped.get(part) != value}


def _reads(who: OfficePrincipal) -> bool:
    """Whether they may see what patients have: those who care for them, and those who mend messages."""
    if who.may(Permission.FEED_REPAIR):
        return True
    return who.clinical and who.may(Permission.FEED_READ)


def _actor(who: OfficePrincipal) -> Actor:
    return Actor(who.staff, who.ward, who.address)


def _id(request: Request) -> int:
    text = str(request.path_params["id"])
    if not re.fullmatch(r"[1-9][0-9]{0,17}", text):
        raise WardError("not_found")
    return int(text)


def _number(text: str | None, name: str) -> int | None:
    if text is None:
        return None
    if not re.fullmatch(r"[1-9][0-9]{0,17}", text):
        raise WardError("malformed", f"Expected {name} to be a whole number from 1.")
    return int(text)


def _line(one: Refusal, whole: bool) -> dict[str, object]:
    """`whole`: with what came instead of what was expected, which in a broken message may be a name."""
    return {
        "id": one.id,
        "received_at": one.received_at,
        "control_id": one.control_id or None,
        "type": one.kind if one.kind != "^" else None,
        "reason": one.reason if whole else one.reason.partition(", got ")[0],
        "where": one.where,
        "state": one.state,
        "repaired_by": one.handled_by,
        "repaired_at": one.handled_at,
    }

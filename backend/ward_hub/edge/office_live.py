"""Live view in the back office (DEV-05): asked for with a reason, watched as a stream, by one person.

POST   /api/office/live/{terminal}   {reason}  → {session}
GET    /api/office/live/{session}/events       → text/event-stream
DELETE /api/office/live/{session}

The stream's messages are `{"seq": n, "events": […]}` (rrweb); its last one is of type `end`, `{"reason": …}`
with a word of fleet.live.Ended. A client that reads `end` closes the stream and does not come back.
"""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from ward_hub.directory.current import CurrentDirectory
from ward_hub.edge.errors import WardError, answering
from ward_hub.edge.json_body import read_body, read_fields
from ward_hub.edge.office_port import OfficeDoor
from ward_hub.fleet.live import Busy, LiveSession, LiveViews, NotAble, NotConnected
from ward_hub.office.port import OfficePrincipal, Permission

MAX_REASON_CHARS = 200
SESSION = re.compile(r"[0-9a-f]{16}")
_HEADERS = {"cache-control": "no-store"}


def office_live_routes(
    door: OfficeDoor, views: LiveViews, current: CurrentDirectory, clock: Callable[[], int]
) -> list[Route]:
    """The routes, ready to be mounted at the root."""

    async def start(request: Request) -> Response:
        who = await door.who(request)
        who.require(Permission.FLEET_VIEW)
        terminal = current.terminal(request.path_params["terminal"])
        if terminal is None or not who.sees(terminal.ward):
            raise WardError("not_found")
        fields = await read_fields(request, {"reason": MAX_REASON_CHARS})
        try:
            session = await views.start(who, terminal, fields["reason"])
        except NotConnected:
            raise WardError("not_connected") from None
        except NotAble:
            raise WardError("not_able") from None
        except Busy as busy:
            raise WardError("still_used", f"{busy}.") from None
        return JSONResponse({"session": session.id}, headers=_HEADERS)

    async def events(request: Request) -> Response:
        who = await door.who(request)
        session = own(who, request.path_params["session"])
        if session.watched:
            raise WardError("still_used", "This session is watched already.")
        return _LiveStream(views, session)

    async def stop(request: Request) -> Response:
        who = await door.who(request)
        session = own(who, request.path_params["session"])
        await read_body(request)
        await views.stop(session)
        return JSONResponse({}, headers=_HEADERS)

    def own(who: OfficePrincipal, session_id: str) -> LiveSession:
        """The session of the address, for the one who began it. Their right is asked again."""
        found = views.of(session_id, who) if SESSION.fullmatch(session_id) else None
        if found is None:
            raise WardError("not_found")
        who.require(Permission.FLEET_VIEW, found.ward)
        return found

    return [
        Route("/api/office/live/{terminal}", answering(start, clock), methods=["POST"]),
        Route("/api/office/live/{session}/events", answering(events, clock), methods=["GET"]),
        Route("/api/office/live/{session}", answering(stop, clock), methods=["DELETE"]),
    ]


class _LiveStream(StreamingResponse):
    """The stream; when it is over, for whatever reason, so is the session."""

    def __init__(self, views: LiveViews, session: LiveSession) -> None:
        # Proxies that gather what they pass on would show a still picture.
        headers = {**_HEADERS, "x-accel-buffering": "no"}
        super().__init__(_messages(views, session), media_type="text/event-stream", headers=headers)
        self._views = views
        self._session = session

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:
            await self._views.stop(self._session)


async def _messages(views: LiveViews, session: LiveSession) -> AsyncIterator[str]:
    async for frame in views.watch(session):
        yield ": \n\n" if frame is None else f"data: {frame}\n\n"
    reason = session.ended.value if session.ended else "left"
    yield f"event: end\ndata: {json.dumps({'reason': reason})}\n\n"

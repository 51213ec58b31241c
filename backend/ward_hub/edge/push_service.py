"""The hub's own push service on Starlette: /push/ws for Firefox, /push/m/{id} for posts (RFC 8030)."""

from __future__ import annotations

import asyncio
import contextlib
import logging

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from ward_hub.edge.errors import WardError, error_response
from ward_hub.edge.json_body import read_upload
from ward_hub.push.service.posted import MAX_BODY_BYTES
from ward_hub.push.service.protocol import ProtocolError
from ward_hub.push.service.service import PATH, Busy, ClientSession, PushService

SUBPROTOCOL = "push-notification"
"""Firefox asks for it."""
HELLO_S = 10.0
MAX_QUEUED = 256
"""Frames for a client that does not read: a whole channel's waiting messages, twice."""
_PROTOCOL_ERROR, _BUSY, _POLICY = 1002, 1013, 1008

log = logging.getLogger(__name__)


def push_service_routes(service: PushService, public_url: str = "") -> list[BaseRoute]:
    """The routes, ready to be mounted at the root.

    `public_url`: how clients reach the hub, for endpoints; empty: as the client's own handshake names it.
    """

    async def socket(websocket: WebSocket) -> None:
        offered = websocket.scope.get("subprotocols", [])
        await websocket.accept(subprotocol=SUBPROTOCOL if SUBPROTOCOL in offered else None)
        line = _SocketLine(websocket)
        base = public_url.rstrip("/") or _base(websocket)
        try:
            session = service.connect(line, base)
        except Busy:
            await websocket.close(_BUSY)
            return
        writer = asyncio.create_task(line.write())
        reader = asyncio.create_task(_read(websocket, session))
        try:
            done, _ = await asyncio.wait({writer, reader}, return_when=asyncio.FIRST_COMPLETED)
            code = reader.result() if reader in done else _POLICY
        finally:
            session.left()
            for task in (writer, reader):
                task.cancel()
            await asyncio.gather(writer, reader, return_exceptions=True)
        if code is not None:
            with contextlib.suppress(RuntimeError, WebSocketDisconnect):
                await websocket.close(code)

    async def post(request: Request) -> Response:
        try:
            body = await read_upload(request, MAX_BODY_BYTES)
        except WardError as error:
            return error_response(error)
        status = await service.post(request.path_params["id"], request.headers, body)
        if status != 201:
            log.info("a push posted to the hub's own service is refused: %d", status)
            return Response(status_code=status)
        return Response(
            status_code=201, headers={"ttl": request.headers["ttl"], "location": request.url.path}
        )

    return [WebSocketRoute("/push/ws", socket), Route(PATH + "{id}", post, methods=["POST"])]


def _base(websocket: WebSocket) -> str:
    scheme = "https" if websocket.url.scheme == "wss" else "http"
    return f"{scheme}://{websocket.url.netloc}"


async def _read(websocket: WebSocket, session: ClientSession) -> int | None:
    """Hand frames on, one after the other; returns the close code, None when the client has gone."""
    try:
        async with asyncio.timeout(HELLO_S):
            await session.receive(await websocket.receive_text())
        while True:
            await session.receive(await websocket.receive_text())
    except WebSocketDisconnect:
        return None
    except KeyError:
        return _PROTOCOL_ERROR  # bytes where text was expected
    except TimeoutError:
        return _POLICY
    except ProtocolError as error:
        log.warning("a client of the push service is closed: %s", error)
        return _PROTOCOL_ERROR


class _SocketLine:
    """A `Line`: frames wait for the socket, and a client that does not read is let go."""

    def __init__(self, websocket: WebSocket) -> None:
        self._websocket = websocket
        self._frames: asyncio.Queue[str | None] = asyncio.Queue(MAX_QUEUED)

    def send(self, frame: str) -> None:
        try:
            self._frames.put_nowait(frame)
        except asyncio.QueueFull:
            self.close()

    def close(self) -> None:
        if self._frames.full():
            self._frames.get_nowait()
        self._frames.put_nowait(None)

    async def write(self) -> None:
        """Send until the line is closed or the client has gone."""
        with contextlib.suppress(WebSocketDisconnect, RuntimeError):
            while (frame := await self._frames.get()) is not None:
                await self._websocket.send_text(frame)

"""/sync: the Hocuspocus dialect on a Starlette route."""

from __future__ import annotations

from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

from ward_hub.edge.sinks import serve_socket
from ward_hub.edge.sockets import Sockets
from ward_hub.edge.sync_session import SyncSession


def sync_route(sockets: Sockets, path: str = "/sync") -> WebSocketRoute:
    """The route of the multiplexed socket."""

    async def sync_socket(websocket: WebSocket) -> None:
        address = websocket.client.host if websocket.client else None
        await serve_socket(websocket, sockets, lambda sink: SyncSession(sockets, sink, address))

    return WebSocketRoute(path, sync_socket)

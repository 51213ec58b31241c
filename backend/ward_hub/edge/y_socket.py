"""/y/<document>?token=…: the y-websocket dialect on a Starlette route.

The token stands in the address, the only place that dialect has for it: access logs must be off.
"""

from __future__ import annotations

from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket

from ward_hub.edge.sinks import serve_socket
from ward_hub.edge.sockets import Sockets
from ward_hub.edge.y_session import YSession


def y_route(sockets: Sockets, prefix: str = "/y") -> WebSocketRoute:
    """The route of one document a socket; %-escapes in the document's name are decoded."""

    async def y_socket(websocket: WebSocket) -> None:
        document: str = websocket.path_params["document"]
        token = websocket.query_params.get("token", "")
        await serve_socket(websocket, sockets, lambda sink: YSession(sockets, sink, document, token))

    return WebSocketRoute(prefix + "/{document:path}", y_socket)

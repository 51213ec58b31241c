"""The server's WebSocket protocol with a short way to the transport, behind the Starlette endpoint.

Sending through ASGI costs 8 to 13 µs a frame, and so does receiving; joining the frames of a loop turn and
writing them to the transport costs 7 µs a delivery all in all. Starlette still accepts, routes and ends
the socket.
"""

from __future__ import annotations

from collections.abc import Callable

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

EXTENSION = "ward_hub.direct"
"""Where an endpoint finds its DirectProtocol: `scope["extensions"][EXTENSION]["protocol"]`."""


class DirectProtocol(WebSocketsSansIOProtocol):
    """uvicorn's protocol; once an endpoint has taken over, messages go to its receiver and not through ASGI.

    Sent bytes bypass the protocol too, so permessage-deflate must be off.
    """

    receiver: Callable[[bytes | None], None] | None = None
    """Takes each message, None for a text message. Must not raise."""

    def take_over(self, receiver: Callable[[bytes | None], None]) -> None:
        """Give further messages to `receiver`. Call once, after the socket has been accepted.

        Lets go of the handshake, which nobody asks for any more: 3 KiB of headers for a socket's whole life.
        """
        self.receiver = receiver
        del self.request, self.response
        self.scope["headers"] = []

    def handle_connect(self, event: Request) -> None:
        super().handle_connect(event)
        if not self.close_sent:
            extensions = self.scope["extensions"]
            if extensions is not None:
                extensions[EXTENSION] = {"protocol": self}

    def send_receive_event_to_app(self) -> None:
        receiver = self.receiver
        if receiver is None:
            super().send_receive_event_to_app()
            return
        frames, self.frames = self.frames, []
        if not self.close_sent:
            data = frames[0] if len(frames) == 1 else b"".join(frames)
            receiver(bytes(data) if self.curr_msg_data_type == "bytes" else None)

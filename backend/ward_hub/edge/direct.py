"""The server's WebSocket protocol with a short way to the transport and from it, behind the endpoint.

Sending through ASGI costs 8 to 13 µs a frame, and so does receiving; joining the frames of a loop turn and
writing them to the transport costs 7 µs a delivery all in all. Whole binary messages are read by
`frame_reader.py`, everything else by the library. Starlette still accepts, routes and ends the socket.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from ward_sync.close_codes import CloseCode
from websockets.frames import Frame
from websockets.http11 import Request

from ward_hub.edge.connections import UNKNOWN, Connections
from ward_hub.edge.frame_reader import FrameReader

CONTROL_S = 10.0
LINGER_S = 1.0
EXTENSION = "ward_hub.direct"
"""Where an endpoint finds its DirectProtocol: `scope["extensions"][EXTENSION]["protocol"]`."""


class DirectProtocol(WebSocketsSansIOProtocol):
    """uvicorn's protocol; once an endpoint has taken over, messages go to its receiver and not through ASGI.

    Sent bytes bypass the protocol too, so permessage-deflate must be off.
    """

    connections_known: Connections = Connections()
    """Given by the server to a subclass of its own (`server.py`)."""

    receiver: Callable[[bytes | None], None] | None = None
    """Takes each message, None for a text message. Must not raise."""

    paused = False
    """Whether the transport's buffer has passed its high-water mark: the other end reads too slowly."""
    _calls = 0
    """How often bytes came before an endpoint had taken over: the first time is the request."""
    _reader: FrameReader | None = None

    _unsigned_left: int | None = None
    """Bytes that may still come before the other end has signed in; None once it has."""
    _signed_in: Callable[[], bool] | None = None
    _lingering: asyncio.TimerHandle | None = None
    _control_left = 0
    _control_until = 0.0

    def take_over(
        self,
        receiver: Callable[[bytes | None], None],
        signed_in: Callable[[], bool] | None = None,
        unsigned_bytes: int = 0,
    ) -> None:
        """Give further messages to `receiver`. Call once, after the socket has been accepted.

        Until `signed_in` says so, `unsigned_bytes` may come in all, whole messages or not: a message is given
        on when its last byte has come, and till then it lies in memory. Lets go of the handshake, which
        nobody asks for any more: 3 KiB of headers for a socket's whole life.
        """
        self.receiver = receiver
        if self._calls <= 1:  # else the library stands in the middle of frames that came early
            self._reader = FrameReader(self.config.ws_max_size, self._take, super().data_received)
        if signed_in is not None:
            self._signed_in = signed_in
            self._unsigned_left = unsigned_bytes
        del self.request, self.response
        self.scope["headers"] = []

    def connection_lost(self, exc: Exception | None) -> None:
        self.connections_known.leave(self.client[0] if self.client else UNKNOWN)
        self._reader = None
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        self.paused = True
        super().pause_writing()

    def resume_writing(self) -> None:
        self.paused = False
        super().resume_writing()

    def data_received(self, data: bytes) -> None:
        if self._lingering is not None:
            return
        if self._reader is not None:
            self._reader.read(data)
        else:
            self._calls += 1
            super().data_received(data)
        if self._unsigned_left is not None:
            self._count_unsigned(len(data))

    def handle_parser_exception(self) -> None:
        """Say why and close, a little later: with bytes of the other end unread, the close code would be lost
        on the way, and a client would not know what it has done."""
        sent = self.conn.close_sent
        code = CloseCode.UNAUTHORIZED if sent is None else sent.code
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": ""})
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self._lingering = self.close_timer = self.loop.call_later(LINGER_S, self.transport.close)

    def handle_ping(self) -> None:
        if self._is_calm():
            super().handle_ping()

    def handle_cont(self, event: Frame) -> None:
        if self._is_calm():
            super().handle_cont(event)

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

    def _take(self, message: bytes) -> None:
        if self.receiver is not None and not self.close_sent:
            self.receiver(message)

    def _count_unsigned(self, size: int) -> None:
        if self._signed_in is None or self._signed_in():
            self._unsigned_left = None
            return
        left = self._unsigned_left = (self._unsigned_left or 0) - size
        if left < 0:
            self._end(CloseCode.UNAUTHORIZED)

    def _is_calm(self) -> bool:
        """Whether a ping or a part of a message is one of few: they reach no session that could count them,
        and each leaves something in memory."""
        now = self.loop.time()
        if now >= self._control_until:
            self._control_until = now + CONTROL_S
            self._control_left = self.connections_known.control_frames
        self._control_left -= 1
        if self._control_left < 0:
            self._end(CloseCode.RESET)
            return False
        return True

    def _end(self, code: CloseCode) -> None:
        """Close now: who floods a socket is not waited for."""
        if not self.close_sent and not self.transport.is_closing():
            self.conn.fail(code)
            self.handle_parser_exception()

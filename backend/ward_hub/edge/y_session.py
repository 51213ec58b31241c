"""One socket in the y-websocket dialect: one document, no acknowledgements."""

from __future__ import annotations

import logging

from ward_sync.close_codes import CloseCode
from ward_sync.codec import decode_y, encode_y
from ward_sync.errors import ErrorCode, RemoteProtocolError
from ward_sync.messages import AuthDenied

from ward_hub.access.port import AccessRefused
from ward_hub.doc_rooms.peer import Peer
from ward_hub.edge.sockets import WINDOW_MS, Sockets
from ward_hub.fan_out.frames import Y_KEEP_ALIVE_FRAME, WireFrame
from ward_hub.fan_out.socket_queue import Sink

log = logging.getLogger("ward_hub.edge")


class YSession:
    """The state of one /y/ socket."""

    dialect = "y"

    def __init__(self, sockets: Sockets, sink: Sink, document: str, token: str) -> None:
        self.queue = sockets.queue_for(sink)
        self._sockets = sockets
        self._document = document
        self._token = token
        self._peer: Peer | None = None
        self._quiet_since = sockets.now
        self._sent_seen = 0
        self._frames_left = sockets.frames_a_window
        self._window_end = sockets.now + WINDOW_MS

    @property
    def signed_in(self) -> bool:
        """Its token came with its address."""
        return True

    @property
    def unsigned_bytes(self) -> int:
        return 0

    def start(self) -> None:
        """Ask the gate; a refusal is said and the socket closed for good (44xx stops the client)."""
        sockets = self._sockets
        sockets.add(self)
        code = CloseCode.UNAUTHORIZED
        try:
            principal = sockets.gate.authenticate(self._token)
            code = CloseCode.FORBIDDEN
            access = sockets.gate.access(principal, self._document)
        except AccessRefused as refused:
            log.info("refused: %s", refused.reason)
            self.queue.push(WireFrame(encode_y(AuthDenied("permission-denied"))))
            self.queue.close(code)
            return
        self._peer = sockets.host.attach(self.queue, self._document, None, principal, access)

    def receive(self, data: bytes) -> None:
        """Take one binary message. Never raises."""
        self._sockets.traffic.frames_in += 1
        self._sockets.traffic.bytes_in += len(data)
        peer = self._peer
        if peer is None or self.queue.closed:
            return
        self._frames_left -= 1
        if self._frames_left < 0:
            log.info("socket closed: too many frames")
            self.queue.close(CloseCode.RESET)
            return
        try:
            message = decode_y(data, self._sockets.limits.max_frame_bytes)
            if isinstance(message, AuthDenied):
                raise RemoteProtocolError(ErrorCode.UNEXPECTED, "a denial from a client")
        except RemoteProtocolError as error:
            log.info("socket closed: %s", error.code)
            too_big = error.code is ErrorCode.TOO_LARGE
            self.queue.close(CloseCode.TOO_BIG if too_big else CloseCode.UNAUTHORIZED)
            return
        self._sockets.host.hear(peer, message)

    def receive_text(self) -> None:
        """A text message is no frame (rule FR1)."""
        self.queue.close(CloseCode.UNAUTHORIZED)

    def lost(self) -> None:
        """The socket has gone."""
        self.queue.lost()
        self._sockets.discard(self)
        if self._peer is not None:
            self._sockets.host.detach(self._peer)

    def beat(self, now: int) -> None:
        """Keep the client: it drops a socket after 30 s without a message. Rules CL2, CL6."""
        if now >= self._window_end:
            self._frames_left = self._sockets.frames_a_window
            self._window_end = now + WINDOW_MS
        if self.queue.sent != self._sent_seen:
            self._sent_seen = self.queue.sent
            self._quiet_since = now
        elif now - self._quiet_since >= self._sockets.limits.y_keep_alive_ms:
            self.queue.push(Y_KEEP_ALIVE_FRAME)

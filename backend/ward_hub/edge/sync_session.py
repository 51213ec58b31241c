"""One socket in the Hocuspocus dialect: many documents by address. It knows frames, not Starlette."""

from __future__ import annotations

import json
import logging

from ward_sync.close_codes import CloseCode
from ward_sync.codec import decode, encode
from ward_sync.errors import ErrorCode, RemoteProtocolError
from ward_sync.messages import (
    AuthDenied,
    AuthGranted,
    AuthRequest,
    AuthToken,
    Close,
    Message,
    Ping,
    Pong,
    Scope,
    Stateless,
    SyncStatus,
    document_of,
)

from ward_hub.access.port import AccessRefused
from ward_hub.doc_rooms.peer import Peer
from ward_hub.edge.sockets import FOREVER, HUB_ADDRESS, WINDOW_MS, Sockets, hub_frame
from ward_hub.fan_out.frames import PING_FRAME, PONG_FRAME, WireFrame
from ward_hub.fan_out.socket_queue import Sink

log = logging.getLogger("ward_hub.edge")

DENIED = "permission-denied"
_HUB_ONLY = (AuthRequest, AuthDenied, AuthGranted, SyncStatus)
_MAX_WAITING_FRAMES = 1_000
_MAX_WAITING_BYTES = 4 * 2**20
"""A terminal sends Auth first: what waits is a few state vectors, never a socket's worth of updates."""
_LOGGED_CHARS = 80


class SyncSession:
    """The state of one /sync socket: which addresses are open, and what waits for its Auth."""

    dialect = "sync"

    def __init__(self, sockets: Sockets, sink: Sink, address: str | None = None) -> None:
        """`address`: the other end, as the hub sees it."""
        self.queue = sockets.queue_for(sink)
        self.address = address
        self._sockets = sockets
        self._host = sockets.host
        self._peers: dict[str, Peer] = {}
        self._waiting: dict[str, list[tuple[Message, int]]] = {}
        self._waiting_frames = 0
        self._waiting_bytes = 0
        self._unsigned_bytes = 0
        self.signed_in = False
        """Whether a document has been opened."""
        self._frames_left = sockets.frames_a_window
        self._window_end = sockets.now + WINDOW_MS
        self._renew_at = FOREVER
        self._asked: set[str] | None = None
        self._opened_at = self.heard_at = self._quiet_since = sockets.now
        self._sent_seen = 0

    @property
    def unsigned_bytes(self) -> int:
        return self._sockets.limits.unsigned_bytes

    def start(self) -> None:
        """Say hello: the first frame of the socket (rule AU5)."""
        self._sockets.add(self)
        self.queue.push(self._sockets.hello_frame())

    def receive(self, data: bytes) -> None:
        """Take one binary message. Never raises."""
        sockets = self._sockets
        self.heard_at = sockets.now
        sockets.traffic.frames_in += 1
        sockets.traffic.bytes_in += len(data)
        if self.queue.closed:
            return
        self._frames_left -= 1
        if self._frames_left < 0:
            self._refuse_socket(CloseCode.RESET, "too many frames")
            return
        limits = sockets.limits
        if not self.signed_in:
            self._unsigned_bytes += len(data)
            if self._unsigned_bytes > limits.unsigned_bytes:
                self._refuse_socket(CloseCode.UNAUTHORIZED, "too much before sign-in")
                return
        try:
            frame = decode(data, limits.max_frame_bytes)
        except RemoteProtocolError as error:
            self._refuse_frame(error)
            return
        self._take(frame.address, frame.message, len(data))

    def receive_text(self) -> None:
        """A text message is no frame (rule FR1)."""
        self._refuse_socket(CloseCode.UNAUTHORIZED, "a text message")

    def lost(self) -> None:
        """The socket has gone."""
        self.queue.lost()
        self._sockets.discard(self)
        peers, self._peers = self._peers, {}
        for peer in peers.values():
            self._host.detach(peer)
        self._waiting.clear()

    def beat(self, now: int) -> None:
        """Rules CL2, CL6, AU6 and AU7."""
        limits = self._sockets.limits
        if now >= self._window_end:
            self._frames_left = self._sockets.frames_a_window
            self._window_end = now + WINDOW_MS
        if now >= self._renew_at:
            self._renew(now)
        if now - self.heard_at > limits.silence_ms:
            self._refuse_socket(CloseCode.TIMEOUT, "silent")
        elif not self.signed_in and now - self._opened_at > limits.sign_in_ms:
            self._refuse_socket(CloseCode.UNAUTHORIZED, "not signed in")
        elif self.queue.sent != self._sent_seen:
            self._sent_seen = self.queue.sent
            self._quiet_since = now
        elif now - self._quiet_since >= limits.ping_ms:
            self.queue.push(PING_FRAME)

    def _renew(self, now: int) -> None:
        """Ask for tokens that are about to end; close what stands on one that has. Rule AU7."""
        wall, lead = self._host.clock(), self._sockets.limits.renew_ms
        asked = self._asked = self._asked or set()
        next_ms = FOREVER
        for address, peer in list(self._peers.items()):
            left = peer.principal.expires_at - wall
            if not peer.open:
                continue
            if left <= 0:
                self._host.detach(peer, "expired")
            elif left > lead:
                next_ms = min(next_ms, left - lead)
            else:
                next_ms = min(next_ms, left)
                if address not in asked:
                    asked.add(address)
                    self.queue.push(WireFrame(encode(address, AuthRequest())))
        self._renew_at = now + next_ms

    def _token_ends(self, address: str, ends_at: int) -> None:
        """Look again in time for a token that was given now."""
        lead = self._sockets.limits.renew_ms
        if lead:
            if self._asked is not None:
                self._asked.discard(address)
            due = self._sockets.now + ends_at - self._host.clock() - lead
            self._renew_at = min(self._renew_at, due)

    def _take(self, address: str, message: Message, size: int) -> None:
        peer = self._peers.get(address)
        if peer is not None and peer.open and not isinstance(message, AuthToken):
            if isinstance(message, _HUB_ONLY):
                self._host.detach(peer, ErrorCode.UNEXPECTED.value)
                return
            if isinstance(message, Close):
                del self._peers[address]
            self._host.hear(peer, message)
        elif isinstance(message, Pong):
            return
        elif isinstance(message, Ping):
            self.queue.push(PONG_FRAME)
        elif address == HUB_ADDRESS:
            self._take_for_hub(message)
        elif isinstance(message, AuthToken):
            self._authenticate(address, message.token)
        elif isinstance(message, Close):
            self._forget_waiting(address)
        elif not isinstance(message, _HUB_ONLY):
            self._wait(address, message, size)

    def _take_for_hub(self, message: Message) -> None:
        if not isinstance(message, Stateless):
            return
        try:
            body = json.loads(message.payload)
        except (ValueError, RecursionError):
            return
        if isinstance(body, dict) and body.get("t") == "time" and isinstance(body.get("sent"), int):
            storage = "ok" if self._sockets.storing() else "full"
            answer = {"t": "time", "sent": body["sent"], "now": self._host.clock(), "storage": storage}
            self.queue.push(hub_frame(json.dumps(answer)))

    def _wait(self, address: str, message: Message, size: int) -> None:
        """What comes before its Auth waits for it (rule AU2), within a budget of frames and bytes."""
        self._waiting_frames += 1
        self._waiting_bytes += size
        if self._waiting_frames > _MAX_WAITING_FRAMES or self._waiting_bytes > _MAX_WAITING_BYTES:
            self._refuse_socket(CloseCode.RESET, "too much before its Auth")
            return
        self._waiting.setdefault(address, []).append((message, size))

    def _forget_waiting(self, address: str) -> list[Message]:
        """Take what waits at an address out of the budget, and return it."""
        waiting = self._waiting.pop(address, [])
        self._waiting_frames -= len(waiting)
        self._waiting_bytes -= sum(size for _, size in waiting)
        return [message for message, _ in waiting]

    def _authenticate(self, address: str, token: str) -> None:
        sockets = self._sockets
        document = document_of(address)
        peer = self._peers.get(address)
        if peer is not None and not peer.open:
            peer = None
        reason = DENIED
        try:
            try:
                principal = sockets.gate.authenticate(token)
            except AccessRefused as refused:
                reason = refused.reason
                raise
            # A ward hub has open what its wards have.
            most = sockets.limits.max_documents * max(1, len(principal.wards))
            if peer is None and len(self._peers) >= most:
                self._peers = {known: held for known, held in self._peers.items() if held.open}
                if len(self._peers) >= most:
                    reason = "too-many-documents"
                    raise AccessRefused(reason)
            access = sockets.gate.access(principal, document)
        except AccessRefused as refused:
            log.info("%r refused: %s", document[:_LOGGED_CHARS], refused.reason)
            self._forget_waiting(address)
            if peer is not None:
                self._host.detach(peer, reason)
            elif reason == "revoked":
                self.queue.push(WireFrame(encode(address, AuthDenied(reason))))
                self.queue.close(CloseCode.FORBIDDEN)
            else:
                self.queue.push(WireFrame(encode(address, AuthDenied(reason))))
            return
        self.signed_in = True
        sockets.claim(principal.terminal, self)
        self._token_ends(address, principal.expires_at)
        scope = Scope.READ_WRITE if access.write else Scope.READONLY
        self.queue.push(WireFrame(encode(address, AuthGranted(scope.value))))
        if peer is not None:
            self._host.rebind(peer, principal, access)
            return
        peer = self._peers[address] = self._host.attach(self.queue, document, address, principal, access)
        for message in self._forget_waiting(address):
            self._host.hear(peer, message)

    def _refuse_frame(self, error: RemoteProtocolError) -> None:
        """Rule FR8."""
        address = error.address
        if address is None:
            too_big = error.code is ErrorCode.TOO_LARGE
            self._refuse_socket(CloseCode.TOO_BIG if too_big else CloseCode.UNAUTHORIZED, str(error.code))
            return
        log.info("a frame at %r refused: %s", address[:_LOGGED_CHARS], error.code)
        self._forget_waiting(address)
        peer = self._peers.pop(address, None)
        if peer is not None and peer.open:
            self._host.detach(peer, error.code.value)
        else:
            self.queue.push(WireFrame(encode(address, Close(error.code.value))))

    def _refuse_socket(self, code: CloseCode, why: str) -> None:
        log.info("socket closed with %d: %s", code, why)
        self.queue.close(code)

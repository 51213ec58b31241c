"""A crowd of WebSocket clients cheap enough to load a server from one core: bytes are compared, not parsed.

What a server sends to a crowd is the same bytes a hundred times: a chunk that has been read once is known by
its bytes. Updates carry a mark in their text (who, which, how many), so that merged ones are told apart. Both
dialects; no CRDT, no I/O of its own beyond the transport.
"""

from __future__ import annotations

import asyncio
import base64
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import cast

from ward_sync.codec import encode, encode_y
from ward_sync.messages import AuthToken, Message, Pong, SyncStep1, SyncStep2
from ward_sync.update import EMPTY_STATE_VECTOR, EMPTY_UPDATE

MARK = re.compile(rb"~(\d+)\.(\d+)~")
"""(writer, number) in the text of an update."""
_MASK = b"\x5a\xa5\x3c\xc3"
"""Not zero: some servers skip the work for a mask of zeros."""
PATIENCE_S = 30.0
_MAX_KNOWN, _KNOWN_BYTES = 2_000, 4_096
"""Chunks worth remembering: under full load they are long, and cut differently for each socket."""
_STEP1, _STEP2, _EMPTY, _STATUS, _DENIED, _PING = "step1", "step2", "empty", "status", "denied", "ping"
_SEVERAL = -1


def client_frame(payload: bytes) -> bytes:
    """One binary WebSocket message as a client sends it, masked."""
    size = len(payload)
    if size < 126:
        head = bytes((0x82, 0x80 | size))
    elif size < 65536:
        head = b"\x82\xfe" + size.to_bytes(2, "big")
    else:
        head = b"\x82\xff" + size.to_bytes(8, "big")
    mask = (_MASK * (size // 4 + 1))[:size]
    masked = int.from_bytes(payload, "big") ^ int.from_bytes(mask, "big")
    return head + _MASK + masked.to_bytes(size, "big")


class Delivery:
    """A frame with updates on its way to a crowd: who wrote them, and how many have not got it yet."""

    __slots__ = ("author", "left", "marks")

    def __init__(self, marks: tuple[tuple[int, int], ...], crowd_size: int) -> None:
        authors = {writer for writer, _ in marks}
        self.marks = marks
        self.author = authors.pop() if len(authors) == 1 else _SEVERAL
        self.left = crowd_size - (self.author != _SEVERAL)


@dataclass(frozen=True, slots=True)
class Heard:
    """Anything but updates."""

    kind: str
    document: str


@dataclass(eq=False)
class Crowd:
    """What all sockets of a run share.

    `y`: they speak the y-websocket dialect; its documents lie below `path`. `readers`: how many get each
    update, its author among them. `acknowledged(socket)` hears of each SyncStatus after the join,
    `reached(marks)` of updates that all others have got.
    """

    y: bool = False
    path: str = "/sync"
    readers: int = 0
    acknowledged: Callable[[LeanSocket], None] = lambda _socket: None
    reached: Callable[[tuple[tuple[int, int], ...]], None] = lambda _marks: None
    empty: int = 0
    """How often a document was said to hold nothing."""
    _known: dict[bytes, tuple[Delivery | Heard, ...]] = field(default_factory=dict)
    _deliveries: dict[bytes, Delivery] = field(default_factory=dict)

    def forget(self) -> None:
        """Begin another run."""
        self._known.clear()
        self._deliveries.clear()

    def frame(self, document: str, message: Message) -> bytes:
        """A message ready for a socket."""
        return client_frame(encode_y(message) if self.y else encode(document, message))

    def take(self, socket: LeanSocket, data: bytes) -> bytes:
        """Take what came; returns what is left of it: the beginning of a frame."""
        known = self._known.get(data)
        left = b""
        if known is None:
            known, left = self._read(data)
            if not left and len(data) <= _KNOWN_BYTES:
                if len(self._known) > _MAX_KNOWN:
                    self._known.clear()
                self._known[data] = known
        number = socket.number
        for item in known:
            if type(item) is Delivery:
                if item.author != number:
                    item.left -= 1
                    if item.left == 0:
                        self.reached(item.marks)
            elif isinstance(item, Heard):
                socket.hear(item)
        return left

    def _read(self, data: bytes) -> tuple[tuple[Delivery | Heard, ...], bytes]:
        items: list[Delivery | Heard] = []
        at, end = 0, len(data)
        while end - at >= 2:
            size, start = data[at + 1], at + 2
            if size == 126:
                size, start = int.from_bytes(data[at + 2 : at + 4], "big"), at + 4
            elif size == 127:
                size, start = int.from_bytes(data[at + 2 : at + 10], "big"), at + 10
            if end < start + size or end < start:
                break
            opcode, payload = data[at] & 0x0F, data[start : start + size]
            at = start + size
            if opcode == 2:
                item = self._message(payload)
                if item is not None:
                    items.append(item)
            elif opcode == 9:
                items.append(Heard("ping frame", payload.decode("latin-1")))
            elif opcode == 8:
                items.append(Heard("closed", str(int.from_bytes(payload[:2], "big"))))
        return tuple(items), data[at:]

    def _message(self, payload: bytes) -> Delivery | Heard | None:
        document, at = "", 0
        if not self.y:
            if len(payload) == 1:
                return Heard(_PING, "") if payload == b"\x09" else None
            size = payload[0]
            at = 1
            if size >= 0x80:
                size, at = size & 0x7F | payload[1] << 7, 2
            document = payload[at : at + size].decode()
            at += size
        kind, sub = payload[at], payload[at + 1]
        if kind == 0 and sub == 2:
            found = self._deliveries.get(payload)
            if found is None:
                marks = tuple((int(writer), int(number)) for writer, number in MARK.findall(payload))
                if not marks:
                    return None
                found = self._deliveries[payload] = Delivery(marks, self.readers)
            return found
        if kind == 0:
            empty = payload.endswith(b"\x02" + EMPTY_UPDATE) and len(payload) == at + 5
            return Heard(_STEP1 if sub == 0 else _EMPTY if empty else _STEP2, document)
        if kind == 8:
            return Heard(_STATUS if sub == 1 else _DENIED, document)
        if kind == 2 and (sub == 1 or self.y):
            return Heard(_DENIED, document)
        return None


class LeanSocket(asyncio.Protocol):
    """One socket with its documents. `number`: who it is as a writer."""

    def __init__(self, crowd: Crowd, number: int, documents: Sequence[str]) -> None:
        self.crowd = crowd
        self.number = number
        self.documents = tuple(documents)
        self.transport: asyncio.Transport
        self._rest = b""
        self._open = False
        self._joined: asyncio.Future[None] | None = None
        self._unsynced: set[tuple[str, str]] = set()
        self.lost = False

    async def connect(self, port: int) -> None:
        """Open the socket. Raises OSError."""
        loop = asyncio.get_running_loop()
        self._joined = loop.create_future()
        await asyncio.wait_for(loop.create_connection(lambda: self, "127.0.0.1", port), PATIENCE_S)
        path = f"{self.crowd.path}{self.documents[0]}?token=secret" if self.crowd.y else self.crowd.path
        key = base64.b64encode(os.urandom(16)).decode()
        self.transport.write(
            f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n"
            f"Connection: Upgrade\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        await asyncio.wait_for(self._joined, PATIENCE_S)

    async def join(self) -> None:
        """Open every document; returns when both sides have said so."""
        self._joined = asyncio.get_running_loop().create_future()
        crowd = self.crowd
        signs = (_STEP2,) if crowd.y else (_STEP2, _STATUS)
        self._unsynced = {(document, sign) for document in self.documents for sign in signs}
        frames = []
        for document in self.documents:
            if not crowd.y:
                frames.append(crowd.frame(document, AuthToken("secret")))
            frames.append(crowd.frame(document, SyncStep1(EMPTY_STATE_VECTOR)))
        self.transport.write(b"".join(frames))
        await asyncio.wait_for(self._joined, PATIENCE_S)

    def hear(self, heard: Heard) -> None:
        """Take anything but updates."""
        kind, document = heard.kind, heard.document
        if self.crowd.y and kind in (_STEP1, _STEP2, _EMPTY):
            document = self.documents[0]
        if kind == _EMPTY:
            kind = _STEP2
            self.crowd.empty += 1
        if kind == _STATUS and not self._unsynced:
            self.crowd.acknowledged(self)
        elif kind == _STEP1:
            self.transport.write(self.crowd.frame(document, SyncStep2(EMPTY_UPDATE)))
        elif kind in (_STEP2, _STATUS):
            self._unsynced.discard((document, kind))
            if not self._unsynced and self._joined is not None and not self._joined.done():
                self._joined.set_result(None)
        elif kind == _PING:
            self.transport.write(self.crowd.frame("", Pong()))
        elif kind == "ping frame":
            pong = client_frame(document.encode("latin-1"))
            self.transport.write(b"\x8a" + pong[1:])
        elif kind in (_DENIED, "closed"):
            self._fail(f"{kind} {document}")

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)  # uvloop's is none by class

    def data_received(self, data: bytes) -> None:
        if self._rest:
            data = self._rest + data
        if not self._open:
            head, end, data = data.partition(b"\r\n\r\n")
            if not end:
                self._rest = head
                return
            if not head.startswith(b"HTTP/1.1 101"):
                self._fail(head[:80].decode("latin-1"))
                return
            self._open = True
            if self._joined is not None:
                self._joined.set_result(None)
        self._rest = self.crowd.take(self, data) if data else b""

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True
        self._fail("the connection was lost")

    def leave(self) -> None:
        self._joined = None
        self.transport.abort()

    def _fail(self, why: str) -> None:
        if self._joined is not None and not self._joined.done():
            self._joined.set_exception(ConnectionError(why))

"""Frames ready for the socket, built once for all who get the same bytes."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from ward_sync.awareness import encode_awareness
from ward_sync.codec import encode_body
from ward_sync.messages import (
    AuthDenied,
    Awareness,
    Message,
    Ping,
    Pong,
    QueryAwareness,
    SyncStatus,
    SyncStep1,
    SyncStep2,
    Update,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ward_hub.doc_rooms.peer import Peer

_Y_MESSAGES = (SyncStep1, SyncStep2, Update, Awareness, QueryAwareness)


class WireFrame:
    """One binary WebSocket message: `payload`, and `wire` with the server's frame header (RFC 6455 5.2)."""

    __slots__ = ("payload", "wire")

    def __init__(self, payload: bytes) -> None:
        self.payload = payload
        size = len(payload)
        if size < 126:
            self.wire = bytes((0x82, size)) + payload
        elif size < 65536:
            self.wire = b"\x82\x7e" + size.to_bytes(2, "big") + payload
        else:
            self.wire = b"\x82\x7f" + size.to_bytes(8, "big") + payload


PING_FRAME = WireFrame(b"\x09")
PONG_FRAME = WireFrame(b"\x0a")
Y_KEEP_ALIVE_FRAME = WireFrame(b"\x01" + b"\x01" + encode_awareness(()))
"""An empty awareness: what y-websocket clients count as a sign of life (they drop a socket after 30 s)."""


def frame_for(peer: Peer, message: Message) -> WireFrame | None:
    """The frame of a message to one peer; None when the peer's dialect does not have it."""
    if peer.address is not None:
        if isinstance(message, SyncStatus):
            return _status_frame(peer.prefix, message.stored)
        return WireFrame(peer.prefix + encode_body(message))
    if isinstance(message, _Y_MESSAGES):
        return WireFrame(encode_body(message))
    if isinstance(message, AuthDenied):
        return WireFrame(b"\x02\x00" + encode_body(message)[2:])
    return None


@lru_cache(2_048)
def _status_frame(prefix: bytes, stored: bool) -> WireFrame:
    """The answer to every single write: the same bytes for all who write at an address."""
    return WireFrame(prefix + encode_body(SyncStatus(stored)))


def spread(peers: Iterable[Peer], message: Message, but: Peer | None = None) -> None:
    """Push a message to every open peer but one; equal frames are built once."""
    if isinstance(message, Ping | Pong):
        return
    body = encode_body(message)
    for_y = isinstance(message, _Y_MESSAGES)
    built: dict[bytes, WireFrame] = {}
    prefix: bytes | None = None
    for peer in peers:
        if peer is but or not peer.open:
            continue
        # Peers of one address share the bytes of their prefix: mostly this is one comparison of identities.
        if peer.prefix is not prefix:
            if peer.address is None and not for_y:
                continue
            prefix = peer.prefix
            found = built.get(prefix)
            frame = built[prefix] = found or WireFrame(prefix + body)
        peer.connection.push(frame)

"""Frames to messages and back, in the Hocuspocus dialect (/sync) and the y-websocket one (/y/…).

Strict: lengths in bytes, nothing cut, nothing left over, size limited. Sources: sync/SPEC.md FR1 to FR9;
@hocuspocus/provider 4.8 and y-websocket 3.1, whose bytes these are.
"""

from __future__ import annotations

from typing import assert_never

from ward_sync.errors import ErrorCode, LocalProtocolError, RemoteProtocolError
from ward_sync.messages import (
    AuthDenied,
    AuthGranted,
    AuthRequest,
    AuthToken,
    Awareness,
    Close,
    Frame,
    Message,
    Ping,
    Pong,
    QueryAwareness,
    Stateless,
    SyncStatus,
    SyncStep1,
    SyncStep2,
    Update,
)
from ward_sync.varint import encode_bytes, encode_text, read_bytes, read_text, read_uint

MAX_FRAME_BYTES = 16 * 2**20
"""16 MiB: the largest frame either side reads; document kinds set smaller limits for updates."""
MAX_ADDRESS_BYTES = 1024
"""Names of 500 bytes must pass, with a session id behind them."""

_PING = b"\x09"
_PONG = b"\x0a"
_SYNC, _AWARENESS, _AUTH, _QUERY_AWARENESS, _STATELESS, _CLOSE, _STATUS = 0, 1, 2, 3, 5, 7, 8
_STEP1, _STEP2, _UPDATE = 0, 1, 2
_TOKEN, _DENIED, _GRANTED = 0, 1, 2


def decode(frame: bytes, limit: int = MAX_FRAME_BYTES) -> Frame:
    """Read one Hocuspocus frame of at most `limit` bytes.

    Raises RemoteProtocolError; its `address` is None when the envelope (address and type) could not be read,
    else the address of the document concerned. Rules FR1 to FR8.
    """
    if len(frame) > limit:
        raise RemoteProtocolError(ErrorCode.TOO_LARGE, f"{len(frame)} bytes, at most {limit}")
    if len(frame) == 1:
        if frame == _PING:
            return Frame("", Ping())
        if frame == _PONG:
            return Frame("", Pong())
    address, at = read_text(frame, 0)
    if not address or address[0] == "\0" or at > MAX_ADDRESS_BYTES + 2 or not address.strip():
        raise RemoteProtocolError(ErrorCode.ADDRESS, f"an address of {len(address)} characters")
    kind, at = read_uint(frame, at)
    try:
        return Frame(address, _decode_hocuspocus(kind, frame, at))
    except RemoteProtocolError as error:
        if error.code is not ErrorCode.UNKNOWN_TYPE:
            error.address = address
        raise


def encode(address: str, message: Message) -> bytes:
    """Write one Hocuspocus frame. Raises LocalProtocolError when the address is none."""
    if isinstance(message, Ping):
        return _PING
    if isinstance(message, Pong):
        return _PONG
    if not address or len(address) > MAX_ADDRESS_BYTES:
        raise LocalProtocolError(ErrorCode.ADDRESS, f"an address of {len(address)} characters")
    return encode_text(address) + encode_body(message)


def encode_body(message: Message) -> bytes:
    """Write a message without its address, so that a frame to many addresses is built in two parts."""
    match message:
        case SyncStep1(state_vector):
            return b"\x00\x00" + encode_bytes(state_vector)
        case SyncStep2(update):
            return b"\x00\x01" + encode_bytes(update)
        case Update(update):
            return b"\x00\x02" + encode_bytes(update)
        case Awareness(payload):
            return b"\x01" + encode_bytes(payload)
        case AuthToken(token, version):
            return b"\x02\x00" + encode_text(token) + (b"" if version is None else encode_text(version))
        case AuthRequest():
            return b"\x02\x00"
        case AuthDenied(reason):
            return b"\x02\x01" + encode_text(reason)
        case AuthGranted(scope):
            return b"\x02\x02" + encode_text(scope)
        case QueryAwareness():
            return b"\x03"
        case Stateless(payload):
            return b"\x05" + encode_text(payload)
        case Close(reason):
            return b"\x07" + (b"" if reason is None else encode_text(reason))
        case SyncStatus(stored):
            return b"\x08\x01" if stored else b"\x08\x00"
        case Ping() | Pong():
            raise LocalProtocolError(ErrorCode.UNEXPECTED, "ping and pong have no address")
        case _:
            assert_never(message)


def decode_y(frame: bytes, limit: int = MAX_FRAME_BYTES) -> Message:
    """Read one y-websocket frame: Sync, Awareness, Auth (a denial) or QueryAwareness. Rule FR9."""
    if len(frame) > limit:
        raise RemoteProtocolError(ErrorCode.TOO_LARGE, f"{len(frame)} bytes, at most {limit}")
    kind, at = read_uint(frame, 0)
    if kind == _SYNC:
        return _decode_sync(frame, at)
    if kind == _AWARENESS:
        return Awareness(_last_bytes(frame, at))
    if kind == _QUERY_AWARENESS:
        _end(frame, at)
        return QueryAwareness()
    if kind == _AUTH:
        sub, at = read_uint(frame, at)
        if sub != 0:
            raise RemoteProtocolError(ErrorCode.UNKNOWN_TYPE, f"auth message {sub}")
        return AuthDenied(_last_text(frame, at))
    raise RemoteProtocolError(ErrorCode.UNKNOWN_TYPE, f"message type {kind}")


def encode_y(message: Message) -> bytes:
    """Write one y-websocket frame. Raises LocalProtocolError for a message that dialect does not have."""
    if isinstance(message, SyncStep1 | SyncStep2 | Update | Awareness | QueryAwareness):
        return encode_body(message)
    if isinstance(message, AuthDenied):
        return b"\x02\x00" + encode_text(message.reason)
    raise LocalProtocolError(ErrorCode.UNEXPECTED, f"y-websocket has no {type(message).__name__}")


def _decode_hocuspocus(kind: int, frame: bytes, at: int) -> Message:
    if kind == _SYNC:
        return _decode_sync(frame, at)
    if kind == _AWARENESS:
        return Awareness(_last_bytes(frame, at))
    if kind == _AUTH:
        return _decode_auth(frame, at)
    if kind == _STATELESS:
        return Stateless(_last_text(frame, at))
    if kind == _QUERY_AWARENESS:
        _end(frame, at)
        return QueryAwareness()
    if kind == _CLOSE:
        return Close(None if at == len(frame) else _last_text(frame, at))
    if kind == _STATUS:
        value, at = read_uint(frame, at)
        _end(frame, at)
        if value > 1:
            raise RemoteProtocolError(ErrorCode.NUMBER, f"status {value}")
        return SyncStatus(value == 1)
    if kind in (4, 6):
        raise RemoteProtocolError(ErrorCode.UNEXPECTED, f"type {kind} is for servers among themselves")
    raise RemoteProtocolError(ErrorCode.UNKNOWN_TYPE, f"message type {kind}")


def _decode_sync(frame: bytes, at: int) -> Message:
    sub, at = read_uint(frame, at)
    if sub == _UPDATE:
        return Update(_last_bytes(frame, at))
    if sub == _STEP1:
        return SyncStep1(_last_bytes(frame, at))
    if sub == _STEP2:
        return SyncStep2(_last_bytes(frame, at))
    raise RemoteProtocolError(ErrorCode.UNEXPECTED, f"sync message {sub}")


def _decode_auth(frame: bytes, at: int) -> Message:
    sub, at = read_uint(frame, at)
    if sub == _TOKEN:
        if at == len(frame):
            return AuthRequest()
        token, at = read_text(frame, at)
        return AuthToken(token, None if at == len(frame) else _last_text(frame, at))
    if sub == _DENIED:
        return AuthDenied(_last_text(frame, at))
    if sub == _GRANTED:
        return AuthGranted(_last_text(frame, at))
    raise RemoteProtocolError(ErrorCode.UNEXPECTED, f"auth message {sub}")


def _last_bytes(frame: bytes, at: int) -> bytes:
    value, at = read_bytes(frame, at)
    _end(frame, at)
    return value


def _last_text(frame: bytes, at: int) -> str:
    value, at = read_text(frame, at)
    _end(frame, at)
    return value


def _end(frame: bytes, at: int) -> None:
    if at != len(frame):
        raise RemoteProtocolError(ErrorCode.LEFTOVER, f"{len(frame) - at} bytes after the message")

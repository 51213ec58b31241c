"""The primitive encodings of lib0: numbers, byte strings and text, read at an offset of a buffer.

Every length is checked against what is left, because lengths are the peer's choice. Readers return
(value, next offset).
"""

from __future__ import annotations

from ward_sync.errors import ErrorCode, LocalProtocolError, RemoteProtocolError

MAX_SAFE_INTEGER = 2**53 - 1
"""The largest number a Yjs peer can hold (ECMAScript Number.MAX_SAFE_INTEGER)."""
_MAX_SHIFT = 49
"""Eight groups of seven bits hold 2^53-1; a ninth byte is refused (rule FR2)."""


def read_uint(data: bytes, at: int) -> tuple[int, int]:
    """Read a varUint: seven bits a byte, low group first, 0x80 = more follows. Rule FR2."""
    try:
        byte = data[at]
        if byte < 0x80:
            return byte, at + 1
        value = byte & 0x7F
        shift = 7
        while True:
            at += 1
            byte = data[at]
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                break
            shift += 7
            if shift > _MAX_SHIFT:
                raise RemoteProtocolError(ErrorCode.NUMBER, "a number of more than eight bytes")
    except IndexError:
        raise RemoteProtocolError(ErrorCode.TRUNCATED, "the message ends inside a number") from None
    if value > MAX_SAFE_INTEGER:
        raise RemoteProtocolError(ErrorCode.NUMBER, f"{value} is over 2^53-1")
    if byte == 0:
        raise RemoteProtocolError(ErrorCode.NUMBER, "a number padded with an empty group")
    return value, at + 1


def read_bytes(data: bytes, at: int) -> tuple[bytes, int]:
    """Read a varUint length and that many bytes. Rule FR3."""
    length, at = read_uint(data, at)
    end = at + length
    if end > len(data):
        raise RemoteProtocolError(ErrorCode.TRUNCATED, f"{length} bytes announced, {len(data) - at} left")
    return data[at:end], end


def read_text(data: bytes, at: int) -> tuple[str, int]:
    """Read a varUint length in bytes and that many bytes of UTF-8. Rule FR3."""
    raw, at = read_bytes(data, at)
    try:
        return raw.decode("utf-8"), at
    except UnicodeDecodeError as error:
        raise RemoteProtocolError(ErrorCode.UTF8, str(error)) from None


def encode_uint(value: int) -> bytes:
    """Encode a number between 0 and 2^53-1. Raises LocalProtocolError outside that range."""
    if 0 <= value < 0x80:
        return bytes((value,))
    if not 0 <= value <= MAX_SAFE_INTEGER:
        raise LocalProtocolError(ErrorCode.NUMBER, f"{value} is not between 0 and 2^53-1")
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def encode_bytes(value: bytes) -> bytes:
    """Encode a byte string with its length."""
    return encode_uint(len(value)) + value


def encode_text(value: str) -> bytes:
    """Encode text; its length counts UTF-8 bytes, not characters."""
    try:
        return encode_bytes(value.encode("utf-8"))
    except UnicodeEncodeError as error:
        raise LocalProtocolError(ErrorCode.UTF8, str(error)) from None

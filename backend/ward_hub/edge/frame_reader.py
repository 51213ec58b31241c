"""Whole binary messages out of their WebSocket frames; every other frame goes to the library, uncut.

Terminals send little else after the handshake: a close frame, answers to pings. The library takes 13 µs for a
frame, this 1.5; what is a frame and what is an error stays its word (RFC 6455 5.2 to 5.5).
"""

from __future__ import annotations

from collections.abc import Callable

try:
    from websockets.speedups import apply_mask
except ImportError:
    from websockets.utils import apply_mask

_WHOLE_BINARY = 0x82
"""FIN, no reserved bits, opcode 2."""
_CONTROL = (0x88, 0x89, 0x8A)


class FrameReader:
    """Reads what a client sends, from the first frame after the handshake on.

    `message` takes each whole binary message, `library` whole control frames. From the first frame of any
    other kind on (a part of a message, text, unmasked, longer than `max_size`) everything is the library's.
    Memory: a frame that is not there yet, as far as it has come.
    """

    __slots__ = ("_given_up", "_library", "_max_size", "_message", "_parts", "_wanted")

    def __init__(
        self, max_size: int, message: Callable[[bytes], None], library: Callable[[bytes], None]
    ) -> None:
        self._max_size = max_size
        self._message = message
        self._library = library
        self._parts: bytearray | None = None
        self._wanted = 0
        """How much there must be of the frame in `_parts` to look at it again."""
        self._given_up = False

    def read(self, data: bytes) -> None:
        """Take what came, however it is cut."""
        if self._given_up:
            self._library(data)
            return
        parts = self._parts
        if parts is not None:
            parts += data
            if len(parts) < self._wanted:
                return
            data, self._parts = bytes(parts), None
        at, end = 0, len(data)
        while at < end:
            first, wanted = data[at], 6
            if first != _WHOLE_BINARY and first not in _CONTROL:
                self._given_up = True
            elif at + wanted <= end:
                size = data[at + 1] - 0x80
                if size > 125:
                    wanted = 8 if size == 126 else 14
                    size = int.from_bytes(data[at + 2 : at + wanted - 4], "big")
                if at + wanted <= end:
                    self._given_up = size < 0 or size > (self._max_size if first == _WHOLE_BINARY else 125)
                    body = at + wanted
                    wanted += size
            if self._given_up:
                self._library(data[at:])
                return
            stop = at + wanted
            if stop > end:
                self._parts, self._wanted = bytearray(data[at:]), wanted
                return
            if first == _WHOLE_BINARY:
                self._message(apply_mask(data[body:stop], data[body - 4 : body]))
            else:
                self._library(data[at:stop])
            at = stop

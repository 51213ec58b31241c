"""What waits to be written to one socket: one write a loop turn, and an end to patience.

A reader that stops reading costs itself the socket and nobody else anything (rule SY9).
"""

from __future__ import annotations

import asyncio
from typing import Protocol

from ward_sync.close_codes import CloseCode

from ward_hub.fan_out.frames import WireFrame

MAX_WAITING_BYTES = 16 * 2**20
"""Twice the largest document: whoever joins with a full replica still fits."""


class Sink(Protocol):
    """The socket itself. Neither method waits or raises."""

    def write(self, frames: list[WireFrame]) -> int:
        """Hand frames to the network; returns how many bytes still wait there."""
        ...

    def close(self, code: int) -> None:
        """Close with a code; at once when the peer is not reading."""
        ...


class Tick:
    """Writes every socket that got something during a turn of the loop, once, at the turn's end."""

    def __init__(self) -> None:
        self._dirty: list[SocketQueue] = []

    def mark(self, queue: SocketQueue) -> None:
        if not self._dirty:
            asyncio.get_running_loop().call_soon(self._flush)
        self._dirty.append(queue)

    def _flush(self) -> None:
        dirty, self._dirty = self._dirty, []
        for queue in dirty:
            queue.flush()


class SocketQueue:
    """Frames of one socket in order. `sent` counts what was pushed, so that a heartbeat sees silence;
    `sent_bytes` what the network took; `closed_with`: the code the hub closed it with, if it did."""

    __slots__ = (
        "_closed",
        "_first",
        "_limit",
        "_more",
        "_sink",
        "_tick",
        "_waiting",
        "closed_with",
        "sent",
        "sent_bytes",
    )

    def __init__(self, sink: Sink, tick: Tick, limit: int = MAX_WAITING_BYTES) -> None:
        self._sink = sink
        self._tick = tick
        self._limit = limit
        self._first: WireFrame | None = None
        """What a turn brings is mostly one frame: no list is kept for it."""
        self._more: list[WireFrame] | None = None
        self._waiting = 0
        self._closed = False
        self.sent = 0
        self.sent_bytes = 0
        self.closed_with: int | None = None

    @property
    def closed(self) -> bool:
        return self._closed

    @property
    def waiting(self) -> int:
        """Bytes pushed and not yet taken by the network, as of the last write."""
        return self._waiting

    def push(self, frame: WireFrame) -> None:
        if self._closed:
            return
        if self._first is None:
            self._first = frame
            self._tick.mark(self)
        elif self._more is None:
            self._more = [self._first, frame]
        else:
            self._more.append(frame)
        self.sent += 1
        waiting = self._waiting = self._waiting + len(frame.wire)
        if waiting > self._limit:
            self.close(CloseCode.TOO_BIG)

    def flush(self) -> None:
        """Write what waits."""
        first, more = self._first, self._more
        if self._closed or first is None:
            return
        self._first = self._more = None
        waiting = self._sink.write([first] if more is None else more)
        self.sent_bytes += self._waiting - waiting
        self._waiting = waiting

    def close(self, code: int) -> None:
        """Write what waits when it is within the limit, then close."""
        if self._closed:
            return
        if self._waiting <= self._limit:
            self.flush()
        self.lost()
        self.closed_with = code
        self._sink.close(code)

    def lost(self) -> None:
        """The socket has gone: keep nothing for it."""
        self._closed = True
        self._first = self._more = None

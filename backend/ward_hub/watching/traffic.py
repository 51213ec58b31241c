"""What has gone over the sockets since the start, and what waits in them now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol


class Queue(Protocol):
    """What waits for one socket, and what went out through it (fan_out/socket_queue.py)."""

    sent: int
    sent_bytes: int
    closed_with: int | None

    @property
    def waiting(self) -> int: ...


@dataclass(frozen=True, slots=True)
class SocketCounts:
    """The sockets at one moment. `open`: by dialect; `closed`: those gone, by close code, `peer` where the
    other end went first; `waiting_bytes`: in all queues, `longest_bytes`: in the longest."""

    open: Mapping[str, int] = field(default_factory=dict)
    frames_in: int = 0
    frames_out: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    waiting_bytes: int = 0
    longest_bytes: int = 0
    closed: Mapping[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class Traffic:
    """`frames_in` and `bytes_in` are counted as they come; what goes out is counted by the queues themselves
    and added here when a socket has gone, so that a delivery costs nothing."""

    frames_in: int = 0
    bytes_in: int = 0
    closed: Counter[str] = field(default_factory=Counter)
    _frames_out: int = 0
    _bytes_out: int = 0

    def gone(self, queue: Queue) -> None:
        """A socket is no more. Call once for each."""
        self._frames_out += queue.sent
        self._bytes_out += queue.sent_bytes
        self.closed["peer" if queue.closed_with is None else str(int(queue.closed_with))] += 1

    def counts(self, kinds: Iterable[tuple[str, Queue]]) -> SocketCounts:
        """The counts now; `kinds`: dialect and queue of each open socket."""
        by_kind: Counter[str] = Counter()
        frames, size, waiting, longest = self._frames_out, self._bytes_out, 0, 0
        for kind, queue in kinds:
            by_kind[kind] += 1
            frames += queue.sent
            size += queue.sent_bytes
            waiting += queue.waiting
            longest = max(longest, queue.waiting)
        return SocketCounts(
            by_kind, self.frames_in, frames, self.bytes_in, size, waiting, longest, dict(self.closed)
        )

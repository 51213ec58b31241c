"""A crowd on a server and updates at a rate: CPU per delivery, latency to the last, acknowledgement.

And the highest rate that a server keeps up with: every update with all others, 99 of 100 within 100 ms.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from ward_sync.messages import Update

from loadtests.lean_socket import Crowd, LeanSocket
from loadtests.peer_servers import HUB, Running
from loadtests.report import percentile
from loadtests.terminals import Writer

JOIN_AT_ONCE = 25
SLOWEST_MS = 100.0
_STEP = 1.25
_DRAIN_S = 3.0


@dataclass(slots=True)
class Measured:
    """One run at one rate. Times in ms; `busy`: share of its core that the load generator took."""

    last: list[float]
    acknowledged: list[float]
    sent: int
    lost: int
    cpu_us: float
    """Of the server, per delivery: an update to one terminal that did not write it."""
    busy: float
    merged: float = 1.0
    """Updates a frame: one at light load; a server that was kept from running merges more and seems cheap."""

    @property
    def kept_up(self) -> bool:
        """Whether every update came to everyone, 99 of 100 in time."""
        return not self.lost and percentile(self.last, 0.99) <= SLOWEST_MS


@dataclass
class LoadedCrowd:
    """`terminals` × `documents` on a server, joined; each terminal writes to one document."""

    server: Running
    terminals: int
    documents: int
    crowd: Crowd = field(init=False)
    sockets: list[LeanSocket] = field(init=False)
    _writers: dict[int, Writer] = field(default_factory=dict)
    _numbers: dict[int, int] = field(default_factory=dict)
    _under_way: dict[tuple[int, int], float] = field(default_factory=dict)
    _unanswered: dict[LeanSocket, deque[float]] = field(default_factory=dict)
    _last: list[float] = field(default_factory=list)
    _frames: int = 0
    _acknowledged: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.crowd, self.sockets = make_crowd(self.server, self.terminals, self.documents)
        self.crowd.reached = self._reached
        self.crowd.acknowledged = self._answered

    async def join(self) -> float:
        """Bring all of them; returns seconds until the last is in sync, the sockets being open."""
        await connect_all(self.sockets, self.server.port)
        started = time.perf_counter()
        await asyncio.gather(*(socket.join() for socket in self.sockets))
        return time.perf_counter() - started

    async def run(self, rate: float, seconds: float) -> Measured:
        """Send updates at a rate, spread over all writers, and wait for the last delivery."""
        prepared = self._prepare(max(1, int(rate * seconds)))
        self.crowd.forget()
        self._under_way, self._last, self._acknowledged, self._frames = {}, [], [], 0
        self._unanswered = {socket: deque() for socket in self.sockets}
        cpu, own, started = self.server.cpu_s(), time.process_time(), time.perf_counter()
        for number, (socket, mark, frame) in enumerate(prepared):
            early = started + number / rate - time.perf_counter()
            if early > 0:
                await asyncio.sleep(early)
            now = time.perf_counter()
            self._under_way[mark] = now
            self._unanswered[socket].append(now)
            socket.transport.write(frame)
        await self._drained()
        busy = (time.process_time() - own) / (time.perf_counter() - started)
        delivered = (len(prepared) - len(self._under_way)) * (self.terminals - 1)
        cpu_us = (self.server.cpu_s() - cpu) / max(1, delivered) * 1e6
        lost, merged = len(self._under_way), len(self._last) / max(1, self._frames)
        return Measured(self._last, self._acknowledged, len(prepared), lost, cpu_us, busy, merged)

    def leave(self) -> None:
        for socket in self.sockets:
            socket.leave()

    def _prepare(self, count: int) -> list[tuple[LeanSocket, tuple[int, int], bytes]]:
        """Updates made beforehand, so that making them costs the measured time nothing."""
        made = []
        for place in range(count):
            socket = self.sockets[(place * 7) % len(self.sockets)]
            writer = self._writers.setdefault(socket.number, Writer())
            number = self._numbers[socket.number] = self._numbers.get(socket.number, 0) + 1
            mark = (socket.number, number)
            update = writer.set(f"k{socket.number}", f"~{mark[0]}.{number}~")
            document = socket.documents[socket.number % len(socket.documents)]
            made.append((socket, mark, self.crowd.frame(document, Update(update))))
        return made

    async def _drained(self) -> None:
        """Wait until all is delivered, or nothing has been for a while."""
        before, since = -1, time.perf_counter()
        while self._under_way or any(self._unanswered.values()):
            left = len(self._under_way)
            if left != before:
                before, since = left, time.perf_counter()
            elif time.perf_counter() - since > (_DRAIN_S if self._under_way else 0.2):
                return
            await asyncio.sleep(0.02)

    def _reached(self, marks: tuple[tuple[int, int], ...]) -> None:
        now = time.perf_counter()
        self._frames += 1
        for mark in marks:
            begun = self._under_way.pop(mark, None)
            if begun is not None:
                self._last.append((now - begun) * 1000)

    def _answered(self, socket: LeanSocket) -> None:
        waiting = self._unanswered.get(socket)
        if waiting:
            self._acknowledged.append((time.perf_counter() - waiting.popleft()) * 1000)


def make_crowd(server: Running, terminals: int, documents: int) -> tuple[Crowd, list[LeanSocket]]:
    """Sockets that all have the same documents: one a terminal, or one a document where the dialect asks."""
    names = [f"load/{number}" for number in range(documents)]
    crowd = Crowd(
        server.kind.y, "/sync" if not server.kind.y else "/y/" if server.kind is HUB else "/", terminals
    )
    if server.kind.y:
        pairs = [
            (terminal * documents + place, [name])
            for terminal in range(terminals)
            for place, name in enumerate(names)
        ]
        return crowd, [LeanSocket(crowd, number, name) for number, name in pairs]
    return crowd, [LeanSocket(crowd, number, names) for number in range(terminals)]


async def connect_all(sockets: Sequence[LeanSocket], port: int) -> None:
    """Open the sockets, a few at a time."""
    for first in range(0, len(sockets), JOIN_AT_ONCE):
        await asyncio.gather(*(socket.connect(port) for socket in sockets[first : first + JOIN_AT_ONCE]))


async def acknowledged_alone(server: Running, times: int) -> list[float]:
    """Return ms from an update to its acknowledgement, one terminal being alone with its document."""
    crowd = LoadedCrowd(server, 1, 1)
    await crowd.join()
    measured = await crowd.run(100.0, times / 100.0)
    crowd.leave()
    return measured.acknowledged


async def most(crowd: LoadedCrowd, guess: float, seconds: float) -> tuple[float, float, float]:
    """Search the highest rate that a server keeps up with, in steps of a quarter.

    Returns (updates/s, how busy the load generator was there, CPU µs per delivery there); zero where even a
    tenth of the guess was too much.
    """
    best, busy, cpu_us = 0.0, 0.0, 0.0
    rate, rising = guess, None
    while rate > guess / 10:
        measured = await crowd.run(rate, seconds)
        if measured.kept_up:
            best, busy, cpu_us = rate, measured.busy, measured.cpu_us
            if rising is False:
                break
            rising, rate = True, rate * _STEP
        else:
            if rising:
                break
            rising, rate = False, rate / _STEP
    return best, busy, cpu_us

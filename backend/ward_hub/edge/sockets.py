"""What all sockets of a hub share: limits, the hub's own address, the heartbeat, one socket a terminal."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from ward_sync.close_codes import CloseCode
from ward_sync.codec import MAX_FRAME_BYTES, encode
from ward_sync.messages import Stateless

from ward_hub.access.port import Gate
from ward_hub.doc_rooms.host import Host
from ward_hub.fan_out.frames import WireFrame
from ward_hub.fan_out.socket_queue import MAX_WAITING_BYTES, Sink, SocketQueue, Tick
from ward_hub.fleet.seen import Line
from ward_hub.watching.traffic import SocketCounts, Traffic

log = logging.getLogger("ward_hub.edge")

HUB_ADDRESS = "hub"
_BEAT_S = 0.5
FOREVER = 2**53 - 1
WINDOW_MS = 10_000
"""What is counted of a socket's frames is counted over this long."""


@dataclass(frozen=True, slots=True)
class EdgeLimits:
    """What a socket may do. Times in ms, sizes in bytes."""

    max_frame_bytes: int = MAX_FRAME_BYTES
    max_documents: int = 1_024
    sign_in_ms: int = 10_000
    """Without an open document for this long: closed (rule AU6)."""
    unsigned_bytes: int = 2**20
    """What may be sent before the first document is open."""
    silence_ms: int = 10_000
    """Without a word for this long: closed (rule CL2)."""
    ping_ms: int = 1_500
    y_keep_alive_ms: int = 15_000
    """y-websocket clients give up after 30 s without a message."""
    max_waiting_bytes: int = MAX_WAITING_BYTES
    max_sockets: int = 10_000
    max_sockets_per_address: int = 2_000
    max_frames_per_s: int = 2_000
    """Messages a second of one socket, on average over ten seconds (rule CL6)."""
    renew_ms: int = 0
    """This long before a token ends it is asked for again (rule AU7); 0: never, for gates whose rights do not
    end with the token."""
    one_socket_a_terminal: bool = True


@dataclass(frozen=True, slots=True)
class HubIdentity:
    """What the first frame says (rule AU5)."""

    installation: str
    generation: int
    version: str


class Session(Protocol):
    """One socket as its dialect sees it."""

    queue: SocketQueue
    dialect: str
    """`sync` or `y`."""

    def beat(self, now: int) -> None:
        """Ping, or close what has been silent. `now` in ms of a monotonic clock."""
        ...


class TerminalSession(Session, Protocol):
    """A socket through which a terminal speaks: from where, and when it was last heard (ms, monotonic)."""

    address: str | None
    heard_at: int


@dataclass(slots=True)
class Sockets:
    """Every open socket of this hub."""

    host: Host
    gate: Gate
    identity: HubIdentity
    limits: EdgeLimits = field(default_factory=EdgeLimits)
    storing: Callable[[], bool] = lambda: True
    """Whether the log took the last append; every terminal is told with the time (rule AU5)."""
    tick: Tick = field(default_factory=Tick)
    now: int = 0
    """Monotonic ms, as of the last beat: exact enough for silence, and free to read."""
    traffic: Traffic = field(default_factory=Traffic)
    _sessions: set[Session] = field(default_factory=set)
    _terminals: dict[str, TerminalSession] = field(default_factory=dict)
    _claimed: dict[Session, list[str]] = field(default_factory=dict)
    """The same the other way round: when a hall loses power, thousands of sockets go at once."""
    _admitted: int = 0
    _by_address: Counter[str] = field(default_factory=Counter)
    _beating: asyncio.Task[None] | None = None
    _draining: bool = False

    @property
    def frames_a_window(self) -> int:
        return self.limits.max_frames_per_s * WINDOW_MS // 1000

    def start(self) -> None:
        """Begin the heartbeat."""
        if self._beating is None:
            self.now = _monotonic_ms()
            self._beating = asyncio.get_running_loop().create_task(self._beat_for_ever())

    async def close(self) -> None:
        """Stop the heartbeat. The server closes the sockets."""
        if self._beating is not None:
            self._beating.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._beating
            self._beating = None

    async def drain(self, seconds: float) -> None:
        """Take no more sockets, and close those there are, spread over so many seconds: their terminals go to
        the next hub at once (rule MH9)."""
        self._draining = True
        sessions = list(self._sessions)
        for session in sessions:
            session.queue.close(CloseCode.SERVICE_RESTART)
            await asyncio.sleep(seconds / len(sessions))
        log.info("%d sockets closed: this hub drains", len(sessions))

    def __len__(self) -> int:
        return len(self._sessions)

    def queue_for(self, sink: Sink) -> SocketQueue:
        return SocketQueue(sink, self.tick, self.limits.max_waiting_bytes)

    def admit(self, address: str) -> bool:
        """Count a socket in, before it is accepted; False: one too many. `leave` must follow True."""
        limits = self.limits
        if self._draining:
            return False
        if self._admitted >= limits.max_sockets:
            log.warning("socket refused: %d are open, no more are taken (max_sockets)", limits.max_sockets)
            return False
        if self._by_address[address] >= limits.max_sockets_per_address:
            log.warning(
                "socket refused: %s has %d open (max_sockets_per_address; is it a proxy of `proxies`?)",
                address,
                limits.max_sockets_per_address,
            )
            return False
        self._admitted += 1
        self._by_address[address] += 1
        return True

    def leave(self, address: str) -> None:
        """A socket that was admitted has gone."""
        self._admitted -= 1
        self._by_address[address] -= 1
        if not self._by_address[address]:
            del self._by_address[address]

    def add(self, session: Session) -> None:
        self._sessions.add(session)

    def counts(self) -> SocketCounts:
        """What the sockets have carried and hold now."""
        return self.traffic.counts((session.dialect, session.queue) for session in self._sessions)

    def discard(self, session: Session) -> None:
        if session in self._sessions:
            self._sessions.discard(session)
            self.traffic.gone(session.queue)
        for terminal in self._claimed.pop(session, ()):
            if self._terminals.get(terminal) is session:
                del self._terminals[terminal]

    def claim(self, terminal: str, session: TerminalSession) -> None:
        """A terminal speaks through this socket: an older one of it is closed (rule CL4)."""
        if not self.limits.one_socket_a_terminal:
            return
        older = self._terminals.get(terminal)
        if older is session:
            return
        self._terminals[terminal] = session
        self._claimed.setdefault(session, []).append(terminal)
        if older is not None:
            log.info("terminal %s: a newer socket", terminal)
            older.queue.close(CloseCode.RESET)

    def lines(self) -> dict[str, Line]:
        """Terminal → its line, for those that are connected (DEV-03)."""
        return {
            terminal: Line(session.address, max(0, self.now - session.heard_at))
            for terminal, session in self._terminals.items()
        }

    def beat(self, now: int) -> None:
        """One round of the heartbeat. `now` in ms of a monotonic clock."""
        self.now = now
        for session in list(self._sessions):
            session.beat(now)

    def hello_frame(self) -> WireFrame:
        identity = self.identity
        payload = {
            "t": "hello",
            "installation": identity.installation,
            "generation": identity.generation,
            "now": self.host.clock(),
            "version": identity.version,
        }
        return hub_frame(json.dumps(payload))

    async def _beat_for_ever(self) -> None:
        while True:
            await asyncio.sleep(_BEAT_S)
            try:
                self.beat(_monotonic_ms())
            except Exception:
                log.exception("heartbeat failed")


def hub_frame(payload: str) -> WireFrame:
    """A stateless frame of the hub's own address."""
    return WireFrame(encode(HUB_ADDRESS, Stateless(payload)))


def _monotonic_ms() -> int:
    return int(asyncio.get_running_loop().time() * 1000)

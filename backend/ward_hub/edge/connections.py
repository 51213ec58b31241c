"""Connections before they are sockets: how many there may be, and how long a request may take to arrive.

Starlette sees a request once its headers are whole; who never finishes them is this module's matter, and so
is who opens connections without end. What a WebSocket may do after its upgrade stands in sockets.py.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

log = logging.getLogger("ward_hub.edge")

SPARE = 64
"""Connections over the number of sockets: who is one socket too many gets an answer (503), and so do the
pages and the API of an address whose sockets are all taken. Further ones are closed unheard."""
UNKNOWN = ""


@dataclass(slots=True)
class Connections:
    """Who is connected, and what may be. Shared by all connections of a server."""

    header_s: float = 10.0
    """Seconds until the headers of a request must be whole, and for which its body may stand still."""
    most: int = 10_000
    most_per_address: int = 2_000
    proxies: Collection[str] = ()
    """Addresses that speak for many: not counted one by one here."""
    control_frames: int = 20_000
    """Pings, pongs and parts of messages that one socket may send within ten seconds."""
    count: int = 0
    by_address: Counter[str] = field(default_factory=Counter)

    def admit(self, address: str) -> bool:
        """Count a connection; returns whether it may stay. `leave` must follow either way."""
        self.count += 1
        self.by_address[address] += 1
        if self.count > self.most + SPARE:
            return False
        return address in self.proxies or self.by_address[address] <= self.most_per_address + SPARE

    def leave(self, address: str) -> None:
        """A connection has gone."""
        self.count -= 1
        left = self.by_address[address] - 1
        if left > 0:
            self.by_address[address] = left
        else:
            del self.by_address[address]


class PatientProtocol(H11Protocol):
    """uvicorn's HTTP protocol with an end to patience: headers in time, bodies that keep coming."""

    connections_known: Connections
    """Given by the server to a subclass of its own (`server.py`)."""

    _deadline: asyncio.TimerHandle | None = None
    _heard_at = 0.0
    _address = UNKNOWN

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._address = self.client[0] if self.client else UNKNOWN
        if not self.connections_known.admit(self._address):
            log.debug("connection refused: too many")
            transport.abort()
            return
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        self.connections_known.leave(self._address)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        state = self.conn.their_state
        if self.upgraded:
            # h11 still waits for the body of the request that asked for the WebSocket.
            self._stop_waiting()
        elif state is h11.SEND_BODY:
            self._heard_at = self.loop.time()
            if self._deadline is None:
                self._wait()
        elif state is not h11.IDLE:
            self._stop_waiting()
        elif self._deadline is None and not self.transport.is_closing():
            # The beginning of another request on a connection kept alive.
            self._wait()

    @property
    def upgraded(self) -> bool:
        """Whether the connection belongs to the WebSocket protocol now."""
        return self not in self.connections

    def _wait(self) -> None:
        self._deadline = self.loop.call_later(self.connections_known.header_s, self._look)

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _look(self) -> None:
        self._deadline = None
        if self.transport.is_closing():
            return
        state = self.conn.their_state
        if state is h11.IDLE and self.timeout_keep_alive_task is None:
            log.info("connection closed: its request did not come")
            self.transport.abort()
        elif state is h11.SEND_BODY:
            # Nobody is late while the application itself has asked for a pause.
            quiet = 0.0 if self.flow.read_paused else self.loop.time() - self._heard_at
            left = self.connections_known.header_s - quiet
            if left > 0:
                self._deadline = self.loop.call_later(left, self._look)
                return
            log.info("connection closed: its request stood still")
            self.transport.abort()


def with_known(protocol: type[asyncio.Protocol], known: Connections) -> type[asyncio.Protocol]:
    """The protocol for one server: uvicorn makes the instances and gives them nothing of ours."""
    return type(protocol.__name__, (protocol,), {"connections_known": known})

"""Says for call points in the ward's presence document what other terminals say for themselves.

They have no socket, so each has a peer inside the hub that only announces: the supervision at the terminals
(CF36, CF37) then works for them as for all others. When a point is there is the service's to say.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass

from ward_sync.awareness import Entry, encode_awareness
from ward_sync.messages import Awareness

from ward_hub.access.port import AccessRefused, Gate, Principal
from ward_hub.call_points.port import Rooms
from ward_hub.directory.model import Terminal
from ward_hub.doc_rooms.peer import Peer
from ward_hub.documents import names
from ward_hub.fan_out.frames import WireFrame

VERSION = "gateway"
RENEW_MS = 10_000
"""Terminals let go of a state that was not renewed for 30 s (y-protocols, awareness)."""


class NoSocket:
    """The connection of a peer that is nowhere but here: what it would be sent, it does not hear."""

    def __init__(self) -> None:
        self.closed = False

    def push(self, frame: WireFrame) -> None:
        pass

    def close(self, code: int) -> None:
        self.closed = True


@dataclass(slots=True)
class _Announced:
    peer: Peer
    socket: NoSocket
    client: int
    clock: int
    line: str
    said_at: int


class Announcer:
    """One peer a call point that is there. `random(bits)` gives Yjs client ids, `clock` ms."""

    def __init__(
        self,
        rooms: Rooms,
        gate: Gate,
        random: Callable[[int], int],
        clock: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
    ) -> None:
        self._rooms = rooms
        self._gate = gate
        self._random = random
        self._clock = clock
        self._here: dict[str, _Announced] = {}

    def announce(self, terminal: Terminal, line: str) -> None:
        """Say that the point is there, its line ok or open; nothing when that was said a moment ago, or when
        the gate lets it say nothing. To be called again and again while it is there."""
        principal = principal_of(terminal)
        known = self._here.get(terminal.id)
        if known is not None and (
            not known.peer.open or known.socket.closed or known.peer.principal != principal
        ):
            self.withdraw(terminal.id)
            known = None
        if known is None:
            document = names.presence(terminal.ward)
            try:
                access = self._gate.access(principal, document)
            except AccessRefused:
                return
            if not access.announce:
                return
            socket = NoSocket()
            peer = self._rooms.attach(socket, document, document, principal, access)
            known = self._here[terminal.id] = _Announced(peer, socket, self._random(32), 0, "", 0)
        now = self._clock()
        if known.line != line or now - known.said_at >= RENEW_MS:
            known.line, known.said_at = line, now
            known.clock += 1
            state = json.dumps(_state(terminal, line), separators=(",", ":"))
            entry = Entry(known.client, known.clock, state)
            self._rooms.hear(known.peer, Awareness(encode_awareness((entry,))))

    def withdraw(self, terminal: str) -> None:
        """Say that the point is not there any more."""
        known = self._here.pop(terminal, None)
        if known is not None:
            self._rooms.detach(known.peer)

    def withdraw_all(self) -> None:
        for terminal in list(self._here):
            self.withdraw(terminal)


def principal_of(terminal: Terminal) -> Principal:
    """The point as who sends: it needs no token, the hub itself speaks for it."""
    return Principal(
        terminal=terminal.id,
        kind=terminal.kind.value,
        ward=terminal.ward,
        room=terminal.room,
        bed=terminal.bed,
        staff=None,
        role=None,
        expires_at=2**53 - 1,
    )


def _state(terminal: Terminal, line: str) -> dict[str, object]:
    return {
        "terminal": terminal.id,
        "kind": terminal.kind.value,
        "layer": 1,
        "version": VERSION,
        "sound": "ok",
        "profile": terminal.profile[:64],
        "inputs": {"line": line},
    }

"""A ward with one station and many beds, the hub's broadcasts, and a post that keeps what was sent."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from itertools import count
from typing import Any

from ward_hub.access.port import Principal
from ward_hub.talk.broadcasts import Broadcasts
from ward_signalling.media.port import Described, MediaRefused, OnState, RelayMedia
from ward_signalling.messages import Description, Signal, parse_signal
from ward_sync.directory import Directory, TerminalEntry, Ward

WARD = "thoracic"
STATION = "st-1"
FINGERPRINT = "sha-256 " + ":".join(["AB"] * 32)
SDP = f"v=0\r\na=fingerprint:{FINGERPRINT}\r\n"
SESSION, OTHER_SESSION = "5" * 16, "6" * 16
TALK = "7" * 16


def directory(beds: int = 4) -> Directory:
    """`st-1`, `st-2`, `pda-1`, `door-1`, `gone-1` (revoked) and `bed-1`, `bed-2`, …"""
    kinds = {STATION: "station", "st-2": "station", "pda-1": "pda", "door-1": "door", "gone-1": "bedside"}
    kinds |= {f"bed-{number}": "bedside" for number in range(1, beds + 1)}
    terminals = {
        name: TerminalEntry(
            name, kind, None, None, "key", "revoked" if name == "gone-1" else "active", supervised=True
        )
        for name, kind in kinds.items()
    }
    return Directory(ward=Ward(id=WARD, relay_key="key"), terminals=terminals)


class FakeEnd:
    """An end whose states the test sets. `refuse`: why it takes no description."""

    def __init__(self, on_state: OnState) -> None:
        self.on_state = on_state
        self.taken: list[str] = []
        self.refuse: MediaRefused | None = None
        self.closed = False

    async def answer(self, offer: str) -> Described:
        await self._take(offer)
        return Described(SDP, FINGERPRINT)

    async def offer(self) -> Described:
        return Described(SDP, FINGERPRINT)

    async def take_answer(self, answer: str) -> None:
        await self._take(answer)

    async def add_candidate(self, candidate: str, mid: str) -> None:
        self.taken.append(candidate)

    async def close(self) -> None:
        self.closed = True

    async def _take(self, sdp: str) -> None:
        if self.refuse is not None:
            raise self.refuse
        self.taken.append(sdp)


class FakeMedia:
    def __init__(self) -> None:
        self.speakers: list[FakeEnd] = []
        self.listeners: list[FakeEnd] = []
        self.heard_ms = 0
        self.closed = False
        self.refuse: MediaRefused | None = None

    def speaker(self, on_state: OnState) -> FakeEnd:
        return self._made(self.speakers, on_state)

    def listener(self, on_state: OnState) -> FakeEnd:
        return self._made(self.listeners, on_state)

    async def close(self) -> None:
        self.closed = True

    def _made(self, ends: list[FakeEnd], on_state: OnState) -> FakeEnd:
        end = FakeEnd(on_state)
        end.refuse = self.refuse
        ends.append(end)
        return end


def raw_signature(_body: bytes) -> bytes:
    return bytes(64)


class Hub:
    """The hub's party with fake media; `sent` are its signals, `told` its reports to stations."""

    def __init__(
        self,
        ward: Directory | None = None,
        media: Callable[[], RelayMedia] | None = None,
        clock: Callable[[], int] | None = None,
    ) -> None:
        self.now = 1_800_000_000_000
        self.directory = ward or directory()
        self.media: list[FakeMedia] = []
        self.refuse: MediaRefused | None = None
        self.away: set[str] = set()
        """Terminals that are not connected."""
        self.sent: list[Signal] = []
        self.told: list[tuple[str, dict[str, Any]]] = []
        self.posted: Callable[[Signal], None] = lambda _signal: None
        self._make = media
        self._seqs: dict[tuple[str, str], int] = {}
        ids = count(1)
        self.broadcasts = Broadcasts(
            lambda ward: self.directory if ward == WARD else None,
            raw_signature,
            self._post,
            self._tell,
            self._open,
            clock or (lambda: self.now),
            "a" * 16,
            lambda: f"{next(ids):016x}",
        )

    async def hear(self, kind: type[Signal], sender: str, session: str = SESSION, **body: Any) -> None:
        """Let the hub take a signal of a terminal, and do what follows from it."""
        seq = self._seqs[sender, session] = self._seqs.get((sender, session), 0) + 1
        made = kind(sender=sender, to="hub", ward=WARD, session=session, seq=seq, at=self.now, **body)
        await self.broadcasts.take(made, principal(sender))
        await settle()

    async def describe(self, sender: str, connection: str, type_: str, sdp: str = SDP) -> None:
        (line,) = (one for one in sdp.split("\r\n") if one.startswith("a=fingerprint:sha-256"))
        await self.hear(
            Description,
            sender,
            connection=connection,
            type=type_,
            sdp=sdp,
            fingerprint=line.removeprefix("a=fingerprint:"),
        )

    async def pass_time(self, seconds: int) -> None:
        """Let the seconds pass, with a look at each."""
        for _ in range(seconds):
            self.now += 1000
            await self.broadcasts.tick()
        await settle()

    def to(self, terminal: str, kind: type[Signal] | None = None) -> list[Any]:
        """What was sent to a terminal, oldest first."""
        return [one for one in self.sent if one.to == terminal and (kind is None or isinstance(one, kind))]

    @property
    def report(self) -> dict[str, Any]:
        """What the station was told last."""
        return self.told[-1][1]

    async def _open(self) -> RelayMedia:
        if self._make is not None:
            return self._make()
        made = FakeMedia()
        made.refuse = self.refuse
        self.media.append(made)
        return made

    def _post(self, _ward: str, terminal: str, wire: str) -> bool:
        signal = parse_signal(wire).signal
        assert signal.to == terminal
        if terminal in self.away:
            return False
        self.sent.append(signal)
        self.posted(signal)
        return True

    def _tell(self, _ward: str, terminal: str, payload: str) -> bool:
        self.told.append((terminal, json.loads(payload)))
        return True


def principal(terminal: str) -> Principal:
    return Principal(terminal, "station", WARD, None, None, None, None, 0)


async def settle() -> None:
    """Let the tasks that need nothing from outside run."""
    for _ in range(200):
        await asyncio.sleep(0)

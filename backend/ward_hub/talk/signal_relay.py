"""Carries signals between terminals that have no link of their own yet: judged, then forwarded as they are.

What a signal is and who may send it says `ward_signalling` (rules SG); the hub reads, and keeps nothing.
Signals to the party `hub` go to its media relay.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable
from typing import Protocol

from ward_signalling.errors import Refusal, RemoteProtocolError
from ward_signalling.frames import (
    RefusedFrame,
    SignalFrame,
    UnreachableFrame,
    encode_frame,
    parse_frame,
)
from ward_signalling.judging import Verify, judge
from ward_signalling.messages import HUB_PARTY, Signal, WireSignal, parse_signal
from ward_sync.directory import Directory

from ward_hub.access.port import AccessRefused, Gate, Principal
from ward_hub.documents import names
from ward_hub.talk.rate import TokenBuckets

LOGGED = 100
"""Refusals of a kind that are logged one by one; after these every hundredth."""
BURST, PER_S = 3_000, 150
"""Signals of one terminal. A station that starts dials 77 neighbours with a dozen candidates each, and relays
for others; 24 talks say `heard` once a second."""

log = logging.getLogger(__name__)


class Sender(Protocol):
    """Who sent a frame."""

    @property
    def principal(self) -> Principal | None: ...


class Documents(Protocol):
    """What the relay needs of the host of doc rooms."""

    def send_stateless(self, document: str, terminal: str, payload: str) -> bool: ...


class Party(Protocol):
    """Who takes the signals to `hub`."""

    async def take(self, signal: Signal, principal: Principal) -> None:
        """Take a signal that its sender may send to the hub and has signed; the principal is who brought it,
        perhaps a neighbour. Whether it is new, the party looks itself."""
        ...


class SignalRelay:
    """The stateless frames of the presence documents (SG16)."""

    def __init__(
        self,
        gate: Gate,
        directory: Callable[[str], Directory | None],
        verify: Verify,
        clock: Callable[[], int],
        hub_above: bool = False,
    ) -> None:
        """`directory`: ward → its directory now; `clock` in ms. `hub_above`: this is a ward hub, and the
        media relay is that of the hospital's hub, reached like a terminal that is not here."""
        self._gate = gate
        self._directory = directory
        self._verify = verify
        self._clock = clock
        self._hub_above = hub_above
        self._buckets = TokenBuckets(BURST, PER_S)
        self._documents: Documents | None = None
        self._party: Party | None = None
        self.refusals: Counter[str] = Counter()
        """Refused signals by reason since the start."""

    def attach(self, documents: Documents, party: Party | None = None) -> None:
        """Give the relay the ways out; before the first frame. Without a party nobody may signal to `hub`."""
        self._documents = documents
        self._party = party

    def post(self, ward: str, terminal: str, wire: str) -> bool:
        """Bring a signal of the hub's own to a terminal of the ward; returns whether it has presence open."""
        return self.tell(ward, terminal, encode_frame(SignalFrame(0, (wire,))))

    def tell(self, ward: str, terminal: str, payload: str) -> bool:
        """Send a stateless frame at the ward's presence to one terminal; returns whether it has it open."""
        if self._documents is None:
            raise RuntimeError("attach() comes before the first frame")
        return self._documents.send_stateless(names.presence(ward), terminal, payload)

    async def handle(self, peer: Sender, document: str, payload: str) -> list[str]:
        """Return the answers to one stateless frame at a presence document."""
        name = names.parse_document(document)
        if name is None or name.kind is not names.DocumentKind.PRESENCE or name.ward is None:
            return ['{"t":"error","reason":"not_here"}']
        principal = peer.principal
        if principal is None or not self._may_send(principal, document):
            return ['{"t":"error","reason":"forbidden"}']
        try:
            frame = parse_frame(payload)
        except RemoteProtocolError as error:
            return [self._refused(principal, Refusal.MALFORMED, None, str(error))]
        if not isinstance(frame, SignalFrame):
            return [self._refused(principal, Refusal.MALFORMED, None, "no frame of signals")]
        return await self._forward(principal, name.ward, frame)

    def _may_send(self, principal: Principal, document: str) -> bool:
        try:
            self._gate.access(principal, document)
        except AccessRefused:
            return False
        return True

    async def _forward(self, principal: Principal, ward: str, frame: SignalFrame) -> list[str]:
        answers: list[str] = []
        unreachable: set[str] = set()
        directory = self._directory(ward) or Directory()
        taken = self._buckets.take(principal.terminal, len(frame.signals), self._clock())
        for wire in frame.signals[:taken]:
            # A signature takes part of a millisecond: whoever else waits has a turn between two.
            await asyncio.sleep(0)
            try:
                read = parse_signal(wire)
            except RemoteProtocolError as error:
                answers.append(self._refused(principal, error.reason, None, str(error)))
                continue
            to = read.signal.to
            refusal = self._judge(read, directory)
            if refusal is not None:
                answers.append(self._refused(principal, refusal, to, f"of {read.signal.sender}"))
            elif not await self._deliver(principal, ward, frame.hops, wire, read.signal):
                unreachable.add(to)
        if taken < len(frame.signals):
            answers.append(self._refused(principal, Refusal.TOO_MANY, None, f"{len(frame.signals) - taken}"))
        if unreachable:
            answers.append(encode_frame(UnreachableFrame(tuple(sorted(unreachable)))))
        return answers

    def _judge(self, read: WireSignal, directory: Directory) -> Refusal | None:
        if read.signal.to == HUB_PARTY and self._party is None and not self._hub_above:
            return Refusal.NOT_ALLOWED
        return judge(read, directory, self._verify)

    async def _deliver(self, principal: Principal, ward: str, hops: int, wire: str, signal: Signal) -> bool:
        """Hand the signal on; returns whether there was somebody to hand it to."""
        if signal.to != HUB_PARTY or self._hub_above:
            return self.tell(ward, signal.to, encode_frame(SignalFrame(hops, (wire,))))
        if self._party is None:
            return False
        try:
            await self._party.take(signal, principal)
        except Exception:
            # Its trouble is its own: the sender's other signals must go on.
            log.exception("a %s of %s to the media relay failed", signal.kind, signal.sender)
        return True

    def _refused(self, principal: Principal, reason: Refusal, to: str | None, why: str) -> str:
        self.refusals[reason.value] += 1
        count = self.refusals[reason.value]
        # The first tell what is wrong; a terminal that goes on must not fill the disk.
        if count <= LOGGED or count % LOGGED == 0:
            log.warning(
                "signal by %s to %s refused: %s, %s (%d so far)", principal.terminal, to, reason, why, count
            )
        return encode_frame(RefusedFrame(reason, to))

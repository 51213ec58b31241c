"""One broadcast through the hub: a station's leg, a leg for each target, and what becomes of them.

Time comes in with every call. What takes time, the media, runs in tasks; each leg's in their order.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from ward_signalling.errors import LocalProtocolError
from ward_signalling.leg import (
    INVITING_MOST_MS,
    LOOK_MS,
    SILENT_MS,
    TIMEOUTS_MS,
    LegEvent,
    LegState,
    advance,
)
from ward_signalling.media.port import End, ListenerEnd, MediaRefused, RelayMedia, SpeakerEnd
from ward_signalling.messages import (
    Accept,
    Busy,
    BusyReason,
    Bye,
    ByeReason,
    Candidate,
    Close,
    Description,
    Heard,
    Invite,
    Purpose,
    Recording,
    Signal,
)

from ward_hub.talk.outbox import Outbox

LIMIT_MS: Final = 10 * 60 * 1000
"""A station that was left open ends by itself."""
DIALS_AT_ONCE: Final = 8
"""Handshakes take some 5 ms of the processor each; the hub has calls to carry meanwhile."""

Reason = ByeReason | BusyReason
OpenMedia = Callable[[], Awaitable[RelayMedia]]
"""Makes the media of one more broadcast. Raises MediaRefused where there can be none."""

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Leg:
    """One terminal of the broadcast. `since`: when its state began; `sign`: when it was last heard of, but
    not before its state began; both ms. `got_word`: it has said anything about the talk."""

    terminal: str
    state: LegState
    since: int
    sign: int = 0
    got_word: bool = False
    session: str | None = None
    connection: str | None = None
    reason: Reason | None = None
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    end: End | None = None

    def __post_init__(self) -> None:
        self.sign = self.since

    @property
    def is_over(self) -> bool:
        return self.state is LegState.OVER

    def is_late(self, now: int) -> bool:
        """Whether its state has lasted too long (SG22)."""
        timeout = TIMEOUTS_MS.get(self.state)
        if self.state is LegState.INVITING:
            return now - self.sign >= TIMEOUTS_MS[self.state] or now - self.since >= INVITING_MOST_MS
        return timeout is not None and now - self.since >= timeout

    def is_silent(self, now: int) -> bool:
        """Whether an open one is lost (SG23)."""
        return now - self.sign > SILENT_MS - LOOK_MS


@dataclass(slots=True)
class SpeakerLeg(Leg):
    end: SpeakerEnd | None = None
    heard_ms: int = 0
    """How much of it had come in at the last look."""


@dataclass(slots=True)
class ListenerLeg(Leg):
    end: ListenerEnd | None = None


class Broadcast:
    """`changed` is told when somebody hears it or no longer does, `over` when all has ended; `new_id` makes
    connection ids."""

    def __init__(
        self,
        ward: str,
        invite: Invite,
        open_media: OpenMedia,
        outbox: Outbox,
        clock: Callable[[], int],
        new_id: Callable[[], str],
        changed: Callable[[Broadcast], None],
        over: Callable[[Broadcast], None],
    ) -> None:
        self.ward = ward
        self.talk = invite.talk
        self.station = invite.sender
        self._media: RelayMedia | None = None
        self._outbox = outbox
        self._clock = clock
        self._new_id = new_id
        self._changed = changed
        self._over = over
        self._began_at = clock()
        self.session = invite.session
        """The station's page: another one of it is another station."""
        self._speaker = SpeakerLeg(invite.sender, LegState.CONNECTING, self._began_at, session=invite.session)
        self._legs: dict[str, ListenerLeg] = {}
        self._waiting: list[ListenerLeg] = []
        self._ended = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._opening = asyncio.ensure_future(self._open(open_media))

    @property
    def listeners(self) -> int:
        """How many hear it or are being asked."""
        return sum(not leg.is_over for leg in self._legs.values())

    @property
    def reached(self) -> list[str]:
        """Who hears it, sorted."""
        return sorted(leg.terminal for leg in self._legs.values() if leg.state is LegState.OPEN)

    @property
    def missed(self) -> list[tuple[str, Reason]]:
        """Who does not, or no longer, and why; sorted. Who is being asked is in neither list."""
        legs = sorted(self._legs.values(), key=lambda leg: leg.terminal)
        return [(leg.terminal, leg.reason) for leg in legs if leg.reason is not None]

    def start(self, targets: Sequence[str], refused: Sequence[str]) -> None:
        """Take the station's invitation and invite the targets; `refused` may not be."""
        now = self._clock()
        self._outbox.send(self.ward, self.station, Accept, talk=self.talk, video=0)
        for terminal in refused:
            self._legs[terminal] = ListenerLeg(terminal, LegState.OVER, now, reason=BusyReason.NOT_ALLOWED)
        for terminal in targets:
            self._legs[terminal] = ListenerLeg(terminal, LegState.INVITING, now)
        self._begin(self._invite([self._legs[terminal] for terminal in targets]))
        self._changed(self)

    def invited_again(self) -> None:
        """The station's invitation came again: its answer may be lost (SG22)."""
        self._speaker.sign = self._clock()
        self._outbox.send(self.ward, self.station, Accept, talk=self.talk, video=0)

    def take(self, signal: Signal) -> None:
        """Take a new signal of the ward; what is about something else changes nothing."""
        leg = self._speaker if signal.sender == self.station else self._legs.get(signal.sender)
        if leg is None or leg.is_over:
            return
        if leg.session is None:
            leg.session = signal.session
        elif leg.session != signal.session:
            # Its page has started anew and knows nothing of a broadcast.
            self._leave(leg, LegEvent.LOST, ByeReason.LOST, tell=False)
            return
        match signal:
            case Description() | Candidate() | Close():
                self._take_of_connection(leg, signal)
            case Accept() | Busy() | Bye() | Heard() if signal.talk == self.talk:
                leg.sign, leg.got_word = self._clock(), True
                self._take_of_talk(leg, signal)
            case Recording() if signal.talk == self.talk and isinstance(leg, SpeakerLeg):
                # Whoever hears it is told that it is recorded.
                self._tell_recording(signal.on)
            case _:
                pass  # mute, hold and the like are between two who talk

    async def tick(self, now: int) -> None:
        """Once a second: what waited too long is over, what lives hears that this end does."""
        if now - self._began_at >= LIMIT_MS:
            self.end(ByeReason.LIMIT)
        self._hear_speaker(now)
        for leg in (self._speaker, *self._legs.values()):
            if leg.is_late(now) and leg not in self._waiting:
                self._leave(leg, LegEvent.TIMEOUT, _late(leg))
            elif leg.state is LegState.INVITING:
                # It or its answer may be lost; who is just coming back takes this one.
                self._send_invite(leg)
                await asyncio.sleep(0)  # signing takes half a millisecond, and the calls do not wait for 128
            elif leg.state is LegState.OPEN and leg.is_silent(now):
                self._leave(leg, LegEvent.LOST, ByeReason.LOST)
            elif leg.state is LegState.OPEN:
                heard_ms = self._speaker.heard_ms if leg is self._speaker else 0
                self._outbox.send(self.ward, leg.terminal, Heard, talk=self.talk, ms=heard_ms)
                await asyncio.sleep(0)

    def _tell_recording(self, on: int) -> None:
        """The station says it again every 5 s, so who joined later learns it too."""
        for leg in self._legs.values():
            if leg.state is LegState.OPEN:
                self._outbox.send(self.ward, leg.terminal, Recording, talk=self.talk, on=on)

    def end(self, reason: ByeReason) -> None:
        """Say goodbye to everyone and let go of everything; the rest is awaited by `settled`."""
        if self._ended:
            return
        self._ended = True
        self._waiting.clear()
        for leg in (self._speaker, *self._legs.values()):
            if not leg.is_over:
                leg.state = LegState.OVER
                self._outbox.send(self.ward, leg.terminal, Bye, talk=self.talk, reason=reason)
                self._hang_up(leg)
        self._begin(self._silence())
        self._over(self)

    async def settled(self) -> None:
        """Return when no work of it is under way."""
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _invite(self, legs: Sequence[ListenerLeg]) -> None:
        for leg in legs:
            if leg.state is LegState.INVITING and not self._send_invite(leg):
                self._leave(leg, LegEvent.LOST, ByeReason.LOST, tell=False)
            await asyncio.sleep(0)

    def _send_invite(self, leg: Leg) -> bool:
        body = {"talk": self.talk, "purpose": Purpose.BROADCAST, "calls": (), "video": 0}
        return self._outbox.send(self.ward, leg.terminal, Invite, **body)

    def _hear_speaker(self, now: int) -> None:
        """Sound that goes on is as good a sign as a word."""
        heard_ms = self._media.heard_ms if self._media else 0
        if heard_ms > self._speaker.heard_ms:
            self._speaker.sign = now
        self._speaker.heard_ms = heard_ms

    async def _open(self, open_media: OpenMedia) -> RelayMedia:
        self._media = await open_media()
        return self._media

    async def _silence(self) -> None:
        with contextlib.suppress(MediaRefused):
            await (await self._opening).close()

    def _take_of_talk(self, leg: Leg, signal: Accept | Busy | Bye | Heard) -> None:
        match signal:
            case Accept() if isinstance(leg, ListenerLeg) and leg.state is LegState.INVITING:
                self._move(leg, LegEvent.ACCEPTED)
                self._waiting.append(leg)
                self._dial_next()
            case Busy() if leg.state is LegState.INVITING:
                self._leave(leg, LegEvent.BUSY, signal.reason, tell=False)
            case Bye():
                self._leave(leg, LegEvent.BYE, signal.reason, tell=False)
            case _:
                pass

    def _take_of_connection(self, leg: Leg, signal: Description | Candidate | Close) -> None:
        if isinstance(leg, SpeakerLeg) and isinstance(signal, Description) and signal.type == "offer":
            self._begin(self._answer(leg, signal))
        elif signal.connection != leg.connection:
            pass  # of an older one
        elif isinstance(signal, Candidate):
            self._begin(self._add_candidate(leg, signal))
        elif isinstance(signal, Close):
            self._leave(leg, LegEvent.BYE, signal.reason, tell=False)
        elif isinstance(leg, ListenerLeg) and signal.type == "answer":
            self._begin(self._take_answer(leg, signal))

    async def _answer(self, leg: SpeakerLeg, offer: Description) -> None:
        """Answer the station; a new connection takes the place of the one before."""
        # Before the turn: candidates that come right behind the offer are of this connection.
        before, leg.connection = leg.connection, offer.connection
        async with leg.turn:
            if leg.is_over:
                return
            old = leg.end if before != offer.connection else None
            try:
                media = await self._opening
                if leg.end is None or old is not None:
                    leg.end = media.speaker(lambda state: self._state_changed(leg, offer.connection, state))
                described = await leg.end.answer(offer.sdp)
            except MediaRefused as refused:
                self._leave(leg, LegEvent.REFUSED, refused.reason)
                return
            finally:
                if old is not None:
                    await old.close()
            if not leg.is_over:
                self._describe(leg, "answer", described.sdp, described.fingerprint)

    async def _dial(self, leg: ListenerLeg) -> None:
        async with leg.turn:
            if leg.is_over:
                return
            connection = leg.connection = self._new_id()
            try:
                media = await self._opening
                leg.end = media.listener(lambda state: self._state_changed(leg, connection, state))
                described = await leg.end.offer()
            except MediaRefused as refused:
                self._leave(leg, LegEvent.REFUSED, refused.reason)
                return
            if not leg.is_over:
                self._describe(leg, "offer", described.sdp, described.fingerprint)

    async def _take_answer(self, leg: ListenerLeg, answer: Description) -> None:
        async with leg.turn:
            if leg.state is not LegState.CONNECTING or leg.end is None:
                return
            try:
                await leg.end.take_answer(answer.sdp)
            except MediaRefused as refused:
                self._leave(leg, LegEvent.REFUSED, refused.reason)

    async def _add_candidate(self, leg: Leg, signal: Candidate) -> None:
        async with leg.turn:
            if not leg.is_over and leg.end is not None:
                await leg.end.add_candidate(signal.candidate, signal.mid)

    def _describe(self, leg: Leg, type_: str, sdp: str, fingerprint: str) -> None:
        if leg.connection is not None:
            self._outbox.send(
                self.ward,
                leg.terminal,
                Description,
                connection=leg.connection,
                type=type_,
                sdp=sdp,
                fingerprint=fingerprint,
            )

    def _state_changed(self, leg: Leg, connection: str, state: str) -> None:
        if connection != leg.connection or leg.is_over:
            return
        if state == "connected" and leg.state is LegState.CONNECTING:
            self._move(leg, LegEvent.MEDIA)
            self._changed(self)
            self._dial_next()
        elif state in ("failed", "closed"):
            self._leave(leg, LegEvent.LOST, ByeReason.LOST)

    def _dial_next(self) -> None:
        """Dial those that have accepted, so many at once."""
        dialling = sum(
            leg.state is LegState.CONNECTING and leg not in self._waiting for leg in self._legs.values()
        )
        for leg in self._waiting[: max(0, DIALS_AT_ONCE - dialling)]:
            self._waiting.remove(leg)
            leg.since = self._clock()
            self._begin(self._dial(leg))

    def _move(self, leg: Leg, event: LegEvent) -> None:
        leg.state = advance(leg.state, event)
        leg.since = leg.sign = self._clock()

    def _leave(self, leg: Leg, event: LegEvent, reason: Reason, tell: bool = True) -> None:
        """The leg is over. Without its station a broadcast is over altogether."""
        if leg.is_over:
            return  # what was under way when it ended has failed, as it must
        try:
            self._move(leg, event)
        except LocalProtocolError:
            # A refusal of a later offer, while the leg is open: there is no such event, and no sound either.
            leg.state = LegState.OVER
        leg.reason = reason
        if isinstance(leg, ListenerLeg) and leg in self._waiting:
            self._waiting.remove(leg)
        said = reason if isinstance(reason, ByeReason) else ByeReason.CLOSED
        if tell:
            self._outbox.send(self.ward, leg.terminal, Bye, talk=self.talk, reason=said)
        self._hang_up(leg)
        if leg is self._speaker:
            self.end(said)
        else:
            self._changed(self)
            self._dial_next()

    def _hang_up(self, leg: Leg) -> None:
        if leg.end is not None:
            self._begin(leg.end.close())

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("broadcast %s: media failed", self.talk, exc_info=error)


def _late(leg: Leg) -> ByeReason:
    if leg.state is not LegState.INVITING:
        return ByeReason.NO_MEDIA
    return ByeReason.UNANSWERED if leg.got_word else ByeReason.LOST

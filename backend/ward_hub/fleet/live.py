"""Live view of a terminal's screen (DEV-05): from one terminal to the one person who asked, and nobody else.

The terminal is told who looks and shows it, and masks what they may not see. Nothing is stored but the two
lines of the audit trail. A session ends by itself: with its viewer, its terminal, its time, or when either
end cannot keep up.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import re
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from ward_hub.audit.port import AuditAction, AuditEntry, AuditTrail
from ward_hub.directory.model import Terminal, TerminalKind, TerminalState
from ward_hub.documents.port import Json
from ward_hub.fleet.commands import Teller
from ward_hub.office.port import OfficePrincipal

MAX_SESSIONS = 4
LIFE_MS = 10 * 60_000
VIEWER_MS = 10_000
"""A session whose viewer does not open the stream within this time is over."""
MAX_QUEUED = 256
MAX_QUEUED_BYTES = 4 * 2**20
MAX_EVENTS = 2_000
KEEP_ALIVE_S = 5.0
"""A stream that says nothing does not notice that its other end has gone."""
_ID = re.compile(r"[0-9a-f]{16}")
_MALFORMED = '{"t":"error","reason":"malformed"}'
_FORBIDDEN = '{"t":"error","reason":"forbidden"}'

log = logging.getLogger(__name__)


class Ended(StrEnum):
    """Why a session is over, as the viewer is told."""

    STOPPED = "stopped"
    """The viewer closed it."""
    TERMINAL_STOPPED = "terminal_stopped"
    """Somebody at the terminal ended it."""
    LEFT = "left"
    """The terminal is not connected any more, or what it sent has a gap."""
    NOT_ABLE = "not_able"
    TIME = "time"
    SLOW = "slow"
    """The viewer does not take what comes."""
    TOO_MUCH = "too_much"
    """The terminal sends more than a live view may."""
    SIGNED_OUT = "signed_out"


_BY_TERMINAL: Mapping[str, Ended] = {
    "left": Ended.LEFT,
    "stopped": Ended.TERMINAL_STOPPED,
    "not_able": Ended.NOT_ABLE,
}


class NotConnected(Exception):
    """The terminal is not there to be looked at."""


class NotAble(Exception):
    """This kind of terminal has no screen."""


class Busy(Exception):
    """Somebody looks at this terminal already, or MAX_SESSIONS are open; the message says which."""


@dataclass(slots=True, eq=False)
class LiveSession:
    """One person looking at one terminal. Times in ms."""

    id: str
    who: OfficePrincipal
    terminal: str
    ward: str
    started_at: int
    watched: bool = False
    ended: Ended | None = None
    next_seq: int | None = None
    frames: deque[str] = field(default_factory=deque)
    queued_bytes: int = 0
    wake: asyncio.Event = field(default_factory=asyncio.Event)


class LiveViews:
    """All live views. `tick` belongs to a round of about a second."""

    def __init__(
        self,
        connected: Callable[[], Collection[str]],
        line: Teller,
        audit: AuditTrail,
        viewers: Callable[[], Awaitable[Collection[str]]],
        clock: Callable[[], int],
        make_id: Callable[[], str],
    ) -> None:
        """`viewers`: ids of the office sessions that are open now and may look at screens."""
        self._connected = connected
        self._line = line
        self._audit = audit
        self._viewers = viewers
        self._clock = clock
        self._make_id = make_id
        self._sessions: dict[str, LiveSession] = {}
        self._over: dict[str, LiveSession] = {}
        """Those that ended before their viewer came: they are told why."""
        self._unwritten: list[AuditEntry] = []

    def __len__(self) -> int:
        return len(self._sessions)

    async def start(self, who: OfficePrincipal, terminal: Terminal, reason: str) -> LiveSession:
        """Ask the terminal, which is theirs to look at, to show its screen, and return the session.

        Raises NotConnected, NotAble and Busy, and what the audit trail raises: unwritten is not looked at.
        """
        if terminal.kind is TerminalKind.CALL_POINT:
            raise NotAble
        self._check_free(terminal)
        session = LiveSession(self._make_id(), who, terminal.id, terminal.ward, self._clock())
        self._sessions[session.id] = session  # taken before the first wait, so that two cannot both have it
        try:
            await self._audit.record(_entry(session, {"do": "start", "reason": reason}))
        except BaseException:
            del self._sessions[session.id]
            raise
        if not self._tell(session, "start"):
            self._end(session, Ended.LEFT)
            await self._write()
            raise NotConnected
        log.info("live view %s of %s by %s begins", session.id, terminal.id, who.staff)
        return session

    def of(self, session_id: str, who: OfficePrincipal) -> LiveSession | None:
        """The session, for its viewer in the office session that began it only."""
        session = self._sessions.get(session_id) or self._over.get(session_id)
        if session is None or (session.who.session, session.who.staff) != (who.session, who.staff):
            return None
        return session

    async def stop(self, session: LiveSession) -> None:
        """The viewer has seen enough, or their stream is closed."""
        self._end(session, Ended.STOPPED)
        await self._write()

    async def watch(self, session: LiveSession) -> AsyncIterator[str | None]:
        """Yield the frames as JSON texts `{"seq", "events"}`, None when nothing came for KEEP_ALIVE_S.

        Ends when the session does; `session.ended` says why. Raises Busy when it is watched already.
        """
        if session.watched:
            raise Busy("this session is watched already")
        session.watched = True
        self._over.pop(session.id, None)
        while True:
            while session.frames:
                frame = session.frames.popleft()
                session.queued_bytes -= len(frame)
                yield frame
            if session.ended is not None:
                return
            session.wake.clear()
            try:
                await asyncio.wait_for(session.wake.wait(), KEEP_ALIVE_S)
            except TimeoutError:
                yield None

    async def take(self, terminal: str, message: Mapping[str, Any]) -> list[str]:
        """A `live` frame of a terminal: to its viewer, if it was asked for one."""
        events, seq = message.get("events"), message.get("seq")
        if message.keys() != {"t", "id", "seq", "events"} or type(seq) is not int or seq < 0:
            return [_MALFORMED]
        if not isinstance(events, list) or len(events) > MAX_EVENTS:
            return [_MALFORMED]
        if not all(_is_event(event) for event in events):
            return [_MALFORMED]
        session = self._of_terminal(terminal, message["id"])
        if session is None:
            return [_FORBIDDEN]
        if session.next_seq is not None and seq != session.next_seq:
            # What is replayed from here on would not be what the screen shows.
            self._end(session, Ended.LEFT)
            return []
        session.next_seq = seq + 1
        try:
            frame = json.dumps({"seq": seq, "events": events}, separators=(",", ":"), allow_nan=False)
        except (ValueError, RecursionError):
            return [_MALFORMED]
        if len(session.frames) >= MAX_QUEUED or session.queued_bytes + len(frame) > MAX_QUEUED_BYTES:
            self._end(session, Ended.SLOW)
            return []
        session.frames.append(frame)
        session.queued_bytes += len(frame)
        session.wake.set()
        return []

    async def terminal_ended(self, terminal: str, message: Mapping[str, Any]) -> list[str]:
        """A `live_end` of a terminal."""
        reason = message.get("reason")
        if message.keys() != {"t", "id", "reason"} or not isinstance(reason, str):
            return [_MALFORMED]
        if reason not in _BY_TERMINAL:
            return [_MALFORMED]
        session = self._of_terminal(terminal, message["id"])
        if session is None:
            return [_FORBIDDEN]
        self._end(session, _BY_TERMINAL[reason])
        return []

    def too_much(self, terminal: str) -> None:
        """The terminal sent more than is read of it."""
        for session in list(self._sessions.values()):
            if session.terminal == terminal:
                self._end(session, Ended.TOO_MUCH)

    async def tick(self) -> None:
        """End what is over; write its line."""
        now = self._clock()
        connected = self._connected() if self._sessions else ()
        viewers = await self._viewers() if self._sessions else ()
        for session in list(self._over.values()):
            if now - session.started_at >= 2 * VIEWER_MS:
                del self._over[session.id]
        for session in list(self._sessions.values()):
            if session.terminal not in connected:
                self._end(session, Ended.LEFT)
            elif session.who.session not in viewers:
                self._end(session, Ended.SIGNED_OUT)
            elif now - session.started_at >= LIFE_MS:
                self._end(session, Ended.TIME)
            elif not session.watched and now - session.started_at >= VIEWER_MS:
                self._end(session, Ended.STOPPED)
        await self._write()

    async def close(self) -> None:
        """The hub ends."""
        for session in list(self._sessions.values()):
            self._end(session, Ended.LEFT)
        await self._write()

    def _check_free(self, terminal: Terminal) -> None:
        if terminal.state is not TerminalState.ACTIVE or terminal.id not in self._connected():
            raise NotConnected
        if any(session.terminal == terminal.id for session in self._sessions.values()):
            raise Busy("somebody looks at this terminal already")
        if len(self._sessions) >= MAX_SESSIONS:
            raise Busy(f"{MAX_SESSIONS} live views are open already")

    def _of_terminal(self, terminal: str, session_id: object) -> LiveSession | None:
        if not isinstance(session_id, str) or not _ID.fullmatch(session_id):
            return None
        session = self._sessions.get(session_id)
        return session if session is not None and session.terminal == terminal else None

    def _tell(self, session: LiveSession, do: str) -> bool:
        message = {
            "t": "live",
            "id": session.id,
            "do": do,
            "who": session.who.name,
            "clinical": session.who.clinical,
        }
        return self._line.tell(session.ward, session.terminal, message)

    def _end(self, session: LiveSession, why: Ended) -> None:
        if session.ended is not None:
            return
        session.ended = why
        self._sessions.pop(session.id, None)
        if not session.watched:
            self._over[session.id] = session
        if why in (Ended.SLOW, Ended.TOO_MUCH, Ended.SIGNED_OUT):
            session.frames.clear()
            session.queued_bytes = 0
        session.wake.set()
        with contextlib.suppress(RuntimeError):
            self._tell(session, "stop")
        seconds = max(0, self._clock() - session.started_at) // 1000
        self._unwritten.append(_entry(session, {"do": "end", "reason": why.value, "seconds": seconds}))
        log.info("live view %s of %s ends: %s", session.id, session.terminal, why.value)

    async def _write(self) -> None:
        while self._unwritten:
            entry = self._unwritten.pop(0)
            try:
                await self._audit.record(entry)
            except BaseException:
                self._unwritten.insert(0, entry)
                raise


def _is_event(event: object) -> bool:
    """An rrweb event: its `type` and `timestamp` are looked at, its data is the player's."""
    if not isinstance(event, dict) or type(event.get("type")) is not int:
        return False
    timestamp = event.get("timestamp")
    return isinstance(timestamp, int | float) and not isinstance(timestamp, bool)


def _entry(session: LiveSession, detail: dict[str, Json]) -> AuditEntry:
    who = session.who
    return AuditEntry(
        AuditAction.LIVE_VIEW,
        "ok",
        staff=who.staff,
        terminal=session.terminal,
        ward=session.ward,
        subject=session.id,
        address=who.address,
        detail={**detail, "clinical": who.clinical},
    )

"""The gateway of call points: bathroom callers and third-party devices that have no app (A13, A15).

A request is proved, found new, and slowed down if there are too many; then the latch becomes facts and the
line presence. Which call a point may place is judged like any terminal's, by the call service.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from ward_hub.audit.port import AuditAction, AuditEntry, AuditTrail
from ward_hub.call_points import proof as proofs
from ward_hub.call_points.announcer import Announcer
from ward_hub.call_points.calling import Calling, Done, usual_type
from ward_hub.call_points.custody import Custody
from ward_hub.call_points.event import PointEvent, Said, parse_said
from ward_hub.call_points.limits import Bucket
from ward_hub.call_points.nonces import Nonces
from ward_hub.call_points.port import PointRefused
from ward_hub.call_points.proof import Proof
from ward_hub.call_points.store import (
    Point,
    load_points,
    make_keys,
    stands,
    store_alerts,
    store_heard,
)
from ward_hub.db.engine import Database
from ward_hub.directory.model import Terminal, TerminalKind, TerminalState
from ward_hub.identity.keys import encode_base64url
from ward_hub.log.port import LogUnavailable, StorageFull

ALIVE_MS = 60_000
"""A device says that it is alive at least this often."""
LATE_MS = 2_000
"""A sign that is a little late is none that is missing. With the 15 s of CF36 silence shows after 77 s."""
FORGET_MS = 60_000
AUDIT_EVERY_MS = 60_000
"""Refusals of one point and one kind make one line in this time: a flood must not fill the trail."""
MAX_AUDITED = 1_000
MAX_ALERTS = 64
"""Alerts of one device that have not ended; a monitor has a dozen."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Request:
    """One request of a device, as it came. `path` as it was signed, `address` where it came from."""

    terminal: str
    method: str
    path: str
    proof: Proof
    body: bytes
    address: str | None


@dataclass(frozen=True, slots=True)
class PointState:
    """A point for the back office. `line`: ok, open, or unknown where it was not heard lately; `refused`:
    requests that were not taken since the start."""

    has_key: bool
    last_heard_at: int | None
    line: str
    refused: int


class CallPoints:
    """All call points of this hub. `terminal(id)`: the directory of this moment; `changed`: to be called when
    keys have changed the directory."""

    def __init__(
        self,
        database: Database,
        terminal: Callable[[str], Terminal | None],
        calling: Calling,
        announcer: Announcer,
        custody: Custody,
        audit: AuditTrail,
        changed: Callable[[], Awaitable[None]],
        clock: Callable[[], int],
    ) -> None:
        self._database = database
        self._terminal = terminal
        self._calling = calling
        self._announcer = announcer
        self._custody = custody
        self._audit = audit
        self._changed = changed
        self._clock = clock
        self._points: dict[str, Point] = {}
        self._nonces = Nonces()
        self._buckets: dict[str, Bucket] = {}
        self._turn: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._alerting = asyncio.Lock()
        self._audited: dict[tuple[str, str], tuple[int, int]] = {}
        self._forgot_at = 0
        self.refused: Counter[str] = Counter()
        """Refused requests by terminal, of terminals the directory knows."""

    async def load(self) -> None:
        """Read keys and used nonces; before the first request."""
        async with self._database.session() as session:
            self._points = await load_points(session, self._custody)
            await self._nonces.load(session, self._clock())

    async def look_again(self) -> None:
        """Another hub may have made keys: take those that are new. What was heard of a point stays."""
        async with self._database.session() as session:
            found = await load_points(session, self._custody)
        for terminal, point in found.items():
            known = self._points.get(terminal)
            if known is None or known.device_key != point.device_key:
                self._points[terminal] = point

    # For devices

    def challenge(self, terminal: str, random: bytes) -> str:
        """Return a nonce for a device without a clock; the same form whether there is such a point or not."""
        return proofs.make_challenge(self._custody.challenge_secret, terminal, self._clock(), random)

    async def receive(self, request: Request) -> Done:
        """Take one request. Raises PointRefused."""
        try:
            return await self._receive(request)
        except PointRefused as refused:
            await self._note_refusal(request, refused.code)
            raise

    async def _receive(self, request: Request) -> Done:
        terminal, point = self._proved(request)
        now = self._clock()
        expires_at = proofs.expires_at(request.proof, point.terminal, self._custody.challenge_secret, now)
        if expires_at is None:
            raise PointRefused(
                "device_refused", f"Expected a time within 5 min of {now}, or a fresh challenge and time 0."
            )
        try:
            said, nonce = parse_said(request.body)
        except ValueError as error:
            raise PointRefused("malformed", str(error)) from None
        if nonce != request.proof.nonce:
            raise PointRefused("malformed", "Expected the nonce of the header in the body.")
        if self._nonces.used(terminal.id, nonce):
            raise PointRefused("replayed", "Expected a nonce that was not used before.")
        self._nonces.claim(terminal.id, nonce, expires_at)
        bucket = self._buckets.setdefault(terminal.id, Bucket(now))
        if not bucket.take(now) and not await self._is_first_press(terminal, said):
            self._nonces.slow(terminal.id, nonce, expires_at)
            raise PointRefused("too_many_tries", "Expected at most 10 at once and 1 a second.", bucket.wait_s)
        await self._store(point, said, nonce)
        return await self._apply(terminal, point, said)

    def _proved(self, request: Request) -> tuple[Terminal, Point]:
        """Return whose request it is. One answer to all that is wrong: who guesses learns nothing."""
        terminal, point = self._terminal(request.terminal), self._points.get(request.terminal)
        known = (
            terminal is not None
            and terminal.kind is TerminalKind.CALL_POINT
            and terminal.state is TerminalState.ACTIVE
        )
        if (
            terminal is None
            or point is None
            or not known
            or not request.proof.readable
            or not proofs.holds(point.device_key, request.method, request.path, request.proof, request.body)
        ):
            raise PointRefused("device_refused", "Expected a known device's signature over this request.")
        return terminal, point

    async def _is_first_press(self, terminal: Terminal, said: Said) -> bool:
        """A press of a point that has no call open is never slowed down."""
        if said.event is not PointEvent.PRESSED:
            return False
        try:
            return not await self._calling.open_calls(terminal)
        except (StorageFull, LogUnavailable):
            return True

    async def _store(self, point: Point, said: Said, nonce: str) -> None:
        """The nonce is on disk before anything follows from it. A press goes on without a disk: it can only
        be confirmed twice, and must not be lost."""
        line = _line(said.event, point.line)
        try:
            async with self._database.session.begin() as session:
                if not await stands(session, point):
                    raise PointRefused("device_refused", "Expected an active call point.")
                await self._nonces.store(session, point.terminal, nonce)
                await store_heard(session, point.terminal, self._clock(), line)
        except IntegrityError:
            raise PointRefused("replayed", "Expected a nonce that was not used before.") from None
        except SQLAlchemyError:
            log.exception("call point %s: the store failed", point.terminal)
            if said.event is not PointEvent.PRESSED:
                self._nonces.release(point.terminal, nonce)
                raise PointRefused("storage", "Not stored; send it again.", retry_after_s=1) from None

    # For others that speak for call points

    async def tell(self, terminal: str, said: Said) -> Done:
        """Take an event that came another way and was proved there.

        Raises PointRefused: `device_refused` (no active call point with keys), `forbidden`, `storage`.
        """
        return await self._apply(*self._active(terminal), said)

    async def tell_alert(self, terminal: str, said: Said, alert: str) -> Done:
        """Take one alert of a device that has several: a press for each (`alive` for one that goes on), and
        `cancelled` counts once the last of that call type has ended. Raises PointRefused as `tell`."""
        value, point = self._active(terminal)
        kind = said.type or usual_type(value)
        async with self._alerting:
            others = [one for one in point.alerts.get(kind, []) if one != alert]
            if said.event is PointEvent.PRESSED and not await self._open(value, kind):
                others = []  # whatever is left of an earlier call, its end was lost
            mine = others if said.event is PointEvent.CANCELLED else [*others, alert][-MAX_ALERTS:]
            alerts = (
                {**point.alerts, kind: mine} if mine else {k: v for k, v in point.alerts.items() if k != kind}
            )
            if alerts != point.alerts:
                try:
                    async with self._database.session.begin() as session:
                        await store_alerts(session, terminal, self._clock(), alerts)
                except SQLAlchemyError:
                    log.exception("call point %s: the store failed", terminal)
                    raise PointRefused("storage", "Not stored; send it again.", retry_after_s=1) from None
                point.alerts = alerts
        if said.event is PointEvent.CANCELLED and mine:
            said = Said(PointEvent.ALIVE)
        return await self._apply(value, point, replace(said, type=kind))

    async def _open(self, terminal: Terminal, kind: str) -> bool:
        try:
            return bool(await self._calling.open_calls(terminal, kind))
        except (StorageFull, LogUnavailable):
            raise PointRefused("storage", "Not stored; send it again.", retry_after_s=1) from None

    def _active(self, terminal: str) -> tuple[Terminal, Point]:
        value, point = self._terminal(terminal), self._points.get(terminal)
        if (
            value is None
            or point is None
            or value.kind is not TerminalKind.CALL_POINT
            or value.state is not TerminalState.ACTIVE
        ):
            raise PointRefused("device_refused", "Expected an active call point with a key.")
        return value, point

    async def _apply(self, terminal: Terminal, point: Point, said: Said) -> Done:
        async with self._turn[terminal.id]:
            point.last_heard_at = self._clock()
            point.line = _line(said.event, point.line)
            self._announcer.announce(terminal, point.line)
            if said.event not in (PointEvent.PRESSED, PointEvent.CANCELLED):
                return Done("noted")
            try:
                return await self._calling.carry_out(terminal, point.signing.sign, said)
            except (StorageFull, LogUnavailable):
                raise PointRefused("storage", "Not stored; send it again.", retry_after_s=1) from None

    # For the hub

    async def tick(self) -> None:
        """Announce who was heard, withdraw who was not or may no more; about once a second."""
        now = self._clock()
        for point in self._points.values():
            terminal = self._terminal(point.terminal)
            if terminal is not None and self._is_there(terminal, point, now):
                self._announcer.announce(terminal, point.line)
            else:
                self._announcer.withdraw(point.terminal)
        if self._nonces.waiting or now - self._forgot_at >= FORGET_MS:
            await self._tidy(now)

    async def _tidy(self, now: int) -> None:
        try:
            async with self._database.session.begin() as session:
                written = await self._nonces.write_waiting(session)
                if now - self._forgot_at >= FORGET_MS:
                    await self._nonces.forget(session, now)
                    self._forgot_at = now
            self._nonces.written(written)
        except SQLAlchemyError:
            log.exception("call points: the store failed")

    def close(self) -> None:
        """Say of none any more that it is there."""
        self._announcer.withdraw_all()

    def _is_there(self, terminal: Terminal, point: Point, now: int) -> bool:
        return (
            terminal.kind is TerminalKind.CALL_POINT
            and terminal.state is TerminalState.ACTIVE
            and terminal.public_key == point.signing.point
            and point.last_heard_at is not None
            and now - point.last_heard_at <= ALIVE_MS + LATE_MS
        )

    # For the back office

    async def make_key(self, terminal: str, staff: str, address: str | None) -> str:
        """Return a new device key, base64url of 32 bytes, to be shown once; the one before it ends now.

        Raises UnknownTerminal, NoPlace.
        """
        async with self._database.session.begin() as session:
            point = await make_keys(session, terminal, staff, self._clock(), self._custody)
            known = self._terminal(terminal)
            entry = AuditEntry(
                AuditAction.CALL_POINT_KEY,
                "ok",
                staff=staff,
                terminal=terminal,
                ward=None if known is None else known.ward,
                address=address,
            )
            await self._audit.add(session, entry)
        self._points[terminal] = point
        await self._changed()
        return encode_base64url(point.device_key)

    def state(self, terminal: Terminal) -> PointState:
        """Return how a point is now."""
        point = self._points.get(terminal.id)
        if point is None or terminal.public_key != point.signing.point:
            return PointState(False, None, "unknown", self.refused[terminal.id])
        there = self._is_there(terminal, point, self._clock())
        line = point.line if there else "unknown"
        return PointState(True, point.last_heard_at, line, self.refused[terminal.id])

    async def _note_refusal(self, request: Request, code: str) -> None:
        known = self._terminal(request.terminal) is not None
        if known:
            self.refused[request.terminal] += 1
        name = request.terminal if known else "unknown"
        now = self._clock()
        last, since = self._audited.get((name, code), (None, 0))
        if last is not None and now - last < AUDIT_EVERY_MS:
            self._audited[name, code] = (last, since + 1)
            return
        if len(self._audited) >= MAX_AUDITED:
            self._audited.clear()
        self._audited[name, code] = (now, 0)
        log.warning("call point %s: %s (%d more since the last line)", name, code, since)
        entry = AuditEntry(
            AuditAction.CALL_POINT_REFUSED,
            "refused",
            terminal=request.terminal if known else None,
            address=request.address,
            detail={"why": code, "more": since},
        )
        try:
            await self._audit.record(entry)
        except SQLAlchemyError:
            log.exception("call points: a refusal has no line in the trail")


def _line(event: PointEvent, before: str) -> str:
    if event is PointEvent.FAULT:
        return "open"
    return "ok" if event is PointEvent.OK else before

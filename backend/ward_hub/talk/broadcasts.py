"""The party `hub` of signals: a station that speaks to more beds than its own page can carry (design: talk).

It answers the station, dials each target, and sends one encoded stream to all. Only stations of the ward may;
signatures and who may signal to whom are looked at before, by the signal relay.
"""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
from collections.abc import Callable
from typing import Final

from ward_signalling.allowed import hub_pair
from ward_signalling.errors import Refusal
from ward_signalling.inbox import Inbox
from ward_signalling.messages import (
    HUB_PARTY,
    Busy,
    BusyReason,
    ByeReason,
    Close,
    Description,
    Invite,
    Purpose,
    Signal,
)
from ward_sync.directory import Directory

from ward_hub.access.port import Principal
from ward_hub.talk.broadcast import Broadcast, OpenMedia
from ward_hub.talk.outbox import Outbox, Post, Sign

MAX_AT_ONCE: Final = 4
"""Broadcasts of all wards: each decodes and encodes, 5 % of a core."""
MAX_LISTENERS: Final = 160
"""Of all of them: 46 take a fifth of a core, and the hub has calls to carry."""
TICK_S: Final = 1.0
_HEAR: Final = frozenset({"bedside", "door", "corridor"})

Tell = Callable[[str, str, str], bool]
"""(ward, terminal, payload): a stateless frame at the ward's presence, to this terminal only."""

log = logging.getLogger(__name__)


class Broadcasts:
    """All broadcasts of the hub. `directory`: ward → its directory now; `open_media` makes the media of one
    more; `session`: 16 hex digits, new at each start of the hub."""

    def __init__(
        self,
        directory: Callable[[str], Directory | None],
        sign: Sign,
        post: Post,
        tell: Tell,
        open_media: OpenMedia,
        clock: Callable[[], int],
        session: str,
        new_id: Callable[[], str] = lambda: secrets.token_hex(8),
    ) -> None:
        self._directory = directory
        self._outbox = Outbox(sign, post, session, clock)
        self._tell = tell
        self._open_media = open_media
        self._clock = clock
        self._new_id = new_id
        self._inboxes: dict[str, Inbox] = {}
        self._running: dict[tuple[str, str], Broadcast] = {}
        """(ward, station) → its broadcast."""
        self._settling: set[asyncio.Task[None]] = set()

    @property
    def running(self) -> int:
        """How many there are now."""
        return len(self._running)

    async def take(self, signal: Signal, _principal: Principal) -> None:
        """Take a verified signal to the hub; the principal is who brought it, perhaps a neighbour."""
        inbox = self._inboxes.setdefault(signal.ward, Inbox(HUB_PARTY, signal.ward))
        refusal = inbox.accept(signal, self._clock())
        if refusal is not None:
            self._refuse(signal, refusal)
        elif isinstance(signal, Invite):
            self._invited(signal)
        elif not self._of_ward(signal.ward) and isinstance(signal, Description):
            self._send(signal, Close, connection=signal.connection, reason=ByeReason.CLOSED)
        else:
            for running in self._of_ward(signal.ward):
                running.take(signal)

    async def tick(self) -> None:
        """To be called once a second."""
        now = self._clock()
        for running in tuple(self._running.values()):
            await running.tick(now)

    async def close(self) -> None:
        """End all of them and let go of everything."""
        for running in tuple(self._running.values()):
            running.end(ByeReason.CLOSED)
        await asyncio.gather(*self._settling)

    def _invited(self, invite: Invite) -> None:
        before = self._running.get((invite.ward, invite.sender))
        if before is not None and before.session != invite.session:
            before.end(ByeReason.LOST)  # of a page that is no more
            before = None
        directory = self._directory(invite.ward) or Directory()
        speaker = directory.terminals.get(invite.sender)
        targets = [target for target in invite.targets or () if _may_hear(directory, target)]
        if invite.purpose is not Purpose.BROADCAST or speaker is None or speaker.kind != "station":
            self._send(invite, Busy, talk=invite.talk, reason=BusyReason.NOT_ALLOWED)
        elif before is not None and before.talk == invite.talk:
            before.invited_again()
        elif before is not None:
            self._send(invite, Busy, talk=invite.talk, reason=BusyReason.TALKING)
        elif not targets:
            self._send(invite, Busy, talk=invite.talk, reason=BusyReason.NOT_ALLOWED)
        elif len(self._running) >= MAX_AT_ONCE or self._listeners() + len(targets) > MAX_LISTENERS:
            self._send(invite, Busy, talk=invite.talk, reason=BusyReason.FULL)
        else:
            made = Broadcast(
                invite.ward,
                invite,
                self._open_media,
                self._outbox,
                self._clock,
                self._new_id,
                self._report,
                self._ended,
            )
            self._running[invite.ward, invite.sender] = made
            made.start(targets, sorted(set(invite.targets or ()) - set(targets)))

    def _listeners(self) -> int:
        return sum(running.listeners for running in self._running.values())

    def _of_ward(self, ward: str) -> list[Broadcast]:
        return [running for (of, _), running in self._running.items() if of == ward]

    def _refuse(self, signal: Signal, refusal: Refusal) -> None:
        log.info("a %s of %s is not taken: %s", signal.kind, signal.sender, refusal)
        if refusal is Refusal.FINGERPRINT and isinstance(signal, Description):
            self._send(signal, Close, connection=signal.connection, reason=ByeReason.FINGERPRINT)

    def _send(self, to: Signal, kind: type[Signal], **body: object) -> None:
        self._outbox.send(to.ward, to.sender, kind, **body)

    def _report(self, broadcast: Broadcast) -> None:
        payload = {
            "t": "broadcast",
            "talk": broadcast.talk,
            "reached": broadcast.reached,
            "missed": [{"terminal": who, "reason": why} for who, why in broadcast.missed],
        }
        text = json.dumps(payload, separators=(",", ":"))
        self._tell(broadcast.ward, broadcast.station, text)

    def _ended(self, broadcast: Broadcast) -> None:
        self._running.pop((broadcast.ward, broadcast.station), None)
        settling = asyncio.get_running_loop().create_task(broadcast.settled())
        self._settling.add(settling)
        settling.add_done_callback(self._settling.discard)


def _may_hear(directory: Directory, terminal: str) -> bool:
    entry = directory.terminals.get(terminal)
    return entry is not None and entry.kind in _HEAR and hub_pair(entry, directory)

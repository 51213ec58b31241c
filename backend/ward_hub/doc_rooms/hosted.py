"""One DocRoom with everything around it: its inbox, its peers, and the order log, fan-out, answer.

Events that arrive within one turn of the loop are decided together; while their records are being stored the
next ones gather. So a document's group grows with the load, and nothing is shown before it is stored.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from pycrdt import merge_updates
from ward_sync.awareness import Entry, encode_awareness
from ward_sync.errors import RemoteProtocolError
from ward_sync.messages import Awareness, SyncStep1, SyncStep2, Update
from ward_sync.update import EMPTY_STATE_VECTOR, EMPTY_UPDATE

from ward_hub.doc_rooms.doc_room import DocRoom, RoomBroken, refusal
from ward_hub.doc_rooms.effects import Answer, Detach, Effect, Spread, SpreadPresence, Store
from ward_hub.doc_rooms.elsewhere import Held
from ward_hub.doc_rooms.events import Edited, Event, Foreign, Heard, Joined, Left, Looked, Present, Taken
from ward_hub.doc_rooms.peer import Peer
from ward_hub.fan_out.frames import frame_for, spread
from ward_hub.log.port import LogUnavailable, Record, RecordKind, StorageFull

if TYPE_CHECKING:
    from ward_hub.doc_rooms.host import Host

log = logging.getLogger("ward_hub.doc_rooms")

_MERGE_GROUP = 16
"""merge_updates is super-linear (20 updates 14 µs, 1,000 updates 4.4 ms): merge in a tree of small groups."""
MAX_INBOX = 20_000
"""Messages that may wait for a document that is loading or storing; the peer of one more loses it."""


_Decided = list[tuple[Event, list[Effect]]]


class HostedRoom:
    """A document that is being loaded or is loaded."""

    def __init__(self, host: Host, document: str) -> None:
        self.document = document
        self.peers: set[Peer] = set()
        self.room: DocRoom | None = None
        self.idle_since: int | None = None
        """When the last peer left, in ms; None while there are peers."""
        self._host = host
        self._inbox: list[Event] = []
        self._busy = False
        self._scheduled = False
        self._task: asyncio.Task[None] | None = None
        self._ask_again = False
        self._stale = False
        """What other hubs stored may be missing: it must be loaded again."""
        self._all_anew = False
        """Nobody knows what the readers have: they get the whole document after the next loading."""

    @property
    def quiet(self) -> bool:
        """Whether it may be unloaded: no peers, nothing waiting, nothing under way."""
        return not (self.peers or self._inbox or self._busy or self._scheduled)

    def put(self, event: Event) -> None:
        """Take an event; it is decided at the end of this turn, or when loading and storing are done."""
        if len(self._inbox) >= MAX_INBOX and isinstance(event, Heard):
            self._detach(event.peer, "overloaded")
            return
        self._inbox.append(event)
        if not (self._busy or self._scheduled):
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._turn)

    def start_loading(self) -> None:
        """Load from the log; whoever comes meanwhile waits in the inbox."""
        self._busy = True
        self._run(self._load_first())

    def reload(self) -> None:
        """Load again as soon as nothing is under way; those who read it get what is new."""
        self._stale = True
        if not self._busy and self.room is not None:
            self._begin_reloading()

    def beat(self) -> None:
        """Called every second or so: after a failed append, ask the writers for what they still have."""
        if self.room is not None:
            self.room.forget_answers()
            if self._stale and not self._busy:
                self._begin_reloading()
        if self._ask_again and self.room is not None and not self._busy:
            self._ask_again = False
            message = SyncStep1(self.room.look(lambda doc: doc.get_state()))
            spread((peer for peer in self.peers if peer.access.write), message)

    async def settled(self) -> None:
        """Wait until nothing is under way."""
        while self._task is not None:
            await asyncio.wait((self._task,))

    def _run(self, work: Any) -> None:
        self._task = asyncio.get_running_loop().create_task(work)

    def _turn(self) -> None:
        self._scheduled = False
        room = self.room
        if room is None:
            return
        events, self._inbox = self._inbox, []
        decided: _Decided = []
        try:
            for event in events:
                decided.append((event, self._decide(room, event)))
        except Exception as error:
            expected = isinstance(error, RoomBroken)
            log.error("document %s broken, loading again: %s", self.document, error, exc_info=not expected)
            self._spread_presence(decided)
            breaking = events[len(decided)]
            self._all_anew = self._all_anew or isinstance(breaking, Foreign)
            self._busy = True
            self._run(self._recover(events, lambda event: event is breaking, "malformed"))
            return
        records = [effect.record for _, effects in decided for effect in effects if isinstance(effect, Store)]
        if records:
            self._busy = True
            self._run(self._commit(decided, records))
        else:
            self._carry_out(decided)

    def _decide(self, room: DocRoom, event: Event) -> list[Effect]:
        now = self._host.clock()
        if isinstance(event, Foreign):
            return room.show(event.updates)
        if isinstance(event, Present):
            return room.present(event.hub, event.entries)
        if isinstance(event, Heard):
            return room.hear(event.peer, event.message, now) if event.peer.open else []
        if isinstance(event, Joined):
            if not event.peer.open:
                return []
            self.peers.add(event.peer)
            self.idle_since = None
            return room.join(event.peer)
        if isinstance(event, Left):
            self.peers.discard(event.peer)
            if not self.peers:
                self.idle_since = now
            return room.leave(event.peer)
        if isinstance(event, Edited):
            try:
                return room.edit(event.change, event.extra, now)
            except Exception as error:
                if not event.future.done():
                    event.future.set_exception(error)
                raise RoomBroken(f"an edit failed: {type(error).__name__}") from error
        if isinstance(event, Taken):
            try:
                effects = room.take(event.update, event.terminal, event.staff, event.extra, now)
            except RemoteProtocolError as error:
                if not event.future.done():
                    event.future.set_exception(error)
                return []
            event.new = any(isinstance(effect, Spread) for effect in effects)
            return effects
        try:
            event.value = room.look(event.read)
        except Exception as error:
            if not event.future.done():
                event.future.set_exception(error)
        return []

    async def _commit(self, decided: _Decided, records: list[Record]) -> None:
        try:
            await self._host.log.append(records)
        except Exception as error:
            expected = isinstance(error, StorageFull | LogUnavailable)
            count = len(records)
            log.error(
                "document %s: %d records not stored: %s", self.document, count, error, exc_info=not expected
            )
            self._spread_presence(decided)
            await self._recover([event for event, _ in decided], _wrote, "storage", error, records)
            return
        self._carry_out(decided)
        self._next()

    def _next(self, wait: bool = False) -> None:
        """Go on with what came meanwhile. `wait`: loading again has just failed; the next beat tries."""
        self._busy = False
        self._task = None
        if self._stale and not wait:
            self._begin_reloading()
        elif self._inbox and not self._scheduled:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._turn)

    def _carry_out(self, decided: _Decided) -> None:
        """Fan-out first, then answers, in the order of the events."""
        updates: list[bytes] = []
        authors: set[Peer | None] = set()
        for _, effects in decided:
            for effect in effects:
                if isinstance(effect, Spread):
                    updates.append(effect.update)
                    authors.add(effect.author)
        if updates:
            spread(self._readers(), Update(merge_small(updates)), _only(authors))
        self._spread_presence(decided)
        for event, effects in decided:
            for effect in effects:
                if isinstance(effect, Answer):
                    self._answer(effect)
                elif isinstance(effect, Detach):
                    self._detach(effect.peer, effect.reason)
            if isinstance(event, Edited | Taken | Looked) and not event.future.done():
                event.done()

    def _spread_presence(self, decided: _Decided) -> None:
        """Presence collapses to the last state of each client. It does not wait for the log."""
        presence: dict[int, Entry] = {}
        announcers: set[Peer | None] = set()
        elsewhere = self._host.elsewhere
        for _, effects in decided:
            for effect in effects:
                if isinstance(effect, SpreadPresence):
                    presence.update((entry.client, entry) for entry in effect.entries)
                    announcers.add(effect.author)
                    if elsewhere is not None and effect.own:
                        holder = effect.author.principal.terminal if effect.author else ""
                        elsewhere.announced(self.document, [Held(one, holder) for one in effect.entries])
        if presence:
            message = Awareness(encode_awareness(presence.values()))
            spread(self._readers(), message, _only(announcers))

    def _readers(self) -> list[Peer]:
        return [peer for peer in self.peers if peer.access.read]

    def _answer(self, effect: Answer) -> None:
        if effect.refusal is not None:
            self._host.refusals[effect.refusal] += 1
        if effect.peer.open:
            frame = frame_for(effect.peer, effect.message)
            if frame is not None:
                effect.peer.connection.push(frame)

    def _detach(self, peer: Peer, reason: str) -> None:
        log.info("detach %s from %s: %s", peer.principal.terminal, self.document, reason)
        self._host.detach(peer, reason)

    async def _load_first(self) -> None:
        try:
            self.room = await self._load()
        except Exception as error:
            log.error("document %s cannot be loaded: %s", self.document, error)
            self._give_up(error)
            return
        if self._host.elsewhere is not None:
            for hub, held in self._host.elsewhere.presence(self.document):
                self.room.present(hub, [held])
        self._next()

    async def _load(self) -> DocRoom:
        host = self._host
        updates = await host.log.load(self.document)
        return DocRoom(
            self.document,
            updates,
            host.kinds(self.document),
            host.client_id,
            host.presence_check,
            host.hub_clients,
        )

    async def _recover(
        self,
        events: list[Event],
        failed: Callable[[Event], bool],
        reason: str,
        error: Exception | None = None,
        records: Sequence[Record] = (),
    ) -> None:
        """Throw away what memory holds and load what is stored. Writes that failed are answered so; all
        other events are decided again. `error` is what the hub's own edits get, `records` what was lost."""
        old = self.room
        try:
            self.room = room = await self._load()
        except Exception as unavailable:
            log.error("document %s cannot be loaded again: %s", self.document, unavailable)
            self._give_up(unavailable, events)
            return
        if old is not None:
            room.take_over(old)
        self._spread_found(room, records)
        again: list[Event] = []
        for event in events:
            if isinstance(event, Edited | Taken | Looked) and event.future.done():
                continue
            if not failed(event):
                again.append(event)
            elif isinstance(event, Heard):
                if isinstance(event.message, Update | SyncStep2):
                    self._ask_again = error is not None
                    for effect in refusal(event.peer, reason):
                        if isinstance(effect, Answer):
                            self._answer(effect)
                else:
                    self._detach(event.peer, "failed")
            elif isinstance(event, Edited | Taken):
                event.future.set_exception(error or RoomBroken(reason))
        self._inbox[:0] = again
        self._next()

    def _spread_found(self, room: DocRoom, records: Sequence[Record]) -> None:
        """Show what an append stored although it failed; before loading nobody can know."""
        if self._all_anew:
            self._all_anew = False
            spread(self._readers(), Update(room.update_since(EMPTY_STATE_VECTOR)))
            return
        found = [
            record.payload
            for record in records
            if record.kind is RecordKind.UPDATE and room.holds(record.payload)
        ]
        if found:
            spread(self._readers(), Update(merge_small(found)))

    def _begin_reloading(self) -> None:
        self._busy = True
        self._run(self._reload())

    async def _reload(self) -> None:
        """Load again and give the readers what they lack. While the log is away, what is in memory stays."""
        self._stale = False
        old = self.room
        try:
            room = await self._load()
        except Exception as error:
            log.warning("document %s not loaded again yet: %s", self.document, error)
            self._stale = True
            self._next(wait=True)
            return
        if old is not None:
            room.take_over(old)
            missed = room.update_since(old.look(lambda doc: doc.get_state()))
            if missed != EMPTY_UPDATE and not old.holds(missed):
                spread(self._readers(), Update(missed))
        self.room = room
        self._next()

    def _give_up(self, error: Exception, events: Sequence[Event] = ()) -> None:
        """The document cannot be had now: everyone is told, and the next who asks loads it anew."""
        waiting = [*events, *self._inbox]
        self._inbox = []
        self._busy = False
        self._task = None
        self._host.forget(self)
        for peer in list(self.peers):
            self._detach(peer, "unavailable")
        for event in waiting:
            if isinstance(event, Edited | Taken | Looked):
                if not event.future.done():
                    event.future.set_exception(error)
            elif isinstance(event, Foreign | Present):
                continue
            elif event.peer.open:
                self._detach(event.peer, "unavailable")


def _wrote(event: Event) -> bool:
    """Whether a failed append is this event's failure; the others only stood beside it."""
    if isinstance(event, Heard):
        return isinstance(event.message, Update | SyncStep2)
    return isinstance(event, Edited | Taken)


def merge_small(updates: list[bytes]) -> bytes:
    """Merge updates into one, in a tree of small groups."""
    while len(updates) > 1:
        updates = [
            merge_updates(*updates[start : start + _MERGE_GROUP])
            if start + 1 < len(updates)
            else updates[start]
            for start in range(0, len(updates), _MERGE_GROUP)
        ]
    return updates[0]


def _only(authors: set[Peer | None]) -> Peer | None:
    """The author of everything in a frame needs no copy of it; two authors both do."""
    return next(iter(authors)) if len(authors) == 1 else None

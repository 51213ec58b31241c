"""The host: every loaded document, who has which open, and the hub's own way to read and write them.

The edge brings peers and their messages; parts of the hub use `edit`, `publish` and `read`. A document is
loaded once, whoever asks first; those who ask meanwhile wait. One that nobody has open is unloaded.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from typing import Any, Protocol, TypeVar

from pycrdt import Doc
from ward_sync.close_codes import CloseCode
from ward_sync.codec import encode_body
from ward_sync.messages import Close, Message, Stateless

from ward_hub.access.port import Access, AccessRefused, Gate, Principal
from ward_hub.doc_rooms.doc_room import PresenceCheck
from ward_hub.doc_rooms.elsewhere import Elsewhere, Held
from ward_hub.doc_rooms.events import Edited, Foreign, Heard, Joined, Left, Looked, Present, Taken
from ward_hub.doc_rooms.hosted import HostedRoom
from ward_hub.doc_rooms.peer import Connection, Peer
from ward_hub.doc_rooms.publish import publish_edit
from ward_hub.doc_rooms.rules import Kinds
from ward_hub.documents.port import Roots
from ward_hub.fan_out.frames import WireFrame, frame_for, spread
from ward_hub.log.port import Log, LogRefused, LogUnavailable, Record, RecordKind, StorageFull

T = TypeVar("T")
log = logging.getLogger("ward_hub.doc_rooms")

MAX_WAITING_PAYLOADS = 1_000
"""A station that starts says some 800 signals to its neighbours, sixteen a frame."""
IDLE_MS = 30_000
"""A document nobody has open stays this long: long enough for a page to be reloaded."""
COMPACT_AFTER = 200
"""Stored updates of a document that are worth a snapshot when it is unloaded."""
COMPACT_AT_ONCE = 2_000
"""The same while it is in use."""
SWEEP_S = 1.0
FOLLOW_AGAIN_S = 1.0
"""Before the log of several hubs is followed again after a fault that its adapter does not go on through."""
_Y_CODES = {
    "permission-denied": CloseCode.FORBIDDEN,
    "unavailable": CloseCode.RESET,
    "overloaded": CloseCode.RESET,
}
"""A y-websocket has one document: closing that is closing the socket. 44xx keeps the client away for good."""


class StatelessHandler(Protocol):
    """What answers the stateless frames of terminals (call facts, and what else they bring)."""

    async def handle(self, peer: Peer, document: str, payload: str) -> list[str]:
        """Take one payload; returns the answers to its sender, in order. Payloads of one peer come in
        order and one at a time. What it raises closes the document for that peer."""
        ...


class Host:
    """Documents and peers. All methods belong to the event loop's thread."""

    def __init__(
        self,
        log: Log,
        gate: Gate,
        kinds: Kinds,
        stateless: StatelessHandler,
        clock: Callable[[], int],
        client_id: int,
        presence_check: Callable[[Principal, str, dict[str, Any]], bool] | None = None,
        idle_ms: int = IDLE_MS,
    ) -> None:
        """`clock` gives ms; `client_id` is the hub's own Yjs client id, the same for life, so that state
        vectors do not grow. `presence_check(principal, document, state)` refuses an awareness state."""
        self.log = log
        self.gate = gate
        self.kinds = kinds
        self.stateless = stateless
        self.clock = clock
        self.client_id = client_id
        self.presence_check = None if presence_check is None else _presence_hook(presence_check)
        self._idle_ms = idle_ms
        self.refusals: Counter[str] = Counter()
        """Refused updates by reason since the start."""
        self._rooms: dict[str, HostedRoom] = {}
        self._by_terminal: dict[str, dict[Peer, None]] = {}
        self._payloads: dict[Peer, deque[str]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._compacting: set[str] = set()
        self._sweeper: asyncio.Task[None] | None = None
        self._follower: asyncio.Task[None] | None = None
        self.elsewhere: Elsewhere | None = None
        """The installation's other hubs; None while this one is alone."""
        self.hub_clients: set[int] = set()
        """Yjs client ids of the installation's other hubs: what a terminal writes under one is refused."""
        self.blind = False
        """Whether the log has refused to tell what other hubs store: what is in memory grows old."""

    # For the hub's own parts

    async def edit(
        self, document: str, edit: Callable[[Doc[Any]], None], extra: Sequence[Record] = ()
    ) -> None:
        """Change a document in one transaction, and store the update and `extra` in one append.

        Returns when stored and sent out. Nothing is stored when the edit changes nothing and there is no
        `extra`. Raises StorageFull or LogUnavailable, and what `edit` raises; the document is then as before.
        """
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._room(document).put(Edited(edit, extra, future))
        await future

    async def publish(self, document: str, roots: Roots) -> None:
        """Make the named root maps equal to `roots`, writing only keys that changed (documents/port.py)."""
        await self.edit(document, publish_edit(roots))

    async def read(self, document: str, look: Callable[[Doc[Any]], T]) -> T:
        """Return what `look` finds in the document as it is stored. Numbers come as floats."""
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._room(document).put(Looked(look, future))
        return await future

    # For what other hubs have stored

    def foreign(self, records: Sequence[Record]) -> None:
        """Show what another hub stored in the common log. Documents that are not loaded need nothing."""
        updates: dict[str, list[bytes]] = {}
        for record in records:
            if record.kind is RecordKind.UPDATE and record.document in self._rooms:
                updates.setdefault(record.document, []).append(record.payload)
        for document, payloads in updates.items():
            self._rooms[document].put(Foreign(payloads))

    def reload_all(self) -> None:
        """Load every document again: what other hubs stored meanwhile may have been missed."""
        for hosted in list(self._rooms.values()):
            hosted.reload()

    async def take(
        self,
        document: str,
        update: bytes,
        terminal: str | None = None,
        staff: str | None = None,
        extra: Sequence[Record] = (),
    ) -> bool:
        """Store an update of a trusted hub, with `extra` in the same append, then show it.

        No gate and no check of content; `terminal` and `staff` stand in the record. Returns whether it
        brought anything new (if not, only `extra` is stored). Raises RemoteProtocolError when it cannot be
        read, RoomBroken when it cannot be applied, StorageFull or LogUnavailable.
        """
        future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._room(document).put(Taken(update, terminal, staff, extra, future))
        return await future

    def present(self, hub: str, document: str, entries: Sequence[Held]) -> None:
        """Show what terminals of another hub announce. Rule MH5."""
        hosted = self._rooms.get(document)
        if hosted is not None and hosted.room is not None:
            hosted.put(Present(hub, entries))

    def broadcast_stateless(self, document: str, payload: str, but: Peer | None = None) -> None:
        """Send a stateless frame to everyone who has the document open and may read it, or sends facts."""
        if self.elsewhere is not None:
            self.elsewhere.broadcast(document, payload)
        self.broadcast_here(document, payload, but)

    def broadcast_here(self, document: str, payload: str, but: Peer | None = None) -> None:
        """The same to terminals of this hub only."""
        room = self._rooms.get(document)
        if room is not None:
            peers = [peer for peer in room.peers if peer.access.read or peer.access.facts]
            spread(peers, Stateless(payload), but)

    def send_stateless(self, document: str, terminal: str, payload: str) -> bool:
        """Send a stateless frame to one terminal wherever it has the document open, whatever its right there;
        at another hub where it is connected to that.

        Returns whether it has it open, or is connected elsewhere; that is no receipt.
        """
        if self.send_here(document, terminal, payload):
            return True
        return self.elsewhere is not None and self.elsewhere.send(document, terminal, payload)

    def send_here(self, document: str, terminal: str, payload: str) -> bool:
        """The same to a terminal of this hub only."""
        peers = [
            peer
            for peer in self._by_terminal.get(terminal, ())
            # The y-websocket dialect has no stateless frames.
            if peer.document == document and peer.address is not None
        ]
        spread(peers, Stateless(payload))
        return bool(peers)

    async def drop_terminal(self, terminal: str, code: int) -> None:
        """Close every socket through which a terminal speaks. Rule CL5."""
        connections = {peer.connection for peer in self._by_terminal.get(terminal, ())}
        for connection in connections:
            log.info("drop terminal %s: %d", terminal, code)
            connection.close(code)

    async def recheck(self) -> None:
        """Rights have changed: ask the gate again for everything open; close what is no longer allowed."""
        for peers in list(self._by_terminal.values()):
            for peer in list(peers):
                try:
                    peer.access = self.gate.access(peer.principal, peer.document)
                except AccessRefused as refused:
                    log.info("recheck closes %s for %s", peer.document, peer.principal.terminal)
                    self.detach(peer, refused.reason)

    def terminals(self) -> frozenset[str]:
        """The terminals that have something open at this hub."""
        return frozenset(self._by_terminal)

    def terminals_anywhere(self) -> frozenset[str]:
        """The terminals that have something open at any hub."""
        return self.terminals().union(() if self.elsewhere is None else self.elsewhere.terminals())

    def presence(self, document: str) -> list[str]:
        """What is announced at the document now, each a state as JSON; nothing where it is not loaded."""
        hosted = self._rooms.get(document)
        if hosted is None or hosted.room is None:
            others = () if self.elsewhere is None else self.elsewhere.presence(document)
            return [held.entry.state for _, held in others]
        return [entry.state for entry in hosted.room.presence.states()]

    def loaded(self) -> frozenset[str]:
        """The documents in memory."""
        return frozenset(self._rooms)

    # For the edge

    def attach(
        self,
        connection: Connection,
        document: str,
        address: str | None,
        principal: Principal,
        access: Access,
    ) -> Peer:
        """Open a document for a socket; the gate has been asked. Its messages may follow at once."""
        peer = Peer(connection, document, address, principal, access)
        self._remember_terminal(peer)
        self._room(document).put(Joined(peer))
        return peer

    def rebind(self, peer: Peer, principal: Principal, access: Access) -> None:
        """A new token on an open document: another principal speaks there. Rule AU4."""
        self._forget_terminal(peer)
        peer.principal, peer.access = principal, access
        self._remember_terminal(peer)

    def hear(self, peer: Peer, message: Message) -> None:
        """Take a message of a peer: stateless to the handler, Close detaches, all else to the room."""
        if not peer.open:
            return
        if isinstance(message, Stateless):
            self._hand_over(peer, message.payload)
        elif isinstance(message, Close):
            self.detach(peer)
        else:
            self._room(peer.document).put(Heard(peer, message))

    def detach(self, peer: Peer, reason: str | None = None) -> None:
        """Close a document for a peer. With a reason the peer is told (Close); without it asked for it."""
        if not peer.open:
            return
        if reason is not None:
            if peer.address is None:
                peer.connection.close(_Y_CODES.get(reason, CloseCode.UNAUTHORIZED))
            else:
                peer.connection.push(WireFrame(peer.prefix + encode_body(Close(reason))))
        peer.open = False
        self._forget_terminal(peer)
        self._payloads.pop(peer, None)
        room = self._rooms.get(peer.document)
        if room is not None:
            room.put(Left(peer))

    # Life

    def start(self) -> None:
        """Begin sweeping (unload idle documents, compact long ones, ask again after a failed append), and
        following what other hubs store; before the first document is loaded."""
        if self._sweeper is None:
            loop = asyncio.get_running_loop()
            self._follower = loop.create_task(self._follow_for_ever(self.log.follow()))
            self._sweeper = loop.create_task(self._sweep_for_ever())

    async def close(self) -> None:
        """Finish what is being stored and handled. The log stays open: it is the caller's."""
        for task in (self._sweeper, self._follower):
            if task is not None:
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task
        self._sweeper = self._follower = None
        while self._tasks:
            await asyncio.wait(self._tasks)
        for room in list(self._rooms.values()):
            await room.settled()

    def sweep(self, now: int) -> None:
        """One round of housekeeping. `now` in ms."""
        for hosted in list(self._rooms.values()):
            hosted.beat()
            room = hosted.room
            if room is None:
                continue
            idle = hosted.idle_since
            unload = hosted.quiet and (idle is None or now - idle >= self._idle_ms)
            if unload and idle is None:
                hosted.idle_since = now  # loaded by the hub itself, never joined
                continue
            if unload:
                self.forget(hosted)
            if room.stored_updates >= (COMPACT_AFTER if unload else COMPACT_AT_ONCE):
                room.stored_updates = 0
                room.tidy()
                self._begin(self._compact(hosted.document))

    def forget(self, hosted: HostedRoom) -> None:
        """Take a room out of memory."""
        if self._rooms.get(hosted.document) is hosted:
            del self._rooms[hosted.document]
            if self.elsewhere is not None:
                self.elsewhere.forgot(hosted.document)

    def _room(self, document: str) -> HostedRoom:
        hosted = self._rooms.get(document)
        if hosted is None:
            hosted = self._rooms[document] = HostedRoom(self, document)
            hosted.start_loading()
        return hosted

    def _remember_terminal(self, peer: Peer) -> None:
        terminal = peer.principal.terminal
        peers = self._by_terminal.get(terminal)
        if peers is None:
            peers = self._by_terminal[terminal] = {}
            if self.elsewhere is not None:
                self.elsewhere.came(terminal)
        peers[peer] = None

    def _forget_terminal(self, peer: Peer) -> None:
        terminal = peer.principal.terminal
        peers = self._by_terminal.get(terminal)
        if peers is not None:
            peers.pop(peer, None)
            if not peers:
                del self._by_terminal[terminal]
                if self.elsewhere is not None:
                    self.elsewhere.went(terminal)

    def _hand_over(self, peer: Peer, payload: str) -> None:
        waiting = self._payloads.get(peer)
        if waiting is not None:
            if len(waiting) >= MAX_WAITING_PAYLOADS:
                log.warning("%s at %s sends faster than it is heard", peer.principal.terminal, peer.document)
                self.detach(peer, "overloaded")
                return
            waiting.append(payload)
            return
        self._payloads[peer] = deque([payload])
        self._begin(self._handle(peer))

    async def _handle(self, peer: Peer) -> None:
        """Hand a peer's payloads to the handler, one after the other."""
        while peer.open and (waiting := self._payloads.get(peer)):
            payload = waiting.popleft()
            # A burst of one peer must not keep the others waiting.
            await asyncio.sleep(0)
            try:
                answers = await self.stateless.handle(peer, peer.document, payload)
            except Exception:
                log.exception("stateless frame of %s at %s failed", peer.principal.terminal, peer.document)
                self.detach(peer, "failed")
                return
            for answer in answers:
                frame = frame_for(peer, Stateless(answer)) if peer.open else None
                if frame is not None:
                    peer.connection.push(frame)
        self._payloads.pop(peer, None)

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _compact(self, document: str) -> None:
        if document in self._compacting:
            return
        self._compacting.add(document)
        try:
            await self.log.compact(document)
        except (StorageFull, LogUnavailable) as error:
            log.warning("document %s not compacted: %s", document, error)
        finally:
            self._compacting.discard(document)

    async def _follow_for_ever(self, appends: AsyncIterator[tuple[Record, ...] | None]) -> None:
        """Show what other hubs store. One bad record is its document's trouble, never the others'."""
        while True:
            try:
                async for records in appends:
                    if records is None:
                        log.warning("the place in the log was lost: every document is loaded again")
                        self.reload_all()
                    else:
                        self.foreign(records)
                return
            except LogRefused as refused:
                log.error("the log tells nothing of other hubs any more: %s", refused)
                self.blind = True
                return
            except Exception:
                log.exception("following the log failed")
            await asyncio.sleep(FOLLOW_AGAIN_S)
            appends = self.log.follow()
            self.reload_all()

    async def _sweep_for_ever(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_S)
            try:
                self.sweep(self.clock())
            except Exception:
                log.exception("sweeping failed")


def _presence_hook(check: Callable[[Principal, str, dict[str, Any]], bool]) -> PresenceCheck:
    def hook(peer: Peer, state: str) -> bool:
        value = json.loads(state)
        return isinstance(value, dict) and check(peer.principal, peer.document, value)

    return hook

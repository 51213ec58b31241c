"""A DocRoom: one shared document in memory, and every decision about it. It knows no socket and no log.

It takes a peer, a message and the time, and returns effects. What it holds in memory may be ahead of the log
only until the host has carried those effects out; when the log refuses, the host throws the room away and
loads it again.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, TypeVar

from pycrdt import Doc, get_update, merge_updates
from ward_sync.awareness import AwarenessTable, decode_awareness, encode_awareness
from ward_sync.errors import ErrorCode, RemoteProtocolError
from ward_sync.messages import (
    Awareness,
    Message,
    QueryAwareness,
    Stateless,
    SyncStatus,
    SyncStep1,
    SyncStep2,
    Update,
)
from ward_sync.update import (
    EMPTY_STATE_VECTOR,
    EMPTY_UPDATE,
    MAX_AHEAD,
    MAX_VECTOR,
    NO_LIMIT,
    Range,
    UpdateShape,
    covers,
    parse_state_vector,
    parse_update,
)

from ward_hub.access.port import Principal
from ward_hub.doc_rooms.depth import Depth
from ward_hub.doc_rooms.effects import Answer, Detach, Effect, Spread, SpreadPresence, Store
from ward_hub.doc_rooms.elsewhere import Held
from ward_hub.doc_rooms.peer import Peer
from ward_hub.doc_rooms.rules import DocumentRules
from ward_hub.doc_rooms.state_entry import has_entry
from ward_hub.log.port import Record, RecordKind

T = TypeVar("T")
log = logging.getLogger("ward_hub.doc_rooms")
PresenceCheck = Callable[[Peer, str], bool]
"""(peer, state as JSON text) → whether the peer may announce it."""

MAX_WAITING = 1_000
"""Updates kept for their foundations; more is a replica that will never get them."""
MAX_REFUSED = 4_096
_MAX_CACHED = 32
_STORED = SyncStatus(True)
_REFUSED = SyncStatus(False)


class RoomBroken(Exception):
    """The document in memory can no longer be trusted: load it again."""


class DocRoom:
    """One document, loaded. `updates` is what the log holds of it, oldest first."""

    def __init__(
        self,
        document: str,
        updates: Sequence[bytes],
        rules: DocumentRules,
        client_id: int,
        presence_check: PresenceCheck | None = None,
        hub_clients: AbstractSet[int] = frozenset(),
    ) -> None:
        """`hub_clients`: the client ids of the installation's hubs, read live; the own one always counts.

        Raises ValueError when an update of the log cannot be read.
        """
        self.document = document
        self.rules = rules
        self.presence = AwarenessTable()
        self.stored_updates = len(updates)
        """Records the log holds for this document: what compaction would gain."""
        self._client_id = client_id
        self._hub_clients = hub_clients
        self._presence_check = presence_check
        self._doc: Doc[Any] = Doc(client_id=client_id)
        self._shadow: Doc[Any] | None = None
        self._waiting: list[tuple[UpdateShape, bytes]] = []
        self._refused: dict[tuple[str, int], str] = {}
        self._bytes = sum(map(len, updates))
        self._deletes: tuple[Range, ...] | None = None
        self._depth: Depth | None = None
        self._answers: dict[bytes, bytes] = {}
        try:
            for update in updates:
                self._doc.apply_update(update)
            self._state = parse_state_vector(self._doc.get_state())
            self._find_waiting(updates)
        except (RemoteProtocolError, RuntimeError) as error:
            raise ValueError(f"{document}: {error}") from None

    def take_over(self, old: DocRoom) -> None:
        """What is not in the log goes on when the document is loaded again: who is present, what replicas are
        refused (SY8)."""
        self.presence = old.presence
        self._refused = old._refused

    def join(self, peer: Peer) -> list[Effect]:
        """A peer has been let in: it hears who is present. Rule AW5."""
        if peer.access.read and len(self.presence):
            return [Answer(peer, Awareness(encode_awareness(self.presence.states())))]
        return []

    def leave(self, peer: Peer) -> list[Effect]:
        """A peer has gone, by Close or by loss. Rule AW4."""
        entries = self.presence.leave(peer)
        return [SpreadPresence(entries, None)] if entries else []

    def hear(self, peer: Peer, message: Message, now: int) -> list[Effect]:
        """Decide on a message of a peer. `now` in ms. Raises RoomBroken."""
        if isinstance(message, Update):
            return self._write(peer, message.update, False, now)
        if isinstance(message, SyncStep2):
            return self._write(peer, message.update, True, now)
        if isinstance(message, SyncStep1):
            return self._compare(peer, message.state_vector)
        if isinstance(message, Awareness):
            return self._announce(peer, message.payload)
        if isinstance(message, QueryAwareness):
            return self.join(peer)
        return [Detach(peer, f"unexpected {type(message).__name__}")]

    def edit(self, change: Callable[[Doc[Any]], None], extra: Sequence[Record], now: int) -> list[Effect]:
        """Let the hub write. Raises what `change` raises; the room is broken then (host reloads)."""
        made: list[bytes] = []
        subscription = self._doc.observe(lambda event: made.append(event.update))
        try:
            with self._doc.transaction():
                change(self._doc)
        finally:
            self._doc.unobserve(subscription)
        effects: list[Effect] = [Store(record) for record in extra]
        for update in made:
            if update == EMPTY_UPDATE:
                continue
            self._changed(len(update))
            effects.append(Store(Record(self.document, RecordKind.UPDATE, update, now)))
            effects.append(Spread(update, None))
            if self._shadow is not None:
                self._shadow.apply_update(update)
        return effects

    def show(self, updates: Sequence[bytes]) -> list[Effect]:
        """Take in what another hub stored (rule MH1). Raises RoomBroken.

        Also what is known goes out: after a reload the readers may lack what the document holds.
        """
        effects: list[Effect] = []
        for update in updates:
            try:
                shape = parse_update(update, NO_LIMIT)
            except RemoteProtocolError as error:
                raise RoomBroken(f"another hub's update: {error}") from None
            self._adopt(update, shape)
            effects.append(Spread(update, None))
        return effects

    def present(self, hub: str, entries: Sequence[Held]) -> list[Effect]:
        """Terminals of another hub announce something, judged there (rule MH5)."""
        taken = tuple(
            entry
            for held in entries
            for entry in self.presence.apply((held.entry,), _hub_connection(hub), held.terminal)
        )
        return [SpreadPresence(taken, None, own=False)] if taken else []

    def take(
        self, update: bytes, terminal: str | None, staff: str | None, extra: Sequence[Record], now: int
    ) -> list[Effect]:
        """Store and show an update of a trusted hub: readable, no more is asked.

        Raises RemoteProtocolError when it is not (nothing has changed then), or RoomBroken.
        """
        shape = parse_update(update, NO_LIMIT)
        effects: list[Effect] = [Store(record) for record in extra]
        if update != EMPTY_UPDATE and not self._holds(shape):
            self._adopt(update, shape)
            effects.append(Store(Record(self.document, RecordKind.UPDATE, update, now, terminal, staff)))
            effects.append(Spread(update, None))
        return effects

    def holds(self, update: bytes) -> bool:
        """Whether an update brings nothing new."""
        return self._is_known(update)

    def look(self, read: Callable[[Doc[Any]], T]) -> T:
        """Let the hub read. Numbers come as floats (pycrdt)."""
        return read(self._doc)

    def update_since(self, state_vector: bytes) -> bytes:
        """What a replica of that state vector lacks, with what still waits. Raises RemoteProtocolError."""
        found = self._answers.get(state_vector)
        if found is None:
            parse_state_vector(state_vector, MAX_VECTOR)
            found = self._doc.get_update(state_vector)
            if self._waiting:
                found = merge_updates(found, *(update for _, update in self._waiting))
            if len(self._answers) >= _MAX_CACHED:
                self._answers.clear()
            self._answers[state_vector] = found
        return found

    def tidy(self) -> None:
        """Make the document in memory anew from its own state: what was overwritten joins to runs of garbage
        only when it is read in, and otherwise costs 2 bytes each at every join."""
        doc: Doc[Any] = Doc(client_id=self._client_id)
        doc.apply_update(self.update_since(EMPTY_STATE_VECTOR))
        self._doc = doc
        self._answers.clear()

    def forget_answers(self) -> None:
        """Let go of answers kept for a crowd that joins at once: each is as large as the document."""
        self._answers.clear()

    def _compare(self, peer: Peer, state_vector: bytes) -> list[Effect]:
        """Rule SY1. Whoever may only announce learns nothing."""
        if not peer.access.read:
            return [
                Answer(peer, SyncStep1(EMPTY_STATE_VECTOR)),
                Answer(peer, SyncStep2(EMPTY_UPDATE)),
            ]
        try:
            update = self.update_since(state_vector)
        except RemoteProtocolError as error:
            return [Detach(peer, error.code.value)]
        return [Answer(peer, SyncStep1(self._doc.get_state())), Answer(peer, SyncStep2(update))]

    def _announce(self, peer: Peer, payload: bytes) -> list[Effect]:
        try:
            entries = decode_awareness(payload)
        except RemoteProtocolError as error:
            return [Detach(peer, error.code.value)]
        hook = self._presence_check
        taken = self.presence.apply(
            entries,
            peer,
            peer.principal.terminal,
            None if hook is None else lambda state: hook(peer, state),
        )
        return [SpreadPresence(taken, peer)] if taken else []

    def _write(self, peer: Peer, update: bytes, step2: bool, now: int) -> list[Effect]:
        """Exactly one SyncStatus, whatever happens. Rules ST1 to ST5, SY4 to SY8."""
        if update == EMPTY_UPDATE and (step2 or peer.access.write):
            return [Answer(peer, _STORED)]
        if not peer.access.write:
            if step2 and peer.access.read and self._is_known(update):
                return [Answer(peer, _STORED)]
            return refusal(peer, "read_only")
        vouched = peer.access.vouched
        # What a hub brings after a cut is the work of many hands.
        if len(update) > (self.rules.max_document_bytes if vouched else self.rules.max_update_bytes):
            return refusal(peer, "too_large")
        try:
            shape = parse_update(update)
        except RemoteProtocolError as error:
            too_large = error.code is ErrorCode.TOO_LARGE
            return refusal(peer, "too_large" if too_large else "malformed")
        reason = self._reason_against(peer, shape, update)
        if reason is not None:
            return self._refuse(peer, reason, shape)
        if self._holds(shape):
            return [Answer(peer, _STORED)]
        if vouched:
            self._adopt(update, shape)
        else:
            depth = self._depth_now()
            placed = depth.place(update, shape, self._state)
            reason = depth.reason_against(placed, shape) or self._apply(update, peer.principal)
            if reason is not None:
                return self._refuse(peer, reason, shape)
            depth.take(placed, shape)
            self._changed(len(update), shape)
            if not shape.reaches(self._state):
                self._waiting.append((shape, update))
        who = peer.principal
        record = Record(self.document, RecordKind.UPDATE, update, now, who.terminal, who.staff)
        return [Store(record), Spread(update, peer), Answer(peer, _STORED)]

    def _reason_against(self, peer: Peer, shape: UpdateShape, update: bytes) -> str | None:
        """Why an update that can be read is refused all the same. Rules SY6, SY8."""
        for client, _, end in shape.structs:
            if end > self._state.get(client, 0):
                if client == self._client_id or client in self._hub_clients:
                    return "client_id"
                if self._refused and (reason := self._refused.get((peer.principal.terminal, client))):
                    return reason
        if shape.ahead(self._state) > MAX_AHEAD:
            return "malformed"
        if self._bytes + len(update) > self.rules.max_document_bytes:
            self._bytes = len(self.update_since(EMPTY_STATE_VECTOR))
            if self._bytes + len(update) > self.rules.max_document_bytes:
                return "document_full"
        if len(self._waiting) >= MAX_WAITING and not shape.reaches(self._state):
            return "too_many_waiting"
        return None

    def _apply(self, update: bytes, who: Principal) -> str | None:
        """Apply an update, to a copy first where people write. Returns why not, or None."""
        check = self.rules.check
        if check is not None:
            shadow = self._shadow
            if shadow is None:
                shadow = Doc()
                shadow.apply_update(self.update_since(EMPTY_STATE_VECTOR))
            self._shadow = None
            try:
                reason = _try_apply(shadow, update) or check(self._doc, shadow, who)
            except RoomBroken:
                return "malformed"
            if reason is not None:
                return reason
            self._shadow = shadow
        return _try_apply(self._doc, update)

    def _adopt(self, update: bytes, shape: UpdateShape) -> None:
        """Apply what is accepted already. Raises RoomBroken."""
        if self._depth is not None:
            self._depth.take(self._depth.place(update, shape, self._state), shape)
        if _try_apply(self._doc, update) is not None:
            raise RoomBroken("an accepted update cannot be applied")
        if self._shadow is not None and _try_apply(self._shadow, update) is not None:
            self._shadow = None
        self._changed(len(update), shape)
        if not shape.reaches(self._state) and all(update != kept for _, kept in self._waiting):
            self._waiting.append((shape, update))

    def _changed(self, size: int, shape: UpdateShape | None = None) -> None:
        """Look at the state anew. With nothing waiting an update moves no client but its own, and a document
        of many clients need not be read whole for each keystroke of one."""
        self._bytes += size
        self.stored_updates += 1
        self._answers.clear()
        self._deletes = None
        state = self._doc.get_state()
        ends = {} if shape is None or self._waiting else {client: end for client, _, end in shape.structs}
        if ends and all(has_entry(state, client, end) for client, end in ends.items()):
            self._state.update(ends)
        else:
            self._state = parse_state_vector(state)
        if self._waiting:
            self._retry_waiting()

    def _retry_waiting(self) -> None:
        """Drop what has found its foundations; applying it again costs nothing and makes sure."""
        still = []
        for shape, update in self._waiting:
            if shape.reaches(self._state):
                self._doc.apply_update(update)
            else:
                still.append((shape, update))
        self._waiting = still

    def _find_waiting(self, updates: Sequence[bytes]) -> None:
        """After loading: which updates still wait. Only what the document lacks of each is read: a hub that
        starts loads some four thousand documents."""
        state = self._doc.get_state()
        for update in updates:
            if not parse_update(get_update(update, state), NO_LIMIT).reaches(self._state):
                self._waiting.append((parse_update(update, NO_LIMIT), update))

    def _depth_now(self) -> Depth:
        """How deep the shared types lie, read when a terminal first writes: to most documents none does."""
        if self._depth is None:
            self._depth = Depth()
            self._depth.load([self._doc.get_update(), *(update for _, update in self._waiting)])
        return self._depth

    def _is_known(self, update: bytes) -> bool:
        try:
            return self._holds(parse_update(update))
        except RemoteProtocolError:
            return False

    def _holds(self, shape: UpdateShape) -> bool:
        """Whether an update brings nothing new. Rule ST5."""
        if not shape.reaches(self._state):
            return False
        if not shape.deletes:
            return True
        if self._deletes is None:
            self._deletes = parse_update(self._doc.get_update(self._doc.get_state()), NO_LIMIT).deletes
        return covers(self._deletes, shape.deletes)

    def _refuse(self, peer: Peer, reason: str, shape: UpdateShape) -> list[Effect]:
        """Refuse, and remember the replica by terminal and client id: what builds on structs that nobody
        else has would wait for ever. Rule SY8."""
        for client, _, end in shape.structs:
            if end > self._state.get(client, 0):
                self._refused.setdefault((peer.principal.terminal, client), reason)
        while len(self._refused) > MAX_REFUSED:
            del self._refused[next(iter(self._refused))]
        return refusal(peer, reason)


def _hub_connection(hub: str) -> tuple[str, str]:
    """What owns the presence of another hub's terminals in the awareness table."""
    return ("hub", hub)


def refusal(peer: Peer, reason: str) -> list[Effect]:
    """The two frames that refuse a write: why, and the status. Rules ST3, SY7."""
    log.info("refused an update of %s to %s: %s", peer.principal.terminal, peer.document, reason)
    text = json.dumps({"t": "refused_update", "reason": reason})
    return [Answer(peer, Stateless(text)), Answer(peer, _REFUSED, reason)]


def _try_apply(doc: Doc[Any], update: bytes) -> str | None:
    """Returns why not, or None. Raises RoomBroken when part of it may have been applied."""
    try:
        doc.apply_update(update)
    except ValueError:
        return "malformed"
    except RuntimeError as error:
        raise RoomBroken(str(error)) from None
    except BaseException as error:
        # A panic of the Rust side is a BaseException of its own; what it left behind nobody knows.
        if type(error).__name__ == "PanicException":
            raise RoomBroken(str(error)) from None
        raise
    return None

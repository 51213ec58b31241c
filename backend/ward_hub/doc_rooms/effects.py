"""What a DocRoom decides: values that the host carries out in one order — log, fan-out, answer."""

from __future__ import annotations

from dataclasses import dataclass

from ward_sync.awareness import Entry
from ward_sync.messages import Message

from ward_hub.doc_rooms.peer import Peer
from ward_hub.log.port import Record


@dataclass(frozen=True, slots=True)
class Store:
    """Append to the log before anything else of the same turn happens."""

    record: Record


@dataclass(frozen=True, slots=True)
class Spread:
    """Send an update to everyone who reads the document; merged with the others of the turn."""

    update: bytes
    author: Peer | None


@dataclass(frozen=True, slots=True)
class SpreadPresence:
    """Send awareness entries to everyone who reads the document; `own`: of terminals of this hub, so that
    other hubs are to hear of it."""

    entries: tuple[Entry, ...]
    author: Peer | None
    own: bool = True


@dataclass(frozen=True, slots=True)
class Answer:
    """Send a message to one peer. `refusal`: why a write is refused, on the message that says so."""

    peer: Peer
    message: Message
    refusal: str | None = None


@dataclass(frozen=True, slots=True)
class Detach:
    """Close the document for one peer, with a reason."""

    peer: Peer
    reason: str


Effect = Store | Spread | SpreadPresence | Answer | Detach

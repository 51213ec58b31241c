"""The messages of both dialects, as values. What bytes they are is codec.py's matter."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Scope(StrEnum):
    """What Authenticated grants, in Hocuspocus' words."""

    READ_WRITE = "read-write"
    READONLY = "readonly"


@dataclass(frozen=True, slots=True)
class SyncStep1:
    """What the sender has: a v1 state vector."""

    state_vector: bytes


@dataclass(frozen=True, slots=True)
class SyncStep2:
    """What the receiver of this lacks: a v1 update, `00 00` when that is nothing."""

    update: bytes


@dataclass(frozen=True, slots=True)
class Update:
    """A change as it is made: a v1 update."""

    update: bytes


@dataclass(frozen=True, slots=True)
class Awareness:
    """Presence: an awareness payload (awareness.py)."""

    payload: bytes


@dataclass(frozen=True, slots=True)
class AuthToken:
    """Client to hub: who asks. `version` is the provider's, None from old ones."""

    token: str
    version: str | None = None


@dataclass(frozen=True, slots=True)
class AuthRequest:
    """Hub to client: send the token again."""


@dataclass(frozen=True, slots=True)
class AuthDenied:
    """Hub to client: not this document with this token."""

    reason: str


@dataclass(frozen=True, slots=True)
class AuthGranted:
    """Hub to client: the document is open."""

    scope: str


@dataclass(frozen=True, slots=True)
class QueryAwareness:
    """Asks for all known awareness states."""


@dataclass(frozen=True, slots=True)
class Stateless:
    """Text of the application's own, at a document's address."""

    payload: str


@dataclass(frozen=True, slots=True)
class Close:
    """Detaches one document. The hub gives a reason, a client none."""

    reason: str | None = None


@dataclass(frozen=True, slots=True)
class SyncStatus:
    """Hub to client: one step 2 or update has been stored (True) or refused (False)."""

    stored: bool


@dataclass(frozen=True, slots=True)
class Ping:
    """Asks for a sign of life; belongs to the socket, not to a document."""


@dataclass(frozen=True, slots=True)
class Pong:
    """The sign of life."""


Message = (
    SyncStep1
    | SyncStep2
    | Update
    | Awareness
    | AuthToken
    | AuthRequest
    | AuthDenied
    | AuthGranted
    | QueryAwareness
    | Stateless
    | Close
    | SyncStatus
    | Ping
    | Pong
)


@dataclass(frozen=True, slots=True)
class Frame:
    """A message and the address it goes to. Ping and Pong have the empty address."""

    address: str
    message: Message


def document_of(address: str) -> str:
    """The document an address names: the part before the NUL of a session address. Rule FR5."""
    return address.partition("\0")[0]

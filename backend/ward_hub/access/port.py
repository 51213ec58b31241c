"""Who asks and what they may: the values and the one port through which documents are reached.

The rules stand in `policy.py`, the gate that applies them in `gate.py`; doc rooms and the edge know only
this file.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


class AccessRefused(Exception):
    """The gate says no. `reason` is a word of the wire: `permission-denied`, `expired`, `revoked`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Principal:
    """A terminal, and the person signed in at it if there is one. `expires_at` in ms.

    Or another hub (`access/hubs.py`): `wards` are those it replicates; it stands in none, so `ward` is empty.
    """

    terminal: str
    kind: str
    ward: str
    room: str | None
    bed: str | None
    staff: str | None
    role: str | None
    expires_at: int
    wards: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Access:
    """What a principal may do with one document.

    `announce`: send awareness without receiving it (bedsides); `facts`: send call facts at its address.
    `vouched`: what is written was taken by another hub, whose judgement stands: content is not judged again.
    """

    read: bool = False
    write: bool = False
    announce: bool = False
    facts: bool = False
    vouched: bool = False


class Gate(Protocol):
    """The only way to a document."""

    def authenticate(self, token: str) -> Principal:
        """Return whose token this is. Raises AccessRefused when it is not valid now."""
        ...

    def access(self, principal: Principal, document: str) -> Access:
        """Return what the principal may do with the document. Raises AccessRefused when that is nothing.

        An unknown document is refused in the same words as a forbidden one.
        """
        ...

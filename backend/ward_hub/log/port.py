"""The log: what has been accepted, in order, durably. The port that its adapters implement.

Nothing is acknowledged or shown before `append` has returned. Adapters: memory.py, sqlite.py, postgresql.py
for one hub; couch/ for several hubs on one log.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol


class RecordKind(StrEnum):
    UPDATE = "update"
    """A v1 Yjs update of the document."""
    FACT = "fact"
    """A call fact that was taken; `key` is its id."""
    REFUSED = "refused"
    """A call fact that was refused; `key` is its id."""


@dataclass(frozen=True, slots=True)
class Record:
    """One accepted thing. `at` in ms; `terminal` and `staff` say who, None for the hub itself."""

    document: str
    kind: RecordKind
    payload: bytes
    at: int
    terminal: str | None = None
    staff: str | None = None
    key: str | None = None


Cursor = str
"""A place in the log, to be kept and handed back. Only the adapter that made it can read it."""
BEGINNING: Cursor = ""


class Severity(StrEnum):
    NOTICE = "notice"
    """Worth knowing, nothing accepted is lost: a write that power cut short, an update that waits."""
    DAMAGE = "damage"
    """Something that was accepted cannot be read any more."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check of the log found. `place`: where, in the adapter's words; never content of a document."""

    severity: Severity
    place: str
    what: str
    document: str | None = None


class StorageFull(Exception):
    """The disk takes no more; nothing of the append was stored."""


class LogUnavailable(Exception):
    """The log cannot be written or read now. Whether an append was stored is unknown: load to see."""


class LogDamaged(LogUnavailable):
    """A record's checksum does not match its content."""


class LogRefused(LogUnavailable):
    """The store does not let this hub in (401, 403, a wrong password): asking again locks others out too."""


class Log(Protocol):
    """What has been accepted."""

    async def append(self, records: Sequence[Record]) -> None:
        """Store all records or none; durable on return.

        Records of one document are stored together or not at all by every adapter; where records of several
        documents stand in one append, an adapter for several hubs may store those of one and not of another
        before it raises. Raises StorageFull (nothing stored) or LogUnavailable.
        """
        ...

    async def load(self, document: str) -> list[bytes]:
        """Return the updates of a document, oldest first; a snapshot may stand for the first of them.

        Empty for a document without any. Raises LogUnavailable.
        """
        ...

    async def known(self, keys: Sequence[str]) -> dict[str, Record]:
        """Return the FACT and REFUSED records among these keys; of several with one key a FACT before a
        REFUSED (what any hub took is taken), then the first."""
        ...

    def read(
        self, after: Cursor, kinds: frozenset[RecordKind] | None = None
    ) -> AsyncIterator[tuple[Cursor, Record]]:
        """Yield what was stored after that place, each with its own place, then end.

        Updates that a snapshot has replaced no longer appear; facts always do. `kinds` None means all. Every
        record of an append that has returned appears to whoever reads on from a place before it; where
        several hubs write, a record may appear twice and in another order than it was stored.
        """
        ...

    def follow(self) -> AsyncIterator[tuple[Record, ...] | None]:
        """Yield what other hubs store from now on, soon after it is durable; one tuple for each of their
        appends to a document. None: the place was lost, so whatever is in memory must be loaded again.

        Call `follow` before loading what is to be kept equal. Ends at once for a log of one hub; else it
        goes on through faults of the network, and ends when the log is closed. Raises LogRefused.
        """
        ...

    async def compact(self, document: str) -> None:
        """Replace the updates of a document by one snapshot, such that no moment of it loses an update."""
        ...

    def check(self) -> AsyncIterator[Finding]:
        """Read everything and yield what is wrong with it; changes nothing (`ward-hub fsck`)."""
        ...

    async def close(self) -> None:
        """Finish what is under way and let go of files."""
        ...

"""The log: what has been accepted, in order, durably. The port that its adapters implement.

Nothing is acknowledged or shown before `append` has returned. Adapters: memory.py, sqlite.py.
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


class StorageFull(Exception):
    """The disk takes no more; nothing of the append was stored."""


class LogUnavailable(Exception):
    """The log cannot be written or read now. Whether an append was stored is unknown: load to see."""


class LogDamaged(LogUnavailable):
    """A record's checksum does not match its content."""


class Log(Protocol):
    """What has been accepted."""

    async def append(self, records: Sequence[Record]) -> int:
        """Store all records or none; durable on return. Returns the last sequence number (0 for no records).

        Raises StorageFull (nothing stored) or LogUnavailable.
        """
        ...

    async def load(self, document: str) -> list[bytes]:
        """Return the updates of a document, oldest first; a snapshot may stand for the first of them.

        Empty for a document without any. Raises LogUnavailable.
        """
        ...

    async def known(self, keys: Sequence[str]) -> dict[str, Record]:
        """Return the FACT and REFUSED records among these keys; of several with one key the first."""
        ...

    def read(
        self, after: int, kinds: frozenset[RecordKind] | None = None
    ) -> AsyncIterator[tuple[int, Record]]:
        """Yield (sequence number, record) of what was stored after that number, then end.

        Updates that a snapshot has replaced no longer appear; facts always do. `kinds` None means all.
        """
        ...

    async def compact(self, document: str) -> None:
        """Replace the updates of a document by one snapshot, in one transaction."""
        ...

    async def close(self) -> None:
        """Finish what is under way and let go of files."""
        ...

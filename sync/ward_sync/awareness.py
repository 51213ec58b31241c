"""Presence: the awareness payload, which entries count, and whose they are. Rules AW1 to AW7."""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field

from ward_sync.errors import ErrorCode, RemoteProtocolError
from ward_sync.varint import encode_text, encode_uint, read_text, read_uint

MAX_ENTRIES = 1_000
"""A y-websocket client sends on whatever it hears, so one payload may hold everyone of a document."""
MAX_STATE_BYTES = 8 * 1024
MAX_REMEMBERED = 4_096
"""Clocks kept of clients that have gone, so that an echo of theirs does not bring them back."""
GONE = "null"


@dataclass(frozen=True, slots=True)
class Entry:
    """One client's state: JSON text, `null` when it has gone."""

    client: int
    clock: int
    state: str


def decode_awareness(payload: bytes) -> tuple[Entry, ...]:
    """Read an awareness payload. Raises RemoteProtocolError when cut, left over, too large or no JSON."""
    count, at = read_uint(payload, 0)
    if count > MAX_ENTRIES:
        raise RemoteProtocolError(ErrorCode.TOO_LARGE, f"{count} entries, at most {MAX_ENTRIES}")
    entries: list[Entry] = []
    for _ in range(count):
        client, at = read_uint(payload, at)
        clock, at = read_uint(payload, at)
        state, at = read_text(payload, at)
        if len(state) > MAX_STATE_BYTES:
            raise RemoteProtocolError(ErrorCode.TOO_LARGE, f"a state of {len(state)} characters")
        try:
            json.loads(state)
        except (ValueError, RecursionError):
            raise RemoteProtocolError(ErrorCode.JSON, "a state that is no JSON") from None
        entries.append(Entry(client, clock, state))
    if at != len(payload):
        raise RemoteProtocolError(ErrorCode.LEFTOVER, f"{len(payload) - at} bytes after the entries")
    return tuple(entries)


def encode_awareness(entries: Iterable[Entry]) -> bytes:
    """Write an awareness payload."""
    parts = [b""]
    for entry in entries:
        parts += (encode_uint(entry.client), encode_uint(entry.clock), encode_text(entry.state))
    parts[0] = encode_uint((len(parts) - 1) // 3)
    return b"".join(parts)


@dataclass(slots=True)
class _Known:
    clock: int
    state: str
    connection: Hashable
    holder: str


@dataclass(slots=True)
class AwarenessTable:
    """Who is present at one document, and through which connection."""

    _present: dict[int, _Known] = field(default_factory=dict)
    _gone: dict[int, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self._present)

    def apply(
        self,
        entries: Iterable[Entry],
        connection: Hashable,
        holder: str,
        check: Callable[[str], bool] | None = None,
    ) -> tuple[Entry, ...]:
        """Take what counts of a connection's entries and return it, to be sent to the others.

        `holder` is the terminal behind the connection; `check` refuses a state. Rules AW2, AW3, AW6, AW7.
        """
        return tuple(entry for entry in entries if self._take(entry, connection, holder, check))

    def leave(self, connection: Hashable) -> tuple[Entry, ...]:
        """Forget the clients of a connection; returns their removals. Rule AW4."""
        own = [client for client, known in self._present.items() if known.connection == connection]
        return tuple(Entry(client, self._remove(client), GONE) for client in own)

    def states(self) -> tuple[Entry, ...]:
        """Everyone present. Rule AW5."""
        return tuple(Entry(client, known.clock, known.state) for client, known in self._present.items())

    def _take(
        self, entry: Entry, connection: Hashable, holder: str, check: Callable[[str], bool] | None
    ) -> bool:
        known = self._present.get(entry.client)
        if known is None:
            if entry.state == GONE or entry.clock <= self._gone.get(entry.client, -1):
                return False
            if len(self._present) >= MAX_REMEMBERED:
                return False
        else:
            own = known.connection == connection
            if entry.state == GONE:
                if not own or entry.clock < known.clock:
                    return False
                known.clock = entry.clock
                self._remove(entry.client)
                return True
            if entry.clock <= known.clock or not (own or known.holder == holder):
                return False
        if check is not None and not check(entry.state):
            return False
        self._gone.pop(entry.client, None)
        self._present[entry.client] = _Known(entry.clock, entry.state, connection, holder)
        return True

    def _remove(self, client: int) -> int:
        clock = self._present.pop(client).clock
        self._gone[client] = clock
        if len(self._gone) > MAX_REMEMBERED:
            del self._gone[next(iter(self._gone))]
        return clock

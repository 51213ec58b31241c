"""The structure of a v1 Yjs update, read without applying it: which clients, which clocks, how much.

Neither Yjs nor pycrdt can look into an update before applying it. One pass, cost linear in its bytes; what a
Yjs peer could not have written is refused, because it would crash or confuse the other replicas. Source: the
encoding of Yjs 13 (src/utils/encoding.js, src/structs/), rule SY6.
"""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ward_sync.errors import ErrorCode, RemoteProtocolError
from ward_sync.varint import encode_uint, read_bytes, read_text, read_uint

EMPTY_UPDATE = b"\x00\x00"
EMPTY_STATE_VECTOR = b"\x00"
MAX_CLOCK = 2**32 - 1
"""Clocks are u32 in yrs, under pycrdt."""
MAX_STRUCTS = 200_000
"""A structure costs about 2 µs to read; this keeps one update under half a second."""
NO_LIMIT = 2**53 - 1
"""Structs of what has been stored: each update was within limits, all together need not be."""
STRUCTS_A_CLIENT = 10
"""At most one client id for so many of the structs allowed: every id stays in every state vector for ever."""
MAX_VECTOR = 200_000
"""Client ids of a state vector; a document that has lived for years has some thousand."""
MAX_AHEAD = 2**16
"""Clocks that an update may delete before anybody has seen them. One more deletes what is yet to be written:
replicas keep such deletions, and whatever a client writes there is gone as it comes."""
MAX_NESTING = 32

Range = tuple[int, int, int]
"""(client, first clock, clock after the last)."""

_GC, _DELETED, _JSON, _BINARY, _STRING, _EMBED, _FORMAT, _TYPE, _ANY, _DOC, _SKIP = range(11)
_KIND = 0x1F
_LEFT, _RIGHT, _KEY = 0x80, 0x40, 0x20
_XML_ELEMENT, _XML_HOOK, _XML_TEXT = 3, 5, 6


@dataclass(frozen=True, slots=True)
class UpdateShape:
    """What an update brings: ranges of new structs, ranges of deletions, how many structs it holds, and how
    many of them are shared types."""

    structs: tuple[Range, ...]
    deletes: tuple[Range, ...]
    count: int
    types: int = 0

    @property
    def clients(self) -> frozenset[int]:
        """The client ids whose structs are in it."""
        return frozenset(client for client, _, _ in self.structs)

    def reaches(self, state: Mapping[int, int]) -> bool:
        """Whether everything it names, written or deleted, exists in a document of this state vector."""
        return all(end <= state.get(client, 0) for client, _, end in self.structs) and all(
            end <= state.get(client, 0) for client, _, end in self.deletes
        )

    def ahead(self, state: Mapping[int, int]) -> int:
        """How many clocks it deletes that neither it nor a document of this state has."""
        total = 0
        ends: dict[int, int] | None = None
        for client, start, end in self.deletes:
            if end > state.get(client, 0):
                if ends is None:
                    ends = {client: end for client, _, end in self.structs}
                total += end - max(start, min(end, max(state.get(client, 0), ends.get(client, 0))))
        return total


@dataclass(frozen=True, slots=True)
class Struct:
    """One struct of an update and what it hangs on: its neighbour, or with `inside` the type it lies in; None
    for what lies at a root."""

    start: int
    end: int
    is_type: bool
    hangs_on: tuple[int, int] | None
    inside: bool


def parse_update(data: bytes, max_structs: int = MAX_STRUCTS) -> UpdateShape:
    """Return the shape of a v1 update. Raises RemoteProtocolError when no Yjs peer could have written it."""
    if data == EMPTY_UPDATE:
        return _NOTHING
    structs: list[Range] = []
    total = types = 0
    seen: set[int] = set()
    clients, at = read_uint(data, 0)
    max_clients = max_structs // STRUCTS_A_CLIENT
    if clients > max_clients:
        raise RemoteProtocolError(ErrorCode.TOO_LARGE, f"more than {max_clients} client ids")
    for _ in range(clients):
        count, at = read_uint(data, at)
        client, at = read_uint(data, at)
        clock, at = read_uint(data, at)
        if client in seen:
            raise _refuse(f"client {client} twice")
        seen.add(client)
        total += count
        if total > max_structs:
            raise RemoteProtocolError(ErrorCode.TOO_LARGE, f"more than {max_structs} structs")
        start = clock
        for _ in range(count):
            if at < len(data) and data[at] & _KIND == _TYPE:
                types += 1
            length, skip, at = _read_struct(data, at)
            if skip:
                if clock > start:
                    structs.append((client, start, clock))
                start = clock + length
            clock += length
            if clock > MAX_CLOCK:
                raise _refuse(f"clock {clock}")
        if clock > start:
            structs.append((client, start, clock))
    deletes, at = _read_ranges(data, at, max_structs)
    if at != len(data):
        raise RemoteProtocolError(ErrorCode.LEFTOVER, f"{len(data) - at} bytes after the update")
    return UpdateShape(tuple(structs), deletes, total, types)


def read_structs(data: bytes) -> dict[int, list[Struct]]:
    """Return client → its structs in order, of an update that `parse_update` has read."""
    found: dict[int, list[Struct]] = {}
    clients, at = read_uint(data, 0)
    for _ in range(clients):
        count, at = read_uint(data, at)
        client, at = read_uint(data, at)
        clock, at = read_uint(data, at)
        own = found[client] = []
        for _ in range(count):
            hangs_on, inside = _read_place(data, at)
            is_type = data[at] & _KIND == _TYPE
            length, _, at = _read_struct(data, at)
            own.append(Struct(clock, clock + length, is_type, hangs_on, inside))
            clock += length
    return found


def parse_state_vector(data: bytes, max_clients: int = NO_LIMIT) -> dict[int, int]:
    """Return client → clock of a v1 state vector. Raises RemoteProtocolError."""
    count, at = read_uint(data, 0)
    if count > max_clients:
        raise RemoteProtocolError(ErrorCode.TOO_LARGE, f"more than {max_clients} client ids")
    state: dict[int, int] = {}
    for _ in range(count):
        client, at = read_uint(data, at)
        clock, at = read_uint(data, at)
        if clock > MAX_CLOCK:
            raise _refuse(f"clock {clock}")
        state[client] = clock
    if at != len(data):
        raise RemoteProtocolError(ErrorCode.LEFTOVER, f"{len(data) - at} bytes after the state vector")
    return state


def encode_state_vector(state: Mapping[int, int]) -> bytes:
    """Write a v1 state vector, higher client ids first as Yjs does."""
    parts = [encode_uint(len(state))]
    for client in sorted(state, reverse=True):
        parts += (encode_uint(client), encode_uint(state[client]))
    return b"".join(parts)


def covers(have: Iterable[Range], wanted: Iterable[Range]) -> bool:
    """Whether every clock of `wanted` lies in some range of `have` (deletions of two replicas)."""
    starts: dict[int, list[int]] = {}
    ends: dict[int, list[int]] = {}
    for client, start, end in sorted(have):
        own, own_ends = starts.setdefault(client, []), ends.setdefault(client, [])
        if own and start <= own_ends[-1]:
            own_ends[-1] = max(end, own_ends[-1])
        else:
            own.append(start)
            own_ends.append(end)
    for client, start, end in wanted:
        at = bisect_right(starts.get(client, ()), start) - 1
        if start < end and (at < 0 or end > ends[client][at]):
            return False
    return True


_NOTHING = UpdateShape((), (), 0)


def _refuse(text: str) -> RemoteProtocolError:
    return RemoteProtocolError(ErrorCode.UPDATE, text)


def _read_ranges(data: bytes, at: int, limit: int) -> tuple[tuple[Range, ...], int]:
    deletes: list[Range] = []
    clients, at = read_uint(data, at)
    if clients > limit // STRUCTS_A_CLIENT:
        raise RemoteProtocolError(ErrorCode.TOO_LARGE, f"more than {limit // STRUCTS_A_CLIENT} client ids")
    for _ in range(clients):
        client, at = read_uint(data, at)
        count, at = read_uint(data, at)
        if len(deletes) + count > limit:
            raise RemoteProtocolError(ErrorCode.TOO_LARGE, f"more than {limit} deletions")
        for _ in range(count):
            clock, at = read_uint(data, at)
            length, at = read_uint(data, at)
            if clock + length > MAX_CLOCK:
                raise _refuse(f"deletes up to {clock + length}")
            deletes.append((client, clock, clock + length))
    return tuple(deletes), at


def _read_struct(data: bytes, at: int) -> tuple[int, bool, int]:
    """Return (length, whether it is a Skip, next offset)."""
    if at >= len(data):
        raise RemoteProtocolError(ErrorCode.TRUNCATED, "the update ends before its structs do")
    info = data[at]
    kind = info & _KIND
    at += 1
    if kind in (_GC, _SKIP):
        length, at = read_uint(data, at)
        return _positive(length), kind == _SKIP, at
    if info & _LEFT:
        at = _skip_id(data, at)
    if info & _RIGHT:
        at = _skip_id(data, at)
    if not info & (_LEFT | _RIGHT):
        named, at = read_uint(data, at)
        if named == 1:
            _, at = read_text(data, at)
        elif named == 0:
            at = _skip_id(data, at)
        else:
            raise _refuse(f"parent kind {named}")
        if info & _KEY:
            _, at = read_text(data, at)
    length, at = _read_content(kind, data, at)
    # yrs leaves an empty string behind when a format cuts a character in two; nothing else may be empty.
    return (length if kind == _STRING else _positive(length)), False, at


def _read_place(data: bytes, at: int) -> tuple[tuple[int, int] | None, bool]:
    """Return what the struct here hangs on, and whether it lies in that."""
    info = data[at]
    at += 1
    inside = False
    if info & _KIND in (_GC, _SKIP):
        return None, False
    if not info & (_LEFT | _RIGHT):
        named, at = read_uint(data, at)
        if named:
            return None, False
        inside = True
    client, at = read_uint(data, at)
    clock, _ = read_uint(data, at)
    return (client, clock), inside


def _read_content(kind: int, data: bytes, at: int) -> tuple[int, int]:
    """Return (length in clocks, next offset) of an item's content."""
    if kind == _ANY:
        count, at = read_uint(data, at)
        for _ in range(count):
            at = _skip_any(data, at, 0)
        return count, at
    if kind == _STRING:
        text, end = read_text(data, at)
        length = len(text)
        return (length if text.isascii() else len(text.encode("utf-16-le")) // 2), end
    if kind == _DELETED:
        return read_uint(data, at)
    if kind == _BINARY:
        _, at = read_bytes(data, at)
    elif kind == _JSON:
        count, at = read_uint(data, at)
        for _ in range(count):
            at = _skip_json(data, at, undefined=True)
        return count, at
    elif kind == _EMBED:
        at = _skip_json(data, at)
    elif kind == _FORMAT:
        _, at = read_text(data, at)
        at = _skip_json(data, at)
    elif kind == _TYPE:
        reference, at = read_uint(data, at)
        if reference > _XML_TEXT:
            raise _refuse(f"type {reference}")
        if reference in (_XML_ELEMENT, _XML_HOOK):
            _, at = read_text(data, at)
    elif kind == _DOC:
        _, at = read_text(data, at)
        at = _skip_any(data, at, 0)
    else:
        raise _refuse(f"content {kind}")
    return 1, at


def _skip_id(data: bytes, at: int) -> int:
    _, at = read_uint(data, at)
    clock, at = read_uint(data, at)
    if clock > MAX_CLOCK:
        raise _refuse(f"clock {clock}")
    return at


def _skip_json(data: bytes, at: int, undefined: bool = False) -> int:
    text, at = read_text(data, at)
    if undefined and text == "undefined":
        return at
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        raise RemoteProtocolError(ErrorCode.JSON, "content that is no JSON") from None
    return at


def _skip_any(data: bytes, at: int, depth: int) -> int:
    """Pass over one lib0 `any` value; its tag counts down from 127."""
    if at >= len(data):
        raise RemoteProtocolError(ErrorCode.TRUNCATED, "the update ends inside a value")
    tag = data[at]
    at += 1
    if tag == 119:
        _, at = read_text(data, at)
    elif tag == 125:
        at = _skip_int(data, at)
    elif tag in (127, 126, 121, 120):
        pass
    elif tag in (124, 123, 122):
        at += 4 if tag == 124 else 8
        if at > len(data):
            raise RemoteProtocolError(ErrorCode.TRUNCATED, "the update ends inside a number")
    elif tag in (118, 117):
        if depth >= MAX_NESTING:
            raise _refuse(f"nested deeper than {MAX_NESTING}")
        count, at = read_uint(data, at)
        for _ in range(count):
            if tag == 118:
                key, at = read_text(data, at)
                if key == "__proto__":
                    raise _refuse("a key that would change a JavaScript object's prototype")
            at = _skip_any(data, at, depth + 1)
    elif tag == 116:
        _, at = read_bytes(data, at)
    else:
        raise _refuse(f"value of kind {tag}")
    return at


def _skip_int(data: bytes, at: int) -> int:
    """Pass over a varInt: first byte six bits and a sign, then seven bits a byte."""
    for _ in range(8):
        if at >= len(data):
            raise RemoteProtocolError(ErrorCode.TRUNCATED, "the update ends inside a number")
        byte = data[at]
        at += 1
        if byte < 0x80:
            return at
    raise RemoteProtocolError(ErrorCode.NUMBER, "a number of more than eight bytes")


def _positive(length: int) -> int:
    if length < 1:
        raise _refuse("a struct of no length")
    return length

"""What reading costs: calls in proportion to bytes, and memory never more than a message is worth.

Calls are counted, not timed: the same on every machine.
"""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from ward_sync.awareness import Entry, decode_awareness, encode_awareness
from ward_sync.codec import decode, encode
from ward_sync.errors import RemoteProtocolError
from ward_sync.messages import Update
from ward_sync.nesting import Nesting
from ward_sync.update import NO_LIMIT, encode_state_vector, parse_state_vector, parse_update, read_structs
from ward_sync.varint import encode_text, encode_uint

from tests.fuzz.hostile import ANY, GC, STRING, at, item, nested_beside, nested_maps, update
from tests.sync.test_nesting import calls

Build = Callable[[int], bytes]
Read = Callable[[bytes], Any]


def place(data: bytes) -> object:
    return Nesting().place(data, {})


def read_all(data: bytes) -> object:
    return parse_update(data, NO_LIMIT)


def frame(count: int) -> bytes:
    return encode("文" * 300, Update(bytes(count)))


CASES: dict[str, tuple[Read, Build]] = {
    "structs": (read_all, lambda n: update({5: (0, [bytes((GC, 1))] * n)})),
    "clients": (read_all, lambda n: update({client: (0, [bytes((GC, 1))]) for client in range(n)})),
    "deletions": (read_all, lambda n: update({}, {5: [(clock, 1) for clock in range(n)]})),
    "values": (read_all, lambda n: update({5: (0, [item(ANY, encode_uint(n) + b"\x7e" * n)])})),
    "lists in lists": (
        read_all,
        lambda n: update({5: (0, [item(ANY, encode_uint(n) + b"\x75\x01\x7e" * n)])}),
    ),
    "text": (read_all, lambda n: update({5: (0, [item(STRING, encode_text("é" * n))])})),
    "types in types": (place, nested_maps),
    "types in types, inside out": (
        place,
        lambda n: update(
            {
                n - level: (
                    0,
                    [item(7, b"\x00", b"\x00" + at(n - level - 1, 0) if level < n - 1 else b"\x01\x01m")],
                )
                for level in range(n)
            }
        ),
    ),
    "types behind numbers": (place, nested_beside),
    "structs that hang in a ring": (
        place,
        lambda n: update(
            {5: (0, [item(7, b"\x00", b"\x00" + at(5, (clock + 1) % n)) for clock in range(n)])}
        ),
    ),
    "places": (read_structs, nested_maps),
    "state vectors": (parse_state_vector, lambda n: encode_state_vector(dict.fromkeys(range(n), 1))),
    "presence": (decode_awareness, lambda n: encode_awareness([Entry(1, 1, '"x"')] * (n // 10))),
    "frames": (decode, frame),
}


@pytest.mark.parametrize("name", CASES)
def test_reading_costs_in_proportion(name: str) -> None:
    read, build = CASES[name]
    few, many = build(500), build(5_000)
    assert len(many) > 2 * len(few)
    cost, more = calls(lambda: read(few)), calls(lambda: read(many))
    assert more <= 11 * cost + 100, f"{cost} calls for {len(few)} bytes, {more} for {len(many)}"


@pytest.mark.parametrize("read", [decode, parse_update, parse_state_vector, decode_awareness])
@pytest.mark.parametrize("announced", [2**20, 2**32, 2**53 - 1])
def test_what_is_announced_is_not_allocated(read: Read, announced: int) -> None:
    """FR3, SY6, AW7: in every place where a length may stand."""
    length = encode_uint(announced)
    bodies = [b"\x01" * before + length + b"\x01" * after for before in range(12) for after in (0, 1, 20)]
    tracemalloc.start()
    try:
        for body in bodies:
            with suppress(RemoteProtocolError):
                read(body)
        assert tracemalloc.get_traced_memory()[1] < 200_000
    finally:
        tracemalloc.stop()


def test_a_state_vector_of_everybody_is_refused() -> None:
    """SY6: its bytes are 8 MiB, as a dict it would be 400."""
    with pytest.raises(RemoteProtocolError):
        parse_state_vector(encode_uint(4_000_000) + b"\x05\x01" * 4_000_000, 200_000)


def test_judging_an_update_takes_memory_in_proportion() -> None:
    """SY6: what one update may cost at most while it is judged."""
    data = update({5: (0, [bytes((GC, 1))] * 200_000)})
    tracemalloc.start()
    try:
        parse_update(data)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
        tracemalloc.reset_peak()
        place(nested_maps(10_000))
        assert tracemalloc.get_traced_memory()[1] < 8_000_000
    finally:
        tracemalloc.stop()

"""Depth of shared types, and which ranges cover which, told from updates alone."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from pycrdt import Array, Doc, Map
from ward_sync.nesting import Nesting
from ward_sync.update import covers, parse_update, read_structs

steps = st.lists(st.tuples(st.integers(0, 1_000), st.booleans()), min_size=1, max_size=30)


@settings(max_examples=100)
@given(steps)
def test_depth_is_that_of_the_document(choices: list[tuple[int, bool]]) -> None:
    """SY6: by parents and by neighbours, update by update and all at once."""
    doc: Doc[Any] = Doc(client_id=7)
    made: list[bytes] = []
    subscription = doc.observe(lambda event: made.append(event.update))
    arrays: list[tuple[Array[Any], int]] = [(doc.get("a", type=Array), 0)]
    deepest = 0
    for choice, at_end in choices:
        into, depth = arrays[choice % len(arrays)]
        inner: Array[Any] = Array([choice])
        into.insert(len(into) if at_end else 0, inner)
        arrays.append((inner, depth + 1))
        deepest = max(deepest, depth + 1)
    doc.unobserve(subscription)
    nesting, state, found = Nesting(), {7: 0}, 0
    for update in made:
        placed = nesting.place(update, state)
        assert not placed.loose
        nesting.take(placed)
        found = max(found, placed.deepest)
        state[7] = parse_update(update).structs[0][2]
    whole = Nesting().place(doc.get_update(), {})
    assert found == whole.deepest == deepest
    assert not whole.loose
    assert nesting.place(doc.get_update(), state).deepest == 0, "nothing of it is new"


def test_structs_are_read_as_the_parser_counts_them() -> None:
    doc: Doc[Any] = Doc(client_id=7)
    doc["m"] = Map({"x": Map({"y": 1}), "z": 2})
    update = doc.get_update()
    (own,) = read_structs(update).values()
    assert (own[0].start, own[-1].end) == parse_update(update).structs[0][1:]
    assert parse_update(update).types == sum(each.is_type for each in own) == 1


def test_flat_documents_cost_nothing() -> None:
    doc: Doc[Any] = Doc(client_id=7)
    doc.get("m", type=Map)["k"] = {"a": [1, 2]}
    placed = Nesting().place(doc.get_update(), {})
    assert (placed.ranges, placed.deepest, placed.loose) == ((), 0, False)


def calls(work: Callable[[], object]) -> int:
    """How many functions a piece of work calls: its cost, on any machine."""
    count = 0

    def counted(_frame: object, event: str, _what: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(counted)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


def test_many_ranges_are_compared_in_one_pass() -> None:
    """ST5: as many deletions on both sides as an update may bring."""
    have = [(1, clock * 2, clock * 2 + 1) for clock in range(20_000)]
    assert covers(have, have)
    assert not covers(have, [*have, (1, 1, 2)])
    few, many = (
        calls(lambda: covers(have[:1_000], have[:1_000])),
        calls(lambda: covers(have[:10_000], have[:10_000])),
    )
    assert many < 11 * few

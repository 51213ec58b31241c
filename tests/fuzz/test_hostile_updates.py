"""Updates that are random, cut, repeated or hostile: refused, and the document is what it was.

Cases of bytes made on purpose stand in hostile.py; Hypothesis spoils honest ones. SY6, SY7, SY10.
"""

from __future__ import annotations

import tracemalloc
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pycrdt import Array, Doc, Map, XmlElement, XmlFragment
from ward_hub.doc_rooms.doc_room import DocRoom, RoomBroken
from ward_hub.doc_rooms.effects import Answer, Effect, Spread, Store
from ward_hub.doc_rooms.peer import Peer
from ward_hub.doc_rooms.rules import DocumentRules
from ward_sync.messages import Stateless, SyncStatus, SyncStep2, Update
from ward_sync.nesting import MAX_DEPTH
from ward_sync.update import parse_update

from tests.fuzz.hostile import (
    ANY,
    GC,
    HOSTILE,
    LEFT,
    ROOT,
    TYPE,
    at,
    honest,
    item,
    nested_beside,
    nested_maps,
    nested_values,
    number,
    shown,
    update,
)
from tests.helpers.hub import HUB_CLIENT, RIGHTS, FakeConnection, principal

HONEST = honest().get_update()
HELD = shown(honest())


def room(*updates: bytes) -> DocRoom:
    return DocRoom("doc", updates or (HONEST,), DocumentRules(), HUB_CLIENT)


def writer(terminal: str = "one") -> Peer:
    return Peer(FakeConnection(), "doc", "doc", principal(terminal), RIGHTS["write"])


def statuses(effects: list[Effect]) -> list[bool]:
    return [
        each.message.stored
        for each in effects
        if isinstance(each, Answer) and isinstance(each.message, SyncStatus)
    ]


def assert_refused(held: DocRoom, data: bytes, step2: bool = False) -> None:
    """The update is refused and has left nothing: nothing stored, sent on, kept, or seen by who joins."""
    before = held.look(lambda doc: (doc.get_state(), doc.get_update(), shown(doc)))
    joiner = held.update_since(b"\x00")
    effects = held.hear(writer(), SyncStep2(data) if step2 else Update(data), 0)
    assert statuses(effects) == [False]
    assert not [each for each in effects if isinstance(each, Store | Spread)]
    assert [type(each.message) for each in effects if isinstance(each, Answer)] == [Stateless, SyncStatus]
    assert held.look(lambda doc: (doc.get_state(), doc.get_update(), shown(doc))) == before
    held.forget_answers()
    assert held.update_since(b"\x00") == joiner


@pytest.mark.parametrize("step2", [False, True], ids=["update", "step 2"])
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_update_leaves_the_document_as_it_was(name: str, step2: bool) -> None:
    """SY6, SY7, SY10, ST1."""
    assert_refused(room(), HOSTILE[name], step2)


def test_a_hostile_update_takes_no_memory() -> None:
    """What a length announces is compared with what is there before anything is made of it."""
    small = {name: data for name, data in HOSTILE.items() if len(data) < 1_000}
    assert len(small) > 20
    held = room()
    tracemalloc.start()
    try:
        for data in small.values():
            held.hear(writer(), Update(data), 0)
        assert tracemalloc.get_traced_memory()[1] < 500_000
    finally:
        tracemalloc.stop()


def test_a_replica_that_was_refused_writes_on_under_a_new_id_only() -> None:
    """SY8."""
    held = room()
    assert_refused(held, nested_maps(65))
    assert_refused(held, number(5, 0))
    assert statuses(held.hear(writer(), Update(number(6, 0)), 0)) == [True]


# Nesting


def accepts(held: DocRoom, data: bytes) -> bool:
    return statuses(held.hear(writer(), Update(data), 0)) == [True]


@pytest.mark.parametrize("build", [nested_maps, nested_beside])
def test_types_in_types_are_taken_to_the_limit_and_not_beyond(build: Any) -> None:
    """SY6."""
    assert accepts(room(), build(MAX_DEPTH))
    assert not accepts(room(), build(MAX_DEPTH + 1))
    assert accepts(room(), nested_values(32))


@pytest.mark.parametrize("reload", [False, True])
def test_depth_is_counted_over_many_updates(reload: bool) -> None:
    """SY6: each of them brings one level, and names its neighbour or its parent."""
    held, taken = room(), [HONEST]
    for level in range(MAX_DEPTH):
        # A number in the innermost type, then a type behind it.
        beside = b"\x00" + at(5, 2 * level - 1) if level else ROOT
        data = update(
            {
                5: (
                    2 * level,
                    [item(ANY, b"\x01\x7d\x01", beside), item(TYPE, b"\x00", at(5, 2 * level), LEFT)],
                )
            }
        )
        assert accepts(held, data), level
        taken.append(data)
        if reload:
            held = room(*taken)
    deeper = update({5: (2 * MAX_DEPTH, [item(TYPE, b"\x00", b"\x00" + at(5, 2 * MAX_DEPTH - 1))])})
    assert_refused(held, deeper)


def test_types_that_wait_for_their_place_are_few() -> None:
    """SY6: written from the inside outwards, so that no depth can be told."""
    held = room()
    for group in range(20, 0, -1):
        above = b"\x00" + at(99 + group, 49)
        assert accepts(held, nested_maps(50, 100 + group, root=above)), group
    assert_refused(held, nested_maps(1, 100, root=b"\x00" + at(99, 49)))
    assert accepts(held, number(30, 0))


def test_what_editors_write_is_never_too_deep() -> None:
    """Elements in elements, cut and joined, by two who write at once."""
    docs: list[Doc[Any]] = [Doc(client_id=21), Doc(client_id=22)]
    held = room()
    made: list[bytes] = []
    for doc in docs:
        doc.observe(lambda event: made.append(event.update))
        list_of = doc.get("rows", type=Array)
        for row in range(200):
            list_of.append(Map({"cells": Array([row, Map({"x": row})])}))
        fragment = doc.get("xml", type=XmlFragment)
        inner: Any = fragment
        for _ in range(20):
            element = XmlElement("div")
            inner.children.append(element)
            inner = element
        del list_of[3:190]
    for one, other in zip(made[: len(made) // 2], made[len(made) // 2 :], strict=False):
        assert accepts(held, one)
        assert accepts(held, other)
    assert accepts(held, docs[0].get_update())


def test_deletions_of_what_is_not_there_yet_are_few() -> None:
    """SY10: what somebody deleted before we saw it is kept; what nobody has written yet is not deleted."""
    held = room()
    lost = update({8: (3, [item(ANY, b"\x01\x7d\x05", at(8, 2), LEFT)])}, {8: [(2, 1)]})
    assert accepts(held, lost)
    assert_refused(held, update({}, {7: [(0, 2**17)]}))
    end = held.look(lambda doc: parse_update(doc.get_update())).structs[0][2]
    assert accepts(held, update({}, {7: [(0, end)]}))
    assert accepts(held, number(7, end, "z"))
    assert "'z': 5.0" in held.look(shown)


# Honest updates, spoilt


def try_it(held: DocRoom, data: bytes) -> bool | None:
    """Whether the update was taken; None when the document broke, which costs its sender the document."""
    before = held.look(lambda doc: (doc.get_state(), doc.get_update()))
    try:
        effects = held.hear(writer(), Update(data), 0)
    except RoomBroken:
        return None
    (stored,) = statuses(effects)
    if not stored:
        assert held.look(lambda doc: (doc.get_state(), doc.get_update())) == before
        assert not [each for each in effects if isinstance(each, Store | Spread)]
    return stored


@settings(max_examples=150)
@given(st.binary(max_size=300))
def test_random_bytes(data: bytes) -> None:
    assert try_it(room(), data) is not None


@settings(max_examples=80)
@given(st.integers(0, len(HONEST) - 1))
def test_a_cut_update_is_refused(end: int) -> None:
    """SY7."""
    if end == 0 or HONEST[:end] != b"\x00\x00":
        assert_refused(room(HONEST), HONEST[:end])


@settings(max_examples=300)
@given(st.lists(st.tuples(st.integers(0, len(HONEST) - 1), st.integers(0, 255)), min_size=1, max_size=4))
@example([(0, 255)])
def test_a_spoilt_update_is_taken_whole_or_not_at_all(changes: list[tuple[int, int]]) -> None:
    """SY6, SY7. What is taken can be stored, loaded again and sent to who joins."""
    data = bytearray(HONEST)
    for place, byte in changes:
        data[place] = byte
    held = DocRoom("doc", (), DocumentRules(), HUB_CLIENT)
    if try_it(held, bytes(data)):
        again = DocRoom("doc", (bytes(data),), DocumentRules(), HUB_CLIENT)
        for each in (held, again):
            joined: Doc[Any] = Doc()
            joined.apply_update(each.update_since(b"\x00"))
        assert accepts(held, number(30, 0))


@settings(max_examples=50)
@given(st.permutations(range(6)), st.integers(1, 3))
def test_repeated_and_shuffled_updates_change_nothing_more(order: list[int], times: int) -> None:
    """SY4, ST5."""
    updates: list[bytes] = []
    doc: Doc[Any] = Doc(client_id=9)
    doc.observe(lambda event: updates.append(event.update))
    root = doc.get("m", type=Map)
    for place in range(6):
        root["k"] = place
    held = room()
    for place in order * times:
        assert accepts(held, updates[place])
    stored = held.stored_updates
    for one in updates:
        assert accepts(held, one)
    assert held.stored_updates == stored
    assert held.look(lambda doc: doc.get("m", type=Map)["k"]) == 5.0


def test_what_was_taken_bit_by_bit_is_loaded_as_a_whole() -> None:
    """The limits of one update are not those of a document: all that was accepted can be read again."""
    large = update({client: (0, [bytes((GC, 1))] * 10) for client in range(2, 25_002)})
    held = room(large)
    assert accepts(held, number(1_000_000, 0))
    assert accepts(held, update({}, {2: [(0, 5)]}))

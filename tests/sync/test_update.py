"""What an update holds, read without applying it; and which updates no Yjs peer could have written."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycrdt import Array, Doc, Map, Text, XmlElement, XmlFragment, XmlText, merge_updates
from ward_sync.errors import ErrorCode, RemoteProtocolError
from ward_sync.update import (
    covers,
    encode_state_vector,
    parse_state_vector,
    parse_update,
)
from ward_sync.varint import encode_text, encode_uint


def rich_document() -> tuple[Doc[Any], list[bytes]]:
    doc: Doc[Any] = Doc(client_id=77)
    updates: list[bytes] = []
    subscription = doc.observe(lambda event: updates.append(event.update))
    root, text, array = doc.get("m", type=Map), doc.get("t", type=Text), doc.get("a", type=Array)
    root["k"] = {"deep": [1, 2.5, None, True, "值", b"\x01\x02"]}
    root["k"] = 3
    root["nested"] = Map({"x": Array([1, "two"])})
    text += "héllo 😀 world"
    text.format(0, 3, {"bold": True})
    text.insert_embed(2, {"image": "x"})
    del text[1:4]
    array.extend([1, "2", [3], {"four": 4}])
    array.pop(1)
    xml = doc.get("x", type=XmlFragment)
    xml.children.append(XmlElement("p", {"class": "a"}, contents=[XmlText("hi")]))
    del root["nested"]
    doc.unobserve(subscription)
    return doc, updates


def one_struct(body: bytes, count: int = 1) -> bytes:
    """An update of client 1 at clock 0 with these struct bytes and nothing deleted."""
    return b"\x01" + encode_uint(count) + b"\x01\x00" + body + b"\x00"


ROOT = b"\x01" + encode_text("m")


def test_ranges_follow_the_clocks_of_a_real_document() -> None:
    """SY6."""
    doc, updates = rich_document()
    clock = 0
    for update in updates:
        for client, start, end in parse_update(update).structs:
            assert (client, start) == (77, clock)
            clock = end
    assert parse_state_vector(doc.get_state()) == {77: clock}
    whole = parse_update(doc.get_update())
    assert whole.structs == ((77, 0, clock),)
    assert whole.clients == {77}
    assert whole.reaches({77: clock})
    assert not whole.reaches({77: clock - 1})
    assert covers(whole.deletes, parse_update(updates[-1]).deletes)


def test_a_gap_is_not_a_struct() -> None:
    _, updates = rich_document()
    merged = parse_update(merge_updates(updates[0], updates[2]))
    first, third = parse_update(updates[0]).structs[0], parse_update(updates[2]).structs[0]
    assert merged.structs == (first, third)


def test_the_empty_update_has_nothing() -> None:
    shape = parse_update(b"\x00\x00")
    assert (shape.structs, shape.deletes, shape.count) == ((), (), 0)
    assert shape.reaches({})


@pytest.mark.parametrize(
    ("update", "code"),
    [
        pytest.param(b"", ErrorCode.TRUNCATED, id="nothing"),
        pytest.param(b"\x00\x00\x00", ErrorCode.LEFTOVER, id="bytes left"),
        pytest.param(b"\x01\x01\x01\x00", ErrorCode.TRUNCATED, id="struct missing"),
        pytest.param(one_struct(b"\x00\x00"), ErrorCode.UPDATE, id="GC of no length"),
        pytest.param(one_struct(b"\x08" + ROOT + b"\x00"), ErrorCode.UPDATE, id="no values"),
        pytest.param(one_struct(b"\x0b" + ROOT), ErrorCode.UPDATE, id="unknown content"),
        pytest.param(one_struct(b"\x07" + ROOT + b"\x09"), ErrorCode.UPDATE, id="unknown type"),
        pytest.param(one_struct(b"\x08\x02"), ErrorCode.UPDATE, id="unknown parent"),
        pytest.param(one_struct(b"\x08" + ROOT + b"\x01\x20"), ErrorCode.UPDATE, id="unknown value"),
        pytest.param(
            one_struct(b"\x05" + ROOT + encode_text("{")), ErrorCode.JSON, id="embed that is no JSON"
        ),
        pytest.param(
            one_struct(b"\x08" + ROOT + b"\x01\x76\x01" + encode_text("__proto__") + b"\x7e"),
            ErrorCode.UPDATE,
            id="prototype",
        ),
        pytest.param(
            one_struct(b"\x08" + ROOT + b"\x01" + b"\x75\x01" * 100 + b"\x7e"), ErrorCode.UPDATE, id="nested"
        ),
        pytest.param(
            one_struct(b"\x05" + ROOT + encode_text("[" * 100_000)), ErrorCode.JSON, id="nested JSON"
        ),
        pytest.param(
            one_struct(b"\x00" + encode_uint(2**32)), ErrorCode.UPDATE, id="clock over what yrs holds"
        ),
        pytest.param(
            b"\x02\x01\x01\x00\x00\x01\x01\x01\x05\x00\x01\x00", ErrorCode.UPDATE, id="client twice"
        ),
        pytest.param(b"\x01" + encode_uint(2**40) + b"\x01\x00", ErrorCode.TOO_LARGE, id="endless structs"),
        pytest.param(b"\x00\x01\x01" + encode_uint(2**40), ErrorCode.TOO_LARGE, id="endless deletions"),
    ],
)
def test_what_no_peer_could_have_written_is_refused(update: bytes, code: ErrorCode) -> None:
    """SY6."""
    with pytest.raises(RemoteProtocolError) as refused:
        parse_update(update)
    assert refused.value.code is code


@given(st.binary(max_size=200))
def test_no_bytes_do_worse_than_be_refused(data: bytes) -> None:
    for read in (parse_update, parse_state_vector):
        try:
            read(data)
        except RemoteProtocolError:
            continue


_WHOLE = rich_document()[0].get_update()


@settings(max_examples=300)
@given(st.integers(0, len(_WHOLE) - 1), st.integers(1, 255))
def test_what_is_accepted_can_be_applied_or_refused_by_the_document(place: int, flip: int) -> None:
    """A flipped byte: either refused here, or pycrdt answers without crashing."""
    data = bytearray(_WHOLE)
    data[place] ^= flip
    try:
        parse_update(bytes(data))
    except RemoteProtocolError:
        return
    doc: Doc[Any] = Doc()
    try:
        doc.apply_update(bytes(data))
    except (ValueError, RuntimeError):
        return


@given(st.dictionaries(st.integers(0, 2**53 - 1), st.integers(0, 2**32 - 1), max_size=20))
def test_state_vectors_survive_the_wire(state: dict[int, int]) -> None:
    assert parse_state_vector(encode_state_vector(state)) == state


def test_ranges_cover_across_borders() -> None:
    assert covers([(1, 0, 5), (1, 5, 9)], [(1, 2, 8)])
    assert not covers([(1, 0, 5), (1, 6, 9)], [(1, 2, 8)])
    assert not covers([(1, 0, 5)], [(2, 0, 1)])
    assert covers([], [])

"""Presence entries: which count, whose they are, and what is said when a connection leaves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ward_sync import awareness
from ward_sync.awareness import AwarenessTable, Entry, decode_awareness, encode_awareness
from ward_sync.errors import ErrorCode, RemoteProtocolError


def test_entries_survive_the_wire() -> None:
    """AW1."""
    entries = (Entry(1, 0, '{"name":"胸外科"}'), Entry(2**53 - 1, 7, "null"))
    assert decode_awareness(encode_awareness(entries)) == entries
    assert encode_awareness(()) == b"\x00"


@pytest.mark.parametrize(
    ("payload", "code"),
    [
        (b"", ErrorCode.TRUNCATED),
        (b"\x01\x01", ErrorCode.TRUNCATED),
        (b"\x00\x00", ErrorCode.LEFTOVER),
        (encode_awareness((Entry(1, 1, "{"),)), ErrorCode.JSON),
        (encode_awareness((Entry(1, 1, '"' + "x" * 10_000 + '"'),)), ErrorCode.TOO_LARGE),
        (b"\xff\xff\x03", ErrorCode.TOO_LARGE),
    ],
)
def test_broken_payloads_are_refused(payload: bytes, code: ErrorCode) -> None:
    """AW1, AW7."""
    with pytest.raises(RemoteProtocolError) as refused:
        decode_awareness(payload)
    assert refused.value.code is code


@given(st.binary(max_size=100))
def test_no_bytes_do_worse_than_be_refused(data: bytes) -> None:
    try:
        decode_awareness(data)
    except RemoteProtocolError:
        return


def test_only_newer_clocks_count_and_an_equal_one_only_to_go() -> None:
    """AW2."""
    table = AwarenessTable()
    first = Entry(1, 5, "{}")
    assert table.apply([first], "socket", "bed-b01") == (first,)
    assert table.apply([Entry(1, 5, '{"a":1}'), Entry(1, 4, "{}")], "socket", "bed-b01") == ()
    gone = Entry(1, 5, "null")
    assert table.apply([gone], "socket", "bed-b01") == (gone,)
    assert table.apply([gone], "socket", "bed-b01") == ()
    assert table.apply([first], "other", "bed-b02") == (), "an echo does not bring a client back"
    assert table.apply([Entry(1, 6, "{}")], "socket", "bed-b01") == (Entry(1, 6, "{}"),)


def test_nobody_speaks_for_a_client_of_another() -> None:
    """AW3."""
    table = AwarenessTable()
    table.apply([Entry(1, 5, "{}")], "old", "bed-b01")
    assert table.apply([Entry(1, 9, '{"a":1}')], "stranger", "bed-b02") == ()
    assert table.apply([Entry(1, 9, "null")], "stranger", "bed-b02") == ()
    assert table.apply([Entry(1, 9, "null")], "new", "bed-b01") == ()
    taken_over = Entry(1, 6, "{}")
    assert table.apply([taken_over], "new", "bed-b01") == (taken_over,)
    assert table.leave("old") == ()
    assert table.leave("new") == (Entry(1, 6, "null"),)


def test_a_lost_connection_removes_its_clients() -> None:
    """AW4, AW5."""
    table = AwarenessTable()
    table.apply([Entry(1, 5, "{}"), Entry(2, 1, "{}")], "one", "a")
    table.apply([Entry(3, 1, "{}")], "two", "b")
    assert table.leave("one") == (Entry(1, 5, "null"), Entry(2, 1, "null"))
    assert table.states() == (Entry(3, 1, "{}"),)
    assert table.leave("one") == ()


def test_a_refused_state_does_not_take_the_others_with_it() -> None:
    """AW6."""
    table = AwarenessTable()
    taken = table.apply(
        [Entry(1, 1, '"bad"'), Entry(2, 1, '"good"')], "one", "a", lambda state: "good" in state
    )
    assert taken == (Entry(2, 1, '"good"'),)


def test_what_is_kept_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    """AW7."""
    monkeypatch.setattr(awareness, "MAX_REMEMBERED", 10)
    table = AwarenessTable()
    assert len(table.apply([Entry(client, 1, "{}") for client in range(20)], "one", "a")) == 10
    table.leave("one")
    for client in range(100, 140):
        table.apply([Entry(client, 1, "{}")], "one", "a")
        table.apply([Entry(client, 1, "null")], "one", "a")
    assert len(table._gone) <= 10

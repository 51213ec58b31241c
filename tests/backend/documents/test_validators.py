"""Memo, handover and notes documents: what the hub takes and what it refuses, as it comes over the wire."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pycrdt import Array, Doc, Map, Text
from ward_hub.access.port import Principal
from ward_hub.documents import handover, memos, notes
from ward_hub.documents.taken import telling

EVENT: dict[str, Any] = {
    "memo": "m1",
    "field": "created",
    "value": True,
    "at": 1_795_000_000_000,
    "staff": "n01",
    "staff_name": "刘静怡",
    "verified": True,
}
Validate = Callable[[Doc[Any]], str | None]


def received(**roots: Any) -> Doc[Any]:
    """A document as the hub has it after an update: nothing tells the types of its roots."""
    sent: Doc[Any] = Doc()
    for name, value in roots.items():
        root = name.replace("__", ":")
        if isinstance(value, str):
            sent[root] = Text(value)
        elif isinstance(value, list):
            sent[root] = Array(value)
        else:
            sent[root] = Map(value)
    doc: Doc[Any] = Doc()
    doc.apply_update(sent.get_update())
    return doc


def event(**change: object) -> dict[str, Any]:
    return {**EVENT, **change}


@pytest.mark.parametrize(
    ("roots", "reason"),
    [
        ({}, None),
        ({"events": [EVENT], "text__m1": "12床 胸片 😀"}, None),
        ({"events": [event(staff=None, verified=False)]}, None),
        ({"events": [event(field="red", value=False), event(field="expires", value=0.0)]}, None),
        (
            {"events": [event(field="deleted", value="12:0123abcd"), event(field="deleted", value=False)]},
            None,
        ),
        ({"text__m1": "😀" * 2_000}, None),
        ({"text__m1": "😀" * 2_001}, "text_too_long"),
        ({"facts": ["x"]}, "unknown_root"),
        ({"text__M1": "x"}, "unknown_root"),
        ({"events": {"a": "x"}}, "wrong_type"),
        ({"events": "words"}, "wrong_type"),
        ({"text__m1": [1]}, "wrong_type"),
        ({"text__m1": {"a": "x"}}, "wrong_type"),
        ({"events": ["x"]}, "malformed_event"),
        ({"events": [event(more=1)]}, "malformed_event"),
        ({"events": [event(field="colour")]}, "malformed_event"),
        ({"events": [event(value=1)]}, "malformed_event"),
        ({"events": [event(field="expires", value=-1)]}, "malformed_event"),
        ({"events": [event(field="expires", value=True)]}, "malformed_event"),
        ({"events": [event(at=1.5)]}, "malformed_event"),
        ({"events": [event(memo="../x")]}, "malformed_event"),
        ({"events": [event(staff="N 1")]}, "malformed_event"),
        ({"events": [event(staff_name="长" * 65)]}, "malformed_event"),
        ({"events": [event(verified="yes")]}, "malformed_event"),
    ],
)
def test_memos(roots: dict[str, object], reason: str | None) -> None:
    """MEMO-01..04: unknown roots, wrong types, sizes and malformed lines are refused."""
    assert memos.validate(received(**roots)) == reason


@pytest.mark.parametrize(
    ("roots", "reason"),
    [
        ({}, None),
        ({"order": {"s1": "00V", "s2": "a"}, "note__s1": "夜间平稳", "advice__s1": "复查"}, None),
        ({"note__s1": "字" * 20_000}, None),
        ({"note__s1": "字" * 20_001}, "text_too_long"),
        ({"notes__s1": "x"}, "unknown_root"),
        ({"order": ["s1"]}, "wrong_type"),
        ({"order": "s1"}, "wrong_type"),
        ({"advice__s1": {"a": "b"}}, "wrong_type"),
        ({"order": {"s1": ""}}, "malformed_order"),
        ({"order": {"s1": "A0"}}, "malformed_order"),
        ({"order": {"s1": "A" * 65}}, "malformed_order"),
        ({"order": {"s1": 5}}, "malformed_order"),
        ({"order": {"S 1": "A"}}, "malformed_order"),
        ({"order": {f"s{number}": "A" for number in range(501)}}, "too_large"),
        ({f"note__s{number}": "字" * 20_000 for number in range(51)}, "too_large"),
    ],
)
def test_handover(roots: dict[str, object], reason: str | None) -> None:
    """HAND-06, HAND-07."""
    assert handover.validate(received(**roots)) == reason


@pytest.mark.parametrize(
    ("roots", "reason"),
    [
        ({}, None),
        ({"note": "引流 600 ml"}, None),
        ({"note": "x" * 20_001}, "text_too_long"),
        ({"note": ["x"]}, "wrong_type"),
        ({"entries": ["x"]}, "unknown_root"),
        ({"other": {"a": "b"}}, "unknown_root"),
    ],
)
def test_notes(roots: dict[str, object], reason: str | None) -> None:
    assert notes.validate(received(**roots)) == reason


@pytest.mark.parametrize("validate", [memos.validate, handover.validate])
def test_formatted_text_is_refused_and_a_document_can_be_looked_at_twice(validate: Validate) -> None:
    root = "text:m1" if validate is memos.validate else "note:s1"
    sent: Doc[Any] = Doc()
    sent[root] = text = Text("重要")
    doc: Doc[Any] = Doc()
    doc.apply_update(sent.get_update())
    assert validate(doc) is None
    assert validate(doc) is None
    text.format(0, 1, {"bold": True})
    doc.apply_update(sent.get_update())
    assert validate(doc) == "wrong_type"


def _principal(kind: str, staff: str | None) -> Principal:
    return Principal("t", kind, "thoracic", None, None, staff, None, 0)


def _memos(*events: dict[str, Any]) -> Doc[Any]:
    doc: Doc[Any] = Doc()
    doc.get("events", type=Array).extend(list(events))
    return doc


def _memo(memo: str, staff: str, name: str, verified: bool) -> dict[str, Any]:
    who = {"staff": staff, "staff_name": name, "verified": verified}
    return {"memo": memo, "field": "created", "value": True, "at": 1, **who}


NAMES = {"n001": "林晓月", "n002": "王思雨", "n009": "周"}
check_memos = memos.checker(lambda _ward, staff: NAMES.get(staff))
OLD = _memo("m0", "n009", "周", True)


@pytest.mark.parametrize(
    ("kind", "staff", "author", "verified", "taken"),
    [
        ("station", "n001", "n001", True, True),
        ("station", "n001", "n001", False, True),
        ("pda", "n001", "n002", False, True),
        ("pda", "n001", "n002", True, False),
        ("whiteboard", None, "n001", False, True),
        ("whiteboard", None, "n001", True, False),
        ("whiteboard", "n001", "n001", True, True),
        ("whiteboard", "n001", "n002", True, False),
    ],
)
def test_only_a_persons_own_session_vouches_for_an_entry(
    kind: str, staff: str | None, author: str, verified: bool, taken: bool
) -> None:
    """MEMO-04: an author is verified only if their session was open when the hub took the entry."""
    after = _memos(OLD, _memo("m1", author, NAMES[author], verified))
    reason = check_memos(_memos(OLD), after, _principal(kind, staff))
    assert reason == (None if taken else "not_verified")


def test_a_session_that_is_over_vouches_for_nothing() -> None:
    """MEMO-04: the token may still name her; whether she is signed in, the hub knows."""
    after = _memos(OLD, _memo("m1", "n001", NAMES["n001"], True))
    who = _principal("whiteboard", "n001")
    signed_in = {who.terminal: "n001"}
    check = memos.checker(lambda _ward, staff: NAMES.get(staff), signed_in.get)
    assert check(_memos(OLD), after, who) is None
    signed_in.clear()
    assert check(_memos(OLD), after, who) == "not_verified"
    signed_in[who.terminal] = "n002"
    assert check(_memos(OLD), after, who) == "not_verified"


def test_a_write_that_is_taken_is_told_and_no_other() -> None:
    told: list[str] = []
    check = telling(check_memos, lambda who: told.append(who.terminal))
    who = _principal("whiteboard", None)
    assert check(_memos(OLD), _memos(OLD, _memo("m1", "n001", NAMES["n001"], True)), who) == "not_verified"
    assert told == []
    assert check(_memos(OLD), _memos(OLD, _memo("m1", "n001", NAMES["n001"], False)), who) is None
    assert told == [who.terminal]


def test_nobody_is_verified_under_another_name() -> None:
    after = _memos(OLD, _memo("m1", "n001", "冒名", True))
    assert check_memos(_memos(OLD), after, _principal("station", "n001")) == "not_verified"


def test_entries_are_added_never_removed_or_rewritten() -> None:
    """MEMO-02: a memo is deleted by an entry that says so and who; no entry of somebody else's goes away."""
    assert check_memos(_memos(OLD), _memos(), _principal("pda", "n001")) == "entry_removed"
    rewritten = {**OLD, "value": True, "at": 2, "verified": False}
    assert check_memos(_memos(OLD), _memos(rewritten), _principal("pda", "n001")) == "entry_removed"

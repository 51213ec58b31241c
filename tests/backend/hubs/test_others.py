"""What a hub keeps of the others, and how long (MH5)."""

from __future__ import annotations

import pytest
from ward_hub.doc_rooms.elsewhere import Held
from ward_hub.hubs import frames, proof
from ward_hub.hubs.others import KEEP_MS, OtherHubs
from ward_sync.awareness import GONE, Entry


def held(client: int, clock: int, terminal: str, state: str = "{}") -> Held:
    return Held(Entry(client, clock, state), terminal)


def test_a_link_that_begins_anew_takes_away_who_went_meanwhile() -> None:
    others = OtherHubs()
    others.replace("b", ["x", "y"], {"p": [held(1, 5, "x"), held(2, 5, "y")]}, 0)
    changes = others.replace("b", ["x"], {"p": [held(1, 6, "x")]}, 1)
    assert changes == [("p", [held(2, 5, "", GONE)]), ("p", [held(1, 6, "x")])]
    assert (others.hub_of("x"), others.hub_of("y")) == ("b", None)


def test_a_hub_is_believed_for_15_s_after_it_was_last_heard() -> None:
    """MH5: when it stays silent its terminals are missing, not there."""
    others = OtherHubs()
    others.replace("b", ["x"], {"p": [held(1, 5, "x")]}, 1_000)
    others.heard("b", 2_000)
    assert others.forget_silent(2_000 + KEEP_MS) == []
    assert [one for _, one in others.presence("p")] == [held(1, 5, "x")]
    assert others.forget_silent(2_001 + KEEP_MS) == [("b", [("p", [held(1, 5, "", GONE)])])]
    assert list(others.presence("p")) == []
    assert others.hub_of("x") is None


def test_a_terminal_that_two_hubs_name_is_at_the_one_heard_last() -> None:
    others = OtherHubs()
    others.replace("a", ["x"], {}, 1)
    others.replace("b", ["x"], {}, 2)
    assert others.hub_of("x") == "b"
    others.heard("a", 3)
    assert others.hub_of("x") == "a"


def test_what_is_announced_and_taken_back() -> None:
    others = OtherHubs()
    others.announced("b", "p", [held(1, 1, "x"), held(2, 1, "y")], 0)
    others.announced("b", "p", [held(1, 1, "", GONE)], 0)
    assert [one.terminal for _, one in others.presence("p")] == ["y"]


def test_a_proof_holds_for_its_maker_its_hearer_and_its_nonce_only() -> None:
    """MH7."""
    key = proof.link_key(b"secret")
    right = proof.prove(key, "inst", "a", "b", "nonce")
    assert proof.holds(key, "inst", "a", "b", "nonce", right)
    for wrong in (
        (proof.link_key(b"other"), "inst", "a", "b", "nonce"),
        (key, "other", "a", "b", "nonce"),
        (key, "inst", "b", "a", "nonce"),
        (key, "inst", "a", "c", "nonce"),
        (key, "inst", "a", "b", "again"),
    ):
        assert not proof.holds(*wrong, right)


@pytest.mark.parametrize(
    "value",
    [None, [1], [[1, 2, "{}"]], [["1", 2, "{}", "x"]], [[1, 2, {}, "x"]]],
)
def test_entries_that_are_none_are_refused(value: object) -> None:
    with pytest.raises(frames.Malformed):
        frames.held_from_json(value)


@pytest.mark.parametrize("data", [b"", b"[]", b"{", b'{"t":1}', b"\xff", b"[" * 100_000])
def test_a_message_is_an_object_with_a_kind(data: bytes) -> None:
    with pytest.raises(frames.Malformed):
        frames.parse(data)

"""What a terminal takes and what it refuses (SG11 to SG15)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ward_signalling.errors import Refusal
from ward_signalling.inbox import MAX_CONNECTIONS, MAX_ENDED, Inbox, fingerprints_of
from ward_signalling.messages import Signal, signal_from_json
from ward_sync.canonical import Json

from tests.helpers.signal_cases import FINGERPRINT, OTHER_FINGERPRINT, T0, WARD, body, candidate, sdp

VECTORS = json.loads((Path(__file__).parents[2] / "signalling/vectors/inbox.json").read_text("utf-8"))


def heard(session: int, at: int = T0, seq: int = 1) -> Signal:
    value: dict[str, Json] = {"talk": "0" * 16, "ms": 0, "session": f"{session:016x}", "at": at, "seq": seq}
    return signal_from_json(body("heard", **value))


@pytest.mark.parametrize("case", VECTORS["cases"], ids=lambda case: case["name"])
def test_signals_are_taken_or_refused(case: dict[str, Any]) -> None:
    """SG11 to SG15."""
    inbox = Inbox(VECTORS["self"], VECTORS["ward"])
    verdicts = [inbox.accept(signal_from_json(step["signal"]), step["now"]) for step in case["steps"]]
    assert verdicts == [step["verdict"] for step in case["steps"]]


def test_the_vectors_show_every_refusal_of_the_inbox() -> None:
    shown = {step["verdict"] for case in VECTORS["cases"] for step in case["steps"]}
    assert shown == {None, "not_for_me", "wrong_ward", "old_session", "replay", "fingerprint", "too_many"}


def test_the_session_of_a_sender_is_known_once_it_spoke() -> None:
    """SG12."""
    inbox = Inbox("bed-b01", WARD)
    assert inbox.session("station-main") is None
    inbox.accept(heard(1), T0)
    inbox.accept(heard(2, T0 - 1), T0)
    assert inbox.session("station-main") == f"{1:016x}"
    inbox.accept(heard(2), T0)
    assert inbox.session("station-main") == f"{2:016x}"


def test_what_is_remembered_is_limited() -> None:
    """SG12, SG15: the oldest of what a sender can pile up is forgotten."""
    inbox = Inbox("bed-b01", WARD)
    for session in range(1, MAX_ENDED + 3):
        assert inbox.accept(heard(session, T0 + session), T0 + session) is None
    assert inbox.accept(heard(MAX_ENDED, T0 + 10_000), T0 + 10_000) is Refusal.OLD_SESSION
    assert inbox.accept(heard(1, T0), T0 + 10_000) is Refusal.OLD_SESSION, "its time is past all the same"
    inbox = Inbox("bed-b01", WARD)
    for number in range(MAX_CONNECTIONS + 1):
        signal = signal_from_json(candidate(seq=number + 1, connection=f"{number:016x}"))
        assert inbox.accept(signal, T0) is None
    sender = inbox._senders["station-main"]
    assert len(sender.candidates) == MAX_CONNECTIONS


def test_a_connection_given_up_is_not_counted_any_more() -> None:
    """SG15."""
    inbox = Inbox("bed-b01", WARD)
    inbox.accept(signal_from_json(candidate()), T0)
    inbox.accept(
        signal_from_json(body("close", connection=candidate()["connection"], reason="lost", seq=2)), T0
    )
    assert not inbox._senders["station-main"].candidates


def test_fingerprints_are_read_whole() -> None:
    """SG14."""
    assert fingerprints_of(sdp(FINGERPRINT, OTHER_FINGERPRINT)) == {FINGERPRINT, OTHER_FINGERPRINT}
    assert fingerprints_of(f"v=0\ra=fingerprint:{FINGERPRINT}\rs=-") == {FINGERPRINT}
    assert fingerprints_of("v=0\r\n") == frozenset()
    assert fingerprints_of(f"a=fingerprint {FINGERPRINT}\r\n") != {FINGERPRINT}

"""Signals as bytes against their vectors (SG1 to SG7); the app's tests read the same file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ward_signalling.errors import LocalProtocolError, Refusal, RemoteProtocolError
from ward_signalling.messages import (
    MAX_BODY_BYTES,
    Bye,
    ByeReason,
    Description,
    Invite,
    Purpose,
    encode_body,
    encode_signal,
    parse_body,
    parse_signal,
    signal_from_json,
    signal_to_json,
)

from tests.helpers.signal_cases import TALK, body

VECTORS = json.loads((Path(__file__).parents[2] / "signalling/vectors/signals.json").read_text("utf-8"))
SIGNATURE = bytes.fromhex(VECTORS["signature"])


@pytest.mark.parametrize("case", VECTORS["bodies"], ids=lambda case: case["name"])
def test_a_signal_has_one_form(case: dict[str, Any]) -> None:
    """SG1, SG7."""
    signal = signal_from_json(case["body"])
    data = case["canonical"].encode()
    assert encode_body(signal) == data
    assert parse_body(data) == signal
    assert signal_to_json(signal) == case["body"]
    assert encode_signal(SIGNATURE, data) == case["wire"]
    wire = parse_signal(case["wire"])
    assert (wire.signature, wire.data, wire.signal) == (SIGNATURE, data, signal)


@pytest.mark.parametrize("case", VECTORS["malformed"], ids=lambda case: case["name"])
def test_any_other_form_is_refused(case: dict[str, Any]) -> None:
    """SG1 to SG6."""
    with pytest.raises(RemoteProtocolError) as refused:
        parse_body(case["text"].encode())
    assert refused.value.reason == case["reason"]


@pytest.mark.parametrize("case", VECTORS["malformed_wire"], ids=lambda case: case["name"])
def test_a_wire_signal_is_strict_base64(case: dict[str, Any]) -> None:
    """SG7."""
    with pytest.raises(RemoteProtocolError) as refused:
        parse_signal(case["wire"])
    assert refused.value.reason == case["reason"]


def test_every_kind_is_in_the_vectors_and_reads_as_itself() -> None:
    """SG3, SG5."""
    kinds = {case["body"]["kind"] for case in VECTORS["bodies"]}
    assert kinds == {
        "description", "candidate", "close", "invite", "accept", "busy", "mute", "hold", "transfer", "heard",
        "recording", "bye",
    }  # fmt: skip
    assert isinstance(signal_from_json(VECTORS["bodies"][0]["body"]), Description)
    invite = signal_from_json(body("invite", talk=TALK, purpose="view", calls=[], video=1))
    assert isinstance(invite, Invite)
    assert invite.purpose is Purpose.VIEW


def test_the_largest_bodies_fit() -> None:
    """SG1, SG4: 20,000 characters of SDP with every line's end escaped, and 128 targets."""
    sizes = [len(case["canonical"]) for case in VECTORS["bodies"]]
    assert 20_000 < max(sizes) <= MAX_BODY_BYTES


def test_what_nobody_would_take_is_not_sent() -> None:
    header = {"sender": "bed-b01", "to": "bed-b01", "ward": "thoracic", "session": "0" * 16}
    with pytest.raises(LocalProtocolError, match="to another"):
        encode_body(Bye(**header, seq=1, at=1, talk=TALK, reason=ByeReason.LOST))
    header["to"] = "door-r01"
    with pytest.raises(LocalProtocolError, match="seq"):
        encode_body(Bye(**header, seq=0, at=1, talk=TALK, reason=ByeReason.LOST))
    with pytest.raises(LocalProtocolError, match="64"):
        encode_signal(b"short", encode_body(Bye(**header, seq=1, at=1, talk=TALK, reason=ByeReason.LOST)))


@given(st.binary(max_size=200))
def test_bytes_from_outside_never_raise_anything_else(data: bytes) -> None:
    """SG1."""
    for read in (parse_body, lambda raw: parse_signal(raw.decode("latin-1"))):
        with pytest.raises(RemoteProtocolError) as refused:
            read(data)
        assert refused.value.reason is Refusal.MALFORMED

"""What a device sends is read strictly, whatever the bytes."""

from __future__ import annotations

import contextlib
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ward_hub.call_points.event import PointEvent, Said, parse_said

NONCE = "n" * 16


def test_an_event_with_all_it_may_have() -> None:
    body = json.dumps({"event": "pressed", "nonce": NONCE, "type": "drip_end", "at": 12}).encode()
    assert parse_said(body) == (Said(PointEvent.PRESSED, "drip_end", 12), NONCE)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"\xff",
        b'{"event":"pressed"}',
        b'{"event":"pressed","nonce":1}',
        b'{"event":"gone","nonce":"n"}',
        b'{"event":"pressed","event":"alive","nonce":"n"}',
        b'{"event":"pressed","nonce":"n","more":1}',
        b'{"event":"pressed","nonce":"n","type":"../x"}',
        b'{"event":"pressed","nonce":"n","at":1.5}',
        b'{"event":"pressed","nonce":"n","at":true}',
        b'{"event":"pressed","nonce":"n","at":-1}',
        b'{"event":"pressed","nonce":"n","at":99999999999999999999}',
        b"[" * 4000,
        b'{"event":"pressed","nonce":"' + b"n" * 5000 + b'"}',
    ],
)
def test_anything_else_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match="Expected"):
        parse_said(body)


@given(st.binary(max_size=300) | st.text().map(str.encode))
def test_no_bytes_crash_the_reader(body: bytes) -> None:
    with contextlib.suppress(ValueError):
        assert isinstance(parse_said(body)[0], Said)

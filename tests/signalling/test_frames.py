"""The stateless frames around signals (SG16, SG17)."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ward_signalling.errors import Refusal, RemoteProtocolError
from ward_signalling.frames import (
    BroadcastFrame,
    Frame,
    NeighbourFrame,
    RefusedFrame,
    SignalFrame,
    UnreachableFrame,
    encode_frame,
    parse_frame,
)

SESSION = "5e55105e55105e55"


@pytest.mark.parametrize(
    ("frame", "text"),
    [
        (SignalFrame(0, ("d2lyZQ==",)), '{"t":"signal","hops":0,"signals":["d2lyZQ=="]}'),
        (UnreachableFrame(("bed-b01",)), '{"t":"unreachable","to":["bed-b01"]}'),
        (RefusedFrame(Refusal.TOO_MANY, None), '{"t":"signal_refused","reason":"too_many","to":null}'),
        (RefusedFrame(Refusal.REVOKED, "a"), '{"t":"signal_refused","reason":"revoked","to":"a"}'),
        (
            NeighbourFrame(SESSION, 2, "0.1.0"),
            f'{{"t":"neighbour","session":"{SESSION}","layer":2,"version":"0.1.0"}}',
        ),
        (
            BroadcastFrame(SESSION, ("bed-b01",), (("bed-b02", "talking"),)),
            f'{{"t":"broadcast","talk":"{SESSION}","reached":["bed-b01"],'
            '"missed":[{"terminal":"bed-b02","reason":"talking"}]}',
        ),
    ],
)
def test_a_frame_is_written_and_read(frame: Frame, text: str) -> None:
    """SG16."""
    assert encode_frame(frame) == text
    assert parse_frame(text) == frame


@pytest.mark.parametrize(
    "value",
    [
        [],
        {},
        {"t": "signal"},
        {"t": "signal", "hops": 0, "signals": []},
        {"t": "signal", "hops": 0, "signals": ["a"] * 17},
        {"t": "signal", "hops": 0, "signals": [1]},
        {"t": "signal", "hops": 0, "signals": "a"},
        {"t": "signal", "hops": 3, "signals": ["a"]},
        {"t": "signal", "hops": -1, "signals": ["a"]},
        {"t": "signal", "hops": True, "signals": ["a"]},
        {"t": "signal", "hops": 0, "signals": ["a"], "more": 1},
        {"t": "unreachable", "to": ["Bed"]},
        {"t": "unreachable", "to": ["a"] * 129},
        {"t": "signal_refused", "reason": "replay", "to": None},
        {"t": "signal_refused", "reason": "revoked", "to": 1},
        {"t": "neighbour", "session": SESSION, "layer": 5, "version": ""},
        {"t": "neighbour", "session": SESSION, "layer": 0, "version": ""},
        {"t": "neighbour", "session": "x", "layer": 1, "version": ""},
        {"t": "neighbour", "session": SESSION, "layer": 1, "version": "v" * 65},
        {"t": "broadcast", "talk": SESSION, "reached": [], "missed": {}},
        {"t": "broadcast", "talk": SESSION, "reached": [], "missed": ["bed-b01"]},
        {"t": "broadcast", "talk": SESSION, "reached": [], "missed": [{"terminal": "bed-b01"}]},
        {"t": "facts", "facts": []},
        {"t": ["signal"]},
    ],
)
def test_any_other_frame_is_malformed(value: Any) -> None:
    """SG16, SG17: a third neighbour passes nothing on."""
    with pytest.raises(RemoteProtocolError) as refused:
        parse_frame(json.dumps(value))
    assert refused.value.reason is Refusal.MALFORMED


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "\u00e4"])
def test_what_is_no_json_is_malformed(text: str) -> None:
    with pytest.raises(RemoteProtocolError):
        parse_frame(text)

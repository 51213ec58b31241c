"""A terminal announces itself, in words of the contract, at its own ward's presence document."""

from __future__ import annotations

from typing import Any

import pytest
from ward_hub.access.port import Principal
from ward_hub.access.presence import check_presence

BEDSIDE = Principal("bed-b01", "bedside", "w", "r1", "b1", None, None, 0)
STATE: dict[str, Any] = {
    "terminal": "bed-b01",
    "kind": "bedside",
    "layer": 1,
    "version": "0.1.0",
    "sound": "ok",
    "inputs": {"bathroom": "open"},
    "profile": "bedside-7",
}


def test_a_terminals_own_state_is_taken() -> None:
    assert check_presence(BEDSIDE, "ward/w/presence", STATE)
    assert check_presence(
        BEDSIDE, "ward/w/presence", {k: v for k, v in STATE.items() if k not in ("inputs", "profile")}
    )


def test_every_layer_is_told_and_the_page_that_is_open() -> None:
    for layer in (1, 2, 3, 4):
        state = {**STATE, "layer": layer, "session": "5e55105e55105e55"}
        assert check_presence(BEDSIDE, "ward/w/presence", state)


@pytest.mark.parametrize(
    "change",
    [
        {"terminal": "bed-b02"},
        {"kind": "station"},
        {"layer": 0},
        {"layer": 5},
        {"session": "5E55105E55105E55"},
        {"session": "5e55"},
        {"session": 5},
        {"layer": True},
        {"sound": "loud"},
        {"version": 1},
        {"version": "v" * 65},
        {"inputs": {"bathroom": "burning"}},
        {"inputs": ["bathroom"]},
        {"name": "张三"},
    ],
)
def test_anything_else_is_refused(change: dict[str, Any]) -> None:
    assert not check_presence(BEDSIDE, "ward/w/presence", {**STATE, **change})


def test_other_documents_have_no_presence() -> None:
    for document in ("ward/v/presence", "ward/w/calls", "presence", "ward/w/room/r1/calls"):
        assert not check_presence(BEDSIDE, document, STATE)
    assert not check_presence(BEDSIDE, "ward/w/presence", {})

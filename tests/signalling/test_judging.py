"""Whether a signal may pass: ward, parties, signature (SG11); the vectors are really signed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ward_hub.calls.signatures import verify
from ward_signalling.judging import judge
from ward_signalling.messages import parse_signal
from ward_sync.directory import parse_directory

VECTORS = json.loads((Path(__file__).parents[2] / "signalling/vectors/relay.json").read_text("utf-8"))
DIRECTORY = parse_directory(VECTORS["roots"])


@pytest.mark.parametrize("case", VECTORS["cases"], ids=lambda case: case["name"])
def test_a_signal_passes_or_not(case: dict[str, Any]) -> None:
    """SG7, SG11."""
    assert judge(parse_signal(case["wire"]), DIRECTORY, verify) == case["verdict"]


def test_without_a_relay_the_hub_is_nobody() -> None:
    """SG9, SG11."""
    roots = {**VECTORS["roots"], "ward": {"id": VECTORS["ward"]}}
    wires = [parse_signal(case["wire"]) for case in VECTORS["cases"] if case["verdict"] is None]
    verdicts = {
        judge(wire, parse_directory(roots), verify)
        for wire in wires
        if "hub" in (wire.signal.sender, wire.signal.to)
    }
    assert verdicts == {"not_allowed"}


def test_a_key_that_is_none_verifies_nothing() -> None:
    """SG11."""
    wire = parse_signal(VECTORS["cases"][0]["wire"])
    for key in ("", "!", "AAAA", "\u00e4"):
        terminals = {**VECTORS["roots"]["terminals"]}
        terminals["bed-b01"] = {**terminals["bed-b01"], "key": key}
        directory = parse_directory({**VECTORS["roots"], "terminals": terminals})
        assert judge(wire, directory, verify) == "bad_signature"

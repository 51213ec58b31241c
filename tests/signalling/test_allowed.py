"""Who may meet, who dials, and a terminal's plan (SG8 to SG10)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ward_signalling.allowed import allowed, dials, mesh_pair, planned, talk_pair
from ward_sync.directory import Directory, parse_directory

from tests.helpers.meeting_cases import entry

VECTORS = json.loads((Path(__file__).parents[2] / "signalling/vectors/allowed.json").read_text("utf-8"))


def directory(*entries: dict[str, Any], relay_key: str | None = None) -> Directory:
    ward = {"id": "thoracic"} | ({"relay_key": relay_key} if relay_key else {})
    return parse_directory({"ward": dict(ward), "terminals": {entry["id"]: entry for entry in entries}})


@pytest.mark.parametrize("case", VECTORS["pairs"], ids=lambda case: case["name"])
def test_two_terminals_meet_either_way_round(case: dict[str, Any]) -> None:
    """SG8, SG10."""
    both = directory(case["a"], case["b"])
    a, b = both.terminals[case["a"]["id"]], both.terminals[case["b"]["id"]]
    for one, other in ((a, b), (b, a)):
        assert allowed(one.id, other.id, both) is case["allowed"]
        assert mesh_pair(one, other) is case["mesh"]
        assert talk_pair(one, other) is case["talk"]
        if case["dials"] is not None:
            assert dials(one, other) is (case["dials"] == one.id)


@pytest.mark.parametrize("case", VECTORS["hub"], ids=lambda case: case["name"])
def test_the_media_relay_meets_some(case: dict[str, Any]) -> None:
    """SG9."""
    ward = directory(case["terminal"], relay_key=case["relay_key"])
    name = case["terminal"]["id"]
    assert allowed("hub", name, ward) is case["allowed"]
    assert allowed(name, "hub", ward) is case["allowed"]


@pytest.mark.parametrize("case", VECTORS["plans"], ids=lambda case: case["name"])
def test_a_terminal_has_a_plan(case: dict[str, Any]) -> None:
    """SG10."""
    assert list(planned(case["self"], directory(*VECTORS["terminals"].values()))) == case["planned"]


def test_who_is_not_in_the_directory_meets_nobody() -> None:
    """SG8."""
    ward = directory(entry("station-main", "station"), relay_key="key")
    assert not allowed("station-main", "station-vice", ward)
    assert not allowed("hub", "station-vice", ward)
    assert not allowed("hub", "hub", ward)

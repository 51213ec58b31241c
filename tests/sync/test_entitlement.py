"""Who may make which fact (CF10 to CF14); pwa/tests/core/calls/entitlement.test.ts reads the same file."""

import json
from pathlib import Path
from typing import Any

import pytest
from ward_sync.directory import Directory, parse_directory
from ward_sync.entitlement import judge
from ward_sync.facts import body_from_json

from tests.helpers.calls import T0, WARD, body

VECTORS = json.loads((Path(__file__).parents[2] / "sync/vectors/judge.json").read_text("utf-8"))


@pytest.mark.parametrize("case", VECTORS["cases"], ids=lambda case: case["name"])
def test_allowed_and_refused(case: dict[str, Any]) -> None:
    directory = parse_directory(VECTORS["roots"])
    assert judge(body_from_json(case["body"]), directory, VECTORS["types"]) == case["reason"]


def test_the_wards_switch_lets_any_receiver_hang_up() -> None:
    """CF13, CALL-08."""
    roots = VECTORS["roots"]
    switched = parse_directory({**roots, "ward": {**roots["ward"], "all_tender": True}})
    for case in VECTORS["all_tender"]:
        made = body_from_json(case["body"])
        assert judge(made, switched, VECTORS["types"]) == case["reason"]
        assert judge(made, parse_directory(roots), VECTORS["types"]) == "policy"


def test_an_empty_directory_knows_no_terminal_and_no_ward() -> None:
    made = body("received", "station-main", T0, calls=["0" * 32])
    assert judge(made, Directory()) == "wrong_ward"
    assert judge(made, parse_directory({"ward": {"id": WARD}})) == "unknown_terminal"

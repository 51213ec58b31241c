"""The fold against its vectors: every named case, whole, in any order and twice; each case names its rules.

The cases are authored in tests/helpers/call_cases.py; pwa/tests/core/calls/fold.test.ts reads the same file.
"""

import json
from pathlib import Path
from typing import Any

import pytest
from ward_sync.calls import fold
from ward_sync.directory import parse_directory
from ward_sync.facts import encode_body, fact_id

from tests.helpers.call_vectors import vectors
from tests.helpers.calls import board_json, fact_from_json, presence_from_json

FOLDER = Path(__file__).parents[2] / "sync" / "vectors"
VECTORS = json.loads((FOLDER / "folds.json").read_text("utf-8"))


@pytest.mark.parametrize("case", VECTORS["cases"], ids=lambda case: case["name"])
def test_the_fold_makes_the_list_a_person_expects(case: dict[str, Any]) -> None:
    facts = [fact_from_json(fact) for fact in case["facts"]]
    directory = parse_directory({**VECTORS["roots"], **case["roots"]})
    presence = presence_from_json(case["presence"])
    board = board_json(fold(facts, directory, presence, case["now"]))

    assert_part(case["expect"]["rows"], board["rows"])
    assert set(case["expect"]["closed"]) == set(board["closed"])  # type: ignore[arg-type]
    assert_part(case["expect"]["closed"], board["closed"])
    assert case["expect"]["troubles"] == [trouble["key"] for trouble in board["troubles"]]  # type: ignore[union-attr,call-overload,index]
    assert board == case["board"]
    assert board_json(fold(facts[::-1], directory, presence, case["now"])) == case["board"]
    assert board_json(fold([*facts, *facts], directory, presence, case["now"])) == case["board"]


def test_every_fact_of_the_vectors_has_its_own_id() -> None:
    """CF6: and no two cases give one id to two bodies."""
    for case in VECTORS["cases"]:
        for fact in case["facts"]:
            assert fact_id(encode_body(fact_from_json(fact).body)) == fact["id"]


def test_names_are_unique_and_there_are_enough() -> None:
    names = [case["name"] for case in VECTORS["cases"]]
    assert len(set(names)) == len(names) >= 40


@pytest.mark.parametrize("name", ["facts.json", "folds.json", "judge.json", "tones.json"])
def test_the_committed_vectors_are_those_authored(name: str) -> None:
    """Else: python -m tests.helpers.call_vectors, and read the difference."""
    assert (FOLDER / name).read_text("utf-8") == vectors()[name]


def assert_part(expected: Any, found: Any, path: str = "board") -> None:
    """Lists match entry by entry; of objects, the expected keys."""
    if isinstance(expected, dict):
        assert isinstance(found, dict), f"{path}: {found!r}"
        for key, value in expected.items():
            assert_part(value, found[key], f"{path}.{key}")
    elif isinstance(expected, list) and any(isinstance(item, dict) for item in expected):
        assert len(expected) == len(found), f"{path}: {found!r}"
        for index, (one, other) in enumerate(zip(expected, found, strict=True)):
            assert_part(one, other, f"{path}[{index}]")
    elif isinstance(expected, list) and path == "board.rows":
        assert found == []
    else:
        assert expected == found, f"{path}: expected {expected!r}, found {found!r}"

"""Tests cite every rule of signalling/SPEC.md and no other, and the vectors are the authored ones."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest

from tests.helpers.signal_vectors import FOLDER, vectors

ROOT = Path(__file__).parents[2]
RULES = re.findall(r"^- (SG\d+) ", (ROOT / "signalling/SPEC.md").read_text("utf-8"), re.MULTILINE)
CITATION = re.compile(r"\bSG(\d+)(?: to SG(\d+))?\b")


@cache
def cited() -> frozenset[str]:
    """Return the rules that tests name; "SG2 to SG4" cites all three."""
    found: set[str] = set()
    for folder, pattern in ((ROOT / "tests", "*.py"), (ROOT / "pwa/tests", "*.ts")):
        for path in folder.rglob(pattern):
            for first, last in CITATION.findall(path.read_text("utf-8")):
                found.update(f"SG{number}" for number in range(int(first), int(last or first) + 1))
    return frozenset(found)


@pytest.mark.parametrize("rule", RULES)
def test_each_rule_is_cited(rule: str) -> None:
    assert rule in cited(), f"no test cites {rule}"


def test_rules_are_numbered_without_gaps_and_nothing_else_is_cited() -> None:
    assert [f"SG{number}" for number in range(1, len(RULES) + 1)] == RULES
    assert cited() <= set(RULES)


@pytest.mark.parametrize("name", sorted(vectors()))
def test_committed_vectors_are_the_authored_ones(name: str) -> None:
    assert (FOLDER / name).read_text("utf-8") == vectors()[name]


def test_no_other_vectors_lie_there() -> None:
    assert {path.name for path in FOLDER.iterdir()} == set(vectors())

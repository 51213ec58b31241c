"""Every rule of sync/SPEC.md is cited by a test, and no test cites a rule that is not there."""

import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RULES = re.findall(r"^- ([A-Z]{2}\d+) ", (ROOT / "sync/SPEC.md").read_text("utf-8"), re.MULTILINE)
SECTIONS = sorted({rule[:2] for rule in RULES})
# "CF10 to CF13" cites all four; single numbers stand alone.
CITATION = re.compile(rf"\b({'|'.join(SECTIONS)})(\d+)(?: to \1(\d+))?\b")


@cache
def cited() -> frozenset[str]:
    """Return the rules that tests name."""
    found: set[str] = set()
    folders = [(ROOT / "tests", "*.py"), (ROOT / "pwa/tests", "*.ts")]
    for folder, pattern in folders:
        for path in folder.rglob(pattern):
            for section, first, last in CITATION.findall(path.read_text("utf-8")):
                found.update(f"{section}{number}" for number in range(int(first), int(last or first) + 1))
    return frozenset(found)


@pytest.mark.parametrize("rule", RULES)
def test_each_rule_is_cited(rule: str) -> None:
    assert rule in cited(), f"no test cites {rule}"


def test_rules_are_numbered_without_gaps_and_nothing_else_is_cited() -> None:
    for section in SECTIONS:
        numbers = [int(rule[2:]) for rule in RULES if rule[:2] == section]
        assert numbers == list(range(1, len(numbers) + 1))
    assert cited() <= set(RULES)

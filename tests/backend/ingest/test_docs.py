"""docs/feed.md is true: its rules are tested, its tables and codes are those of the code."""

from __future__ import annotations

import re
from pathlib import Path

from ward_hub.ingest.hl7.adt import EVENTS
from ward_hub.record import tables

from tests.backend.ingest.feeding import MAPPING

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "docs" / "feed.md").read_text("utf-8")


def test_every_rule_is_cited_by_a_test_and_every_citation_is_a_rule() -> None:
    rules = set(re.findall(r"^\| (FEED\d+) \|", TEXT, re.MULTILINE))
    cited = {
        rule
        for folder in ("ingest", "record", "edge")
        for path in (ROOT / "tests" / "backend" / folder).rglob("test_*.py")
        for rule in re.findall(r"FEED\d+", path.read_text("utf-8"))
    }
    assert rules == {f"FEED{number}" for number in range(1, len(rules) + 1)}
    assert cited == rules


def test_events_codes_and_tables_are_named() -> None:
    for event in EVENTS:
        assert event in TEXT
    for code in MAPPING.observations:
        assert f"`{code}`" in TEXT
    for table in (
        tables.FeedMessage,
        tables.EncounterRow,
        tables.EncounterNumberRow,
        tables.IdentityChangeRow,
        tables.MovementRow,
        tables.BedOccupancy,
        tables.FeedMappingRow,
    ):
        assert f"`{table.__tablename__}`" in TEXT

"""The table of talk legs: every state with every event (SG21 to SG23)."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from ward_signalling.errors import LocalProtocolError
from ward_signalling.leg import (
    INVITING_MOST_MS,
    LOOK_MS,
    SILENT_MS,
    TABLE,
    TIMEOUTS_MS,
    LegEvent,
    LegState,
    advance,
)

ROOT = Path(__file__).parents[2]
VECTORS = json.loads((ROOT / "signalling/vectors/legs.json").read_text("utf-8"))


@pytest.mark.parametrize("case", VECTORS["table"], ids=lambda case: case["name"])
def test_an_event_leads_on_or_raises(case: dict[str, Any]) -> None:
    """SG21."""
    state, event = LegState(case["state"]), LegEvent(case["event"])
    if case["next"] is None:
        with pytest.raises(LocalProtocolError, match=event):
            advance(state, event)
    else:
        assert advance(state, event) == case["next"]


def test_the_table_is_the_one_of_the_rules() -> None:
    """SG21: the table in SPEC.md, read."""
    text = (ROOT / "signalling/SPEC.md").read_text("utf-8")
    written: dict[str, dict[str, str]] = {}
    for state, row in re.findall(r"^\| (\w+) \| (.*?) ?\|$", text, re.MULTILINE):
        steps = [step.split(" → ") for step in row.split(" · ") if " → " in step]
        written[state] = {event: after for events, after in steps for event in events.split(", ")}
    written.pop("state")
    assert written == {state: dict(row) for state, row in TABLE.items()}


def test_every_leg_can_be_ended_from_both_sides_and_over_is_over() -> None:
    """SG21."""
    for state in set(LegState) - {LegState.OVER}:
        for event in (LegEvent.BYE, LegEvent.HANG_UP, LegEvent.LOST):
            assert advance(state, event) is LegState.OVER
    assert TABLE[LegState.OVER] == {}


def test_times_fit_the_states_that_wait() -> None:
    """SG22, SG23."""
    assert TIMEOUTS_MS == {"inviting": 5_000, "ringing": 30_000, "connecting": 5_000}
    assert {state for state in LegState if LegEvent.TIMEOUT in TABLE[state]} == set(TIMEOUTS_MS)
    assert INVITING_MOST_MS == 35_000
    assert (SILENT_MS, LOOK_MS) == (5_000, 1_000)

"""Generated histories: no call lost, none resurrected, no clear removes a press it did not name (A5, A6).

And the browser's fold makes the same lists of them, over a node that runs its sources as they are.
"""

import json
import random
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ward_sync.calls import fold
from ward_sync.presence import Presence, PresenceEntry

from tests.helpers.calls import board_json, fact_json, presence_json
from tests.helpers.histories import NAMES, History, Tape, play

PWA = Path(__file__).parents[2] / "pwa"
COMPARED = 400


@settings(max_examples=2_000, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.binary(min_size=40, max_size=240))
def test_no_history_loses_or_resurrects_a_call(data: bytes) -> None:
    """CF15, CF19, CF23 to CF26, CF43, CF44."""
    play(data)


def test_histories_reach_what_they_are_for() -> None:
    """Else they would hold for want of anything happening."""
    names = ("refused", "open", "closed", "pruned", "missed", "strict", "late", "talked", "lost")
    seen = dict.fromkeys(names, 0)
    for number in range(60):
        history = play(random.Random(number).randbytes(240))
        board = history.hub_board()
        seen["refused"] += len(history.refused)
        seen["open"] += len(board.rows)
        seen["closed"] += len(board.closed)
        seen["pruned"] += len(history.store) - len(history.document)
        seen["missed"] += sum(row.missed for row in board.rows)
        seen["late"] += sum(
            (fact.heard_at or 0) - fact.body.at > 3_600_000 for fact in history.store.values()
        )
        seen["talked"] += sum(closed.act == "ended" for closed in board.closed.values())
        seen["lost"] += sum(fact.body.talk_ms == 0 for fact in history.store.values())
        for closed in board.closed.values():
            seen["strict"] += bool(history.store[closed.by.fact].body.rests_on)
    assert all(count >= 3 for count in seen.values()), seen


@pytest.mark.skipif(not (PWA / "node_modules").exists(), reason="the browser's packages are not installed")
def test_the_browsers_fold_makes_the_same_boards() -> None:
    """CF15, CF41 in both languages: at the end, and from one terminal's view in the middle of a cut."""
    cases = [case for number in range(COMPARED // 2) for case in _cases(number)]
    assert len(cases) == COMPARED
    lines = "".join(json.dumps(case["given"]) + "\n" for case in cases)
    node = shutil.which("node", path=str(PWA.parent / ".venv" / "bin")) or shutil.which("node")
    assert node, "node is needed to run the browser's fold"
    run = subprocess.run(
        [node, "--disable-warning=ExperimentalWarning", "tools/fold_lines.ts"],
        cwd=PWA, input=lines, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    boards = run.stdout.splitlines()
    assert len(boards) == len(cases)
    for case, line in zip(cases, boards, strict=True):
        assert json.loads(line) == case["board"]


def _cases(number: int) -> list[dict[str, Any]]:
    source = random.Random(number)
    history = History(Tape(source.randbytes(160)))
    history.run()
    middle = _case(history, source)
    history.run()
    history.heal()
    return [middle, _case(history, source)]


def _case(history: History, source: random.Random) -> dict[str, Any]:
    side = history.sides[source.choice(NAMES)]
    presence = Presence(
        history.now - source.choice((10_000, 100_000)),
        {
            name: PresenceEntry(
                source.random() < 0.7,
                history.now - source.choice((0, 14_999, 15_000, 30_000)),
                source.choice(("ok", "muted", "blocked")),
                {"bathroom": source.choice(("ok", "open"))},
            )
            for name in NAMES
            if source.random() < 0.9
        },
        frozenset(source.sample(NAMES, 4)) if source.random() < 0.3 else None,
    )
    board = fold(side.facts, history.directory, presence, history.now)
    return {
        "given": {
            "roots": history.roots,
            "presence": presence_json(presence),
            "now": history.now,
            "facts": [fact_json(fact) for fact in side.facts],
        },
        "board": board_json(board),
    }

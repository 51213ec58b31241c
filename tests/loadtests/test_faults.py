"""The runs of the fault harness and their reckoning; the runs themselves are pwa/tests/faults."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from loadtests.faults import figures_of, plan
from loadtests.report import all_pass, read_figures

ROOT = Path(__file__).parents[2]


def result(**changes: Any) -> dict[str, Any]:
    """One run's result as many.ts prints it."""
    latencies = {
        "each": {"hub": [4.0, 6.0], "mesh": [], "cut": [9_000.0]},
        "last": {"hub": [6.0]},
    }
    failures = ("lost", "resurrected", "unseen", "unequal", "early", "back", "late")
    counts = dict.fromkeys((*failures, "over", "acts"), 0)
    return {
        **counts,
        "kept": 2,
        "virtualMs": 60_000,
        "faults": {"cable out": 3},
        "latencies": latencies,
    } | changes


def test_the_runs_make_up_the_calls_and_no_seed_comes_twice() -> None:
    runs = list(plan(10_000, 1, quick=False))
    assert sum(run["calls"] for run in runs) == 10_000
    assert len({run["seed"] for run in runs}) == len(runs)
    assert {"size", "hubAway", "stretch", "aftermath"} <= {key for run in runs for key in run}
    assert [run["calls"] for run in plan(60, 1, quick=True)] == [60]


def test_a_call_that_was_lost_and_a_run_that_broke_off_fail() -> None:
    assert all_pass(figures_of([result(), result()]))
    for failure in ("lost", "back", "late"):
        assert not all_pass(figures_of([result(), result(**{failure: 1})]))
    assert not all_pass(figures_of([result(), {"seed": "1", "crashed": "out of memory"}]))


def test_times_are_told_by_way_and_what_was_cut_off_has_no_budget() -> None:
    figures = {figure.what: figure for figure in figures_of([result()])}
    assert figures["press → screen, hub up: p99"].verdict == "PASS"
    assert figures["press → screen, cut off when it was made: p99"].verdict == ""
    assert "press → screen, hub down, by neighbours: p99" not in figures


@pytest.mark.slow
def test_a_quick_run_loses_nothing(tmp_path: Path) -> None:
    written = tmp_path / "figures.json"
    command = [
        sys.executable,
        "-m",
        "loadtests.faults",
        "--quick",
        "--calls",
        "10",
        "--figures",
        str(written),
    ]
    subprocess.run(command, cwd=ROOT, check=True)
    assert all_pass(read_figures(written))

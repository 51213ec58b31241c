"""The playing process: `python -m loadtests.locust.play STAGE FIGURES [HTML]`, started by locust_runs."""

from __future__ import annotations

import gc
import json
import logging
import resource
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path

from loadtests.locust.calls_scenarios import call_storm, hospital, join_storm, ward
from loadtests.locust.feed_burst import feed_burst
from loadtests.locust.greenlets import spawn
from loadtests.locust.run import Run
from loadtests.locust.seats import read_stage
from loadtests.locust.shift_change import shift_change
from loadtests.locust.users import Play
from loadtests.report import Figure

SCENARIOS: Mapping[str, Callable[[Run], list[Figure]]] = {
    "ward": ward,
    "hospital": hospital,
    "join_storm": join_storm,
    "call_storm": call_storm,
    "shift_change": shift_change,
    "feed_burst": feed_burst,
}
_FOLLOWED = frozenset({"call_storm"})
"""Scenarios whose stations keep the lists of calls."""


def main(stage_at: Path, figures_at: Path, html: Path | None) -> int:
    """Play a stage and write its figures. Returns 0, whatever they say."""
    logging.getLogger("locust").setLevel(logging.ERROR)  # its warnings are about how many come at once
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    stage = read_stage(stage_at)
    if soft < (wanted := min(hard, 2 * len(stage.seats) + 512)):
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
    run = Run(stage)
    if stage.plan.scenario in _FOLLOWED:
        for station in run.of_kind("station"):
            station.following = True
    play = Play(run)
    gc.freeze()  # thousands of terminals that stay: looking through them again would hold all of them up
    spawn(run.watch_own_lateness)
    run.begin_measuring()
    play.spawn_terminals()
    figures = [*SCENARIOS[stage.plan.scenario](run), *run.problem_figures(), *run.process_figures()]
    play.end(html)
    figures_at.write_text(json.dumps([asdict(figure) for figure in figures]), "utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(
        main(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]) if len(sys.argv) > 3 else None)
    )

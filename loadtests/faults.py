"""10,000 calls of simulated wards under faults: `python -m loadtests.faults` (A5; `make load`).

The real core of the app in pages that are killed, over cables that are cut, around a hub that dies: the runs
of pwa/tests/faults, each out of its seed. Counts calls lost, resurrected and cleared unseen, and prints the
times from a press to the screens that could be reached. `--only-run` tells one run line by line.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

from loadtests.report import Figure, arguments, percentile, report

ROOT = Path(__file__).resolve().parents[1]
PWA = ROOT / "pwa"

Run = dict[str, Any]
Result = dict[str, Any]

CALLS, QUICK_CALLS = 10_000, 60
_CALLS_A_RUN = 250
_LONG: Run = {"seed": "long", "calls": 1_000, "pressMs": 2_500, "aftermath": True}
"""The ward of the others for longer: pages live on, and closed calls leave the documents."""
_LARGE: Run = {"seed": "large", "calls": 250, "size": "large"}
_CUTS: Run = {"seed": "cuts", "calls": 400, "pressMs": 9_000, "faultMs": 30_000, "stretch": 20}
"""Cuts that last longer than closed calls stay in the documents."""
_AWAY: Run = {"seed": "away", "calls": 250, "hubAway": True}
_WAYS = {
    "hub": ("hub up", 1_000),
    "mesh": ("hub down, by neighbours", 5_000),
    "room": ("room only", 5_000),
    "mixed": ("partly by the hub, partly by neighbours", None),
    "disturbed": ("a fault began or ended on the way", None),
    "cut": ("cut off when it was made", None),
}
"""A1 and A2: budgets of the 99th percentile, ms, where nothing was in the way."""


def plan(calls: int, first_seed: int, quick: bool) -> Iterator[Run]:
    """Yield the runs that make up so many calls, the long ones first."""
    left = calls
    for run in () if quick else (_LONG, _LARGE, _CUTS, _AWAY):
        if left >= int(run["calls"]):
            left -= int(run["calls"])
            yield dict(run)
    seed = first_seed
    while left > 0:
        share = min(left, _CALLS_A_RUN)
        yield {"seed": str(seed), "calls": share, "aftermath": quick}
        left -= share
        seed += 1


def node() -> str:
    """Return the Node of this project, or the machine's."""
    own = Path(sys.executable).parent
    return shutil.which("node", path=str(own)) or shutil.which("node") or "node"


def build(folder: Path) -> Path:
    """Make one file of the harness; returns it."""
    vite = PWA / "node_modules/vite/bin/vite.js"
    how = ("--config", "tests/faults/vite.config.ts", "--outDir", str(folder), "--logLevel", "error")
    subprocess.run([node(), str(vite), "build", *how], cwd=PWA, check=True)
    return folder / "many.mjs"


def play(program: Path, run: Run) -> Result:
    """Play one run; its result, or what it said when it ended without one."""
    ended = subprocess.run([node(), program, json.dumps(run)], capture_output=True, text=True, check=False)
    try:
        result: Result = json.loads(ended.stdout.splitlines()[-1])
    except (IndexError, ValueError):
        return {"seed": run["seed"], "crashed": (ended.stderr or ended.stdout)[-2_000:]}
    return result


def figures_of(results: Sequence[Result]) -> list[Figure]:
    """The figures of all runs together; times in ms."""
    whole = [result for result in results if "crashed" not in result]

    def total(what: str) -> int:
        return sum(result[what] for result in whole)

    figures = [
        Figure("runs that ended without a result", len(results) - len(whole), "", 0),
        Figure("calls lost", total("lost"), "", 0),
        Figure("calls resurrected", total("resurrected"), "", 0),
        Figure("calls cleared unseen", total("unseen"), "", 0),
        Figure("boards that differ at the end", total("unequal"), "", 0),
        Figure("calls said to be kept before they were", total("early"), "", 0),
        Figure("calls back on a screen they were over on", total("back"), "", 0),
        Figure("late at a screen that could be reached", total("late"), "", 0),
        Figure("calls kept", total("kept"), ""),
        Figure("calls over at the end", total("over"), ""),
        Figure("acts", total("acts"), ""),
        Figure("faults", sum(sum(result["faults"].values()) for result in whole), ""),
        Figure("hours of the ward", total("virtualMs") / 3_600_000, "h"),
    ]
    for way, (text, budget) in _WAYS.items():
        for kind, name in (("each", "press → screen"), ("last", "press → last screen")):
            times = [ms for result in whole for ms in result["latencies"][kind].get(way, [])]
            if not times:
                continue
            figures.append(Figure(f"{name}, {text}: n", len(times), ""))
            for share, label in ((0.5, "p50"), (0.95, "p95"), (0.99, "p99")):
                limit = budget if label == "p99" else None
                figures.append(Figure(f"{name}, {text}: {label}", percentile(times, share), "ms", limit))
            figures.append(Figure(f"{name}, {text}: max", max(times), "ms"))
    return figures


def tell(result: Result) -> None:
    """Print one line a run, and what failed in it."""
    if "crashed" in result:
        print(f"seed {result['seed']}: {result['crashed']}", flush=True)
        return
    faults = sum(result["faults"].values())
    line = f"seed {result['seed']}: {result['calls']} calls, {faults} faults, journal {result['journal']}"
    print(f"{line}, {result['cpuMs'] / 1_000:.0f} s", flush=True)
    for failure in result["failures"][:10]:
        print("FAILED", failure[:400], flush=True)


def main() -> int:
    """Play the runs on all cores; 1 when one lost a call, brought one back, or cleared one unseen."""
    parser = arguments(__doc__)
    parser.add_argument("--calls", type=int, help=f"default {CALLS}, quick {QUICK_CALLS}")
    parser.add_argument("--seed", type=int, default=1, help="of the first run")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument(
        "--only-run", metavar="JSON", help='one run, told line by line: {"seed": "3", "calls": 500}'
    )
    options = parser.parse_args()
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        program = build(Path(folder))
        if options.only_run:
            run = {**json.loads(options.only_run), "echo": True}
            return subprocess.run([node(), program, json.dumps(run)], check=False).returncode
        calls = options.calls or (QUICK_CALLS if options.quick else CALLS)
        results = []
        with ThreadPoolExecutor(options.processes) as pool:
            runs = plan(calls, options.seed, options.quick)
            for played in as_completed([pool.submit(play, program, run) for run in runs]):
                results.append(played.result())
                tell(results[-1])
    figures = figures_of(results)
    figures.append(Figure("time", time.perf_counter() - started, "s"))
    return report("Calls under faults", figures, options)


if __name__ == "__main__":
    raise SystemExit(main())

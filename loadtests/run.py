"""Every load test in turn and one summary: `make load`, or `python loadtests/run.py [--quick] [--only NAME
…]`.

Each runs in a process of its own and prints its table; the summary repeats every figure that has a budget.
A test that ends without figures is a failure, and so is a figure over its budget: nothing is left out.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # started by its path, as `make load` does

from loadtests.report import Figure, all_pass, arguments, read_figures, report  # noqa: E402


@dataclass(frozen=True, slots=True)
class Benchmark:
    """A module of this folder and its arguments. `quick`: those that make it small."""

    name: str
    module: str
    full: tuple[str, ...] = ()
    quick: tuple[str, ...] = ("--quick",)


BENCHMARKS = (
    Benchmark("first_load", "first_load"),
    Benchmark("memory", "memory"),
    Benchmark("socket_to_socket", "socket_to_socket"),
    Benchmark("socket_to_socket_500", "socket_to_socket", ("--terminals", "500")),
    Benchmark("press_to_drawn", "press_to_drawn"),
    Benchmark("fleet", "fleet"),
    Benchmark("press_without_hub", "press_without_hub"),
    Benchmark("station_links", "station_links"),
    Benchmark("broadcast_pages", "broadcast_pages"),
    Benchmark("cold_start", "cold_start"),
    Benchmark("restart", "restart"),
    Benchmark("two_hubs", "two_hubs"),
    Benchmark("broadcast", "broadcast"),
    Benchmark("histories", "histories", ("--count", "100000")),
    Benchmark("side_by_side", "side_by_side"),
    Benchmark("fdatasync_before_status", "fdatasync_before_status"),
    Benchmark("kill9", "kill9", ("--rounds", "1000")),
    Benchmark("faults", "faults", ("--calls", "10000")),
    Benchmark("growth", "growth"),
    Benchmark("document_growth", "document_growth"),
    Benchmark("locust_ward", "locust_runs", ("ward",), ("ward", "--quick")),
    Benchmark("locust_hospital", "locust_runs", ("hospital",), ("hospital", "--quick")),
    Benchmark("locust_join_storm", "locust_runs", ("join_storm",), ("join_storm", "--quick")),
    Benchmark("locust_call_storm", "locust_runs", ("call_storm",), ("call_storm", "--quick")),
    Benchmark("locust_shift_change", "locust_runs", ("shift_change",), ("shift_change", "--quick")),
    Benchmark("locust_feed_burst", "locust_runs", ("feed_burst",), ("feed_burst", "--quick")),
)
NOT_HERE = ("the station board at 50 changes/s",)
"""Numbers of the design that no program of this folder measures yet."""


def run_one(benchmark: Benchmark, quick: bool, folder: Path) -> list[Figure]:
    """Run a benchmark in a process of its own; returns its figures, one that failed where it gave none."""
    written = folder / f"{benchmark.name}.json"
    command = [sys.executable, "-m", f"loadtests.{benchmark.module}", "--figures", str(written)]
    status = subprocess.run(
        [*command, *(benchmark.quick if quick else benchmark.full)], cwd=ROOT, check=False
    ).returncode
    try:
        figures = read_figures(written)
    except (OSError, ValueError):
        return [Figure(f"ended with status {status}, without figures", float("nan"), "", 0)]
    if status and all_pass(figures):
        figures.append(Figure("ended with status", status, "", 0))
    return figures


def summary(results: Sequence[tuple[str, Sequence[Figure]]]) -> list[Figure]:
    """Return every figure that has a budget, the misses of all benchmarks among them, named by benchmark."""
    return [
        Figure(f"{name}: {figure.what.strip()}", figure.measured, figure.unit, figure.budget)
        for name, figures in results
        for figure in figures
        if figure.budget is not None
    ]


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--only", nargs="*", metavar="NAME", help=" ".join(one.name for one in BENCHMARKS))
    options = parser.parse_args()
    names = [one.name for one in BENCHMARKS]
    if unknown := set(options.only or ()) - set(names):
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}; there are {', '.join(names)}")
    results = []
    with tempfile.TemporaryDirectory() as folder:
        for benchmark in BENCHMARKS:
            if options.only and benchmark.name not in options.only:
                continue
            print(f"\n== {benchmark.name}", flush=True)
            started = time.monotonic()
            results.append((benchmark.name, run_one(benchmark, options.quick, Path(folder))))
            print(f"== {benchmark.name}: {time.monotonic() - started:.0f} s", flush=True)
    status = report("All load tests", summary(results), options)
    print("Not measured here: " + "; ".join(NOT_HERE))
    return status


if __name__ == "__main__":
    raise SystemExit(main())

"""What load tests say: a figure over its budget is a failure, in the table and in the exit status."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from loadtests.report import Figure, all_pass, arguments, percentile, read_figures, report, table
from loadtests.run import BENCHMARKS, Benchmark, run_one, summary

MET = Figure("to the last terminal, p99", 12.25, "ms", 20)
MISSED = Figure("hub CPU per delivery", 22, "µs", 9.1)
TOLD = Figure("presses", 1200, "")


def test_a_figure_passes_up_to_its_budget_and_without_one_has_no_verdict() -> None:
    assert (MET.verdict, MISSED.verdict, TOLD.verdict) == ("PASS", "FAIL", "")
    assert Figure("lost", 0, "", 0).verdict == "PASS"
    assert Figure("lost", 1, "", 0).verdict == "FAIL"


@pytest.mark.parametrize("nothing", [math.nan, math.inf])
def test_what_was_not_measured_fails(nothing: float) -> None:
    assert Figure("call-ready", nothing, "ms", 1_500).verdict == "FAIL"


def test_a_table_shows_every_figure_with_unit_budget_and_verdict() -> None:
    lines = table([MET, MISSED, TOLD]).splitlines()
    assert len({len(line) for line in lines}) == 1
    assert [cell.strip() for cell in lines[3].strip("|").split("|")] == [
        "hub CPU per delivery",
        "22 µs",
        "≤ 9.10 µs",
        "FAIL",
    ]
    assert "1,200" in lines[4]


def test_one_miss_fails_the_whole_and_the_figures_can_be_read_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written = tmp_path / "figures.json"
    options = arguments("").parse_args(["--figures", str(written)])
    assert report("Some load", [MET, TOLD], options) == 0
    assert report("Some load", [MET, MISSED, TOLD], options) == 1
    assert capsys.readouterr().out.rstrip().endswith("FAIL")
    assert read_figures(written) == [MET, MISSED, TOLD]
    assert not all_pass(read_figures(written))


def test_percentiles_are_values_that_were_measured() -> None:
    values = [float(value) for value in range(100, 0, -1)]
    assert (percentile(values, 0.5), percentile(values, 0.99), percentile(values, 1)) == (51, 100, 100)
    assert percentile([3.0], 0.99) == 3
    assert math.isnan(percentile([], 0.5))


def test_the_summary_names_each_budget_by_its_benchmark_and_keeps_the_misses() -> None:
    shown = summary([("memory", [MET, TOLD]), ("restart", [MISSED])])
    assert [figure.what for figure in shown] == [f"memory: {MET.what}", f"restart: {MISSED.what}"]
    assert [figure.verdict for figure in shown] == ["PASS", "FAIL"]


def test_a_benchmark_that_ends_without_figures_is_a_miss(tmp_path: Path) -> None:
    broken = Benchmark("broken", "no_such_module")
    assert [figure.verdict for figure in run_one(broken, True, tmp_path)] == ["FAIL"]


def test_every_benchmark_of_the_run_is_a_module_of_the_folder() -> None:
    folder = Path(__file__).parents[2] / "loadtests"
    assert all((folder / f"{benchmark.module}.py").is_file() for benchmark in BENCHMARKS)

"""What every load test ends with: its figures beside their budgets, one table, an exit status.

`python -m loadtests.run` collects the figures through `--figures`; a person reads the table.
"""

from __future__ import annotations

import argparse
import json
import math
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number. `budget`: at most this; None where the number is for information only."""

    what: str
    measured: float
    unit: str
    budget: float | None = None

    @property
    def verdict(self) -> str:
        """PASS, FAIL, or nothing where there is no budget. What was not measured (nan) fails."""
        if self.budget is None:
            return ""
        return "PASS" if self.measured <= self.budget else "FAIL"


def number(value: float) -> str:
    """A number as tables show it: whole when large, three digits that matter when small."""
    if math.isnan(value):
        return "not measured"
    if math.isinf(value):
        return "never"
    if value == int(value) or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.2f}" if abs(value) < 10 else f"{value:.1f}"


def table(figures: Sequence[Figure]) -> str:
    """The figures as a Markdown table, their columns in line."""
    rows = [("what", "measured", "budget", "verdict")]
    for figure in figures:
        budget = "" if figure.budget is None else f"≤ {number(figure.budget)} {figure.unit}".rstrip()
        unit = figure.unit if math.isfinite(figure.measured) else ""
        measured = f"{number(figure.measured)} {unit}".rstrip()
        rows.append((figure.what, measured, budget, figure.verdict))
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in rows
    ]
    return "\n".join([lines[0], "| " + " | ".join("-" * width for width in widths) + " |", *lines[1:]])


def all_pass(figures: Sequence[Figure]) -> bool:
    """Whether no budget was missed."""
    return all(figure.verdict != "FAIL" for figure in figures)


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of them lie; nan of none."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else math.nan


def arguments(about: str | None) -> argparse.ArgumentParser:
    """A parser with what every load test takes."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument(
        "--quick", action="store_true", help="a small run: shows that it works, measures little"
    )
    parser.add_argument("--figures", type=Path, help="file to write the figures to as JSON")
    return parser


def report(title: str, figures: Sequence[Figure], options: argparse.Namespace) -> int:
    """Print the table and the verdict, write `--figures`; returns the exit status."""
    load = " ".join(f"{value:.1f}" for value in os.getloadavg())
    print(f"\n{title}{' (quick)' if options.quick else ''}; load average {load} on {os.cpu_count()} cores")
    print(table(figures))
    passed = all_pass(figures)
    print("PASS" if passed else "FAIL", flush=True)
    if options.figures is not None:
        options.figures.write_text(json.dumps([asdict(figure) for figure in figures]), "utf-8")
    return 0 if passed else 1


def read_figures(path: Path) -> list[Figure]:
    """Read what `report` wrote. Raises OSError, ValueError."""
    return [Figure(**values) for values in json.loads(path.read_text("utf-8"))]

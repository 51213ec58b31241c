"""The load tests that need no browser, small, and the reckoning of those that do."""

from __future__ import annotations

import asyncio
import math
import subprocess
import sys
from pathlib import Path

import pytest

from loadtests.first_load import built_files, gzip_kib, kind_of, named_by
from loadtests.kill9_lab import lab_rounds
from loadtests.press_to_drawn import by_page, figures_of, latencies
from loadtests.report import read_figures
from loadtests.restart import admission
from loadtests.tally import Tally

ROOT = Path(__file__).parents[2]


def test_a_press_counts_until_the_last_page_has_drawn_it() -> None:
    pressed = {"one": 1_000.0, "two": 2_000.0}
    drawn = {"door-r01": {"one": 1_050.0, "two": 2_040.0}, "corridor-1": {"one": 1_120.0}}
    assert latencies(pressed, drawn) == [120.0, math.inf]
    assert by_page(pressed, drawn) == {"door-r01": [50.0, 40.0], "corridor-1": [120.0, math.inf]}
    verdicts = {figure.what: figure.verdict for figure in figures_of(pressed, drawn, [3.0, 4.0], 0, 88)}
    assert verdicts["press → drawn on the last of 2 pages among 88 light, p99"] == "FAIL"
    assert verdicts["not drawn on some page before cleared"] == "FAIL"
    assert verdicts["clears without acknowledgement"] == "PASS"


def test_what_was_acknowledged_and_is_gone_counts_as_lost() -> None:
    tally = Tally()
    tally.compare({"a", "b"}, {"a", "b", "never told"})
    tally.compare({"c"}, set())
    assert (tally.kills, tally.acknowledged, tally.lost) == (2, 3, ["c"])
    assert [figure.verdict for figure in tally.figures("lab", "updates")] == ["FAIL", "", "", ""]


def test_a_first_load_is_the_page_what_it_names_and_its_worker(tmp_path: Path) -> None:
    (tmp_path / "assets").mkdir()
    (tmp_path / "bedside.html").write_text(
        '<link rel="manifest" href="manifest.webmanifest"><link rel="stylesheet" href="/assets/a.css">'
        '<script type="module" src="/assets/a.js"></script><link rel="modulepreload" href="/assets/b.js">'
    )
    for name in ("a.css", "a.js", "b.js", "heart_worker-1.js", "other.js"):
        (tmp_path / "assets" / name).write_text(name)
    assert named_by((tmp_path / "bedside.html").read_text()) == [
        "/assets/a.css",
        "/assets/a.js",
        "/assets/b.js",
    ]
    names = [file.name for file in built_files(tmp_path)]
    assert names == ["bedside.html", "a.css", "a.js", "b.js", "heart_worker-1.js"]
    assert gzip_kib(b"x" * 10_240) < 1
    assert [kind_of(f"http://hub{path} 1") for path in ("/t/bedside/x/", "/assets/a.js?v", "/api/token")] == [
        "page",
        "scripts",
        "api",
    ]


def test_an_admission_names_ward_room_and_bed() -> None:
    assert b"|I|w01^701^1^LOAD|" in admission("w01", "701", "1", 1)


@pytest.mark.slow
def test_the_lab_keeps_what_it_acknowledged_over_kills(tmp_path: Path) -> None:
    tally = asyncio.run(lab_rounds(tmp_path / "lab", 2, seed=1))
    assert tally.kills == 2
    assert tally.acknowledged >= 2
    assert tally.lost == []


@pytest.mark.slow
def test_a_quick_run_measures_and_exits_by_its_verdict(tmp_path: Path) -> None:
    written = tmp_path / "figures.json"
    command = [sys.executable, "-m", "loadtests.socket_to_socket", "--quick", "--terminals", "5"]
    done = subprocess.run([*command, "--updates", "10", "--figures", str(written)], cwd=ROOT, check=False)
    figures = read_figures(written)
    assert {figure.unit for figure in figures} == {"ms", "µs"}
    assert all(math.isfinite(figure.measured) for figure in figures)
    assert done.returncode == any(figure.verdict == "FAIL" for figure in figures)

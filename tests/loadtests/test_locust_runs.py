"""The load tests with Locust: the smallest one measures, and a budget that is missed fails it."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path

import pytest
from ward_sync.facts import Act, FactBody, encode_body, encode_wire, fact_id

from loadtests.locust.held import always_held, nurse_of
from loadtests.locust.seats import Plan, Seat, Stage, read_stage, write_stage
from loadtests.locust.watch import Watch
from loadtests.locust_runs import FULL, PLANS, QUICK
from loadtests.report import read_figures

ROOT = Path(__file__).parents[2]
SEAT = Seat("w01-bed-b01", "bedside", "w01", "bedside-7", "r01", "b01", "ab", "t", ("hospital/settings",))


def test_a_stage_is_read_as_it_was_written_and_is_its_owners_alone(tmp_path: Path) -> None:
    stage = Stage(Plan("ward", wards=2), 1, 2, 3, "secret", (SEAT,), {"w01": ("s1", "s2")})
    write_stage(stage, tmp_path / "stage.json")
    assert read_stage(tmp_path / "stage.json") == stage
    assert (tmp_path / "stage.json").stat().st_mode & 0o777 == 0o600


def test_a_kind_holds_what_the_app_holds() -> None:
    """As pwa/src/core/joining.ts: a room's terminal its room's calls, a station the patients of the ward."""
    place = {"rooms": ["r01", "r02"], "stays": ["s1"], "months": ["2026-11"]}
    bed = always_held("w", "bed", "bedside", "r01", "b01", own_stay="s1", **place)
    assert bed[-2:] == ("ward/w/room/r01/calls", "stay/s1/card")
    assert "ward/w/bed/b01/directory" in bed
    station = always_held("w", "st", "station", None, None, own_stay=None, **place)
    assert {"ward/w/calls", "ward/w/room/r02/calls", "stay/s1/card", "ward/w/reach"} <= set(station)
    assert not any(
        name.startswith("stay/") for name in always_held("w", "p", "pda", None, None, own_stay=None, **place)
    )
    assert nurse_of("w01-pda-03") == "w01-n003"


def test_every_scenario_has_a_quick_and_a_full_size() -> None:
    assert set(PLANS) == set(QUICK) == set(FULL)
    assert PLANS["hospital"].wards == 33


READS_A_FACT = """
import sys
from pycrdt import Array, Doc
from loadtests.locust.wire import facts_in, marks_in
doc = Doc()
facts = doc.get("facts", type=Array)
facts.append([sys.argv[1], 1763000000000, False])
facts.append([sys.argv[1], 1763000000000.5, True])
print(*facts_in(doc.get_update()), *marks_in(b"x ~w01-pda-01.7~ y"))
"""


def test_facts_and_marks_are_found_in_updates() -> None:
    """In a process of its own: importing Locust changes the sockets of the one it is in."""
    body = FactBody(
        act=Act.PLACED,
        at=1,
        clock="hub",
        nonce="0" * 16,
        terminal="t",
        ward="w",
        room="r",
        source="bed:b",
        type="patient",
    )
    data = encode_body(body)
    command = [sys.executable, "-c", READS_A_FACT, encode_wire(b"\xff" * 64, data)]
    said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert said.split(maxsplit=2) == [fact_id(data), fact_id(data), "('w01-pda-01', 7)\n"]


@pytest.mark.slow
def test_a_ward_is_measured_and_a_missed_budget_is_a_failure(tmp_path: Path) -> None:
    """Budgets of a millionth are missed on any machine; still nothing is lost."""
    written, page = tmp_path / "figures.json", tmp_path / "page.html"
    command = [sys.executable, "-m", "loadtests.locust_runs", "ward", "--quick", "--seconds", "2"]
    command += ["--budget-scale", "0.000001", "--figures", str(written), "--html", str(page)]
    done = subprocess.run(command, cwd=ROOT, check=False)
    figures = {figure.what: figure for figure in read_figures(written)}
    assert done.returncode == 1
    late = figures["press → last station, p99"]
    assert math.isfinite(late.measured)
    assert late.verdict == "FAIL"
    failed = {figure.what for figure in figures.values() if figure.verdict == "FAIL"}
    assert failed == {"press → last station, p99", "press → door, p99"}, "nothing was lost, refused or denied"
    assert figures["presses"].measured == 8
    assert figures["terminals"].measured == 20
    assert "last station" in page.read_text("utf-8")


def test_what_did_not_come_to_one_of_its_receivers_stays_under_way() -> None:
    watch = Watch()
    watch.send("press", "f1", {"last station": ["a", "b"], "door": [], "last of all": ["a", "b", "c"]})
    for terminal in ("a", "a", "c", "nobody"):
        watch.seen("f1", terminal)
    assert (watch.under_way, watch.times) == (1, {})
    watch.seen("f1", "b")
    assert (watch.under_way, sorted(watch.times)) == (0, ["press → last of all", "press → last station"])

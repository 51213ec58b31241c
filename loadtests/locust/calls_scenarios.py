"""Scenarios of calls: one ward, a hospital, a call storm (requirement A18), and the join storm."""

from __future__ import annotations

import gc
import math
import time

from loadtests.locust.calling import Calling, presses_per_s
from loadtests.locust.greenlets import pause
from loadtests.locust.run import Run
from loadtests.report import Figure

WARD_MS, HOSPITAL_MS = 20.0, 100.0
"""Socket to socket, durable (design 9), of a signed fact here: its signature is checked on the way."""
CALL_READY_MS, IN_SYNC_MS = 10_000.0, 30_000.0
STORM_MS = 1_000.0
"""A1: press → visible and audible everywhere. The fact at the socket is what the hub has part in."""
AFTER_STORM_PER_S = 700 / 3600
_SETTLE_S, _DRAIN_S = 2.0, 20.0


def ward(run: Run) -> list[Figure]:
    """One ward at a multiple of its normal rate; presence and heartbeats go on."""
    return _calls(run, WARD_MS)


def hospital(run: Run) -> list[Figure]:
    """All wards at once at a multiple of their normal rate."""
    return _calls(run, HOSPITAL_MS)


def join_storm(run: Run) -> list[Figure]:
    """Everybody comes back: nothing to do but to wait."""
    joined = run.all_joined()
    if not joined:
        missing = sum(not one.in_sync.is_set() for one in run.terminals.values())
        run.watch.problem(f"all: {missing} terminals are not in sync after {run.plan.patience_s:.0f} s")
    begun = [one.begun - run.began for one in run.terminals.values()]
    return [
        Figure("power back → the last terminal has begun", max(begun) * 1000, "ms"),
        *run.time_figures("token asked over HTTP"),
        *run.time_figures("socket open"),
        *run.time_figures("call-ready", CALL_READY_MS),
        *run.time_figures("in sync"),
        Figure(
            "power back → all in sync",
            (time.perf_counter() - run.began) * 1000 if joined else math.inf,
            "ms",
            run.scaled(IN_SYNC_MS),
        ),
    ]


def call_storm(run: Run) -> list[Figure]:
    """72 calls within a second, then 700 an hour; every press must be in every station's list, once."""
    stations = run.of_kind("station")
    joined = _joined(run)
    calling = Calling(run)
    in_storm = calling.at_once(1.0)
    calling.at_rate(AFTER_STORM_PER_S * run.plan.speed_up, run.plan.seconds)
    calling.end(_DRAIN_S)
    run.drained(_DRAIN_S)
    # Stations of the same ward only: others are not at its documents.
    lost = sum(not s.got[c] for s in stations for c, w in calling.pressed.items() if w == s.seat.ward)
    doubled = sum(count > 1 for s in stations for count in s.got.values())
    return [
        joined,
        Figure("calls of the storm's second", in_storm, ""),
        Figure("calls in all", len(calling.pressed), ""),
        *run.time_figures("press → last station", STORM_MS),
        *run.time_figures("press → door"),
        *run.time_figures("press → last of all"),
        *run.time_figures("fact → stored"),
        Figure("presses missing from a station's list", lost, "", 0),
        Figure("facts doubled in a station's list", doubled, "", 0),
        *_left(run),
    ]


def _calls(run: Run, budget_ms: float) -> list[Figure]:
    joined = _joined(run)
    calling = Calling(run)
    run.begin_measuring()
    calling.at_rate(presses_per_s(run.plan.wards, run.plan.speed_up), run.plan.seconds)
    calling.end(_DRAIN_S)
    run.drained(_DRAIN_S)
    return [
        joined,
        Figure("presses", len(calling.pressed), ""),
        Figure("facts to sockets", run.watch.deliveries, ""),
        *run.time_figures("press → last station", budget_ms),
        *run.time_figures("press → door", budget_ms),
        *run.time_figures("press → last of all"),
        *run.time_figures("act → last of all"),
        *run.time_figures("fact → stored"),
        *_left(run),
    ]


def _joined(run: Run) -> Figure:
    """Wait for all, and until the hub has told of their presence."""
    whole = run.all_joined()
    pause(_SETTLE_S)
    gc.collect()
    gc.freeze()
    run.begin_measuring()
    missing = 0 if whole else sum(not one.in_sync.is_set() for one in run.terminals.values())
    return Figure("terminals not in sync at the beginning", missing, "", 0)


def _left(run: Run) -> list[Figure]:
    unanswered = sum(one.unanswered for one in run.terminals.values())
    return [
        Figure("facts that did not come to all", run.watch.under_way, "", 0),
        Figure("facts the hub has not answered", unanswered, "", 0),
    ]

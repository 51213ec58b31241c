"""One run: its terminals, who is at which document, what the hub's process took meanwhile."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable

import psutil

from loadtests.locust.greenlets import pause
from loadtests.locust.seats import Plan, Stage
from loadtests.locust.terminal import LoadTerminal
from loadtests.locust.watch import Watch
from loadtests.report import Figure, percentile

_LOOK_S = 0.05


class Run:
    """What users and scenarios share."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.watch = Watch()
        self.holders: dict[str, set[str]] = {}
        self.began = 0.0
        """When the first terminal might begin, of `time.perf_counter`."""
        self.terminals = {
            seat.terminal: LoadTerminal(seat, stage, self.watch, self.holders) for seat in stage.seats
        }
        self._waiting: dict[str, list[LoadTerminal]] = {}
        for terminal in self.terminals.values():
            self._waiting.setdefault(terminal.seat.kind, []).append(terminal)
        self._hub = psutil.Process(stage.hub)
        self._late: list[float] = []
        self._cpu, self._own, self._since = 0.0, 0.0, 0.0

    @property
    def plan(self) -> Plan:
        return self.stage.plan

    def count(self, kind: str) -> int:
        return len(self._waiting.get(kind, ()))

    def take(self, kind: str) -> LoadTerminal:
        """The next terminal of a kind, for a user."""
        return self._waiting[kind].pop()

    def of_kind(self, kind: str, ward: str | None = None) -> list[LoadTerminal]:
        """The terminals of a kind, in the order of their names."""
        return [
            self.terminals[name]
            for name in sorted(self.terminals)
            if self.terminals[name].seat.kind == kind and ward in (None, self.terminals[name].seat.ward)
        ]

    def wards(self) -> list[str]:
        return sorted({seat.ward for seat in self.stage.seats})

    def receivers(self, document: str) -> dict[str, Iterable[str]]:
        """Whom to watch for a fact in that document: stations, the doors, everybody who is at it."""
        there = self.holders.get(document, set())
        kinds = {name: self.terminals[name].seat.kind for name in there}
        return {
            "last station": [name for name in there if kinds[name] == "station"],
            "door": [name for name in there if kinds[name] == "door"],
            "last of all": there,
        }

    def all_joined(self) -> bool:
        """Wait until every terminal is in sync, or patience ends; returns which."""
        deadline = time.perf_counter() + self.plan.patience_s
        for terminal in self.terminals.values():
            if not terminal.in_sync.wait(max(0.0, deadline - time.perf_counter())):
                return False
        return True

    def drained(self, within_s: float) -> bool:
        """Wait until all that was sent has come to all and is answered; returns whether it has."""
        deadline = time.perf_counter() + within_s
        while self.watch.under_way or any(one.unanswered for one in self.terminals.values()):
            if time.perf_counter() > deadline:
                return False
            pause(_LOOK_S)
        return True

    # --- figures ---

    def begin_measuring(self) -> None:
        """What the hub and this process take is counted from here."""
        times = self._hub.cpu_times()
        self._cpu, self._own = times.user + times.system, time.process_time()
        self._since = time.perf_counter()
        self._late.clear()

    def watch_own_lateness(self) -> None:
        """For a greenlet: how much later than asked this process lets its greenlets run."""
        while True:
            due = time.perf_counter() + _LOOK_S
            pause(_LOOK_S)
            self._late.append((time.perf_counter() - due) * 1000)

    def process_figures(self) -> list[Figure]:
        """Shares of a core since `begin_measuring`, memory, and how many terminals there were."""
        times, took = self._hub.cpu_times(), time.perf_counter() - self._since
        cpu = times.user + times.system - self._cpu
        memory = float(self._hub.memory_info().rss) / 2**20
        documents = sum(len(seat.documents) for seat in self.stage.seats)
        return [
            Figure("terminals", len(self.stage.seats), ""),
            Figure("documents open at them, summed", documents, ""),
            Figure("hub: share of a core", cpu / took * 100, "%"),
            Figure(
                "terminals' process: share of a core", (time.process_time() - self._own) / took * 100, "%"
            ),
            Figure("terminals' process: late itself, p99", percentile(self._late, 0.99), "ms"),
            Figure("hub: resident memory", memory, "MiB"),
        ]

    def time_figures(self, name: str, budget_ms: float | None = None) -> list[Figure]:
        """p50 and p99 of a time; the budget is p99's. With a budget and no value it fails."""
        times = self.watch.of(name)
        if not times and budget_ms is None:
            return []
        return [
            Figure(f"{name}, p50 of {len(times)}", percentile(times, 0.5), "ms"),
            Figure(f"{name}, p99", percentile(times, 0.99), "ms", self.scaled(budget_ms)),
        ]

    def scaled(self, budget: float | None) -> float | None:
        """A budget as the plan has it."""
        return None if budget is None else budget * self.plan.budget_scale

    def problem_figures(self) -> list[Figure]:
        """What went wrong at all; how often which of it is printed, without the terminal's name."""
        kinds = Counter(problem.partition(": ")[2][:80] for problem in self.watch.problems)
        for problem, count in kinds.most_common(5):
            print(f"problem, {count} times: {problem}")
        allowed = None if self.plan.messages else 0
        return [
            Figure("joins tried again", self.watch.again, ""),
            Figure("refusals and sockets lost", len(self.watch.problems), "", 0),
            Figure("cards taken from a terminal", self.watch.cards_closed, "", allowed),
        ]

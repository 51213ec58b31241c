"""The hub and its peers side by side: `python -m loadtests.side_by_side [--quick] [--only MEASURE …]`.

Every measure starts each server anew, one after the other, round after round (server on one core, load on the
other), and compares medians. The ratios to @hocuspocus/server count: absolute figures move with the machine.
The peers of the y-websocket dialect need a socket a document and acknowledge nothing: they take part in the
measure of light load only.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import tempfile
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, TypeVar

from ward_hub.edge.server import loop_factory

from loadtests import crowd_joins, crowd_load
from loadtests.peer_servers import (
    HOCUSPOCUS,
    HUB,
    LOAD_CORE,
    PYCRDT_WEBSOCKET,
    STORE_FIRST,
    Y_WEBSOCKET,
    Kind,
    Running,
    missing,
    on_core,
    running,
)
from loadtests.report import Figure, arguments, number, percentile, report
from loadtests.socket_to_socket import ACKNOWLEDGED_MS, OVER_THE_DISK_MS, bare_append_ms

T = TypeVar("T")
Row = dict[str, float]
"""What a measure found on one server: name with unit → value."""
_BARE = "bare append and fdatasync p50, ms"
_RATE = "updates/s at p99 ≤ 100 ms"


@dataclass(frozen=True, slots=True)
class Size:
    """How large a run is."""

    rounds: int
    seconds: float
    crowd: int
    big_crowd: int
    disk: int
    idle: int
    acknowledged: int
    killed: int


FULL = Size(3, 4.0, 100, 500, 1_000, 200, 300, 200)
QUICK = Size(1, 1.0, 20, 40, 100, 40, 50, 20)
_DOCUMENTS = 10
_RATE_S = 2.0


class Runs:
    """Runs one measure on one server; what it learns (a rate to begin with, a folder filled) it keeps."""

    def __init__(self, size: Size, folder: Path) -> None:
        self.size = size
        self._folder = folder
        self._count = 0
        self._rates = {HUB: 6_000.0, HOCUSPOCUS: 8_000.0, STORE_FIRST: 2_000.0}

    def light(self, kind: Kind) -> Row:
        """100 terminals x 10 documents, 50 updates/s."""
        return self._light(kind, self.size.crowd)

    def light_500(self, kind: Kind) -> Row:
        """500 terminals x 10 documents, 50 updates/s."""
        return self._light(kind, self.size.big_crowd)

    def alone(self, kind: Kind) -> Row:
        """Acknowledgement of one terminal alone; beside it what the disk takes for the same."""
        bare = bare_append_ms(self._folder, 200)
        taken = self._on(kind, lambda server: crowd_load.acknowledged_alone(server, self.size.acknowledged))
        return {
            "acknowledgement alone p50, ms": percentile(taken, 0.5),
            "acknowledgement alone p99, ms": percentile(taken, 0.99),
            _BARE: percentile(bare, 0.5),
        }

    def rate(self, kind: Kind) -> Row:
        """The most updates/s to 100 terminals x 10 documents, every one with 99 of 100 within 100 ms."""

        async def search(server: Running) -> Row:
            crowd = crowd_load.LoadedCrowd(server, self.size.crowd, _DOCUMENTS)
            await crowd.join()
            seconds = _RATE_S if self.size is FULL else self.size.seconds
            best, busy, cpu_us = await crowd_load.most(crowd, self._rates[kind], seconds)
            crowd.leave()
            self._rates[kind] = best or self._rates[kind]
            return {
                _RATE: best,
                "load generator busy there, %": busy * 100,
                "CPU per delivery there, µs": cpu_us,
            }

        return self._on(kind, search)

    def join(self, kind: Kind) -> Row:
        """500 terminals x 10 documents join at once."""
        crowd = self.size.big_crowd
        taken = self._on(kind, lambda server: crowd_joins.join_at_once(server, crowd, _DOCUMENTS))
        return {"all in sync, ms": taken}

    def disk(self, kind: Kind) -> Row:
        """1,000 documents from disk, all in sync; written once, then opened on a server started again."""
        folder, count = self._folder / f"disk {kind.name.replace('/', ' ')}", self.size.disk
        if not folder.exists():
            self._on(kind, lambda server: crowd_joins.fill(server, count), folder)
        taken, empty = self._on(kind, lambda server: crowd_joins.from_disk(server, count), folder)
        return {"all in sync, ms": taken if not empty else math.inf, "came empty": empty}

    def memory(self, kind: Kind) -> Row:
        """Memory of its own: bare, and the slope of an idle terminal, a subscription, a loaded document."""
        count = self.size.idle
        folder = self._folder / f"memory {kind.name.replace('/', ' ')}"
        bare = self._on(kind, crowd_joins.steady_kib)
        one = self._on(kind, lambda server: crowd_joins.crowd_kib(server, count, 1))
        many = self._on(kind, lambda server: crowd_joins.crowd_kib(server, count, 1 + _DOCUMENTS))
        documents = max(150, count * 3)
        self._on(kind, lambda server: crowd_joins.fill(server, documents, crowd_joins.KEYS), folder)
        loaded = self._on(kind, lambda server: crowd_joins.documents_kib(server, documents), folder)
        return {
            "bare, MiB": bare / 1024,
            "idle terminal with a document, KiB": one,
            "further subscription, KiB": (many - one) / _DOCUMENTS,
            "loaded document, KiB": loaded,
        }

    def kill(self, kind: Kind) -> Row:
        """Acknowledged writes that are gone after kill -9."""
        folder = self._folder / f"kill {kind.name.replace('/', ' ')}"
        writes = self.size.killed

        async def write_and_kill(server: Running) -> None:
            await crowd_joins.write_acknowledged(server, writes)
            server.kill()

        self._on(kind, write_and_kill, folder)
        lost = self._on(kind, lambda server: crowd_joins.lost_writes(server, writes), folder)
        return {"acknowledged": writes, "of them lost": lost}

    def _light(self, kind: Kind, terminals: int) -> Row:
        async def run(server: Running) -> Row:
            crowd = crowd_load.LoadedCrowd(server, terminals, _DOCUMENTS)
            await crowd.join()
            await crowd.run(50.0, 0.5)
            found = await crowd.run(50.0, self.size.seconds)
            crowd.leave()
            return {
                "CPU per delivery, µs": found.cpu_us,
                "updates a frame": found.merged,
                "last of all p50, ms": percentile(found.last, 0.5),
                "last of all p99, ms": percentile(found.last, 0.99),
                "acknowledgement in the crowd p50, ms": percentile(found.acknowledged, 0.5),
                "acknowledgement in the crowd p99, ms": percentile(found.acknowledged, 0.99),
            }

        return self._on(kind, run)

    def _on(
        self, kind: Kind, work: Callable[[Running], Coroutine[Any, Any, T]], folder: Path | None = None
    ) -> T:
        self._count += 1
        with (
            running(kind, folder or self._folder / f"run {self._count}") as server,
            asyncio.Runner(loop_factory=loop_factory()) as runner,
        ):
            return runner.run(work(server))


@dataclass(frozen=True, slots=True)
class Measure:
    """What is run, on whom (those of `once` in the first round only), and which shares are wanted.

    `shares`: (row, peer, at most this share of the peer's). `at_least`: the same the other way round.
    """

    name: str
    run: Callable[[Runs, Kind], Row]
    kinds: tuple[Kind, ...]
    once: tuple[Kind, ...] = ()
    rounds: int | None = None
    shares: tuple[tuple[str, Kind, float], ...] = ()
    at_least: tuple[tuple[str, Kind, float], ...] = ()
    limits: tuple[tuple[str, float], ...] = ()


_BOTH, _ALL = (HUB, HOCUSPOCUS), (HUB, HOCUSPOCUS, STORE_FIRST)
_CPU = "CPU per delivery, µs"
MEASURES = (
    Measure("light", Runs.light, _ALL, (Y_WEBSOCKET, PYCRDT_WEBSOCKET), shares=((_CPU, HOCUSPOCUS, 0.5),)),
    Measure("light_500", Runs.light_500, _BOTH, shares=((_CPU, HOCUSPOCUS, 0.75),)),
    Measure("alone", Runs.alone, _ALL, limits=(("acknowledgement alone p99, ms", ACKNOWLEDGED_MS),)),
    Measure(
        "rate", Runs.rate, _ALL, rounds=2, at_least=((_RATE, HOCUSPOCUS, 0.75), (_RATE, STORE_FIRST, 4.0))
    ),
    Measure("join", Runs.join, _BOTH, shares=(("all in sync, ms", HOCUSPOCUS, 0.5),)),
    Measure("disk", Runs.disk, _BOTH, shares=(("all in sync, ms", HOCUSPOCUS, 0.6),)),
    Measure(
        "memory",
        Runs.memory,
        _BOTH,
        rounds=1,
        limits=(
            ("bare, MiB", 45.0),
            ("idle terminal with a document, KiB", 30.0),
            ("further subscription, KiB", 4.0),
            ("loaded document, KiB", 30.0),
        ),
    ),
    Measure("kill", Runs.kill, _ALL, rounds=1, limits=(("of them lost", 0.0),)),
)


def measure(one: Measure, runs: Runs) -> dict[Kind, Row]:
    """Run a measure on every server, interleaved; returns medians."""
    found: dict[Kind, list[Row]] = {}
    for place in range(min(one.rounds or runs.size.rounds, runs.size.rounds)):
        for kind in (*one.kinds, *(one.once if place == 0 else ())):
            if (why := missing(kind)) is not None:
                if place == 0:
                    print(f"{kind.name} is left out: {why}")
                continue
            try:
                row = one.run(runs, kind)
                found.setdefault(kind, []).append(row)
            except (OSError, RuntimeError, TimeoutError) as error:
                print(f"{kind.name} failed at {one.name}: {error!r:.200}")
    return {
        kind: {name: median(row[name] for row in rows) for name in rows[0]}
        for kind, rows in found.items()
        if rows
        if rows
    }


def table(one: Measure, found: dict[Kind, Row]) -> str:
    """The measure as a table: a line a figure, a column a server, the hub's share of Hocuspocus' figure."""
    kinds = list(found)
    lines = ["| " + " | ".join([one.name, *(kind.name for kind in kinds), "hub / @hocuspocus"]) + " |"]
    lines.append("|" + " --- |" * (len(kinds) + 2))
    for name in found.get(HUB, {}):
        cells = [number(found[kind][name]) for kind in kinds]
        share = ""
        if HOCUSPOCUS in found and found[HOCUSPOCUS][name]:
            share = f"{found[HUB][name] / found[HOCUSPOCUS][name]:.2f}"
        lines.append("| " + " | ".join([name, *cells, share]) + " |")
    return "\n".join(lines)


def figures(one: Measure, found: dict[Kind, Row]) -> list[Figure]:
    """What the numbers to reach say of a measure."""
    hub = found.get(HUB, {})
    made = [Figure(f"{one.name}: {name}", hub.get(name, math.nan), "", most) for name, most in one.limits]
    for name, kind, share in one.shares:
        made.append(
            Figure(
                f"{one.name}: {name}, share of {kind.name}", _ratio(hub, found.get(kind), name), "x", share
            )
        )
    for name, kind, share in one.at_least:
        there = found.get(kind, {})
        ratio = _ratio(there, hub, name)
        made.append(Figure(f"{one.name}: {name}, that of {kind.name} / the hub's", ratio, "x", 1 / share))
    if _BARE in hub:
        p50 = hub["acknowledgement alone p50, ms"]
        made.append(
            Figure(f"{one.name}: acknowledgement alone p50", p50, "ms", hub[_BARE] + OVER_THE_DISK_MS)
        )
    return made


def _ratio(above: Row, below: Row | None, name: str) -> float:
    value, other = (below or {}).get(name), above.get(name)
    return other / value if value and other else math.nan


def measure_all(names: Sequence[str], size: Size) -> list[Figure]:
    """Run the named measures, all of them without names, and print their tables."""
    made: list[Figure] = []
    with tempfile.TemporaryDirectory() as folder, on_core(LOAD_CORE):
        runs = Runs(size, Path(folder))
        for one in MEASURES:
            if not names or one.name in names:
                found = measure(one, runs)
                print(f"\n{(one.run.__doc__ or '').strip()}\n{table(one, found)}", flush=True)
                made += figures(one, found)
    return made


def main() -> int:
    parser: argparse.ArgumentParser = arguments(__doc__)
    known = [one.name for one in MEASURES]
    parser.add_argument(
        "--only", nargs="*", choices=known, default=[], metavar="MEASURE", help=" ".join(known)
    )
    options = parser.parse_args()
    made = measure_all(options.only, QUICK if options.quick else FULL)
    return report("Side by side", made, options)


if __name__ == "__main__":
    raise SystemExit(main())

"""Socket to socket through the hub, durable: how long until the last terminal has an update.

100 light terminals, each with the same 10 documents, 50 updates/s by default. Prints one table: latency to
the last terminal and to the acknowledgement, hub CPU per delivery.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
import time
from pathlib import Path

import psutil
from ward_sync.messages import Message, SyncStatus, Update

from loadtests.report import Figure, arguments, percentile, report
from loadtests.terminals import LightTerminal, Writer, lab_hub

LAST_MS = {100: 20.0}
CPU_US = {100: 0.5 * 18.2, 500: 0.75 * 11.4}
"""Shares of what @hocuspocus/server 4.8 took beside an idle machine. A busy one makes a µs longer."""
ACKNOWLEDGED_MS = 4.0
OVER_THE_DISK_MS = 1.0
JOIN_AT_ONCE = 100


class Listener(LightTerminal):
    """Counts deliveries; the run looks at the last of all terminals."""

    def __init__(self, port: int, documents: list[str], run: Run) -> None:
        super().__init__(port, documents)
        self._run = run

    def heard(self, address: str, message: Message) -> None:
        if isinstance(message, Update):
            self._run.delivered()
        elif isinstance(message, SyncStatus):
            self._run.acknowledged()


class Run:
    """One update under way at a time: to the last of the others, and to the acknowledgement."""

    def __init__(self, others: int) -> None:
        self.last: list[float] = []
        self.acknowledgement: list[float] = []
        self.deliveries = 0
        self._others = others
        self._missing = 0
        self._acked = False
        self._started = 0.0
        self.done = asyncio.Event()

    def begin(self) -> None:
        self._missing = self._others
        self._acked = False
        self._started = time.perf_counter()
        self.done.clear()

    def delivered(self) -> None:
        self.deliveries += 1
        self._missing -= 1
        if self._missing == 0:
            self.last.append((time.perf_counter() - self._started) * 1000)
            self._finish()

    def acknowledged(self) -> None:
        if self._started:
            self.acknowledgement.append((time.perf_counter() - self._started) * 1000)
            self._acked = True
            self._finish()

    def _finish(self) -> None:
        if self._acked and self._missing == 0:
            self.done.set()


async def measure(
    port: int, pid: int, terminals: int, documents: int, updates: int, rate: float
) -> list[Figure]:
    names = [f"load/{number}" for number in range(documents)]
    run = Run(terminals - 1)
    listeners = [Listener(port, names, run) for _ in range(terminals)]
    started = time.perf_counter()
    for first in range(0, terminals, JOIN_AT_ONCE):
        await asyncio.gather(*(listener.join() for listener in listeners[first : first + JOIN_AT_ONCE]))
    joined_ms = (time.perf_counter() - started) * 1000
    writers = [Writer() for _ in names]
    hub = psutil.Process(pid)
    before = hub.cpu_times()
    for number in range(updates):
        begun = time.perf_counter()
        place = number % documents
        run.begin()
        await listeners[number % terminals].send(names[place], Update(writers[place].set("k", number)))
        await asyncio.wait_for(run.done.wait(), 30)
        await asyncio.sleep(max(0.0, 1 / rate - (time.perf_counter() - begun)))
    after = hub.cpu_times()
    cpu_s = after.user + after.system - before.user - before.system
    await asyncio.gather(*(listener.leave() for listener in listeners))
    return figures_of(run, cpu_s / run.deliveries * 1e6, joined_ms, terminals)


async def acknowledged_alone(port: int, times: int) -> list[float]:
    """Return ms from an update to its acknowledgement, one terminal being alone at its document.

    In the crowd the acknowledgement stands behind the deliveries of all terminals, which one process reads.
    """
    run = Run(0)
    terminal = Listener(port, ["alone"], run)
    await terminal.join()
    writer = Writer()
    for number in range(times):
        run.begin()
        await terminal.send("alone", Update(writer.set("k", number)))
        await asyncio.wait_for(run.done.wait(), 30)
        await asyncio.sleep(0.005)
    await terminal.leave()
    return run.acknowledgement


def figures_of(run: Run, cpu_us: float, joined_ms: float, terminals: int) -> list[Figure]:
    """The table of a run. Budgets are those of 100 and 500 terminals; other numbers have none."""
    return [
        Figure("to the last terminal, p50", percentile(run.last, 0.5), "ms"),
        Figure("to the last terminal, p99", percentile(run.last, 0.99), "ms", LAST_MS.get(terminals)),
        Figure("acknowledgement in the crowd, p50", percentile(run.acknowledgement, 0.5), "ms"),
        Figure(
            "acknowledgement in the crowd, p99", percentile(run.acknowledgement, 0.99), "ms", ACKNOWLEDGED_MS
        ),
        Figure("hub CPU per delivery", cpu_us, "µs", CPU_US.get(terminals)),
        Figure("join of all", joined_ms, "ms"),
    ]


def bare_append_ms(folder: Path, times: int) -> list[float]:
    """Return ms of so many appends of 100 bytes, each with fdatasync: what the disk itself takes."""
    taken = []
    with (folder / "bare").open("ab", buffering=0) as file:
        for _ in range(times):
            started = time.perf_counter()
            file.write(b"x" * 100)
            os.fdatasync(file.fileno())
            taken.append((time.perf_counter() - started) * 1000)
    return taken


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--terminals", type=int, help="default 100, quick 20")
    parser.add_argument("--documents", type=int, default=10)
    parser.add_argument("--updates", type=int, help="default 500, quick 50")
    parser.add_argument("--rate", type=float, default=50.0, help="updates a second")
    parser.add_argument("--store", default="sqlite:log.db")
    options = parser.parse_args()
    terminals = options.terminals or (20 if options.quick else 100)
    updates = options.updates or (50 if options.quick else 500)
    with tempfile.TemporaryDirectory() as folder:
        bare = bare_append_ms(Path(folder), 200)
    with lab_hub(options.store) as (port, pid):
        figures = asyncio.run(measure(port, pid, terminals, options.documents, updates, options.rate))
        alone = asyncio.run(acknowledged_alone(port, updates))
    disk = percentile(bare, 0.5)
    least = disk + OVER_THE_DISK_MS
    figures.append(Figure("acknowledgement alone, p50", percentile(alone, 0.5), "ms", least))
    figures.append(Figure("acknowledgement alone, p99", percentile(alone, 0.99), "ms", ACKNOWLEDGED_MS))
    figures.append(Figure("bare append and fdatasync, p50", disk, "ms"))
    figures.append(Figure("bare append and fdatasync, p99", percentile(bare, 0.99), "ms"))
    title = (
        f"{terminals} terminals x {options.documents} documents, {updates} updates at {options.rate:.0f}/s"
    )
    return report(title, figures, options)


if __name__ == "__main__":
    raise SystemExit(main())

"""Socket to socket through the hub, durable: how long until the last terminal has an update.

100 light terminals, each with the same 10 documents, 50 updates/s by default. Prints one table: latency to
the last terminal and to the acknowledgement, hub CPU per delivery.
"""

from __future__ import annotations

import argparse
import asyncio
import time

import psutil
from ward_sync.messages import Message, SyncStatus, Update

from loadtests.report import percentile
from loadtests.terminals import LightTerminal, Writer, lab_hub


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


async def measure(port: int, pid: int, terminals: int, documents: int, updates: int, rate: float) -> None:
    names = [f"load/{number}" for number in range(documents)]
    run = Run(terminals - 1)
    listeners = [Listener(port, names, run) for _ in range(terminals)]
    started = time.perf_counter()
    await asyncio.gather(*(listener.join() for listener in listeners))
    joined_ms = (time.perf_counter() - started) * 1000
    writers = [Writer() for _ in names]
    hub = psutil.Process(pid)
    before = hub.cpu_times()
    for number in range(updates):
        begun = time.perf_counter()
        place = number % documents
        run.begin()
        await listeners[number % terminals].send(names[place], Update(writers[place].set("k", number)))
        await asyncio.wait_for(run.done.wait(), 10)
        await asyncio.sleep(max(0.0, 1 / rate - (time.perf_counter() - begun)))
    after = hub.cpu_times()
    cpu_s = after.user + after.system - before.user - before.system
    print(f"{terminals} terminals x {documents} documents, {updates} updates at {rate:.0f}/s, durable")
    print("| what | p50 ms | p99 ms |")
    print("| --- | --- | --- |")
    for what, values in (("last terminal", run.last), ("acknowledgement", run.acknowledgement)):
        print(f"| {what} | {percentile(values, 0.5):.2f} | {percentile(values, 0.99):.2f} |")
    print(f"join of all: {joined_ms:.0f} ms; hub CPU per delivery: {cpu_s / run.deliveries * 1e6:.1f} µs")
    await asyncio.gather(*(listener.leave() for listener in listeners))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--terminals", type=int, default=100)
    parser.add_argument("--documents", type=int, default=10)
    parser.add_argument("--updates", type=int, default=500)
    parser.add_argument("--rate", type=float, default=50.0)
    parser.add_argument("--store", default="sqlite:log.db")
    args = parser.parse_args()
    with lab_hub(args.store) as (port, pid):
        asyncio.run(measure(port, pid, args.terminals, args.documents, args.updates, args.rate))


if __name__ == "__main__":
    main()

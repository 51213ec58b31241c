"""Memory of the lab hub: `python -m loadtests.memory` (design 9: ≤ 45 MiB, 30 KiB, 4 KiB, 30 KiB).

Bare, per idle terminal, per subscription, per loaded document. Each figure is the slope between two crowds
on a hub of its own: what a first use allocates for good (caches, buffers, arenas of the allocator) is in the
smaller crowd, and memory freed by an earlier step cannot hide what a later one takes.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

import psutil
from ward_sync.messages import Update

from loadtests.report import Figure, arguments, report
from loadtests.terminals import LightTerminal, Writer, lab_hub

BARE_MIB, TERMINAL_KIB, SUBSCRIPTION_KIB, DOCUMENT_KIB = 45.0, 30.0, 4.0, 30.0
BATCH = 50
KEYS = 40
"""A loaded document is no empty one: forty keys of a hundred characters, as in a directory or a card."""
STEADY_S, LOOK_S, LONGEST_S = 1.0, 0.25, 10.0


class Hub:
    """A hub as the system sees it, and the terminals on it."""

    def __init__(self, port: int, pid: int) -> None:
        self._port = port
        self._process = psutil.Process(pid)
        self._terminals: list[LightTerminal] = []

    def resident_mib(self) -> float:
        return float(self._process.memory_info().rss) / 2**20

    async def kib(self) -> float:
        """Its own pages (USS) when they have stopped changing for a second, or the last of a while."""
        last, since = -1.0, 0.0
        for step in range(round(LONGEST_S / LOOK_S)):
            now = step * LOOK_S
            found = self._process.memory_full_info().uss / 1024
            if found != last:
                last, since = found, now
            elif now - since >= STEADY_S:
                break
            await asyncio.sleep(LOOK_S)
        return last

    async def join(self, count: int, documents: list[str]) -> None:
        """Bring `count` terminals with the same documents."""
        for start in range(0, count, BATCH):
            made = [LightTerminal(self._port, documents) for _ in range(start, min(count, start + BATCH))]
            await asyncio.gather(*(terminal.join() for terminal in made))
            self._terminals += made

    async def open(self, documents: list[str], fill: bool) -> None:
        """Let one terminal open documents, and fill them if asked to."""
        terminal = LightTerminal(self._port, documents)
        await terminal.join()
        self._terminals.append(terminal)
        if not fill:
            return
        for name in documents:
            writer = Writer()
            for key in range(KEYS):
                await terminal.send(name, Update(writer.set(f"key-{key}", "x" * 100)))
        await terminal.settle(KEYS * len(documents))

    async def leave(self) -> None:
        await asyncio.gather(*(terminal.leave() for terminal in self._terminals))


Crowd = Callable[[Hub, int, int], Awaitable[None]]
"""(hub, first, count) → when so many more, counted from the first, are there."""


def cost_kib(count: int, more: Crowd, data: Path) -> tuple[float, float]:
    """Return the resident MiB of a bare hub, and the KiB each of `count` costs, half as many being there."""

    async def measure(hub: Hub) -> tuple[float, float]:
        await hub.kib()
        bare = hub.resident_mib()
        await more(hub, 0, count // 2)
        before = await hub.kib()
        await more(hub, count // 2, count)
        cost = (await hub.kib() - before) / count
        await hub.leave()
        return bare, cost

    with lab_hub(data=data) as (port, pid):
        return asyncio.run(measure(Hub(port, pid)))


def crowd(documents: int) -> Crowd:
    """Terminals that all have the same documents open."""
    names = [f"shared/{number}" for number in range(documents)]
    return lambda hub, _first, count: hub.join(count, names)


def openers(fill: bool) -> Crowd:
    """One terminal for each batch of documents."""
    return lambda hub, first, count: hub.open([f"own/{n}" for n in range(first, first + count)], fill)


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--terminals", type=int, help="terminals and documents, default 400, quick 50")
    parser.add_argument("--documents", type=int, default=10, help="further subscriptions of a terminal")
    options = parser.parse_args()
    count = options.terminals or (50 if options.quick else 400)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        bare, idle = cost_kib(count, crowd(1), folder / "idle")
        _, wide = cost_kib(count, crowd(1 + options.documents), folder / "wide")
        _, written = cost_kib(count, openers(fill=True), folder / "own")
        _, loaded = cost_kib(count, openers(fill=False), folder / "own")  # from the disk, by another hub
    figures = [
        Figure("bare hub, resident", bare, "MiB", BARE_MIB),
        Figure("idle terminal with one document", idle, "KiB", TERMINAL_KIB),
        Figure("each further subscription", (wide - idle) / options.documents, "KiB", SUBSCRIPTION_KIB),
        Figure(f"document of {KEYS} keys, loaded", loaded, "KiB", DOCUMENT_KIB),
        Figure("  the same while it is being written", written, "KiB"),
    ]
    return report("Memory of the lab hub", figures, options)


if __name__ == "__main__":
    raise SystemExit(main())

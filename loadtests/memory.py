"""Memory of the lab hub: `python -m loadtests.memory` (design 9: ≤ 45 MiB, 30 KiB, 4 KiB, 30 KiB).

Bare, per idle terminal, per subscription, per loaded document. Each figure is the slope between two crowds
on a hub of its own: what a first use allocates for good (caches, buffers, arenas of the allocator) is in the
smaller crowd, and memory freed by an earlier step cannot hide what a later one takes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

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

    async def fill(self, count: int, documents: list[str]) -> None:
        """Let one terminal open the first `count` documents not opened yet, and fill them."""
        begun = sum(len(terminal.documents) for terminal in self._terminals)
        names = documents[begun : begun + count]
        terminal = LightTerminal(self._port, names)
        await terminal.join()
        self._terminals.append(terminal)
        for name in names:
            writer = Writer()
            for key in range(KEYS):
                await terminal.send(name, Update(writer.set(f"key-{key}", "x" * 100)))
        await terminal.settle(KEYS * count)

    async def leave(self) -> None:
        await asyncio.gather(*(terminal.leave() for terminal in self._terminals))


async def slope(hub: Hub, count: int, more: Callable[[int], Awaitable[None]]) -> float:
    """KiB that each of `count` more costs when half as many are there already."""
    await more(count // 2)
    before = await hub.kib()
    await more(count)
    cost = (await hub.kib() - before) / count
    await hub.leave()
    return cost


def with_hub(count: int, documents: list[str], own: bool) -> tuple[float, float]:
    """Return the resident MiB of a bare hub, and the KiB that one more terminal or document costs."""

    async def measure(port: int, pid: int) -> tuple[float, float]:
        hub = Hub(port, pid)
        await hub.kib()
        bare = hub.resident_mib()
        what = hub.fill if own else hub.join
        return bare, await slope(hub, count, lambda number: what(number, documents))

    with lab_hub() as (port, pid):
        return asyncio.run(measure(port, pid))


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--terminals", type=int, help="default 400, quick 50")
    parser.add_argument("--documents", type=int, default=10)
    options = parser.parse_args()
    count = options.terminals or (50 if options.quick else 400)
    bare, idle = with_hub(count, ["one"], own=False)
    _, wide = with_hub(count, [f"shared/{number}" for number in range(options.documents + 1)], own=False)
    _, document = with_hub(count, [f"own/{number}" for number in range(2 * count)], own=True)
    figures = [
        Figure("bare hub, resident", bare, "MiB", BARE_MIB),
        Figure("idle terminal with one document", idle, "KiB", TERMINAL_KIB),
        Figure("each further subscription", (wide - idle) / options.documents, "KiB", SUBSCRIPTION_KIB),
        Figure(f"loaded document of {KEYS} keys with its subscription", document, "KiB", DOCUMENT_KIB),
    ]
    return report("Memory of the lab hub", figures, options)


if __name__ == "__main__":
    raise SystemExit(main())

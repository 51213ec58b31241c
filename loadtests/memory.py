"""Memory of the lab hub: bare, per idle terminal, per subscription, per loaded document. Prints one table."""

from __future__ import annotations

import argparse
import asyncio

import psutil

from loadtests.terminals import LightTerminal, lab_hub


async def measure(port: int, pid: int, terminals: int, documents: int) -> None:
    """Resident memory after each step, divided by how many the step added."""
    hub = psutil.Process(pid)

    def resident_kib() -> float:
        return float(hub.memory_info().rss) / 1024

    async def join_all(names: list[str], own: bool) -> list[LightTerminal]:
        made = [
            LightTerminal(port, [f"{name}/{number}" if own else name for name in names])
            for number in range(terminals)
        ]
        for start in range(0, terminals, 50):
            await asyncio.gather(*(terminal.join() for terminal in made[start : start + 50]))
        return made

    bare = resident_kib()
    idle = await join_all(["one"], own=False)
    with_idle = resident_kib()
    shared = await join_all([f"shared/{number}" for number in range(documents)], own=False)
    with_shared = resident_kib()
    own = await join_all([f"own/{number}" for number in range(documents)], own=True)
    with_own = resident_kib()
    terminal = (with_idle - bare) / terminals
    subscription = (with_shared - with_idle - terminal * terminals) / (terminals * documents)
    document = (with_own - with_shared - terminal * terminals) / (terminals * documents) - subscription
    print("| what | KiB |")
    print("| --- | --- |")
    for what, value in (
        ("bare hub", bare),
        ("idle terminal", terminal),
        ("subscription", subscription),
        ("loaded document", document),
    ):
        print(f"| {what} | {value:.1f} |")
    await asyncio.gather(*(one.leave() for one in idle + shared + own))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--terminals", type=int, default=200)
    parser.add_argument("--documents", type=int, default=10)
    args = parser.parse_args()
    with lab_hub() as (port, pid):
        asyncio.run(measure(port, pid, args.terminals, args.documents))


if __name__ == "__main__":
    main()

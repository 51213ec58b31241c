"""How large a room's calls become over the years: `python -m loadtests.growth` (design 9: ≤ 64 KiB on join).

Three years of 20 calls a day in one room, with the hub and every terminal started anew each day; see
room_life.py. The size is what a terminal gets that joins with an empty replica.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from pathlib import Path

from loadtests.report import Figure, arguments, report
from loadtests.room_life import RoomLife, Sizes

CALLS_A_DAY = 20
YEARS, YEAR_DAYS, QUICK_DAYS = 3, 365, 60
BUDGET_KIB = 64.0


def figures_of(after: str, sizes: Sizes) -> list[Figure]:
    """The sizes at one time; document and state vector together have the budget."""
    return [
        Figure(
            f"{after}: document and state vector on join",
            (sizes.update + sizes.state_vector) / 1024,
            "KiB",
            BUDGET_KIB,
        ),
        Figure("  of which state vector", sizes.state_vector, "B"),
        Figure("  facts in it", sizes.items, ""),
        Figure("  log file", sizes.log_file / 2**20, "MiB"),
    ]


async def measure(folder: Path, spans: list[tuple[str, int]], seed: int) -> list[Figure]:
    """Live through the spans (name, days) one after the other."""
    room = RoomLife(folder / "log.sqlite", seed)
    figures: list[Figure] = []
    started = time.perf_counter()
    for name, days in spans:
        await room.live(days, CALLS_A_DAY)
        figures += figures_of(name, await room.sizes())
        print(f"{name}: {time.perf_counter() - started:.0f} s", flush=True)
    return [
        *figures,
        Figure("largest document at any time", room.largest_update / 1024, "KiB", BUDGET_KIB),
        Figure("facts taken", room.facts, ""),
    ]


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--seed", type=int, default=0, help="of the calls' times and ways")
    options = parser.parse_args()
    spans = [(f"{QUICK_DAYS} days", QUICK_DAYS)]
    if not options.quick:
        spans = [(f"year {year}", YEAR_DAYS) for year in range(1, YEARS + 1)]
    with tempfile.TemporaryDirectory() as folder:
        figures = asyncio.run(measure(Path(folder), spans, options.seed))
    return report("Growth of a room's calls", figures, options)


if __name__ == "__main__":
    raise SystemExit(main())

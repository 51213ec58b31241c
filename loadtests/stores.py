"""How fast stores take appends: writers that each wait for their own acknowledgement, stores in turn.

    python -m loadtests.stores sqlite: postgresql://ward:…@127.0.0.1/ward [--seconds 3] [--rounds 2]

Prints a table: appends a second, and the wait for the acknowledgement in ms. A store is written, not emptied.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import tempfile
import time
from pathlib import Path

from ward_hub.log.open import open_log
from ward_hub.log.port import Log, Record, RecordKind

WRITERS = (1, 16, 200)
UPDATE_BYTES = 200


async def measure(log: Log, writers: int, seconds: float) -> tuple[float, list[float]]:
    """Return (appends a second, waits in ms, sorted) of that many writers over that time."""
    waits: list[float] = []
    until = time.perf_counter() + seconds
    payload = os.urandom(UPDATE_BYTES)

    async def write(writer: int) -> None:
        while (began := time.perf_counter()) < until:
            await log.append([Record(f"load/{writer}", RecordKind.UPDATE, payload, 1)])
            waits.append((time.perf_counter() - began) * 1000)

    began = time.perf_counter()
    await asyncio.gather(*(write(writer) for writer in range(writers)))
    return len(waits) / (time.perf_counter() - began), sorted(waits)


def percentile(values: list[float], share: float) -> float:
    return values[min(len(values) - 1, int(len(values) * share))]


async def run(stores: list[str], seconds: float, rounds: int) -> None:
    """Measure each store with each number of writers, the stores taking turns."""
    print("| store | writers | appends/s | p50 ms | p99 ms |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory(prefix="wardline-stores-") as folder:
        for _ in range(rounds):
            for writers in WRITERS:
                for store in stores:
                    log = await open_log(store, Path(folder), "load")
                    try:
                        rate, waits = await measure(log, writers, seconds)
                    finally:
                        await log.close()
                    p50, p99 = percentile(waits, 0.5), percentile(waits, 0.99)
                    kind = store.partition(":")[0]
                    print(f"| {kind} | {writers} | {rate:,.0f} | {p50:.1f} | {p99:.1f} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("stores", nargs="+", help="addresses as `ward-hub serve --store` takes them")
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--rounds", type=int, default=2)
    given = parser.parse_args()
    asyncio.run(run(given.stores, given.seconds, given.rounds))


if __name__ == "__main__":
    main()

"""Two hubs on one log: how long from a press at one hub until a terminal at the other has it.

A station at each hub sees every call; bedsides press at the first, twice a second. Also how long a killed
hub's terminals take to be at the other. The log is `COUCHDB_URL`, else tests/couchdb_stand_in.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

from ward_sync.facts import Act

from loadtests.report import Figure, arguments, percentile, report
from tests.helpers.couchdb_server import PROGRAM, database, real_url
from tests.helpers.hub_process import build_template
from tests.helpers.two_hubs import MovingTerminal, TwoHubs, two_hubs
from tests.helpers.ward_hub_here import until

SEEN_MS = 250.0
MOVED_S = 5.0
BEDS = ("bed-b01", "bed-b02", "bed-b03", "bed-b04")
PAUSE_S = 0.5
WITHIN_S = 10.0


async def measure(presses: int) -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        template = await asyncio.to_thread(build_template, Path(folder) / "template")
        async with database() as couch, two_hubs(Path(folder) / "run", template, couch) as hubs:
            for hub in hubs.hubs:
                await hub.start()
            return await _measure(hubs, presses)


async def _measure(hubs: TwoHubs, presses: int) -> list[Figure]:
    near, far = await hubs.terminal("station-vice", 0), await hubs.terminal("station-main", 1)
    beds = [await hubs.terminal(name, 0) for name in BEDS]
    stored: list[float] = []
    seen: dict[str, list[float]] = {"here": [], "there": []}
    for number in range(presses):
        bed = beds[number % len(beds)]
        began = time.time() * 1000
        call, heard = await bed.press("patient", f"bed:{bed.place.bed}", room=bed.place.room)
        if not isinstance(heard, int):
            raise RuntimeError(f"a press was refused: {heard}")
        stored.append(time.time() * 1000 - began)
        for where, station in (("here", near), ("there", far)):
            await until(partial(station.facts.__contains__, call), WITHIN_S)
            seen[where].append(station.facts[call].received_at - began)
        await far.act(Act.CLEARED, [call], room=bed.place.room, policy="tender", way="remote")
        await asyncio.sleep(PAUSE_S)
    moved = await _kill(hubs, [near, *beds])
    return [
        Figure("press → stored, p50", percentile(stored, 0.5), "ms"),
        Figure("press → at the same hub's station, p99", percentile(seen["here"], 0.99), "ms"),
        Figure("press → at the other hub's station, p50", percentile(seen["there"], 0.5), "ms"),
        Figure("press → at the other hub's station, p99", percentile(seen["there"], 0.99), "ms", SEEN_MS),
        Figure(f"hub killed → all {1 + len(beds)} terminals at the other", moved, "s", MOVED_S),
    ]


async def _kill(hubs: TwoHubs, terminals: list[MovingTerminal]) -> float:
    hubs.hubs[0].kill()
    began = time.perf_counter()
    other = hubs.hubs[1].url
    await until(lambda: all(one.hub == other and one.joined.is_set() for one in terminals), 30)
    return time.perf_counter() - began


def main() -> int:
    options = arguments(__doc__).parse_args()
    if real_url() is None and not PROGRAM.exists():
        print("no CouchDB: COUCHDB_URL is not set, and tests/couchdb_stand_in has no node_modules")
        return 1
    figures = asyncio.run(measure(20 if options.quick else 200))
    return report("Two hubs on one log", figures, options)


if __name__ == "__main__":
    sys.exit(main())

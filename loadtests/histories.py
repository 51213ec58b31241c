"""Many generated histories of calls: `python -m loadtests.histories --count 100000` (A6; `make load`).

The same histories and checks as tests/sync/test_histories.py. Prints how many, how fast, and failing tapes.
"""

import os
import random
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor

from loadtests.report import Figure, arguments, report
from tests.helpers.histories import play

COUNT, QUICK_COUNT = 100_000, 500
_CHUNK = 250


def tapes(seed: int) -> Iterator[bytes]:
    """Return the tapes of one chunk, the same for the same seed."""
    source = random.Random(seed)
    for _ in range(_CHUNK):
        yield source.randbytes(source.randrange(40, 241))


def play_chunk(seed: int) -> tuple[int, int, list[str]]:
    """Return the calls placed, the calls over, and the hex of each tape that failed."""
    placed, over, failed = 0, 0, []
    for tape in tapes(seed):
        try:
            board = play(tape).hub_board()
        except AssertionError as error:
            failed.append(f"{tape.hex()} {error}")
            continue
        over += len(board.closed)
        placed += len(board.closed) + sum(row.count for row in board.rows)
    return placed, over, failed


def main() -> int:
    """Play the histories on all cores; 1 when one fails."""
    parser = arguments(__doc__)
    parser.add_argument("--count", type=int, help=f"histories, default {COUNT}, quick {QUICK_COUNT}")
    parser.add_argument("--seed", type=int, default=0, help="first chunk of tapes")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    chunks = -(-(options.count or (QUICK_COUNT if options.quick else COUNT)) // _CHUNK)
    started = time.perf_counter()
    placed, over, failed = 0, 0, 0
    with ProcessPoolExecutor(options.processes) as pool:
        for more, ended, failures in pool.map(play_chunk, range(options.seed, options.seed + chunks)):
            placed, over, failed = placed + more, over + ended, failed + len(failures)
            for failure in failures:
                print("FAILED", failure)
    figures = [
        Figure("histories in which a call was lost, resurrected or differs", failed, "", 0),
        Figure("histories", chunks * _CHUNK, ""),
        Figure("calls placed", placed, ""),
        Figure("calls over", over, ""),
        Figure("time", time.perf_counter() - started, "s"),
    ]
    return report("Histories of calls", figures, options)


if __name__ == "__main__":
    raise SystemExit(main())

"""What was acknowledged is there after kill -9: `python -m loadtests.kill9` (design 9: 0 of 1,000; rules
ST2, SY2).

Two hubs side by side. `lab`: a terminal writes as fast as it is acknowledged, the hub is killed in the
middle, the next hub is asked for the document. `serve`: two bedsides call and take back, the hub is killed,
the next hub is asked for the facts and when they were heard. Nothing looks into files: what counts is what
a hub started again answers.
"""

from __future__ import annotations

import asyncio
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from loadtests.kill9_lab import lab_rounds
from loadtests.kill9_serve import serve_rounds
from loadtests.report import arguments, report

ROUNDS, QUICK_ROUNDS = 1_000, 20


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument(
        "--rounds", type=int, help=f"kills of each hub, default {ROUNDS}, quick {QUICK_ROUNDS}"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the moments at which hubs are killed")
    options = parser.parse_args()
    rounds = options.rounds or (QUICK_ROUNDS if options.quick else ROUNDS)
    with tempfile.TemporaryDirectory() as name, ThreadPoolExecutor(2) as pool:
        folder = Path(name)
        lab = pool.submit(lambda: asyncio.run(lab_rounds(folder / "lab", rounds, options.seed)))
        serve = pool.submit(lambda: asyncio.run(serve_rounds(folder / "serve", rounds, options.seed)))
        figures = [*lab.result().figures("lab", "updates"), *serve.result().figures("serve", "facts")]
    return report("Kill -9", figures, options)


if __name__ == "__main__":
    raise SystemExit(main())

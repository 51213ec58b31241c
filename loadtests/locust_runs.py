"""Load tests with Locust: `python -m loadtests.locust_runs NAME [--quick | --full] [--html PAGE]`.

Each starts a real `ward-hub serve` on loopback with a hospital of its own, plays it from a process of
gevent (loadtests/locust/play.py) and prints percentiles beside budgets. Terminals and hub share the cores of
this machine: what the terminals' own process takes is in the table. All 3,300 come from one address here, so
the hub's limit of sockets an address is raised.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from ward_hub.demo.terminal_key import TerminalKey

from loadtests.locust.hospital import PASSWORD, all_lie, build, lying, seats
from loadtests.locust.seats import Plan, Stage, write_stage
from loadtests.report import Figure, arguments, read_figures, report
from loadtests.restart import PATIENCE_S, admit, answering, ward_id
from tests.helpers.free_ports import free_ports
from tests.helpers.ward_hub_here import empty_app

ROOT = Path(__file__).resolve().parents[1]
HOSPITAL = 33

PLANS: Mapping[str, Plan] = {
    "ward": Plan("ward", seconds=60, speed_up=2000),
    "hospital": Plan("hospital", wards=HOSPITAL, join_s=10, seconds=60, speed_up=100, patience_s=120),
    "join_storm": Plan(
        "join_storm", wards=HOSPITAL, join_s=1.5, ask_tokens=True, power_cut=True, patience_s=120
    ),
    "call_storm": Plan("call_storm", seconds=60, speed_up=10),
    "shift_change": Plan("shift_change", wards=HOSPITAL, join_s=10, seconds=60, patience_s=120),
    "feed_burst": Plan("feed_burst", messages=600),
}
"""As `make load` runs them."""
QUICK: Mapping[str, Plan] = {
    "ward": replace(PLANS["ward"], seats=20, seconds=4, patients=False),
    "hospital": replace(PLANS["hospital"], wards=3, join_s=1, seconds=5, speed_up=500, patients=False),
    "join_storm": replace(PLANS["join_storm"], wards=3, join_s=0.5),
    "call_storm": replace(PLANS["call_storm"], seconds=4, speed_up=20, patients=False),
    "shift_change": replace(PLANS["shift_change"], wards=1, join_s=1, seconds=9),
    "feed_burst": replace(PLANS["feed_burst"], messages=150),
}
FULL: Mapping[str, Plan] = {**PLANS, "call_storm": replace(PLANS["call_storm"], seconds=1800, speed_up=1)}
"""A18 as it stands: half an hour."""


class LoadedHub:
    """`ward-hub serve` on a folder; its lines go to a file."""

    def __init__(self, data: Path, app: Path, log: Path) -> None:
        self._data, self._app, self._log = data, app, log
        self.port, self.mllp_port = free_ports(2)
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it answers."""
        command = [sys.executable, "-m", "ward_hub.cli.main", "serve", "--host", "127.0.0.1"]
        command += ["--port", str(self.port), "--mllp-port", str(self.mllp_port), "--data", str(self._data)]
        told = {"WARDLINE_APP": str(self._app), "WARDLINE_MAX_SOCKETS_PER_ADDRESS": "10000"}
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log, env={**os.environ, **told})
        asyncio.run(answering(self.port))

    def cut(self) -> None:
        """As a power cut for the program: SIGKILL."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait(PATIENCE_S)

    @property
    def pid(self) -> int:
        assert self._process is not None, "the hub runs"
        return self._process.pid

    def output(self) -> str:
        return self._log.read_text("utf-8", "replace")[-3000:]


@contextlib.contextmanager
def staged(plan: Plan, folder: Path) -> Iterator[Stage]:
    """Make the hospital of a plan and run its hub for the length of a block."""
    data = folder / "data"
    data.mkdir(mode=0o700)
    keys = asyncio.run(build(data, plan.wards, people=plan.scenario == "shift_change"))
    hub = LoadedHub(data, empty_app(folder / "app"), folder / "hub.log")
    try:
        hub.start()
        if plan.patients:
            asyncio.run(admit(hub.mllp_port, plan.wards))
            _wait_until_all_lie(data, plan.wards)
        if plan.power_cut:
            hub.cut()
            hub.start()
        yield _stage(plan, data, hub, keys)
        if "Traceback" in (said := hub.output()):
            print(said)
    finally:
        hub.cut()


def _stage(plan: Plan, data: Path, hub: LoadedHub, keys: Mapping[str, TerminalKey]) -> Stage:
    stays = lying(data)
    return Stage(
        plan,
        hub.port,
        hub.mllp_port,
        hub.pid,
        PASSWORD,
        tuple(seats(data, plan.wards, keys, stays, few=plan.seats > 0)),
        {ward: tuple(sorted(beds.values())) for ward, beds in stays.items()},
    )


def _wait_until_all_lie(data: Path, wards: int) -> None:
    """What the feed was told is carried out beside the acknowledgements."""
    names, deadline = [ward_id(number) for number in range(1, wards + 1)], time.monotonic() + PATIENCE_S
    while not all_lie(lying(data), names):
        if time.monotonic() > deadline:
            raise RuntimeError("not every bed has its patient")
        time.sleep(0.2)


def play(plan: Plan, folder: Path, html: Path | None) -> list[Figure]:
    """Play a plan on a hub of its own; returns its figures. Raises RuntimeError when it did not end."""
    with staged(plan, folder) as stage:
        stage_at, figures_at = folder / "stage.json", folder / "figures.json"
        write_stage(stage, stage_at)
        command = [sys.executable, "-m", "loadtests.locust.play", str(stage_at), str(figures_at)]
        command += [] if html is None else [str(html.resolve())]
        done = subprocess.run(command, cwd=ROOT, check=False)
        if done.returncode or not figures_at.exists():
            raise RuntimeError(f"the play ended with status {done.returncode}")
        return read_figures(figures_at)


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("name", choices=sorted(PLANS))
    parser.add_argument("--full", action="store_true", help="as long as the requirement says: half an hour")
    parser.add_argument("--html", type=Path, help="file for Locust's report page")
    parser.add_argument("--wards", type=int, help=f"of 100 terminals; a hospital has {HOSPITAL}")
    parser.add_argument("--seconds", type=float, help="how long it goes on")
    parser.add_argument("--budget-scale", type=float, default=1.0, help="multiplies every budget of time")
    options = parser.parse_args()
    plans = QUICK if options.quick else FULL if options.full else PLANS
    plan = replace(plans[options.name], budget_scale=options.budget_scale)
    plan = replace(plan, wards=options.wards or plan.wards, seconds=options.seconds or plan.seconds)
    with tempfile.TemporaryDirectory() as folder:
        figures = play(plan, Path(folder), options.html)
    return report(f"Locust: {options.name.replace('_', ' ')}", figures, options)


if __name__ == "__main__":
    raise SystemExit(main())

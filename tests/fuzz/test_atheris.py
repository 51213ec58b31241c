"""Coverage-guided fuzzing of the codec and of the update parser, for a bounded number of runs."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz.hostile import HOSTILE, honest
from tests.fuzz.test_frames import GOLDEN

RUNS = 20_000
ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.skipif(importlib.util.find_spec("atheris") is None, reason="atheris is not installed here")
def test_no_bytes_do_worse_than_be_refused(tmp_path: Path) -> None:
    """FR2 to FR4, SY6, AW1: with a fixed seed, from golden frames and hostile updates on."""
    seeds = [b"\x00" + frame for frame in GOLDEN] + [b"\x01" + frame for frame in GOLDEN]
    updates = [*HOSTILE.values(), honest().get_update()]
    seeds += [b"\x04" + data for data in updates if len(data) < 2_000]
    seeds += [b"\x02\x01\x2a\x05\x02{}", b"\x03\x02\x07\x04\x05\x01"]
    for place, seed in enumerate(seeds):
        (tmp_path / f"{place:04}").write_bytes(seed)
    done = subprocess.run(
        [
            sys.executable,
            ROOT / "tests/fuzz/atheris_codec.py",
            f"-runs={RUNS}",
            "-seed=1",
            "-max_len=2000",
            "-rss_limit_mb=1024",
            f"-artifact_prefix={tmp_path}/",
            tmp_path,
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "PYTHONPATH": str(ROOT / "sync")},
    )
    assert done.returncode == 0, done.stderr[-3_000:]
    ran = re.search(r"Done (\d+) runs", done.stderr)
    assert ran is not None
    assert int(ran[1]) >= RUNS

"""`ward-hub lab` starts on a folder that is not there yet, as its default is at the first start."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import httpx


def test_the_bare_hub_makes_its_folder(tmp_path: Path) -> None:
    data = tmp_path / "new" / "lab"
    command = [sys.executable, "-m", "ward_hub.cli.main", "lab", "--port", "0", "--data", str(data)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        address = process.stdout.readline().rsplit(" ", 1)[-1].strip()
        try:
            # It listens, and has no metrics: what a bare hub costs is measured on it.
            assert httpx.get(f"{address}/metrics", trust_env=False).status_code == 404
        finally:
            process.terminate()
    assert data.stat().st_mode & 0o077 == 0

"""A hub killed at any moment has lost nothing that it acknowledged (ST2, SY2)."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path
from typing import Any

import pytest
from pycrdt import Doc, Map
from ward_hub.log.sqlite import SqliteLog

from tests.helpers.lab_process import CONTRACTS, NODE, LabProcess

pytestmark = pytest.mark.skipif(not NODE.exists(), reason="node is not installed beside python")
ROUNDS = 20


@pytest.mark.slow
def test_kill_9_loses_no_acknowledged_update(tmp_path: Path) -> None:
    saved: set[str] = set()
    for number in range(ROUNDS):
        saved |= keys_saved_until_killed(tmp_path, number, 5 + 37 * number % 200)
    assert saved <= asyncio.run(stored_keys(tmp_path / "log.db"))
    assert len(saved) > ROUNDS * 5


def keys_saved_until_killed(data: Path, number: int, wanted: int) -> set[str]:
    """Run hub and writer, kill the hub when `wanted` keys have been acknowledged; returns all that were."""
    hub = LabProcess(data)
    writer = subprocess.Popen(
        [NODE, CONTRACTS / "kill9_writer.mjs", str(hub.port), "ward", str(number)],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert writer.stdout is not None
        lines = [writer.stdout.readline() for _ in range(wanted)]
        hub.kill()
        writer.terminate()
        lines += writer.stdout.readlines()
    finally:
        writer.kill()
        writer.wait(10)
        if writer.stdout is not None:
            writer.stdout.close()
        if hub.process.poll() is None:
            hub.kill()
    whole = [line.removeprefix("saved ").strip() for line in lines if line.endswith("\n")]
    assert len(whole) >= wanted, lines
    return set(whole)


async def stored_keys(path: Path) -> set[str]:
    log = SqliteLog(path)
    doc: Doc[Any] = Doc()
    for update in await log.load("ward"):
        doc.apply_update(update)
    await log.close()
    return set(doc.get("m", type=Map).to_py() or {})

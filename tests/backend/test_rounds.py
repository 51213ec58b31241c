"""Rounds: again and again, finished when begun, and not ended by a failure."""

from __future__ import annotations

import asyncio

import pytest
from ward_hub.rounds import Rounds


async def test_a_round_under_way_is_finished_and_no_other_begun() -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()
    finished: list[int] = []

    async def work() -> None:
        begun.set()
        await go_on.wait()
        finished.append(1)

    rounds = Rounds()
    rounds.every(3600, work)
    await begun.wait()
    stopping = asyncio.create_task(rounds.stop())
    await asyncio.sleep(0)
    assert finished == []
    go_on.set()
    await stopping
    assert finished == [1]


async def test_a_failure_is_told_and_the_next_round_comes(caplog: pytest.LogCaptureFixture) -> None:
    again = asyncio.Event()

    async def work() -> None:
        if not caplog.records:
            raise RuntimeError("once")
        again.set()

    rounds = Rounds()
    rounds.every(0, work)
    await asyncio.wait_for(again.wait(), 5)
    await rounds.stop()
    assert "a round failed" in caplog.text

"""Waiting for what other tasks do, without guessing how long that takes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

LONGEST_S = 20.0


async def until(condition: Callable[[], object]) -> None:
    """Return once the condition holds; fails when it does not within LONGEST_S."""
    async with asyncio.timeout(LONGEST_S):
        while not condition():  # noqa: ASYNC110  any task may make it true
            await asyncio.sleep(0.001)

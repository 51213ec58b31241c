"""Work that is done again and again until the hub ends.

A round that has begun is finished, never cancelled in the middle of a transaction.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable

log = logging.getLogger(__name__)


class Rounds:
    """Several works, each with its own pause. A round that fails is logged and tried again."""

    def __init__(self) -> None:
        self._over = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def every(self, seconds: float, work: Callable[[], Awaitable[object]]) -> None:
        """Do the work now and then with a pause of `seconds` after each round."""
        self._tasks.append(asyncio.get_running_loop().create_task(self._run(seconds, work)))

    async def stop(self) -> None:
        """Begin no further round; returns when those under way are done."""
        self._over.set()
        await asyncio.gather(*self._tasks)

    async def _run(self, seconds: float, work: Callable[[], Awaitable[object]]) -> None:
        while not self._over.is_set():
            try:
                await work()
            except Exception:
                log.exception("a round failed; trying again in %s s", seconds)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._over.wait(), seconds)

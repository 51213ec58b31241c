"""How late the event loop is: a call every half second that looks how long after its time it comes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from ward_hub.watching.buckets import seconds

EVERY_S = 0.5


class LoopLag:
    """`lags`: each lateness in seconds; `last_s`: the newest. Call `start` on the loop it is about."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        """`clock`: monotonic seconds, finer than the loop's own, which counts milliseconds (uvloop)."""
        self._clock = clock
        self._handle: asyncio.TimerHandle | None = None
        self._due = 0.0
        self.lags = seconds()
        self.last_s = 0.0

    def start(self) -> None:
        self._due = self._clock() + EVERY_S
        self._handle = asyncio.get_running_loop().call_later(EVERY_S, self.look)

    def look(self) -> None:
        """The half second is over: by how much?"""
        self.last_s = max(0.0, self._clock() - self._due)
        self.lags.observe(self.last_s)
        self.start()

    def stop(self) -> None:
        if self._handle is not None:
            self._handle.cancel()
            self._handle = None

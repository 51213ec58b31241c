"""How much a terminal may send at its device document: looked at before anything of it is parsed.

A live view is the one thing there that is large. It must not take the loop's time from calls, so a frame over
the size or beyond the rate is not read at all, and whoever watches is told.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from ward_hub.fleet.device_line import DeviceLine, Sender
from ward_hub.talk.rate import TokenBuckets

MAX_FRAME_BYTES = 256 * 1024
RATE_BYTES_S = 2**20
BURST_BYTES = 2 * 2**20
"""A live view begins with one picture of the whole page."""
_TOO_LARGE = '{"t":"error","reason":"too_large"}'
_TOO_FAST = '{"t":"error","reason":"too_fast"}'

log = logging.getLogger(__name__)


class DeviceMeter:
    """The StatelessHandler in front of a DeviceLine. `on_too_much` hears whose frame was not read."""

    def __init__(self, line: DeviceLine, clock: Callable[[], int]) -> None:
        self._line = line
        self._clock = clock
        self._buckets = TokenBuckets(BURST_BYTES, RATE_BYTES_S)
        self.on_too_much: Callable[[str], None] = lambda _terminal: None

    async def handle(self, peer: Sender, document: str, payload: str) -> list[str]:
        """See `StatelessHandler`."""
        principal = peer.principal
        if principal is None:
            return await self._line.handle(peer, document, payload)
        # A character is at most four bytes, so short ones need no counting.
        size = len(payload) if len(payload) > MAX_FRAME_BYTES else len(payload.encode("utf-8", "replace"))
        if size > MAX_FRAME_BYTES:
            return self._refuse(principal.terminal, size, _TOO_LARGE)
        if self._buckets.take(principal.terminal, size, self._clock()) < size:
            return self._refuse(principal.terminal, size, _TOO_FAST)
        return await self._line.handle(peer, document, payload)

    def _refuse(self, terminal: str, size: int, answer: str) -> list[str]:
        log.info("a device frame of %s, %d bytes, not read: %s", terminal, size, answer)
        self.on_too_much(terminal)
        return [answer]

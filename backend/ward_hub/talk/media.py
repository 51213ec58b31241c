"""Opens the media of broadcasts: aiortc comes into the process with the first one, never before.

It costs memory that a hub without broadcasts should not pay, and most of a second of import, which runs
beside the loop.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from ward_signalling.media.port import MediaRefused, RelayMedia
from ward_signalling.messages import ByeReason


class HubMedia:
    """Makes the media of one broadcast after another, all under one certificate of this start."""

    def __init__(self) -> None:
        self._make: Callable[[], RelayMedia] | None = None
        self._turn = asyncio.Lock()

    async def open(self) -> RelayMedia:
        """Return media for one more broadcast. Raises MediaRefused on a machine without them."""
        async with self._turn:
            if self._make is None:
                try:
                    self._make = await asyncio.to_thread(_load)
                except (ImportError, OSError) as error:
                    raise MediaRefused(ByeReason.NO_MEDIA) from error
            return self._make()


def _load() -> Callable[[], RelayMedia]:
    from ward_signalling.media.peers import make_certificate
    from ward_signalling.media.relay import Relay

    # A line for each pair of addresses that it tries: hundreds a broadcast, over the lines about calls.
    logging.getLogger("aioice").setLevel(logging.WARNING)
    certificate = make_certificate()
    return lambda: Relay(certificate)

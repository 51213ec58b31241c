"""Whether this hub is one to send terminals to (OPS-06): a few checks by name, each within two seconds."""

from __future__ import annotations

import asyncio
import inspect
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

log = logging.getLogger(__name__)

Check = Callable[[], Awaitable[bool] | bool]
LIMIT_S = 2.0
TRIED_AGAIN_S = 30.0
"""A log that took nothing is believed again after this long, since only an append can show it: a hub that
nobody is sent to appends nothing, and would never be ready again."""


class Taking(Protocol):
    """The log as log/watched.py sees it. `failed_at`: monotonic seconds."""

    taking: bool
    failed_at: float | None


class Health:
    """Asks the checks, all at once. Whoever comes while they are being asked gets the same answer, so that no
    crowd of askers burdens what is checked."""

    def __init__(self, checks: Mapping[str, Check], limit_s: float = LIMIT_S) -> None:
        self._checks = checks
        self._limit_s = limit_s
        self._asking: asyncio.Task[list[str]] | None = None

    async def failing(self) -> list[str]:
        """Return the names of the checks that do not hold, in their order; one that raises, or takes longer
        than the limit, does not."""
        if self._asking is None or self._asking.done():
            self._asking = asyncio.get_running_loop().create_task(self._ask())
        return await asyncio.shield(self._asking)

    async def ready(self) -> bool:
        return not await self.failing()

    async def _ask(self) -> list[str]:
        checks = dict(self._checks)
        holds = await asyncio.gather(*(_holds(name, check, self._limit_s) for name, check in checks.items()))
        return [name for name, holding in zip(checks, holds, strict=True) if not holding]


def takes(store: Taking, clock: Callable[[], float] = time.monotonic) -> bool:
    """Whether the log is to be believed to take what is appended."""
    failed_at = store.failed_at
    return store.taking or failed_at is None or clock() - failed_at >= TRIED_AGAIN_S


async def _holds(name: str, check: Check, limit_s: float) -> bool:
    try:
        found = check()
        if inspect.isawaitable(found):
            async with asyncio.timeout(limit_s):
                return await found
        return bool(found)
    except TimeoutError:
        log.warning("health: %s has not answered for %s s", name, limit_s)
    except Exception as error:
        # Only the kind: a driver's message may hold an address with a password.
        log.warning("health: %s failed: %s", name, type(error).__name__)
    return False

"""Sends what waits: one line a PDA, so that a service that is slow or away delays nobody but its own PDAs.

A line takes the newest state of each notice at the moment it sends, so nothing outdated goes out.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable

from ward_hub.push.carrier import Carrier, Gone, Later, Message, Outcome, Refused, Sent
from ward_hub.push.notices import Notice, Notices
from ward_hub.push.subscriptions import Subscription, Subscriptions

TTL_S = 3600
"""How long a service keeps a push for a phone it cannot reach: longer, and escalation has asked everyone."""
FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 60.0
MAX_AT_ONCE = 32

log = logging.getLogger(__name__)


class Sender:
    """One task for each PDA that has something waiting."""

    def __init__(
        self,
        notices: Notices,
        subscriptions: Subscriptions,
        carrier: Carrier,
        clock: Callable[[], int],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        may_send: Callable[[str], bool] = lambda _terminal: True,
    ) -> None:
        """`may_send`: whether pushing to the terminal is this hub's, of several, now."""
        self._notices = notices
        self._subscriptions = subscriptions
        self._carrier = carrier
        self._clock = clock
        self._sleep = sleep
        self._may_send = may_send
        self.outcomes: Counter[str] = Counter()
        """Tries since the start by what came of them: sent, gone, later, refused, outdated."""
        self._lines: dict[str, asyncio.Task[None]] = {}
        self._at_once = asyncio.Semaphore(MAX_AT_ONCE)

    def wake(self, terminal: str) -> None:
        """Something waits for the PDA."""
        if terminal not in self._lines:
            line = asyncio.get_running_loop().create_task(self._run(terminal))
            self._lines[terminal] = line
            line.add_done_callback(lambda _line: self._lines.pop(terminal, None))

    async def settled(self) -> None:
        """Return when no line has anything left; for tests and for the end."""
        while self._lines:
            await asyncio.gather(*self._lines.values(), return_exceptions=True)

    async def close(self) -> None:
        """Stop all lines; what waits is in SQL and goes out after the next start."""
        lines = list(self._lines.values())
        for line in lines:
            line.cancel()
        await asyncio.gather(*lines, return_exceptions=True)

    async def _run(self, terminal: str) -> None:
        wait_s = FIRST_WAIT_S
        try:
            while (subscription := self._subscriptions.of(terminal)) is not None:
                if not self._may_send(terminal):
                    return
                due = self._notices.due(terminal)
                if not due:
                    return
                outcome = await self._try(subscription, due[0])
                if isinstance(outcome, Later):
                    wait_s = await self._wait(due[0], outcome, wait_s)
                elif isinstance(outcome, Gone):
                    # Unless the PDA has given another meanwhile: what waits is then for that.
                    if await self._subscriptions.drop(terminal, subscription.endpoint):
                        await self._notices.forget(terminal)
                else:
                    wait_s = FIRST_WAIT_S
        except Exception:
            log.exception("pushing to %s failed; the next look tries again", terminal)

    async def _try(self, subscription: Subscription, notice: Notice) -> Outcome | None:
        """Send one notice and note what came of it; None when a newer one has taken its place."""
        if self._clock() - notice.due_at > TTL_S * 1000:
            log.warning("a push to %s is given up: it waited longer than it would hold", notice.terminal)
            self.outcomes["outdated"] += 1
            await self._notices.failed(notice)
            return None
        if not await self._notices.try_(notice):
            return None
        async with self._at_once:
            outcome = await self._carrier.send(
                subscription, Message(notice.payload, notice.tag, notice.urgent, TTL_S)
            )
        self.outcomes[type(outcome).__name__.lower()] += 1
        if isinstance(outcome, Sent):
            await self._notices.sent(notice, self._clock())
        elif isinstance(outcome, Refused):
            log.warning("a push to %s is refused: %s", notice.terminal, outcome.reason)
            await self._notices.failed(notice)
        elif isinstance(outcome, Gone):
            log.info("the subscription of %s is gone", notice.terminal)
        return outcome

    async def _wait(self, notice: Notice, outcome: Later, wait_s: float) -> float:
        """Wait as the service asks, or longer each time; returns the next wait."""
        log.info("a push to %s waits: %s", notice.terminal, outcome.reason)
        await self._sleep(wait_s if outcome.after_s is None else max(outcome.after_s, FIRST_WAIT_S))
        return min(wait_s * 2, LONGEST_WAIT_S)

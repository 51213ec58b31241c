"""Leases kept by writing to a store that all hubs share. Clocks are compared with nobody's: each hub measures
only how long a lease has not changed before its own eyes.

A holder counts from before its last write, another hub from after it has seen that write; so the first has
stopped believing before the second may begin, whatever their wall clocks say.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ward_hub.leases.port import LeaseState, LeaseStore
from ward_hub.log.port import LogUnavailable

TIMEOUT_S = 3.0
"""A lease that nobody renewed for so long is anybody's: with a tick each second a dead holder is replaced
within 5 s (rule MH4), and a hub that is slow for two ticks keeps what it has."""
TICK_S = 1.0
AT_ONCE = 8
"""Leases written at the same time: each write is a flush of the store's disk."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Mine:
    version: str
    since: float
    """Before the write that made this version began."""


@dataclass(frozen=True, slots=True)
class _Seen:
    version: str
    at: float


class HeldLeases:
    """Adapter for several hubs. `clock`: monotonic seconds."""

    def __init__(
        self, store: LeaseStore, hub: str, clock: Callable[[], float], timeout_s: float = TIMEOUT_S
    ) -> None:
        self._store = store
        self._hub = hub
        self._clock = clock
        self._timeout_s = timeout_s
        self._wanted: frozenset[str] = frozenset()
        self._mine: dict[str, _Mine] = {}
        self._seen: dict[str, _Seen] = {}
        self._away = False
        self._released = False
        self._turn = asyncio.Lock()

    def holds(self, name: str) -> bool:
        mine = self._mine.get(name)
        return mine is not None and self._clock() - mine.since < self._timeout_s

    def want(self, names: Iterable[str]) -> None:
        if not self._released:
            self._wanted = frozenset(names)

    async def tick(self) -> None:
        async with self._turn:
            names = self._wanted | self._mine.keys()
            try:
                states = await self._store.read(names)
            except LogUnavailable as error:
                if not self._away:
                    log.warning("leases cannot be read, what is held runs out: %s", error)
                self._away = True
                return
            self._away = False
            gate = asyncio.Semaphore(AT_ONCE)
            seen_at = self._clock()
            await asyncio.gather(
                *(self._look(name, states.get(name), seen_at, gate) for name in sorted(names))
            )

    async def release(self) -> None:
        self._released = True
        self._wanted = frozenset()
        await self.tick()
        self._mine.clear()

    async def _look(
        self, name: str, state: LeaseState | None, seen_at: float, gate: asyncio.Semaphore
    ) -> None:
        async with gate:
            if state is None or not state.holder:
                self._lose(name)
                if name in self._wanted:
                    await self._write(name, self._hub, state)
            elif state.holder == self._hub:
                wanted = name in self._wanted
                if not wanted:
                    # Before the word that it is free is out, this hub stops believing.
                    self._lose(name)
                await self._write(name, self._hub if wanted else "", state)
            else:
                self._lose(name)
                seen = self._seen.get(name)
                if seen is None or seen.version != state.version:
                    self._seen[name] = _Seen(state.version, seen_at)
                elif seen_at - seen.at >= self._timeout_s and name in self._wanted:
                    log.info("lease %s: %s has not renewed it, taken", name, state.holder)
                    await self._write(name, self._hub, state)

    async def _write(self, name: str, holder: str, state: LeaseState | None) -> None:
        began = self._clock()
        try:
            written = await self._store.write(name, holder, state.version if state else None)
        except LogUnavailable as error:
            # What is held stays held until it runs out; whether this was written, the next tick sees.
            log.warning("lease %s not written: %s", name, error)
            return
        if holder and written is not None:
            if name not in self._mine:
                log.info("lease %s is held", name)
            self._mine[name] = _Mine(written.version, began)
            self._seen.pop(name, None)
        elif written is None:
            self._lose(name)

    def _lose(self, name: str) -> None:
        if self._mine.pop(name, None) is not None and name in self._wanted:
            log.warning("lease %s was lost", name)

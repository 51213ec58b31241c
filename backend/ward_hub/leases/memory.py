"""Leases in memory, for hubs of one process: tests and trials."""

from __future__ import annotations

from collections.abc import Iterable

from ward_hub.leases.port import LeaseState


class MemoryLeases:
    """Adapter of `LeaseStore` without a store."""

    def __init__(self) -> None:
        self._states: dict[str, LeaseState] = {}
        self._writes = 0

    async def read(self, names: Iterable[str]) -> dict[str, LeaseState]:
        return {name: self._states[name] for name in names if name in self._states}

    async def write(self, name: str, holder: str, version: str | None) -> LeaseState | None:
        found = self._states.get(name)
        if (found.version if found else None) != version:
            return None
        self._writes += 1
        self._states[name] = LeaseState(holder, str(self._writes))
        return self._states[name]

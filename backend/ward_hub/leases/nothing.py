"""Leases of a ward hub: none, for the hospital's hub does what is to be done once (docs/adr/0017)."""

from __future__ import annotations

from collections.abc import Iterable


class Nothing:
    """Adapter of a hub that competes for nothing."""

    def holds(self, name: str) -> bool:
        return False

    def want(self, names: Iterable[str]) -> None:
        return None

    async def tick(self) -> None:
        return None

    async def release(self) -> None:
        return None

"""Leases of a hub that is alone on its log: it holds them all."""

from __future__ import annotations

from collections.abc import Iterable


class Alone:
    """Adapter without another hub."""

    def holds(self, name: str) -> bool:
        return True

    def want(self, names: Iterable[str]) -> None:
        return None

    async def tick(self) -> None:
        return None

    async def release(self) -> None:
        return None

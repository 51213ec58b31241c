"""Leases: which of several hubs does what only one may do at a time (a ward's pushes, projections).

A lease is no lock: work under it must do no harm when two hubs believe for a moment that they hold it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol


class Leases(Protocol):
    """Leases by name, `ward/{w}` or `hospital`, as this hub sees them."""

    def holds(self, name: str) -> bool:
        """Whether this hub holds it now, by its own monotonic clock. Never waits."""
        ...

    def want(self, names: Iterable[str]) -> None:
        """The names this hub competes for; those it holds beyond them are given up with the next `tick`."""
        ...

    async def tick(self) -> None:
        """Renew what is held, take what nobody renewed for the time-out. Faults of the store cost leases
        and are never raised."""
        ...

    async def release(self) -> None:
        """Give up everything and compete no more: this hub drains."""
        ...


@dataclass(frozen=True, slots=True)
class LeaseState:
    """What the store says of a lease. `version`: opaque, another after every write."""

    holder: str
    version: str


class LeaseStore(Protocol):
    """Where several hubs meet. Adapters: memory.py, log/couch/lease_store.py."""

    async def read(self, names: Iterable[str]) -> dict[str, LeaseState]:
        """Return the leases that exist. Raises LogUnavailable."""
        ...

    async def write(self, name: str, holder: str, version: str | None) -> LeaseState | None:
        """Write if the lease still has that version (None: if it does not exist); None when it has not.

        An empty holder: given up. Raises LogUnavailable, after which nobody knows whether it was written.
        """
        ...

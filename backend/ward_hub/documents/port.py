"""How the hub's own parts (directory, feeds) fill documents without knowing rooms, logs or sockets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from ward_sync.facts import Json

__all__ = ["Json", "Publisher", "Roots"]

Roots = Mapping[str, Mapping[str, Json]]
"""Root map name → key → plain JSON value."""


class Publisher(Protocol):
    """Fills documents whose only writer is the hub."""

    async def publish(self, document: str, roots: Roots) -> None:
        """Make the named root maps of the document equal to `roots`, writing only keys that changed.

        Durable on return. Root maps that `roots` does not name stay as they are. Raises StorageFull or
        LogUnavailable (ward_hub.log.port); the document is then unchanged.
        """
        ...

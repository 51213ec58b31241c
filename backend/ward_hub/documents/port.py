"""How the hub's own parts (directory, feeds) fill documents without knowing rooms, logs or sockets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from pycrdt import Doc, Map
from ward_sync.facts import Json

__all__ = ["SINCE", "VALUES", "Json", "Publisher", "Roots", "values_of"]

Roots = Mapping[str, Mapping[str, Json]]
"""Root map name → key → plain JSON value."""

VALUES = "values"
"""Key of a root under which the map of its values lies; doc_rooms/publish.py says why."""
SINCE = "since"
"""Key of a root: how much had been written to the document when that map was made."""


def values_of(doc: Doc[Any], root: str) -> dict[str, Any]:
    """Return the values of a root of a published document, none where there are none. Numbers are floats."""
    values = doc.get(root, type=Map).get(VALUES)
    return dict(values.to_py() or {}) if isinstance(values, Map) else {}


class Publisher(Protocol):
    """Fills documents whose only writer is the hub."""

    async def publish(self, document: str, roots: Roots) -> None:
        """Make the named root maps of the document equal to `roots`, writing only keys that changed.

        Durable on return. Root maps that `roots` does not name stay as they are. Raises StorageFull or
        LogUnavailable (ward_hub.log.port); the document is then unchanged.
        """
        ...

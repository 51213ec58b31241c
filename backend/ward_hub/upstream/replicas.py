"""The host as the parts of a ward hub see it that fill documents elsewhere: here they are replicas (UP3)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from pycrdt import Doc

from ward_hub.doc_rooms.host import Host
from ward_hub.documents.port import Roots

T = TypeVar("T")


class Replicas:
    """Reads as the host does; publishes nothing, for the hospital's hub is the one writer."""

    def __init__(self, host: Host) -> None:
        self._host = host

    async def publish(self, document: str, roots: Roots) -> None:
        """Nothing: what these documents hold comes from above."""

    async def read(self, document: str, look: Callable[[Doc[Any]], T]) -> T:
        return await self._host.read(document, look)

    def terminals_anywhere(self) -> frozenset[str]:
        return self._host.terminals_anywhere()

    def presence(self, document: str) -> list[str]:
        return self._host.presence(document)

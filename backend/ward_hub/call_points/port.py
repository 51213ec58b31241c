"""What call points need of other parts, and how they refuse."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, Protocol, TypeVar

from pycrdt import Doc
from ward_sync.messages import Message

from ward_hub.access.port import Access, Principal
from ward_hub.doc_rooms.peer import Connection, Peer

T = TypeVar("T")

Why = Literal["device_refused", "malformed", "replayed", "too_many_tries", "forbidden", "storage"]
"""Codes of edge/errors.py."""


class PointRefused(Exception):
    """An event is not taken. `detail` says what was expected and what came."""

    def __init__(self, code: Why, detail: str, retry_after_s: int | None = None) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.retry_after_s = retry_after_s


class NoPlace(Exception):
    """A terminal that cannot be a call point: of another kind, or without a room. The text says which."""


class Rooms(Protocol):
    """The host of doc rooms, as the announcer uses it."""

    def attach(
        self,
        connection: Connection,
        document: str,
        address: str | None,
        principal: Principal,
        access: Access,
    ) -> Peer: ...

    def hear(self, peer: Peer, message: Message) -> None: ...

    def detach(self, peer: Peer, reason: str | None = None) -> None: ...


class Reader(Protocol):
    """Reads documents."""

    async def read(self, document: str, look: Callable[[Doc[Any]], T]) -> T: ...


class Facts(Protocol):
    """Takes facts (calls/service.py)."""

    async def handle(self, peer: Any, document: str, payload: str) -> list[str]: ...

"""A peer: one document open on one socket, and the little that rooms need of a socket."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Protocol

from ward_sync.varint import encode_text

from ward_hub.access.port import Access, Principal
from ward_hub.fan_out.frames import WireFrame


class Connection(Protocol):
    """A socket as a room sees it. Neither method waits or raises."""

    def push(self, frame: WireFrame) -> None:
        """Send a frame after those before it."""
        ...

    def close(self, code: int) -> None:
        """Close the socket with a code of ward_sync.close_codes."""
        ...


@dataclass(slots=True, eq=False)
class Peer:
    """One document open on one socket at one address. Compared by identity.

    `address` None is the y-websocket dialect, whose frames carry none.
    """

    connection: Connection
    document: str
    address: str | None
    principal: Principal
    access: Access
    open: bool = True
    """False from the moment it is detached: nothing more is sent to it."""
    prefix: bytes = field(init=False)
    """What its frames begin with."""

    def __post_init__(self) -> None:
        self.prefix = b"" if self.address is None else _prefix(self.address)


@lru_cache(2_048)
def _prefix(address: str) -> bytes:
    """Peers of one address share the bytes: a frame for all of them is found by identity."""
    return encode_text(address)

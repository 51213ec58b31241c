"""What a broadcast asks of its media: the port that `relay.py` implements with aiortc. Free to import."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from ward_signalling.messages import ByeReason

OnState = Callable[[str], None]
"""Told of each state of a connection: connecting, connected, failed, closed (W3C WebRTC 4.4.3)."""


class MediaRefused(Exception):
    """The other's description cannot be used: `no_codec` or `no_media`."""

    def __init__(self, reason: ByeReason) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Described:
    """A local description with its candidates in it: they are gathered before it is told, none come later."""

    sdp: str
    fingerprint: str


class End(Protocol):
    """One connection's end here."""

    async def add_candidate(self, candidate: str, mid: str) -> None:
        """Take a candidate of the other; one that cannot be used changes nothing."""
        ...

    async def close(self) -> None:
        """End the connection; the other hears of it."""
        ...


class SpeakerEnd(End, Protocol):
    """The end whose sound is relayed. It was dialled."""

    async def answer(self, offer: str) -> Described:
        """Return the answer. Raises MediaRefused."""
        ...


class ListenerEnd(End, Protocol):
    """An end that hears. It dials."""

    async def offer(self) -> Described:
        """Return the offer. Raises MediaRefused where this machine has no address to be reached at."""
        ...

    async def take_answer(self, answer: str) -> None:
        """Take the other's answer. Raises MediaRefused."""
        ...


class RelayMedia(Protocol):
    """All media of one broadcast."""

    @property
    def heard_ms(self) -> int:
        """How much sound the speaker has sent so far."""
        ...

    def speaker(self, on_state: OnState) -> SpeakerEnd: ...

    def listener(self, on_state: OnState) -> ListenerEnd: ...

    async def close(self) -> None:
        """Silence for all. The ends are closed by whoever asked for them."""
        ...

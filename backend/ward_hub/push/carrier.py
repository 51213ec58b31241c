"""How one push reaches its service: the port, and what a service's answer means. Adapters: web_push.py."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from ward_hub.push.subscriptions import Subscription


@dataclass(frozen=True, slots=True)
class Message:
    """What is to be told. `text` is encrypted for the subscription; `topic` (RFC 8030, 5.4): a newer message
    replaces one that still waits at the service."""

    text: str
    topic: str
    urgent: bool
    ttl_s: int


@dataclass(frozen=True, slots=True)
class Sent:
    """The service has it. That is no receipt of the PDA's."""


@dataclass(frozen=True, slots=True)
class Gone:
    """There is no such subscription any more."""


@dataclass(frozen=True, slots=True)
class Later:
    """Try again, after `after_s` where the service said so."""

    reason: str
    after_s: float | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """The service will never take this."""

    reason: str


Outcome = Sent | Gone | Later | Refused


class Carrier(Protocol):
    """Brings a message to a subscription's push service."""

    async def send(self, subscription: Subscription, message: Message) -> Outcome:
        """Try once; ends within the adapter's time-out and does not raise what a network brings."""
        ...


def outcome_of(status: int, retry_after_s: float | None) -> Outcome:
    """Return what an HTTP status of a push service means (RFC 8030, 5 and 7.3)."""
    if 200 <= status < 300:
        return Sent()
    if status in (404, 410):
        return Gone()
    if status == 429 or status >= 500:
        return Later(f"status {status}", retry_after_s)
    return Refused(f"status {status}")

"""What is traced where traces are wanted (OpenTelemetry): requests, appends, facts, feed messages,
projections and pushes, each by something put around the part.

Without the setting nothing is put around anything and OpenTelemetry is not imported. Attributes are counts
and kinds; no name, number, document or terminal is among them.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeVar

from ward_hub.doc_rooms.host import StatelessHandler
from ward_hub.documents.port import Publisher, Roots
from ward_hub.log.port import Cursor, Finding, Log, Record, RecordKind
from ward_hub.push.carrier import Carrier, Message, Outcome
from ward_hub.push.subscriptions import Subscription

Attribute = str | int | float | bool
A = TypeVar("A")
T = TypeVar("T")


class Span(Protocol):
    """A stretch of work. An exception that leaves it is told by its kind."""

    def tell(self, name: str, value: Attribute) -> None:
        """Add an attribute."""
        ...

    def fail(self, kind: str) -> None:
        """The work did not do what it was for."""
        ...


class Tracer(Protocol):
    """Makes spans. Adapter: otlp.py."""

    def span(
        self, name: str, attributes: Mapping[str, Attribute], parent: Mapping[str, str] | None = None
    ) -> AbstractContextManager[Span]:
        """Begin a span under the one around it. `parent`: headers of a request; their W3C traceparent."""
        ...

    def close(self) -> None:
        """Send what is left, or let it go where nobody takes it."""
        ...


class TracedLog:
    """A log whose appends are traced."""

    def __init__(self, inner: Log, tracer: Tracer) -> None:
        self._inner = inner
        self._tracer = tracer

    async def append(self, records: Sequence[Record]) -> None:
        size = sum(len(record.payload) for record in records)
        with self._tracer.span("log append", {"records": len(records), "bytes": size}):
            await self._inner.append(records)

    async def load(self, document: str) -> list[bytes]:
        return await self._inner.load(document)

    async def known(self, keys: Sequence[str]) -> dict[str, Record]:
        return await self._inner.known(keys)

    def read(
        self, after: Cursor, kinds: frozenset[RecordKind] | None = None
    ) -> AsyncIterator[tuple[Cursor, Record]]:
        return self._inner.read(after, kinds)

    def follow(self) -> AsyncIterator[tuple[Record, ...] | None]:
        return self._inner.follow()

    async def compact(self, document: str) -> None:
        await self._inner.compact(document)

    def check(self) -> AsyncIterator[Finding]:
        return self._inner.check()

    async def close(self) -> None:
        await self._inner.close()


class TracedHandler:
    """A StatelessHandler whose frames are traced."""

    def __init__(self, inner: StatelessHandler, tracer: Tracer, name: str) -> None:
        self._inner = inner
        self._tracer = tracer
        self._name = name

    async def handle(self, peer: Any, document: str, payload: str) -> list[str]:
        with self._tracer.span(self._name, {"bytes": len(payload)}):
            return await self._inner.handle(peer, document, payload)


class TracedPublisher:
    """A publisher whose documents are traced: a projection of record or directory."""

    def __init__(self, inner: Publisher, tracer: Tracer) -> None:
        self._inner = inner
        self._tracer = tracer

    async def publish(self, document: str, roots: Roots) -> None:
        with self._tracer.span("projection", {"roots": len(roots)}):
            await self._inner.publish(document, roots)


class TracedCarrier:
    """A carrier whose pushes are traced."""

    def __init__(self, inner: Carrier, tracer: Tracer) -> None:
        self._inner = inner
        self._tracer = tracer

    async def send(self, subscription: Subscription, message: Message) -> Outcome:
        with self._tracer.span("push send", {"urgent": message.urgent}) as span:
            outcome = await self._inner.send(subscription, message)
            span.tell("outcome", type(outcome).__name__.lower())
            return outcome


def traced(tracer: Tracer, name: str, work: Callable[[A], Awaitable[T]]) -> Callable[[A], Awaitable[T]]:
    """Return the work, traced."""

    async def around(argument: A) -> T:
        with tracer.span(name, {}):
            return await work(argument)

    return around


class Tracing:
    """What `app.py` puts around the parts: nothing where there is no tracer."""

    def __init__(self, tracer: Tracer | None) -> None:
        self.tracer = tracer

    def log(self, log: Log) -> Log:
        return log if self.tracer is None else TracedLog(log, self.tracer)

    def facts(self, handler: StatelessHandler) -> StatelessHandler:
        return handler if self.tracer is None else TracedHandler(handler, self.tracer, "call facts")

    def publisher(self, publisher: Publisher) -> Publisher:
        return publisher if self.tracer is None else TracedPublisher(publisher, self.tracer)

    def carrier(self, carrier: Carrier) -> Carrier:
        return carrier if self.tracer is None else TracedCarrier(carrier, self.tracer)

    def message(self, take: Callable[[A], Awaitable[T]]) -> Callable[[A], Awaitable[T]]:
        return take if self.tracer is None else traced(self.tracer, "HL7 message", take)

    async def close(self) -> None:
        """Send what is left; a collector that is away is waited for some seconds, beside the loop."""
        if self.tracer is not None:
            await asyncio.to_thread(self.tracer.close)


def open_tracing(endpoint: str, version: str, hub: str) -> Tracing:
    """Traces to `endpoint` (OTLP over HTTP); none where it is empty."""
    if not endpoint:
        return Tracing(None)
    from ward_hub.watching.otlp import open_tracer

    return Tracing(open_tracer(endpoint, version, hub))

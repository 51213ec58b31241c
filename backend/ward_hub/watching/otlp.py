"""Traces over OpenTelemetry to a collector (OTLP over HTTP), sent in batches by a thread of their own.

A collector that is away costs nothing but its spans: what waits is bounded, and one line says so.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator, Mapping, Sequence

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import Span as OtelSpan
from opentelemetry.trace import Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from ward_hub.watching.traces import Attribute, Span, Tracer

log = logging.getLogger(__name__)

EXPORT_S = 2.0
"""How long one batch may take, tries included: an end of the hub waits for it."""


class QuietExporter(SpanExporter):
    """Says once that the collector is away, and once that it is back."""

    def __init__(self, inner: SpanExporter) -> None:
        self._inner = inner
        self._away = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        try:
            result = self._inner.export(spans)
        except Exception:
            # Whatever the network brings: there is no caller who could do anything about it.
            result = SpanExportResult.FAILURE
        away = result is not SpanExportResult.SUCCESS
        if away and not self._away:
            log.warning("traces: the collector does not take them; they are let go until it does")
        elif self._away and not away:
            log.info("traces: the collector takes them again")
        self._away = away
        return result

    def shutdown(self) -> None:
        self._inner.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._inner.force_flush(timeout_millis)


class _Otlp:
    def __init__(self, provider: TracerProvider) -> None:
        self._provider = provider
        self._tracer = provider.get_tracer("ward_hub")
        self._propagator = TraceContextTextMapPropagator()

    @contextlib.contextmanager
    def span(
        self, name: str, attributes: Mapping[str, Attribute], parent: Mapping[str, str] | None = None
    ) -> Iterator[Span]:
        context = None if parent is None else self._propagator.extract(parent)
        # What an exception says may name somebody: its kind is told and nothing else.
        with self._tracer.start_as_current_span(
            name,
            context,
            attributes=attributes,
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                yield _Span(span)
            except BaseException as error:
                span.set_status(Status(StatusCode.ERROR, type(error).__name__))
                raise

    def close(self) -> None:
        self._provider.shutdown()


class _Span:
    def __init__(self, span: OtelSpan) -> None:
        self._span = span

    def tell(self, name: str, value: Attribute) -> None:
        self._span.set_attribute(name, value)

    def fail(self, kind: str) -> None:
        self._span.set_status(Status(StatusCode.ERROR, kind))


def open_tracer(endpoint: str, version: str, hub: str, exporter: SpanExporter | None = None) -> Tracer:
    """Return a tracer that sends to `endpoint`; `exporter` takes its place in tests."""
    # It tells of every try; QuietExporter tells once.
    logging.getLogger("opentelemetry").setLevel(logging.CRITICAL)
    resource = Resource({"service.name": "ward-hub", "service.version": version, "service.instance.id": hub})
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    out = exporter or OTLPSpanExporter(endpoint=endpoint, timeout=EXPORT_S)
    provider.add_span_processor(BatchSpanProcessor(QuietExporter(out)))
    return _Otlp(provider)

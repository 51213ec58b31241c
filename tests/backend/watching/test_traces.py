"""What is traced, what the spans say, and what a collector that is away costs."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence

import httpx
import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from ward_hub.edge.traced_requests import TracedRequests
from ward_hub.log.port import LogUnavailable, Record, RecordKind
from ward_hub.push.carrier import Later, Message, Outcome
from ward_hub.push.subscriptions import Subscription
from ward_hub.watching.otlp import QuietExporter, open_tracer
from ward_hub.watching.traces import Tracing, open_tracing

from tests.backend.watching.failing_log import FailingLog

NAME = "甄隐瑄"
RECORD = Record(f"stay/{NAME}/card", RecordKind.UPDATE, NAME.encode(), 1, NAME)


class Kept(SpanExporter):
    """Keeps what is exported; `result`: what it says of it."""

    def __init__(self) -> None:
        self.spans: list[ReadableSpan] = []
        self.result = SpanExportResult.SUCCESS

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.spans += spans
        return self.result


class Traced:
    """Tracing whose spans are kept."""

    def __init__(self) -> None:
        self._kept = Kept()
        self.tracing = Tracing(open_tracer("http://collector", "1", "hub", self._kept))

    async def spans(self) -> dict[str, ReadableSpan]:
        await self.tracing.close()
        return {span.name: span for span in self._kept.spans}


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """OpenTelemetry's own logger as it was."""
    logger = logging.getLogger("opentelemetry")
    level = logger.level
    yield
    logger.setLevel(level)


async def test_without_a_collector_nothing_is_put_around_anything() -> None:
    tracing, log = open_tracing("", "1", "hub"), FailingLog()
    assert tracing.log(log) is log
    assert tracing.tracer is None
    await tracing.close()


async def test_requests_say_route_and_status_and_go_on_with_a_trace() -> None:
    traced = Traced()

    async def bed(_request: Request) -> Response:
        return Response(status_code=204)

    async def broken(_request: Request) -> Response:
        raise ValueError(NAME)

    assert traced.tracing.tracer is not None
    app = Starlette(
        routes=[Route("/api/beds/{bed}", bed), Route("/api/broken", broken, methods=["POST"])],
        middleware=[Middleware(TracedRequests, tracer=traced.tracing.tracer)],
    )
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    trace = "0af7651916cd43dd8448eb211c80319c"
    async with httpx.AsyncClient(transport=transport, base_url="http://hub") as http:
        await http.get(
            f"/api/beds/{NAME}?q={NAME}", headers={"traceparent": f"00-{trace}-b7ad6b7169203331-01"}
        )
        await http.post("/api/broken", headers={"tracestate": "who=somebody"})
        await http.request("SOMEBODY", "/api/broken")
    spans = await traced.spans()
    get = spans["HTTP GET"]
    assert get.attributes == {
        "http.request.method": "GET",
        "http.route": "/api/beds/{bed}",
        "http.response.status_code": 204,
    }
    assert get.context is not None
    assert get.parent is not None
    assert (f"{get.context.trace_id:032x}", f"{get.parent.span_id:016x}") == (trace, "b7ad6b7169203331")
    assert not spans["HTTP POST"].status.is_ok
    assert spans["HTTP _OTHER"].attributes is not None
    told = "".join(span.to_json() for span in spans.values())
    assert NAME not in told
    assert "somebody" not in told.lower()


class Carrier:
    async def send(self, subscription: Subscription, message: Message) -> Outcome:
        return Later("busy")


class Publisher:
    async def publish(self, document: str, roots: object) -> None:
        return None


class Handler:
    async def handle(self, peer: object, document: str, payload: str) -> list[str]:
        return [payload]


async def test_parts_are_traced_and_name_nobody() -> None:
    traced, inner = Traced(), FailingLog()
    tracing = traced.tracing

    async def take(message: str) -> str:
        return message

    assert await tracing.message(take)(NAME) == NAME
    subscription = Subscription(NAME, NAME, f"https://push.example/{NAME}", "key", "auth", "zh")
    await tracing.carrier(Carrier()).send(subscription, Message(NAME, NAME, True, 1))
    await tracing.publisher(Publisher()).publish(RECORD.document, {"card": {"name": NAME}})
    assert await tracing.facts(Handler()).handle(None, RECORD.document, NAME) == [NAME]  # type: ignore[arg-type]
    log = tracing.log(inner)
    inner.error = LogUnavailable(NAME)
    with pytest.raises(LogUnavailable):
        await log.append([RECORD, RECORD])
    spans = await traced.spans()
    assert {name: dict(span.attributes or {}) for name, span in spans.items()} == {
        "HL7 message": {},
        "push send": {"urgent": True, "outcome": "later"},
        "projection": {"roots": 1},
        "call facts": {"bytes": len(NAME)},
        "log append": {"records": 2, "bytes": 2 * len(NAME.encode())},
    }
    assert spans["log append"].status.description == "LogUnavailable"
    assert NAME not in "".join(span.to_json(indent=None) for span in spans.values())


def test_a_collector_that_is_away_is_told_of_once(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "ward_hub.watching")
    kept = Kept()
    exporter = QuietExporter(kept)
    kept.result = SpanExportResult.FAILURE
    for _ in range(3):
        exporter.export([])
    kept.result = SpanExportResult.SUCCESS
    for _ in range(3):
        exporter.export([])
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]

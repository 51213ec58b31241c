"""HTTP requests as spans: method, the route's template and the status; only where traces are wanted."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ward_hub.watching.traces import Tracer

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_PARENT = b"traceparent"


class TracedRequests:
    """ASGI middleware. Sockets pass: a span as long as a socket's life says nothing."""

    def __init__(self, app: ASGIApp, tracer: Tracer) -> None:
        self._app = app
        self._tracer = tracer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        # Nothing else of what strangers send: neither a method of their own making nor a tracestate.
        given = dict(scope["headers"]).get(_PARENT)
        parent = None if given is None else {"traceparent": given.decode("latin-1")}
        method = scope["method"] if scope["method"] in _METHODS else "_OTHER"
        with self._tracer.span(f"HTTP {method}", {"http.request.method": method}, parent) as span:

            async def note(message: Message) -> None:
                if message["type"] == "http.response.start":
                    span.tell("http.response.status_code", message["status"])
                    if message["status"] >= 500:
                        span.fail(str(message["status"]))
                await send(message)

            try:
                await self._app(scope, receive, note)
            finally:
                # The template, never the path: that names beds and people.
                route = scope.get("route")
                span.tell("http.route", getattr(route, "path", "") or "none")

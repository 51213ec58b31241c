"""HTTP requests as spans: method, the route's template and the status; only where traces are wanted."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ward_hub.watching.traces import Tracer


class TracedRequests:
    """ASGI middleware. Sockets pass: a span as long as a socket's life says nothing."""

    def __init__(self, app: ASGIApp, tracer: Tracer) -> None:
        self._app = app
        self._tracer = tracer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        method = scope["method"]
        with self._tracer.span(f"HTTP {method}", {"http.request.method": method}, headers) as span:

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

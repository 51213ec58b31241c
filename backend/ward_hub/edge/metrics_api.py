"""The hub's metrics for Prometheus and for `ward-hub top`.

GET /metrics   → text of Prometheus' exposition format 0.0.4

For whoever asks on this machine, and for whoever knows the token of the settings. A request that a proxy
passed on comes from elsewhere, whatever its address says.
"""

from __future__ import annotations

import hmac
import ipaddress

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ward_hub.edge.errors import Endpoint, WardError, answering
from ward_hub.watching.sources import Sources

_PASSED_ON = ("x-forwarded-for", "x-forwarded-host", "x-real-ip", "forwarded", "via")


def metrics_routes(sources: Sources, token: str) -> list[Route]:
    """The route. `token`: what others than this machine show as `Authorization: Bearer`; empty: nobody."""

    async def metrics(request: Request) -> Response:
        if not (_is_here(request) or _has_token(request, token)):
            raise WardError("forbidden", "Metrics are for this machine, or with the token of metrics_token.")
        # Not before it is asked for: a hub that nobody watches does not carry the library.
        from ward_hub.watching import metrics as text

        body = text.render(await text.read(sources))
        return Response(body, headers={"Content-Type": text.CONTENT_TYPE, "Cache-Control": "no-store"})

    endpoint: Endpoint = answering(metrics, lambda: 0)
    return [Route("/metrics", endpoint, methods=["GET"])]


def _is_here(request: Request) -> bool:
    if request.client is None or any(name in request.headers for name in _PASSED_ON):
        return False
    try:
        address = ipaddress.ip_address(request.client.host)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return (mapped or address).is_loopback


def _has_token(request: Request, token: str) -> bool:
    scheme, _, shown = request.headers.get("authorization", "").partition(" ")
    given = shown.strip().encode("utf-8", "surrogateescape")
    return bool(token) and scheme.lower() == "bearer" and hmac.compare_digest(given, token.encode())

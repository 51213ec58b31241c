"""Pages of the installation's other addresses may ask this hub's HTTP interface, and nobody else's (MH11)."""

from __future__ import annotations

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from ward_hub.edge.other_origins import other_origins, spoken_to

ADDRESSES = ["https://one.example", "https://two.example:8443/"]


async def _answer(_request: Request) -> PlainTextResponse:
    return PlainTextResponse("yes")


def client() -> httpx.AsyncClient:
    app = Starlette(
        routes=[Route("/api/token", _answer, methods=["POST"]), Route("/assets/app.js", _answer)],
        middleware=other_origins(ADDRESSES),
    )
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="https://two.example:8443")


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [
        ("https://one.example", True),
        ("https://two.example:8443", True),
        ("https://evil.example", False),
        ("https://one.example.evil.example", False),
        ("http://one.example", False),
        ("null", False),
    ],
)
async def test_only_the_installations_pages_are_let_in(origin: str, allowed: bool) -> None:
    asked = {
        "origin": origin,
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,content-type",
    }
    async with client() as http:
        before = await http.options("/api/token", headers=asked)
        answer = await http.post("/api/token", headers={"origin": origin})
    for headers in (before.headers, answer.headers):
        assert headers.get("access-control-allow-origin") == (origin if allowed else None)
        assert "access-control-allow-credentials" not in headers
    assert (before.status_code == 200) is allowed


async def test_pages_and_assets_vary_with_nothing() -> None:
    """Else the service worker would not find them again."""
    async with client() as http:
        answer = await http.get("/assets/app.js", headers={"origin": ADDRESSES[0]})
    assert "vary" not in answer.headers
    assert "access-control-allow-origin" not in answer.headers


def test_a_hub_without_others_lets_no_other_origin_in_and_names_none() -> None:
    assert other_origins([]) == []
    assert spoken_to([]) == []


def test_pages_may_speak_to_the_other_hubs_and_their_sockets() -> None:
    assert spoken_to(ADDRESSES) == [
        "https://one.example",
        "https://two.example:8443",
        "wss://one.example",
        "wss://two.example:8443",
    ]

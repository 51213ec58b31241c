"""Whose word on who asks is believed: that of a named proxy, and nobody else's."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from ward_hub.edge.server import make_server


@asynccontextmanager
async def _served(proxies: Sequence[str]) -> AsyncIterator[str]:
    async def who(request: Request) -> JSONResponse:
        assert request.client is not None
        return JSONResponse([request.client.host, request.url.scheme])

    port: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    server = make_server(
        Starlette(routes=[Route("/", who)]), "127.0.0.1", 0, port.set_result, proxies=proxies
    )
    serving = asyncio.create_task(server.serve())
    try:
        yield f"http://127.0.0.1:{await asyncio.wait_for(port, 10)}/"
    finally:
        server.should_exit = True
        await serving


@pytest.mark.parametrize(
    ("proxies", "told"),
    [
        ((), ["127.0.0.1", "http"]),
        (("10.0.0.9",), ["127.0.0.1", "http"]),
        (("127.0.0.1",), ["6.6.6.6", "https"]),
    ],
)
async def test_forwarded_headers_count_from_a_named_proxy_alone(
    proxies: Sequence[str], told: list[str]
) -> None:
    async with _served(proxies) as url, httpx.AsyncClient(trust_env=False) as http:
        headers = {"X-Forwarded-For": "6.6.6.6", "X-Forwarded-Proto": "https"}
        assert (await http.get(url, headers=headers)).json() == told

"""Bodies read strictly, refusals with their problems, and what is not there under /api and beside it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from ward_hub.edge.errors import WardError, answering
from ward_hub.edge.json_body import read_json, read_upload
from ward_hub.edge.not_found import answer_http_exception
from ward_hub.office.port import EditsRefused, Problem

PROBLEM = Problem(3, "name", "Expected a name.", "请填写名称。")


async def echo(request: Request) -> Response:
    return JSONResponse(await read_json(request, 200))


async def upload(request: Request) -> Response:
    return Response(await read_upload(request, 10))


async def refuse_edits(_request: Request) -> Response:
    raise EditsRefused("invalid", (PROBLEM,))


async def refuse(_request: Request) -> Response:
    raise WardError("invalid", problems=[PROBLEM])


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    endpoints = {"echo": echo, "upload": upload, "edits": refuse_edits, "refuse": refuse}
    routes = [
        Route(f"/api/{name}", answering(endpoint, lambda: 0), methods=["POST"])
        for name, endpoint in endpoints.items()
    ]
    app = Starlette(routes=routes, exception_handlers={HTTPException: answer_http_exception})
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://hub") as made:
        yield made


async def test_a_whole_object_comes_through(client: httpx.AsyncClient) -> None:
    value = {"a": [1, 2.5, None, {"甲": True}]}
    assert (await client.post("/api/echo", json=value)).json() == value


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b'"a"',
        b"",
        b"{",
        b'{"a":1,"a":2}',
        b'{"a":{"b":1,"b":1}}',
        b'{"a":NaN}',
        b'{"a":1e999}',
        b'{"a":"\\u0000"}',
        b'{"a":"\\ud800"}',
        b'{"\\ud800":1}',
        b'{"a":"\xff"}',
        b'{"a":' + b"[" * 90 + b'"\\u0000"' + b"]" * 90 + b"}",
    ],
)
async def test_what_is_no_clean_object_is_malformed(client: httpx.AsyncClient, body: bytes) -> None:
    answer = await client.post("/api/echo", content=body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "malformed")


async def test_bodies_are_bounded_said_or_not(client: httpx.AsyncClient) -> None:
    async def parts() -> AsyncIterator[bytes]:
        for _ in range(11):
            yield b"x"

    assert (await client.post("/api/upload", content=b"x" * 10)).content == b"x" * 10
    assert (await client.post("/api/upload", content=b"x" * 11)).status_code == 413
    assert (await client.post("/api/upload", content=parts())).status_code == 413
    assert (await client.post("/api/echo", json={"a": "x" * 300})).status_code == 413


@pytest.mark.parametrize("path", ["/api/edits", "/api/refuse"])
async def test_problems_are_in_the_answer(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.post(path)
    assert answer.status_code == 422
    assert answer.json()["error"]["problems"] == [
        {"index": 3, "field": "name", "message": "Expected a name.", "message_zh": "请填写名称。"}
    ]


async def test_what_is_not_there_is_said_in_json_under_api_only(client: httpx.AsyncClient) -> None:
    missing, method = await client.get("/api/none"), await client.get("/api/echo")
    assert (missing.status_code, missing.json()["error"]["code"]) == (404, "not_found")
    assert (method.status_code, method.json()["error"]["code"]) == (405, "method")
    assert method.headers["allow"] == "POST"
    page = await client.get("/none")
    assert (page.status_code, page.headers["content-type"]) == (404, "text/plain; charset=utf-8")

"""The description of the HTTP interface: every route of the built hub stands in it, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator
from starlette.applications import Starlette
from starlette.routing import Route
from ward_hub.app import build
from ward_hub.edge.errors import ERRORS
from ward_hub.edge.openapi import OPERATIONS, document
from ward_hub.edge.openapi.operation import Door
from ward_hub.edge.openapi_api import openapi_routes
from ward_hub.office.port import Permission
from ward_hub.settings import Settings

from tests.helpers.ward_hub_here import empty_app

ITSELF = ("GET", "/api/openapi.json")


async def _routes(folder: Path) -> set[tuple[str, str]]:
    """(method, path) under /api and /push of a hub with everything switched on."""
    app = await build(
        Settings(
            port=0,
            mllp_port=-1,
            data=folder / "data",
            app=empty_app(folder / "app"),
            public_url="https://ward.example",
            oidc_issuer="https://login.example",
            oidc_client="ward",
            oidc_secret="secret",
            push_contact="mailto:it@ward.example",
        )
    )
    async with app.router.lifespan_context(app):
        return {
            (method, route.path)
            for route in app.routes
            if isinstance(route, Route) and route.path.startswith(("/api", "/push"))
            for method in set(route.methods or ()) - {"HEAD"}
        }


async def test_every_route_of_the_hub_is_described_and_nothing_else(tmp_path: Path) -> None:
    described = {(operation.method, operation.path) for operation in OPERATIONS}
    assert len(described) == len(OPERATIONS)
    assert described == await _routes(tmp_path)


async def test_the_description_is_served_without_a_token() -> None:
    transport = httpx.ASGITransport(Starlette(routes=openapi_routes()))
    async with httpx.AsyncClient(transport=transport, base_url="http://hub") as http:
        answer = await http.get(ITSELF[1])
    assert answer.status_code == 200
    assert answer.json() == document()


def test_its_schemas_are_schemas_and_its_references_lead_somewhere() -> None:
    value = document()
    schemas = value["components"]["schemas"]  # type: ignore[index, call-overload]
    for schema in _schemas(value):
        Draft202012Validator.check_schema(schema)
    named = {
        text.removeprefix("#/components/schemas/") for text in _texts(value, "$ref") if text.startswith("#/")
    }
    assert named == set(schemas)  # type: ignore[arg-type]


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_every_operation_says_who_may_and_what_may_be_refused(operation: object) -> None:
    found = next(one for one in OPERATIONS if one is operation)
    assert found.who
    assert set(found.codes) <= set(ERRORS)
    assert (found.door is Door.OFFICE) <= found.path.startswith("/api/office/")
    for word in found.who:
        assert "." not in word or word.split()[0] in set(Permission), word


def _schemas(value: object) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        if isinstance(schema := value.get("schema"), dict):
            yield schema
        for name, one in value.items():
            if name == "schemas" and isinstance(one, dict):
                yield from one.values()
            yield from _schemas(one)
    elif isinstance(value, list):
        for one in value:
            yield from _schemas(one)


def _texts(value: object, key: str) -> Iterator[str]:
    for text in json.dumps(value).split(f'"{key}": "')[1:]:
        yield text.partition('"')[0]

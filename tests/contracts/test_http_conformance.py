"""Schemathesis on the description of the HTTP interface: a real hub, every role, bounded and always the same.

Whatever is sent, nothing ends in a 5xx, every answer has a status, a media type and a shape that the
description names, and every refusal has the form of edge/errors.py.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from ward_hub.edge.openapi import OPERATIONS, document
from ward_hub.edge.openapi.for_terminals import ITSELF
from ward_hub.edge.openapi.shapes import text

from tests.contracts.test_http_interface import PEOPLE, ROWS, TERMINALS, code_of
from tests.helpers.filled_ward import FilledWard, filled_ward
from tests.helpers.hub_process import run_async

EXAMPLES = 5
"""Of each kind (fitting, not fitting) for each operation; roles take turns."""
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
FREE = text(64)
"""What stands in a path where ids have no form of their own."""
ENDS_SESSIONS = {"/api/office/sign-out", "/api/staff/sign-out"}
for media in ("audio/webm", "application/zip"):
    schemathesis.serializer(media)(lambda _context, value: _binary(value))
SCHEMA: Any = schemathesis.openapi.from_dict(document())


def _binary(value: object) -> bytes:
    """A body that is to be bytes, whatever was made up for it."""
    data = getattr(value, "data", value)
    return data if isinstance(data, bytes) else str(value).encode("utf-8", "surrogatepass")


class Callers:
    """Everybody who may knock: by the table's columns."""

    def __init__(self, ward: FilledWard) -> None:
        self.tokens = {name: run_async(ward.token(*TERMINALS[name])) for name in TERMINALS}
        self.cookies: dict[str, dict[str, str]] = {}
        for person in PEOPLE:
            with closing(ward.office(person)) as http:
                self.cookies[person] = dict(http.cookies)

    def credentials(self, who: str) -> dict[str, str]:
        """Headers that let `who` in."""
        if who in self.tokens:
            return {"authorization": f"Bearer {self.tokens[who]}"}
        cookies = self.cookies.get(who, {})
        return {"cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())} if cookies else {}


@pytest.fixture(scope="module")
def ward(standard_ward: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FilledWard]:
    with filled_ward(tmp_path_factory.mktemp("conformance"), standard_ward) as ward:
        yield ward


@pytest.fixture(scope="module")
def callers(ward: FilledWard) -> Callers:
    return Callers(ward)


def _turns(method: str, path: str) -> list[str]:
    """Those the table lets in, and one it does not, in turn."""
    row = ROWS[method, path]
    let_in = [who for who, letter in row.items() if letter not in ".x"]
    kept_out = [who for who, letter in row.items() if letter in ".x"]
    return [*let_in, *kept_out[:1]] if path not in ENDS_SESSIONS else ["none"]


def _trials() -> Iterator[Any]:
    """Each operation with what fits and with what does not, where chance can find either."""
    for operation in OPERATIONS:
        if operation is ITSELF:
            continue  # tests/backend/edge/test_openapi.py
        misfits = operation.query or operation.headers or operation.body or operation.office_header
        for mode in GenerationMode:
            if mode is GenerationMode.POSITIVE or misfits or _strict_names(operation):
                yield pytest.param(operation, mode, id=f"{operation.name}-{mode.value}")


def _path_names(operation: Any) -> dict[str, Any]:
    """Schemas of what stands in the path."""
    described: Any = document()["paths"]
    listed = described[operation.path][operation.method.lower()].get("parameters", [])
    return {one["name"]: one["schema"] for one in listed if one["in"] == "path"}


def _strict_names(operation: Any) -> bool:
    """Whether most strings do not fit the path: chance seldom finds what is wrong with a free id."""
    return any(schema != FREE for schema in _path_names(operation).values())


def _free_ids() -> Iterator[Any]:
    for operation in OPERATIONS:
        if any(schema == FREE for schema in _path_names(operation).values()):
            for bad in ("x" * 65, "%00"):
                yield pytest.param(operation, bad, id=f"{operation.name}-{len(bad)}")


@pytest.mark.parametrize(("operation", "bad"), list(_free_ids()))
def test_an_id_that_cannot_be_one_is_answered_as_the_description_says(
    ward: FilledWard, callers: Callers, operation: Any, bad: str
) -> None:
    names = {
        name: bad if schema == FREE else schema.get("enum", ["w1"])[0]
        for name, schema in _path_names(operation).items()
    }
    asked = SCHEMA[operation.path][operation.method]
    with httpx.Client(base_url=ward.url, timeout=60, trust_env=False) as http:
        for who in _turns(operation.method, operation.path):
            case = asked.Case(path_parameters=names)
            sent = case.as_transport_kwargs(base_url=ward.url)
            answer = http.request(sent["method"], sent["url"], headers=callers.credentials(who))
            http.cookies.clear()
            case.validate_response(answer, checks=CHECKS)
            assert 400 <= answer.status_code < 500
            code_of(answer)


@pytest.mark.slow
@pytest.mark.parametrize(("operation", "mode"), list(_trials()))
def test_every_answer_is_one_the_description_names(
    ward: FilledWard, callers: Callers, operation: Any, mode: GenerationMode
) -> None:
    turns = _turns(operation.method, operation.path)
    asked = SCHEMA[operation.path][operation.method]
    asked_so_far = 0
    # What is asked here is what is answered, not how soon: a machine that is busy has its time.
    with httpx.Client(base_url=ward.url, timeout=60, trust_env=False) as http:

        @seed(20_261_120)
        @settings(
            max_examples=EXAMPLES,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=asked.as_strategy(generation_mode=mode))
        def knock(case: Any) -> None:
            nonlocal asked_so_far
            who = turns[asked_so_far % len(turns)]
            asked_so_far += 1
            sent = case.as_transport_kwargs(base_url=ward.url)
            headers = {
                name: value
                for name, value in dict(sent.get("headers") or {}).items()
                if name.lower() not in ("authorization", "cookie", "user-agent")
            }
            request = httpx.Request(
                sent["method"],
                sent["url"],
                params=sent.get("params"),
                headers={**headers, **callers.credentials(who)},
                content=_body(sent),
            )
            http.cookies.clear()
            answer = http.send(request)
            case.validate_response(answer, checks=CHECKS)
            if answer.status_code >= 400 and answer.request.url.path.startswith("/api/"):
                code_of(answer)

        knock()


def _body(sent: dict[str, Any]) -> bytes | None:
    if "json" in sent:
        return json.dumps(sent["json"]).encode("utf-8", "surrogatepass")
    data = sent.get("data")
    return data.encode("utf-8", "surrogatepass") if isinstance(data, str) else data

"""The terminals' call journal over HTTP (CALL-06): JSON for the screen, CSV in the hospital's time."""

from __future__ import annotations

from datetime import UTC, tzinfo
from typing import Any, cast

import httpx
import pytest
from starlette.applications import Starlette
from ward_hub.access.port import Access, Principal
from ward_hub.calls.journal import Journal
from ward_hub.calls.tables import CallLine
from ward_hub.edge.calls_api import calls_routes

from tests.backend.ward import NOW


class Gate:
    """The token is the kind of terminal."""

    def authenticate(self, token: str) -> Principal:
        return Principal(f"{token}-1", token, "thoracic", None, None, None, None, NOW)

    def access(self, principal: Principal, document: str) -> Access:
        raise AssertionError(document)


class Lines:
    async def list_calls(self, *_wanted: Any) -> list[CallLine]:
        line = CallLine(id="a" * 32, ward="thoracic", source="bed:b01", type="patient", at=NOW)
        line.approx, line.missed, line.staff_unverified = False, False, []
        return [line]


async def get(params: dict[str, str], kind: str = "station", zone: tzinfo | None = None) -> httpx.Response:
    journal = cast(Journal, Lines())
    routes = calls_routes(Gate(), journal, lambda: NOW, *([] if zone is None else [lambda: zone]))
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(Starlette(routes=routes)), base_url="http://hub"
    ) as client:
        return await client.get(
            "/api/wards/thoracic/calls",
            params={"from": str(NOW - 1000), "to": str(NOW + 1000), **params},
            headers={"authorization": f"Bearer {kind}"},
        )


async def test_csv_is_in_the_hospitals_time_and_the_language_asked_for() -> None:
    assert "呼叫时间" in (await get({"format": "csv"})).text
    assert "2027-01-15 16:00:00" in (await get({"format": "csv"})).text
    english = (await get({"format": "csv", "lang": "en"}, zone=UTC)).text
    assert "Called at" in english
    assert "2027-01-15 08:00:00" in english
    assert (await get({})).json()["calls"][0]["at"] == NOW


@pytest.mark.parametrize(
    ("kind", "params", "status"),
    [
        ("pda", {}, 200),
        ("bedside", {}, 403),
        ("station", {"lang": "fr"}, 400),
        ("station", {"format": "xlsx"}, 400),
        ("station", {"more": "1"}, 400),
        ("station", {"from": "x"}, 400),
        ("station", {"to": "1"}, 400),
        ("station", {"bed": "B 1"}, 400),
    ],
)
async def test_who_and_what_is_refused(kind: str, params: dict[str, str], status: int) -> None:
    assert (await get(params, kind)).status_code == status

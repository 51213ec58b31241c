"""What the back office is told of the hub itself."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from ward_hub.documents.port import Json
from ward_hub.edge.errors import WardError
from ward_hub.edge.office_system import SystemParts, office_system_routes
from ward_hub.office.port import OfficePrincipal
from ward_hub.tls.check import CertificateInfo

NOW = 1_800_000_000_000


class Door:
    def __init__(self, code: str | None = None) -> None:
        self.code = code

    async def who(self, request: Request) -> OfficePrincipal:
        if self.code is not None:
            raise WardError(self.code)
        return OfficePrincipal("x", "x", "audit_admin", None, frozenset(), False, "s", "127.0.0.1")


async def ask(door: Door, certificate: CertificateInfo | None) -> httpx.Response:
    async def sessions(now: int) -> int:
        return 3 if now == NOW else 0

    async def feed() -> dict[str, Json]:
        return {"connected": 1, "last_message_at": NOW - 9, "refused": 2}

    parts = SystemParts(
        started_at=NOW - 1,
        certificate=lambda: certificate,
        sessions=sessions,
        feed=feed,
        push=lambda: {"others": False, "subscribed": 3, "connected": 2},
    )
    app = Starlette(routes=office_system_routes(door, parts, lambda: NOW))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://hub") as client:
        return await client.get("/api/office/system")


async def test_the_hub_tells_of_itself() -> None:
    now = datetime.fromtimestamp(NOW / 1000, UTC)
    end = now + timedelta(days=12, hours=1)
    answer = await ask(Door(), CertificateInfo("CN=ward", "CN=CA", ("ward",), now, end))
    body = answer.json()
    assert answer.headers["cache-control"] == "no-store"
    assert body.pop("version")
    assert body == {
        "now": NOW,
        "started_at": NOW - 1,
        "certificate": {
            "subject": "CN=ward",
            "issuer": "CN=CA",
            "not_after": int(end.timestamp() * 1000),
            "days_left": 12,
        },
        "sessions": 3,
        "feed": {"connected": 1, "last_message_at": NOW - 9, "refused": 2},
        "push": {"others": False, "subscribed": 3, "connected": 2},
    }


async def test_without_tls_there_is_no_certificate() -> None:
    assert (await ask(Door(), None)).json()["certificate"] is None


@pytest.mark.parametrize(("code", "status"), [("signed_out", 401), ("password_due", 403)])
async def test_nobody_else_is_told(code: str, status: int) -> None:
    answer = await ask(Door(code), None)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)

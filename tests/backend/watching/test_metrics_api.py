"""Who may read /metrics: this machine, and whoever knows the token."""

from __future__ import annotations

import subprocess
import sys

import httpx
import pytest
from starlette.applications import Starlette
from ward_hub.edge.metrics_api import metrics_routes
from ward_hub.watching.sources import Sources


async def ask(client: str, token: str = "", **headers: str) -> httpx.Response:
    app = Starlette(routes=metrics_routes(Sources(version="1"), token))
    transport = httpx.ASGITransport(app, client=(client, 4711))
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    async with httpx.AsyncClient(transport=transport, base_url="http://hub") as http:
        return await http.get("/metrics", headers=sent)


@pytest.mark.parametrize("client", ["127.0.0.1", "127.8.0.1", "::1", "::ffff:127.0.0.1"])
async def test_this_machine_may_read(client: str) -> None:
    answer = await ask(client)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    assert 'version="1"' in answer.text


@pytest.mark.parametrize(
    ("client", "token", "headers"),
    [
        ("10.0.0.9", "", {}),
        ("10.0.0.9", "", {"authorization": "Bearer "}),
        ("10.0.0.9", "right", {}),
        ("10.0.0.9", "right", {"authorization": "Bearer wrong"}),
        ("10.0.0.9", "right", {"authorization": "Basic right"}),
        ("10.0.0.9", "right", {"x_forwarded_for": "127.0.0.1"}),
        # A proxy on this machine that the settings do not name speaks for somebody else.
        ("127.0.0.1", "right", {"x_forwarded_for": "10.0.0.9"}),
        ("127.0.0.1", "", {"forwarded": "for=10.0.0.9"}),
        ("hub.sock", "", {}),
    ],
)
async def test_others_are_refused(client: str, token: str, headers: dict[str, str]) -> None:
    answer = await ask(client, token, **headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, "forbidden")
    assert "wardline_" not in answer.text


async def test_the_token_opens_it_from_elsewhere() -> None:
    assert (await ask("10.0.0.9", "right", authorization="Bearer right")).status_code == 200
    proxied = await ask("127.0.0.1", "right", authorization="bearer right", x_forwarded_for="10.0.0.9")
    assert proxied.status_code == 200


@pytest.mark.parametrize(
    ("module", "absent"),
    [
        (
            "ward_hub.cli.lab, ward_hub.identity.hub, ward_hub.lab",
            ("prometheus_client", "opentelemetry", "sqlalchemy", "cryptography"),
        ),
        ("ward_hub.app", ("prometheus_client", "opentelemetry")),
    ],
)
def test_a_hub_that_nobody_watches_carries_no_library_for_it(module: str, absent: tuple[str, ...]) -> None:
    script = f"import sys, {module}; print(*[name for name in {absent!r} if name in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == ""

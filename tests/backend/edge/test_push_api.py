"""Push over HTTP: who may subscribe with what, what a receipt is worth; and the push service's own socket."""

from __future__ import annotations

import json
import warnings
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.websockets import WebSocketDisconnect
from ward_hub.access.port import Access, AccessRefused, Principal
from ward_hub.db.engine import Database
from ward_hub.directory.current import CurrentDirectory
from ward_hub.edge.push_api import push_routes
from ward_hub.edge.push_service import push_service_routes
from ward_hub.push.keys import load_push_key
from ward_hub.push.policy import Wanted
from ward_hub.push.service.service import PushService
from ward_hub.push.service.store import ServiceStore
from ward_hub.settings import Settings

from tests.backend.push.test_desk import FakeDocuments, desk_of
from tests.backend.push.test_web_push import Browser
from tests.backend.talk.migrated import migrated
from tests.backend.ward import NOW, Device, enrolled, read_model, standard_ward

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from starlette.testclient import TestClient

LISTED = "https://push.example/up/"


def who(terminal: str, kind: str) -> Principal:
    return Principal(terminal, kind, "thoracic", None, None, None, None, NOW)


PEOPLE = {"pda": who("pda-01", "pda"), "station": who("station-main", "station"), "new": who("pda-02", "pda")}


class Gate:
    """The token is the name of who comes."""

    def authenticate(self, token: str) -> Principal:
        if token not in PEOPLE:
            raise AccessRefused("expired")
        return PEOPLE[token]

    def access(self, principal: Principal, document: str) -> Access:
        raise AssertionError(document)


@dataclass
class Hub:
    client: httpx.AsyncClient
    desk: Any

    async def put(self, token: str = "pda", **change: Any) -> httpx.Response:
        given = Browser().subscription(f"{LISTED}one")
        body: dict[str, Any] = {
            "endpoint": given.endpoint,
            "p256dh": given.p256dh,
            "auth": given.auth,
            "language": "zh",
            **change,
        }
        return await self.client.put(
            "/api/push/subscription",
            json={name: value for name, value in body.items() if value is not None},
            headers={"authorization": f"Bearer {token}"},
        )


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[Hub]:
    async with standard_ward(tmp_path) as database:
        await enrolled(database, "pda-01", Device())
        current = CurrentDirectory(await read_model(database))
        settings = Settings(data=tmp_path, push_endpoints=LISTED, push_contact="mailto:it@ward.example")
        desk = desk_of(database, current, settings, FakeDocuments(), lambda: NOW)
        await desk.load()
        routes = [
            *push_routes(desk, Gate(), current, lambda: NOW),
            *push_service_routes(desk.service, "https://ward.example"),
        ]
        transport = httpx.ASGITransport(Starlette(routes=routes))
        async with httpx.AsyncClient(transport=transport, base_url="http://hub") as client:
            yield Hub(client, desk)
        await desk.close()


async def test_a_pda_subscribes_and_lets_go(hub: Hub) -> None:
    answer = await hub.client.get("/api/push/key", headers={"authorization": "Bearer pda"})
    assert answer.json() == {"key": hub.desk.public_key}
    assert (await hub.put()).status_code == 200
    assert hub.desk.subscriptions.of("pda-01").endpoint == f"{LISTED}one"
    gone = await hub.client.delete("/api/push/subscription", headers={"authorization": "Bearer pda"})
    assert gone.status_code == 200
    assert hub.desk.subscriptions.of("pda-01") is None


async def test_only_a_pda_that_is_enrolled_may(hub: Hub) -> None:
    for token, status in (("station", 403), ("nobody", 401), ("new", 403)):
        assert (await hub.put(token)).status_code == status
    for method, path in (("GET", "key"), ("DELETE", "subscription")):
        answer = await hub.client.request(
            method, f"/api/push/{path}", headers={"authorization": "Bearer station"}
        )
        assert answer.status_code == 403
        assert (await hub.client.request(method, f"/api/push/{path}")).status_code == 401
    assert not hub.desk.subscriptions.all()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"endpoint": "https://evil.example/x"}, "endpoint_refused"),
        ({"endpoint": "http://169.254.169.254/latest/"}, "endpoint_refused"),
        ({"endpoint": "https://ward.example/push/m/guessed"}, "endpoint_refused"),
        ({"endpoint": LISTED + "x" * 1100}, "malformed"),
        ({"p256dh": "AAAA"}, "malformed"),
        ({"auth": "AAAA"}, "malformed"),
        ({"language": "de"}, "malformed"),
        ({"endpoint": None}, "malformed"),
        ({"endpoint": 5}, "malformed"),
        ({"name": "张三"}, "malformed"),
    ],
)
async def test_what_is_not_a_subscription_is_refused(hub: Hub, change: dict[str, Any], code: str) -> None:
    answer = await hub.put(**change)
    assert answer.json()["error"]["code"] == code
    assert not hub.desk.subscriptions.all()


async def test_a_receipt_needs_no_token_and_counts_for_a_push_that_went_out(hub: Hub) -> None:
    want = {"pda-01": {"row": Wanted("row", "m", False, {"do": "show"})}}
    await hub.desk.notices.settle(want, frozenset(), lambda: "a" * 32, NOW)
    (notice,) = hub.desk.notices.due("pda-01")
    assert (await hub.client.post(f"/api/push/seen/{'a' * 32}")).status_code == 404
    await hub.desk.notices.try_(notice)
    assert (await hub.client.post(f"/api/push/seen/{'a' * 32}")).status_code == 204
    assert hub.desk.notices.of("pda-01")["row"].seen_at == NOW
    for wrong in ("b" * 32, "A" * 32, "a" * 31, "..%2f..", "x"):
        assert (await hub.client.post(f"/api/push/seen/{wrong}")).status_code == 404


async def test_guessing_receipts_is_slowed_down(hub: Hub) -> None:
    codes = [(await hub.client.post(f"/api/push/seen/{n:032x}")).status_code for n in range(65)]
    assert codes.count(404) == 60
    assert codes[-1] == 429


async def test_a_post_by_nobody_known_is_refused(hub: Hub) -> None:
    headers = {"ttl": "1", "content-encoding": "aes128gcm"}
    for path, body, status in (("guessed", b"x", 404), ("guessed", b"x" * 5000, 413)):
        answer = await hub.client.post(f"/push/m/{path}", content=body, headers=headers)
        assert answer.status_code == status


def app_of(database: Database, folder: Path) -> tuple[Starlette, PushService]:
    service = PushService(ServiceStore(database), load_push_key(folder), lambda: NOW)
    return Starlette(routes=push_service_routes(service)), service


async def test_the_socket_speaks_to_firefox(tmp_path: Path) -> None:
    database = await migrated(tmp_path)
    app, service = app_of(database, tmp_path)
    key = load_push_key(tmp_path)
    channel = "12345678-1234-4234-8234-1234567890ab"
    with (
        TestClient(app, base_url="https://ward.example") as client,
        client.websocket_connect("/push/ws", subprotocols=["push-notification"]) as socket,
    ):
        assert socket.accepted_subprotocol == "push-notification"
        socket.send_text(json.dumps({"messageType": "hello", "uaid": "", "use_webpush": True}))
        assert socket.receive_json()["status"] == 200
        socket.send_text(json.dumps({"messageType": "register", "channelID": channel, "key": key.public}))
        endpoint = socket.receive_json()["pushEndpoint"]
        assert endpoint.startswith("http")
        path = endpoint.partition("/push/m/")[2]
        headers = {
            "authorization": key.header(endpoint.partition("/push")[0], "mailto:a@b.c", NOW),
            "ttl": "60",
            "content-encoding": "aes128gcm",
        }
        answer = client.post(f"/push/m/{path}", content=b"body", headers=headers)
        assert (answer.status_code, answer.headers["ttl"]) == (201, "60")
        assert socket.receive_json()["messageType"] == "notification"
        socket.send_text("{")
        with pytest.raises(WebSocketDisconnect) as closed:
            socket.receive_text()
        assert closed.value.code == 1002
    assert service.connected == 0
    with TestClient(app) as client, client.websocket_connect("/push/ws") as socket:
        socket.send_bytes(b"{}")
        with pytest.raises(WebSocketDisconnect) as closed:
            socket.receive_text()
        assert closed.value.code == 1002
    await database.close()

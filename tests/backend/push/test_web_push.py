"""A push at an endpoint of our own: what arrives is encrypted for the PDA and signed by the hub."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import http_ece
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from py_vapid import Vapid02
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from ward_hub.edge.server import make_server
from ward_hub.identity.keys import encode_base64url
from ward_hub.push.carrier import Gone, Later, Message, Outcome, Refused, Sent
from ward_hub.push.endpoints import AllowList, EndpointRefused
from ward_hub.push.keys import VapidKey, load_push_key
from ward_hub.push.subscriptions import KeysRefused, Subscription, check_keys
from ward_hub.push.web_push import WebPush, retry_after_s

from tests.backend.push.waiting import until

NOW = 1_800_000_000_000
TEXT = json.dumps({"title": "12床 呼叫"}, ensure_ascii=False)
MESSAGE = Message(TEXT, "topic-of-a-row", True, 3600)


class Browser:
    """A browser's end of a subscription."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.auth = bytes(range(16))

    def subscription(self, endpoint: str) -> Subscription:
        point = self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return Subscription(
            "pda-01", "0" * 16, endpoint, encode_base64url(point), encode_base64url(self.auth), "zh"
        )

    def read(self, body: bytes) -> str:
        text: bytes = http_ece.decrypt(body, private_key=self.key, auth_secret=self.auth, version="aes128gcm")
        return text.decode()


@dataclass
class Service:
    """A push service of our own on loopback."""

    port: int = 0
    status: int = 201
    headers: dict[str, str] = field(default_factory=dict)
    got: list[tuple[Mapping[str, str], bytes]] = field(default_factory=list)
    hold: asyncio.Event | None = None

    @property
    def prefix(self) -> str:
        return f"http://127.0.0.1:{self.port}/push/"

    async def take(self, request: Request) -> Response:
        self.got.append((dict(request.headers), await request.body()))
        if self.hold is not None:
            await self.hold.wait()
        return Response(status_code=self.status, headers=self.headers)


class NoOwn:
    def holds(self, endpoint: str) -> bool:
        return False

    async def accept(self, endpoint: str, headers: Mapping[str, str], body: bytes) -> int:
        raise AssertionError(endpoint)


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    made = Service()
    listening = asyncio.Event()

    def ready(port: int) -> None:
        made.port = port
        listening.set()

    app = Starlette(routes=[Route("/{path:path}", made.take, methods=["POST", "GET"])])
    server = make_server(app, "127.0.0.1", 0, ready)
    running = asyncio.create_task(server._serve())
    await listening.wait()
    yield made
    server.should_exit = True
    await running


@pytest.fixture
def key(tmp_path: Path) -> VapidKey:
    return load_push_key(tmp_path)


@pytest.fixture
async def push(service: Service, key: VapidKey) -> AsyncIterator[WebPush]:
    made = WebPush(key, NoOwn(), AllowList(service.prefix), "mailto:it@ward.example", lambda: NOW)
    yield made
    await made.close()


async def send(push: WebPush, service: Service, browser: Browser | None = None) -> Outcome:
    return await push.send((browser or Browser()).subscription(f"{service.prefix}abc"), MESSAGE)


async def test_only_the_pda_can_read_it_and_anyone_can_check_whose_it_is(
    service: Service, push: WebPush, key: VapidKey
) -> None:
    """RFC 8291, RFC 8292, RFC 8030."""
    browser = Browser()
    assert await send(push, service, browser) == Sent()
    ((headers, body),) = service.got
    assert browser.read(body) == TEXT
    assert b"12" not in body[86:]
    assert Vapid02.verify(auth=headers["authorization"]) is True
    key.check(headers["authorization"], f"http://127.0.0.1:{service.port}", NOW)
    assert {name: headers[name] for name in ("ttl", "topic", "urgency", "content-encoding", "host")} == {
        "ttl": "3600",
        "topic": "topic-of-a-row",
        "urgency": "high",
        "content-encoding": "aes128gcm",
        "host": f"127.0.0.1:{service.port}",
    }


@pytest.mark.parametrize(
    ("status", "headers", "outcome"),
    [
        (201, {}, Sent()),
        (202, {}, Sent()),
        (404, {}, Gone()),
        (410, {}, Gone()),
        (429, {"retry-after": "30"}, Later("status 429", 30.0)),
        (503, {}, Later("status 503", None)),
        (500, {"retry-after": "soon"}, Later("status 500", None)),
        (400, {}, Refused("status 400")),
        (403, {}, Refused("status 403")),
        (413, {}, Refused("status 413")),
    ],
)
async def test_what_the_services_answer_means(
    service: Service, push: WebPush, status: int, headers: dict[str, str], outcome: Outcome
) -> None:
    service.status, service.headers = status, headers
    assert await send(push, service) == outcome


async def test_a_redirect_is_not_followed(service: Service, push: WebPush) -> None:
    service.status, service.headers = 307, {"location": f"{service.prefix}elsewhere"}
    assert await send(push, service) == Refused("status 307")
    assert len(service.got) == 1


async def test_a_service_that_is_away_is_tried_later(push: WebPush, service: Service) -> None:
    service.port = 1
    closed = WebPush(
        push._key, NoOwn(), AllowList("http://127.0.0.1:1/push/"), "mailto:it@ward.example", lambda: NOW
    )
    try:
        assert isinstance(await send(closed, service), Later)
    finally:
        await closed.close()


async def test_a_name_that_stands_for_the_hub_itself_is_not_posted_to(
    service: Service, key: VapidKey
) -> None:
    """Whoever rules the name server does not rule what the hub speaks to."""

    async def resolve(_host: str, _port: int) -> list[str]:
        return ["127.0.0.1", "169.254.169.254"]

    push = WebPush(
        key, NoOwn(), AllowList("https://ntfy.ward.lan/"), "mailto:it@ward.example", lambda: NOW, resolve
    )
    try:
        outcome = await push.send(Browser().subscription("https://ntfy.ward.lan/x"), MESSAGE)
        assert isinstance(outcome, Refused)
    finally:
        await push.close()


async def test_a_name_nobody_knows_is_tried_later(key: VapidKey) -> None:
    async def resolve(_host: str, _port: int) -> list[str]:
        raise OSError("no such name")

    push = WebPush(
        key, NoOwn(), AllowList("https://ntfy.ward.lan/"), "mailto:it@ward.example", lambda: NOW, resolve
    )
    try:
        outcome = await push.send(Browser().subscription("https://ntfy.ward.lan/x"), MESSAGE)
        assert isinstance(outcome, Later)
    finally:
        await push.close()


async def test_without_a_contact_only_the_own_service_is_used(service: Service, key: VapidKey) -> None:
    push = WebPush(key, NoOwn(), AllowList(service.prefix), "", lambda: NOW)
    with pytest.raises(EndpointRefused):
        push.check(f"{service.prefix}abc")
    assert await send(push, service) == Gone()  # it was listed once
    assert service.got == []
    await push.close()


async def test_one_service_that_hangs_holds_up_no_other(service: Service, key: VapidKey) -> None:
    service.hold = asyncio.Event()
    push = WebPush(
        key,
        NoOwn(),
        AllowList(f"{service.prefix} http://[::1]:{service.port}/push/"),
        "mailto:it@ward.example",
        lambda: NOW,
    )
    hanging = [asyncio.create_task(send(push, service)) for _ in range(6)]
    try:
        await until(lambda: len(service.got) >= 4)
        other = Browser().subscription(f"http://[::1]:{service.port}/push/abc")
        assert isinstance(await push.send(other, MESSAGE), Later)  # nobody listens there: and is told so
        assert len(service.got) == 4
        service.hold.set()
        assert await asyncio.gather(*hanging) == [Sent()] * 6
    finally:
        await push.close()


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (None, None),
        ("0", 0.0),
        ("120", 120.0),
        ("99999999", 3600.0),
        ("-1", None),
        ("Fri, 15 Jan 2027 08:01:00 GMT", 60.0),
        ("Fri, 15 Jan 2027 07:00:00 GMT", 0.0),
        ("tomorrow", None),
        ("1" * 400, None),
    ],
)
def test_how_long_a_service_asks_to_wait(text: str | None, seconds: float | None) -> None:
    assert retry_after_s(text, NOW) == seconds


def test_keys_that_nothing_can_be_encrypted_to_are_refused() -> None:
    good = Browser().subscription("https://x/")
    check_keys(good.p256dh, good.auth)
    for p256dh, auth in (
        ("", good.auth),
        (good.p256dh[:-1], good.auth),
        (encode_base64url(b"\x04" + b"\x01" * 64), good.auth),
        (good.p256dh, ""),
        (good.p256dh, good.auth + "A"),
    ):
        with pytest.raises(KeysRefused):
            check_keys(p256dh, auth)


def test_a_hub_that_never_pushes_carries_none_of_it() -> None:
    """pywebpush with requests and aiohttp costs 14 MiB, httpx 2 MiB more."""
    code = (
        "import sys, ward_hub.push.desk, ward_hub.edge.push_api, ward_hub.edge.push_service;"
        "print([name for name in ('httpx', 'requests', 'aiohttp', 'pywebpush') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

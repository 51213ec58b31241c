"""The hub's own push service: autopush on one side, RFC 8030 on the other; what waits, who posts, limits."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ward_hub.db.engine import Database
from ward_hub.push.endpoints import origin_of
from ward_hub.push.keys import VapidKey, load_push_key
from ward_hub.push.service import protocol, service, store
from ward_hub.push.service.protocol import ProtocolError, parse
from ward_hub.push.service.service import Busy, ClientSession, PushService
from ward_hub.push.service.store import ServiceStore

from tests.backend.talk.migrated import migrated

T0 = 1_800_000_000_000
BASE = "https://ward.example"
CHANNEL = "12345678-1234-4234-8234-1234567890ab"


class Line:
    """A client's socket."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []
        self.closed = False

    def send(self, frame: str) -> None:
        self.sent.append(json.loads(frame))

    def close(self) -> None:
        self.closed = True

    def take(self) -> list[dict[str, Any]]:
        sent, self.sent = self.sent, []
        return sent


class Client:
    """Firefox, as far as a push service sees it."""

    def __init__(self, bench: Bench, uaid: str = "") -> None:
        self.line = Line()
        self.session: ClientSession = bench.service.connect(self.line, BASE)
        self._bench = bench
        self.uaid = uaid

    async def hello(self) -> str:
        await self.say(messageType="hello", uaid=self.uaid, use_webpush=True, broadcasts={})
        answer = self.line.sent.pop(0)
        assert answer["messageType"] == "hello"
        assert answer["status"] == 200
        self.uaid = answer["uaid"]
        return self.uaid

    async def say(self, **frame: Any) -> list[dict[str, Any]]:
        await self.session.receive(json.dumps(frame))
        return self.line.sent

    async def register(self, channel: str = CHANNEL, key: str | None = "") -> dict[str, Any]:
        key = self._bench.key.public if key == "" else key
        await self.say(messageType="register", channelID=channel, key=key)
        return self.line.sent.pop()

    async def subscribed(self) -> str:
        await self.hello()
        endpoint: str = (await self.register())["pushEndpoint"]
        return endpoint

    async def ack(self, *versions: str) -> None:
        updates = [{"channelID": CHANNEL, "version": version, "code": 100} for version in versions]
        await self.say(messageType="ack", updates=updates)


class Bench:
    """The service over a database, with a clock to set."""

    def __init__(self, database: Database, key: VapidKey) -> None:
        self.now = T0
        self.database = database
        self.key = key
        self.versions = count()
        self.store = ServiceStore(database)
        self.service = self._make()

    def _make(self) -> PushService:
        return PushService(
            self.store, self.key, lambda: self.now, new_version=lambda: f"{next(self.versions):022d}"
        )

    async def restart(self) -> None:
        self.store = ServiceStore(self.database)
        self.service = self._make()
        await self.service.load()

    def client(self, uaid: str = "") -> Client:
        return Client(self, uaid)

    def headers(self, endpoint: str, **more: str) -> dict[str, str]:
        made = {
            "authorization": self.key.header(origin_of(endpoint), "mailto:wardline@localhost", self.now),
            "content-encoding": "aes128gcm",
            "ttl": "600",
            "topic": "row",
            "urgency": "high",
            **more,
        }
        return {name: value for name, value in made.items() if value}

    async def post(self, endpoint: str, body: bytes = b"encrypted", **more: str) -> int:
        return await self.service.accept(endpoint, self.headers(endpoint, **more), body)


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Bench]:
    database = await migrated(tmp_path)
    yield Bench(database, load_push_key(tmp_path))
    await database.close()


async def test_a_client_subscribes_and_is_told_at_once(bench: Bench) -> None:
    client = bench.client()
    endpoint = await client.subscribed()
    assert endpoint.startswith(f"{BASE}/push/m/")
    assert len(endpoint.rsplit("/", 1)[1]) == 43  # 32 random bytes
    assert await bench.post(endpoint) == 201
    (message,) = client.line.take()
    assert message == {
        "messageType": "notification",
        "channelID": CHANNEL,
        "version": f"{0:022d}",
        "data": base64.urlsafe_b64encode(b"encrypted").rstrip(b"=").decode(),
        "headers": {"encoding": "aes128gcm"},
    }


async def test_what_is_not_acknowledged_comes_again_also_after_a_restart(bench: Bench) -> None:
    client = bench.client()
    endpoint = await client.subscribed()
    await bench.post(endpoint, b"one", topic="a")
    await bench.post(endpoint, b"two", topic="b")
    await client.ack(client.line.take()[0]["version"])
    await bench.restart()
    again = bench.client(client.uaid)
    assert await again.hello() == client.uaid
    (message,) = again.line.take()
    assert base64.urlsafe_b64decode(message["data"] + "==") == b"two"
    await again.say(messageType="nack", version=message["version"], code=302)
    third = bench.client(client.uaid)
    await third.hello()
    assert third.line.take() == []


async def test_a_message_waits_for_a_client_that_is_away_until_its_ttl_is_over(bench: Bench) -> None:
    client = bench.client()
    endpoint = await client.subscribed()
    client.session.left()
    await bench.post(endpoint, b"short", topic="a", ttl="10")
    await bench.post(endpoint, b"long", topic="b", ttl="3600")
    await bench.post(endpoint, b"now or never", topic="c", ttl="0")
    bench.now += 10_000
    back = bench.client(client.uaid)
    await back.hello()
    assert [base64.urlsafe_b64decode(one["data"] + "==") for one in back.line.take()] == [b"long"]


async def test_a_newer_message_of_the_topic_replaces_the_one_that_waits(bench: Bench) -> None:
    """RFC 8030, 5.4."""
    client = bench.client()
    endpoint = await client.subscribed()
    client.session.left()
    for body, topic in ((b"ringing", "row"), (b"other", "row-2"), (b"over", "row"), (b"plain", "")):
        assert await bench.post(endpoint, body, topic=topic) == 201
    back = bench.client(client.uaid)
    await back.hello()
    bodies = [base64.urlsafe_b64decode(one["data"] + "==") for one in back.line.take()]
    assert bodies == [b"other", b"over", b"plain"]


async def test_of_too_many_that_wait_the_oldest_go(bench: Bench) -> None:
    client = bench.client()
    endpoint = await client.subscribed()
    client.session.left()
    for number in range(store.MAX_WAITING + 5):
        await bench.post(endpoint, str(number).encode(), topic="")
    back = bench.client(client.uaid)
    await back.hello()
    bodies = [base64.urlsafe_b64decode(one["data"] + "==") for one in back.line.take()]
    assert bodies == [str(number).encode() for number in range(5, store.MAX_WAITING + 5)]


async def test_only_this_hub_may_post_and_only_by_the_book(bench: Bench, tmp_path: Path) -> None:
    client = bench.client()
    endpoint = await client.subscribed()
    (tmp_path / "other").mkdir()
    stranger = load_push_key(tmp_path / "other").header(BASE, "mailto:a@b.c", T0)
    elsewhere = bench.key.header("https://other.example", "mailto:a@b.c", T0)
    for status, more in (
        (403, {"authorization": ""}),
        (403, {"authorization": stranger}),
        (403, {"authorization": elsewhere}),
        (400, {"ttl": ""}),
        (400, {"ttl": "-1"}),
        (400, {"ttl": "soon"}),
        (400, {"ttl": "９"}),
        (400, {"urgency": "highest"}),
        (400, {"topic": "x" * 33}),
        (400, {"topic": "a b"}),
        (415, {"content-encoding": "aesgcm"}),
        (415, {"content-encoding": ""}),
    ):
        assert await bench.post(endpoint, b"encrypted", **more) == status, more
    assert await bench.post(endpoint, b"") == 400
    assert await bench.post(endpoint, b"x" * 4097) == 413
    assert await bench.post(endpoint + "x") == 404
    assert await bench.post(endpoint.replace(BASE, "https://other.example")) == 404
    assert await bench.post(f"{BASE}/push/m/") == 404
    assert client.line.take() == []
    assert await bench.service.post(endpoint.rsplit("/", 1)[1], bench.headers(endpoint), b"x" * 4096) == 201


async def test_only_subscriptions_with_this_hubs_key_are_made(bench: Bench) -> None:
    client = bench.client()
    await client.hello()
    for key in (None, "B" * 87):
        answer = await client.register(key=key)
        assert (answer["status"], answer["pushEndpoint"]) == (401, "")
    padded = await client.register(key=bench.key.public + "=")
    assert padded["status"] == 200


async def test_the_same_channel_keeps_its_endpoint_and_a_stranger_gets_another_name(bench: Bench) -> None:
    client = bench.client()
    endpoint = await client.subscribed()
    assert (await client.register())["pushEndpoint"] == endpoint
    # A uaid nobody knows is not taken over: whoever comes with it subscribes anew.
    stranger = bench.client("f" * 32)
    assert await stranger.hello() != "f" * 32
    assert await bench.client("not one of ours").hello() != "not one of ours"


async def test_a_newer_socket_of_a_client_closes_the_older(bench: Bench) -> None:
    first = bench.client()
    endpoint = await first.subscribed()
    second = bench.client(first.uaid)
    await second.hello()
    assert first.line.closed
    first.session.left()
    await bench.post(endpoint)
    assert len(second.line.take()) == 1
    assert bench.service.connected == 1


async def test_a_subscription_ends(bench: Bench) -> None:
    client = bench.client()
    endpoint = await client.subscribed()
    await bench.post(endpoint)
    client.line.take()
    other = bench.client()
    await other.hello()
    await other.say(messageType="unregister", channelID=CHANNEL, code=200)
    assert await bench.post(endpoint) == 201  # another client's word ends nothing of this one's
    await client.say(messageType="unregister", channelID=CHANNEL, code=200)
    assert client.line.take()[-1] == {"messageType": "unregister", "channelID": CHANNEL, "status": 200}
    assert await bench.post(endpoint) == 404
    assert not bench.service.holds(endpoint)
    await bench.restart()
    assert not bench.service.holds(endpoint)


async def test_another_clients_messages_cannot_be_acknowledged(bench: Bench) -> None:
    client = bench.client()
    endpoint = await client.subscribed()
    await bench.post(endpoint)
    version = client.line.take()[0]["version"]
    thief = bench.client()
    await thief.subscribed()
    await thief.ack(version)
    again = bench.client(client.uaid)
    await again.hello()
    assert [one["version"] for one in again.line.take()] == [version]


async def test_pings_are_answered_and_what_is_of_no_use_is_passed_over(bench: Bench) -> None:
    client = bench.client()
    await client.hello()
    await client.session.receive("{}")
    assert client.line.take() == [{}]
    for kind in ("broadcast_subscribe", "something_newer"):
        assert await client.say(messageType=kind, broadcasts={"remote-settings/x": "y"}) == []


async def test_a_client_says_hello_first_once_and_not_too_much(bench: Bench) -> None:
    client = bench.client()
    with pytest.raises(ProtocolError):
        await client.register()
    await client.hello()
    with pytest.raises(ProtocolError):
        await client.hello()
    for _ in range(service.MAX_FRAMES - 3):
        await client.session.receive("{}")
    with pytest.raises(ProtocolError):
        await client.session.receive("{}")
    bench.now += service.WINDOW_MS + 1
    await client.session.receive("{}")


async def test_there_is_room_for_so_many_and_no_more(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "MAX_CLIENTS", 2)
    one, two = bench.client(), bench.client()
    await one.subscribed()
    stranger, two = two, bench.client()  # who subscribes on nothing goes first
    assert stranger.line.closed
    assert not one.line.closed
    stranger.session.left()
    await two.subscribed()
    with pytest.raises(Busy):
        bench.client()
    one.session.left()
    client = bench.client()
    await client.hello()
    for number in range(store.MAX_CHANNELS_A_CLIENT):
        answer = await client.register(CHANNEL[:-2] + f"{number:02x}")
        assert answer["status"] == 200
    assert (await client.register())["status"] == 500
    assert (await client.register(CHANNEL[:-2] + "00"))["status"] == 200


async def test_what_is_long_unused_is_forgotten(bench: Bench) -> None:
    client = bench.client()
    endpoint = await client.subscribed()
    await bench.post(endpoint)
    bench.now += store.UNUSED_MS
    await bench.service.forget_old()
    assert bench.service.holds(endpoint)
    bench.now += 1
    await bench.service.forget_old()
    assert not bench.service.holds(endpoint)
    await bench.restart()
    assert not bench.service.holds(endpoint)


async def test_the_end_closes_the_sockets(bench: Bench) -> None:
    client = bench.client()
    await client.hello()
    bench.service.close()
    assert client.line.closed


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "null",
        "x",
        '{"messageType":1}',
        '{"a":1}',
        '{"messageType":"register"}',
        '{"messageType":"register","channelID":"x"}',
        f'{{"messageType":"register","channelID":"{CHANNEL}","key":5}}',
        f'{{"messageType":"register","channelID":"{CHANNEL}","key":"{"k" * 200}"}}',
        '{"messageType":"unregister","channelID":7}',
        '{"messageType":"ack","updates":{}}',
        f'{{"messageType":"ack","updates":[{",".join(["{}"] * 65)}]}}',
        '{"messageType":"nack","version":"short"}',
        "[" * 5000,
        '{"messageType":"hello","uaid":"' + "x" * protocol.MAX_FRAME_CHARS + '"}',
    ],
)
def test_frames_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(ProtocolError):
        parse(text)


@given(st.text(max_size=200))
def test_no_text_does_anything_but_be_refused(text: str) -> None:
    try:
        parse(text)
    except ProtocolError:
        return

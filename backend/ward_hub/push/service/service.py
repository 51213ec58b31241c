"""The hub's own push service: who is connected, what is delivered at once, what waits (RFC 8030).

Only this hub may post, and only for subscriptions made with its key. Sockets are the edge's.
"""

from __future__ import annotations

import base64
import logging
import secrets
from collections import deque
from collections.abc import Callable, Mapping
from typing import Final, Protocol

from ward_hub.push.endpoints import origin_of
from ward_hub.push.keys import VapidKey, VapidRefused
from ward_hub.push.service import protocol
from ward_hub.push.service.posted import PostRefused, read_post
from ward_hub.push.service.protocol import (
    Ack,
    Hello,
    Nack,
    Other,
    Ping,
    ProtocolError,
    Register,
    Unregister,
)
from ward_hub.push.service.store import Channel, ServiceStore

PATH: Final = "/push/m/"
MAX_CLIENTS = 512
"""Sockets at once: PDAs of a hospital; each costs some 30 KiB."""
MAX_FRAMES, WINDOW_MS = 240, 60_000
"""Frames a client may send in a minute: an acknowledgement for each message of a busy ward, and room."""

log = logging.getLogger(__name__)


class Line(Protocol):
    """A client's socket, as the service sees it."""

    def send(self, frame: str) -> None:
        """Send a text frame soon; a client that does not read is closed."""
        ...

    def close(self) -> None:
        """End the socket."""
        ...


class Busy(Exception):
    """As many clients as there may be are connected."""


class PushService:
    """Clients, their subscriptions and their messages. All methods belong to the event loop's thread."""

    def __init__(
        self,
        store: ServiceStore,
        key: VapidKey,
        clock: Callable[[], int],
        new_client: Callable[[], str] = lambda: secrets.token_hex(16),
        new_channel: Callable[[], str] = lambda: secrets.token_urlsafe(32),
        new_version: Callable[[], str] = lambda: secrets.token_urlsafe(16),
    ) -> None:
        self._store = store
        self._key = key
        self._clock = clock
        self._new_client = new_client
        self._new_channel = new_channel
        self._new_version = new_version
        self._sessions: dict[str, ClientSession] = {}
        self._open: dict[ClientSession, None] = {}

    async def load(self) -> None:
        """Read what is kept; once at start."""
        await self._store.load()

    @property
    def connected(self) -> int:
        """How many clients are connected."""
        return len(self._sessions)

    def connect(self, line: Line, base: str) -> ClientSession:
        """A client's socket is open. `base`: how it reached the hub, `https://ward.example`, for endpoints.

        Raises Busy.
        """
        if len(self._open) >= MAX_CLIENTS:
            self._make_room()
        session = ClientSession(self, line, base)
        self._open[session] = None
        return session

    def holds(self, endpoint: str) -> bool:
        """Whether this service gave out the endpoint."""
        return self._of(endpoint) is not None

    async def accept(self, endpoint: str, headers: Mapping[str, str], body: bytes) -> int:
        """Take a message for an endpoint; returns the HTTP status: 201, or why not."""
        channel = self._of(endpoint)
        if channel is None:
            return 404
        try:
            self._key.check(headers.get("authorization", ""), origin_of(channel.endpoint), self._clock())
            posted = read_post(headers, body)
        except VapidRefused:
            return 403
        except PostRefused as refused:
            return refused.status
        version = self._new_version()
        if posted.ttl_s > 0:
            await self._store.keep(channel.id, version, posted, self._clock())
        session = self._sessions.get(channel.client)
        if session is not None:
            session.notify(channel, version, posted.body)
        return 201

    async def post(self, id_: str, headers: Mapping[str, str], body: bytes) -> int:
        """Take a message that came over HTTP, for the channel of that id; returns the HTTP status."""
        channel = self._store.channel(id_)
        return 404 if channel is None else await self.accept(channel.endpoint, headers, body)

    async def forget_old(self) -> None:
        """Forget what is too old; about once an hour."""
        await self._store.forget_old(self._clock())

    def close(self) -> None:
        """End all sockets: the hub stops."""
        for session in list(self._sessions.values()):
            session.line.close()

    def _make_room(self) -> None:
        """Let the oldest socket without a subscription go: strangers keep no phone out. Raises Busy."""
        for session in self._open:
            if session.client is None or not self._store.knows(session.client):
                session.line.close()
                self._left(session)
                return
        raise Busy

    def _of(self, endpoint: str) -> Channel | None:
        _, found, id_ = endpoint.rpartition(PATH)
        channel = self._store.channel(id_) if found else None
        return channel if channel is not None and channel.endpoint == endpoint else None

    # For the sessions

    async def _greet(self, session: ClientSession, told: str | None) -> str:
        known = told is not None and self._store.knows(told)
        # Who is not known drops what it had and subscribes anew.
        client = told if known and told is not None else self._new_client()
        before = self._sessions.get(client)
        self._sessions[client] = session
        if before is not None:
            before.line.close()
        session.line.send(protocol.hello(client))
        if known:
            await self._store.seen(client, self._clock())
            for waiting in await self._store.waiting(client, self._clock()):
                channel = self._store.channel(waiting.channel)
                if channel is not None:
                    session.notify(channel, waiting.version, waiting.body)
        return client

    async def _register(self, session: ClientSession, client: str, asked: Register) -> None:
        if asked.key != self._key.public:
            # Another site's page, or one of a hub before a restore: this service is for this hub alone.
            session.line.send(protocol.not_registered(asked.channel, 401))
            return

        def made() -> Channel:
            id_ = self._new_channel()
            return Channel(id_, client, asked.channel, f"{session.base}{PATH}{id_}")

        channel = await self._store.register(client, asked.channel, made, self._clock())
        if channel is None:
            log.warning("the push service has no room for another subscription")
            session.line.send(protocol.not_registered(asked.channel, 500))
        else:
            session.line.send(protocol.registered(asked.channel, channel.endpoint))

    def _left(self, session: ClientSession) -> None:
        self._open.pop(session, None)
        if session.client is not None and self._sessions.get(session.client) is session:
            del self._sessions[session.client]


class ClientSession:
    """One socket of one client: `hello` first, then the rest, one frame after the other."""

    def __init__(self, service: PushService, line: Line, base: str) -> None:
        self._service = service
        self.line = line
        self.base = base
        self.client: str | None = None
        self._frames: deque[int] = deque()

    async def receive(self, text: str) -> None:
        """Take a frame. Raises ProtocolError: the socket is then to be closed."""
        service = self._service
        self._count()
        message = protocol.parse(text)
        if isinstance(message, Hello):
            if self.client is not None:
                raise ProtocolError("expected one hello")
            self.client = await service._greet(self, message.client)
            return
        if self.client is None:
            raise ProtocolError("expected hello first")
        match message:
            case Register():
                await service._register(self, self.client, message)
            case Unregister(channel):
                await service._store.unregister(self.client, channel)
                self.line.send(protocol.unregistered(channel))
            case Ack(versions):
                await service._store.delivered(self.client, versions)
            case Nack(version, code):
                log.warning("a push was not delivered in the browser: code %d", code)
                await service._store.delivered(self.client, (version,))
            case Ping():
                self.line.send(protocol.PONG)
            case Other():
                pass

    def notify(self, channel: Channel, version: str, body: bytes) -> None:
        """Send the client a message; it waits in SQL until the client says that it arrived."""
        data = base64.urlsafe_b64encode(body).rstrip(b"=").decode("ascii")
        self.line.send(protocol.notification(channel.channel, version, data))

    def left(self) -> None:
        """The socket has gone."""
        self._service._left(self)

    def _count(self) -> None:
        now = self._service._clock()
        self._frames.append(now)
        while self._frames[0] <= now - WINDOW_MS:
            self._frames.popleft()
        if len(self._frames) > MAX_FRAMES:
            raise ProtocolError(f"expected at most {MAX_FRAMES} frames a minute")

"""One connection to the hub above, from its first frame to its loss: what is open, what goes where.

The frames are those of `/sync` (sync/SPEC.md): a ward hub is a client of the hospital's hub, and a host of
its own terminals. Rules UP1 to UP7.
"""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
from collections.abc import Awaitable, Callable

import aiohttp
from ward_sync.codec import MAX_FRAME_BYTES, decode, encode
from ward_sync.errors import RemoteProtocolError
from ward_sync.messages import (
    AuthDenied,
    AuthGranted,
    AuthToken,
    Close,
    Frame,
    Ping,
    Pong,
    Stateless,
    SyncStatus,
    SyncStep1,
)

from ward_hub.access.hubs import OtherHub
from ward_hub.access.port import AccessRefused
from ward_hub.doc_rooms.host import Host
from ward_hub.log.port import LogUnavailable
from ward_hub.upstream.account import Standing, UpstreamAccount, UpstreamAway, UpstreamToken
from ward_hub.upstream.documents import has_calls, is_presence, tells_of_rows
from ward_hub.upstream.line import Line

SILENCE_S = 5.0
"""The hub above says something every second or two."""
BEAT_S = 2.0
LOOK_S = 0.5
"""How often it is looked for documents that should be open and are not."""
AGAIN_S = 10.0
"""Before a document that was refused or closed above is asked for again."""
MAX_WAITING_BYTES = 32 * 2**20
PING, PONG = b"\x09", b"\x0a"

log = logging.getLogger(__name__)


class OtherGeneration(ValueError):
    """The hub above is of another installation, or was restored from a backup since (UP7)."""

    def __init__(self, theirs: Standing, ours: Standing) -> None:
        what = "was restored from a backup" if theirs.installation == ours.installation else "is another one"
        super().__init__(
            f"the hospital's hub {what}: expected installation {ours.installation} at generation "
            f"{ours.generation}, got {theirs.installation} at {theirs.generation}; nothing is replicated. "
            "See docs/ward-hub.md"
        )


class Receiver:
    """What a link does with what is not a document's: overridden by whoever uses it."""

    def facts_answered(self, payload: str) -> None: ...

    def facts_due(self) -> None: ...

    def adopt(self, document: str) -> None: ...

    def rows_changed(self) -> None: ...

    def signalled(self, document: str, payload: str) -> None: ...


class Link:
    """A WebSocket to the hub above. `run` lasts until it is lost; raises UpstreamAway, OtherGeneration."""

    def __init__(
        self,
        account: UpstreamAccount,
        name: str,
        standing: Standing,
        upstream: OtherHub,
        host: Host,
        wanted: Callable[[], set[str]],
        receiver: Receiver,
        opened: Callable[[], Awaitable[None]],
    ) -> None:
        """`name`: of this ward hub above; `upstream`: the hub above as a principal here; `wanted`: the
        documents that should be open; `opened` is awaited once the hub above has said that it is the one."""
        self._account = account
        self._name = name
        self._standing = standing
        self._upstream = upstream
        self._host = host
        self._wanted = wanted
        self._receiver = receiver
        self._opened = opened
        self._salt = secrets.token_bytes(16)
        self._lines: dict[str, Line] = {}
        self._again: dict[str, float] = {}
        self._denied: set[str] = set()
        self._socket: aiohttp.ClientWebSocketResponse | None = None
        self._waiting: list[bytes] = []
        self._waiting_bytes = 0
        self._woken = asyncio.Event()
        self._token: UpstreamToken | None = None
        self._token_at = 0.0

    async def run(self) -> None:
        token = await self._fresh_token()
        if token.standing != self._standing:
            raise OtherGeneration(token.standing, self._standing)
        url = self._account.url.replace("http", "ws", 1) + "/sync"
        try:
            async with self._account.session.ws_connect(
                url, max_msg_size=MAX_FRAME_BYTES, heartbeat=None, compress=0, autoping=True
            ) as socket:
                self._socket = socket
                await self._hello(socket)
                await self._opened()
                await self._stay(socket)
        except UpstreamAway:
            raise
        except (aiohttp.ClientError, OSError, TimeoutError, RemoteProtocolError) as error:
            raise UpstreamAway(f"/sync: {type(error).__name__}") from error
        finally:
            self._socket = None
            for line in self._lines.values():
                if line.peer is not None:
                    self._host.detach(line.peer)
            self._lines.clear()

    def send_facts(self, document: str, payload: str) -> bool:
        """Send a stateless frame at a calls document; returns whether it is open above."""
        line = self._lines.get(document)
        if line is None or not line.takes_facts:
            return False
        line.say(payload)
        return True

    def signal(self, document: str, payload: str) -> bool:
        """Send a stateless frame at a presence document; returns whether it is open above."""
        line = self._lines.get(document)
        if line is None or not line.granted:
            return False
        line.say(payload)
        return True

    def is_denied(self, document: str) -> bool:
        return document in self._denied

    @property
    def open(self) -> int:
        """How many documents are open above."""
        return sum(line.granted for line in self._lines.values())

    # Events of lines

    def stored(self, document: str) -> None:
        if has_calls(document):
            self._receiver.adopt(document)
        if tells_of_rows(document):
            self._receiver.rows_changed()

    def refused(self, document: str) -> None:
        log.error("%s: what the hub above holds could not be taken; asking again", document)

    def changed(self, document: str) -> None:
        if has_calls(document):
            self._receiver.facts_due()

    def closed(self, document: str) -> None:
        self._forget(document)

    # The socket

    async def _hello(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        frame = await self._receive(socket)
        told = json.loads(frame.message.payload) if isinstance(frame.message, Stateless) else {}
        standing = Standing(str(told.get("installation")), int(told.get("generation", 0)))
        if standing != self._standing:
            raise OtherGeneration(standing, self._standing)

    async def _stay(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        tasks = [asyncio.ensure_future(work) for work in (self._write(socket), self._look(), self._beat())]
        reading = asyncio.ensure_future(self._read(socket))
        try:
            done, _ = await asyncio.wait([reading, *tasks], return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in (reading, *tasks):
                task.cancel()
            await asyncio.gather(reading, *tasks, return_exceptions=True)

    async def _read(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        while True:
            self._hear(await self._receive(socket))

    async def _receive(self, socket: aiohttp.ClientWebSocketResponse) -> Frame:
        message = await socket.receive(SILENCE_S)
        if message.type is not aiohttp.WSMsgType.BINARY:
            raise UpstreamAway(f"/sync: closed with {socket.close_code}")
        return decode(message.data, MAX_FRAME_BYTES)

    async def _write(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        while True:
            await self._woken.wait()
            self._woken.clear()
            frames, self._waiting, self._waiting_bytes = self._waiting, [], 0
            for frame in frames:
                await socket.send_bytes(frame)

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(BEAT_S)
            self._push(PING)
            if self._waiting_bytes > MAX_WAITING_BYTES:
                raise UpstreamAway("/sync: the hub above has stopped reading")

    async def _look(self) -> None:
        """Open what should be open: what is always, and whatever somebody here has opened."""
        while True:
            now = asyncio.get_running_loop().time()
            for document in sorted(self._wanted() | self._host.loaded(), key=_urgency):
                if document not in self._lines and self._again.get(document, 0.0) <= now:
                    await self._open(document)
            await asyncio.sleep(LOOK_S)

    async def _open(self, document: str) -> None:
        line = Line(self._host, document, self._salt, self._push, self)
        principal = self._upstream.principal(2**53 - 1)
        try:
            access = self._host.gate.access(principal, document)
        except AccessRefused:
            return self._ask_later(document)
        token = await self._fresh_token()
        self._lines[document] = line
        # Joined first: what changes between the two is sent as an update.
        line.peer = self._host.attach(line, document, document, principal, access)
        try:
            state: bytes = await self._host.read(document, lambda doc: doc.get_state())
        except (LogUnavailable, ValueError) as error:
            log.error("%s is not replicated: %s", document, error)
            self._forget(document)
            return None
        self._push(encode(document, AuthToken(token.token)))
        self._push(encode(document, SyncStep1(state)))
        return None

    def _hear(self, frame: Frame) -> None:
        message, document = frame.message, frame.address
        if isinstance(message, Ping):
            self._push(PONG)
            return
        line = self._lines.get(document)
        if isinstance(message, Pong) or line is None:
            return
        if isinstance(message, AuthGranted):
            line.granted = True
            self._denied.discard(document)
            if has_calls(document):
                self._receiver.adopt(document)
                self._receiver.facts_due()
        elif isinstance(message, AuthDenied | Close):
            if isinstance(message, AuthDenied):
                self._denied.add(document)
            self._forget(document)
        elif isinstance(message, Stateless):
            self._hear_stateless(document, message.payload)
        elif isinstance(message, SyncStatus):
            if not message.stored:
                log.error("%s: a change made here was refused above", document)
        else:
            line.hear(message)

    def _hear_stateless(self, document: str, payload: str) -> None:
        if has_calls(document):
            self._receiver.facts_answered(payload)
        elif is_presence(document):
            self._receiver.signalled(document, payload)

    def _push(self, frame: bytes) -> None:
        self._waiting.append(frame)
        self._waiting_bytes += len(frame)
        self._woken.set()

    def _forget(self, document: str) -> None:
        line = self._lines.pop(document, None)
        if line is not None and line.peer is not None:
            self._host.detach(line.peer)
        self._ask_later(document)

    def _ask_later(self, document: str) -> None:
        self._again[document] = asyncio.get_running_loop().time() + AGAIN_S

    async def _fresh_token(self) -> UpstreamToken:
        now = asyncio.get_running_loop().time()
        token = self._token
        if token is None or (now - self._token_at) * 1000 > token.expires_at - token.now - 60_000:
            token = self._token = await self._account.token(self._name)
            self._token_at = now
        return token


def _urgency(document: str) -> tuple[bool, bool, str]:
    """Calls before all else, then who is there."""
    return not has_calls(document), not is_presence(document), document

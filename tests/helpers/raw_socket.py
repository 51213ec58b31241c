"""A terminal's socket without a terminal: hand-made frames go out, every byte that comes is kept."""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
import re
import secrets
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from typing import Any

from pycrdt import Doc
from ward_sync.codec import decode, encode
from ward_sync.messages import (
    AuthDenied,
    AuthGranted,
    AuthToken,
    Message,
    Pong,
    Stateless,
    SyncStatus,
    SyncStep1,
    SyncStep2,
    Update,
)
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

NOTHING_HELD = b"\x00"
"""The state vector of one who has nothing."""
_CODED = re.compile(rb"[A-Za-z0-9+/_-]{24,}")


class RawSocket:
    """`came`: messages by address in order; `raw`: every frame as it came; `granted`, `denied`: addresses."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self.raw: list[bytes] = []
        self.came: dict[str, list[Message]] = {}
        self.granted: set[str] = set()
        self.denied: set[str] = set()
        self._changed = asyncio.Event()

    async def send(self, address: str, *messages: Message) -> None:
        for message in messages:
            await self._socket.send(encode(address, message))

    async def send_raw(self, data: bytes) -> None:
        await self._socket.send(data)

    async def open(self, address: str, token: str) -> None:
        """Ask for a document and all it holds."""
        await self.send(address, AuthToken(token), SyncStep1(NOTHING_HELD))

    async def until(self, condition: Callable[[], bool], within_s: float = 10.0) -> None:
        """Return when the condition holds; it is looked at after each frame that came."""
        async with asyncio.timeout(within_s):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    async def fence(self) -> None:
        """Return when the hub has answered what it can answer at once: frames to this socket keep order."""
        mark = secrets.randbits(48)
        await self.send("hub", Stateless(json.dumps({"t": "time", "sent": mark})))
        text = f'"sent": {mark}'
        await self.until(lambda: any(text in one for one in self.stateless("hub")))

    def stateless(self, address: str) -> list[str]:
        return [one.payload for one in self.came.get(address, ()) if isinstance(one, Stateless)]

    def statuses(self, address: str) -> list[bool]:
        return [one.stored for one in self.came.get(address, ()) if isinstance(one, SyncStatus)]

    def synced(self, address: str) -> bool:
        return any(isinstance(one, SyncStep2) for one in self.came.get(address, ()))

    def replica(self, address: str) -> Doc[Any]:
        """What the updates that came at the address make."""
        found: Doc[Any] = Doc()
        for one in self.came.get(address, ()):
            if isinstance(one, SyncStep2 | Update):
                found.apply_update(one.update)
        return found

    def everything(self) -> bytes:
        """All that came, and after it whatever of it was base64 or escaped JSON."""
        return readable(b"\n".join(self.raw))

    async def read(self) -> None:
        """Take what comes until the socket ends."""
        with suppress(ConnectionClosed):
            async for frame in self._socket:
                if isinstance(frame, bytes):
                    self._take(frame)
        self._changed.set()

    def _take(self, data: bytes) -> None:
        self.raw.append(data)
        frame = decode(data)
        self.came.setdefault(frame.address, []).append(frame.message)
        if isinstance(frame.message, AuthGranted):
            self.granted.add(frame.address)
        elif isinstance(frame.message, AuthDenied):
            self.denied.add(frame.address)
        self._changed.set()

    async def beat(self) -> None:
        """Keep the socket: the hub closes one that is silent."""
        with suppress(ConnectionClosed):
            while True:
                await asyncio.sleep(2)
                await self.send("", Pong())


@asynccontextmanager
async def raw_socket(url: str) -> AsyncIterator[RawSocket]:
    """A socket to the hub at this HTTP origin."""
    address = url.replace("http", "ws", 1) + "/sync"
    async with connect(address, ping_interval=None, compression=None, max_size=2**24) as socket:
        raw = RawSocket(socket)
        works = [asyncio.create_task(raw.read()), asyncio.create_task(raw.beat())]
        try:
            yield raw
        finally:
            for work in works:
                work.cancel()
            await asyncio.gather(*works, return_exceptions=True)


def readable(data: bytes) -> bytes:
    r"""The data, and what stands in it as base64 (facts) or as \u escapes (JSON)."""
    found = [data]
    for word in _CODED.findall(data):
        for altchars in (None, b"-_"):
            for start in range(4):
                # A length before it may look like base64 too: tried from each of four beginnings.
                part = word[start : start + (len(word) - start) // 4 * 4]
                with suppress(binascii.Error, ValueError):
                    found.append(base64.b64decode(part, altchars=altchars))
    if b"\\u" in data:
        text = data.decode("utf-8", "replace")
        found.append(
            re.sub(r"\\u([0-9a-fA-F]{4})", lambda match: chr(int(match[1], 16)), text).encode(
                "utf-8", "surrogatepass"
            )
        )
    return b"\n".join(found)


def tells(data: bytes, words: Iterable[str]) -> list[str]:
    """Which of the words stand in the data."""
    return [word for word in words if word.encode() in data]

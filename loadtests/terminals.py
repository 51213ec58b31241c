"""Light terminals for load: a socket, some documents, no CRDT; the frames are ward_sync's."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import websockets
from pycrdt import Doc, Map
from ward_sync.codec import decode, encode
from ward_sync.messages import AuthToken, Message, Ping, Pong, SyncStatus, SyncStep1, SyncStep2
from ward_sync.update import EMPTY_STATE_VECTOR, EMPTY_UPDATE


class LightTerminal:
    """One socket with documents; hands every message to `heard(address, message)`."""

    def __init__(self, port: int, documents: list[str]) -> None:
        self.documents = documents
        self._port = port
        self._reader: asyncio.Task[None] | None = None
        self._statuses = 0

    async def join(self) -> None:
        """Open every document; returns when both sides are in sync: the hub has said so too (ST1)."""
        self._socket = await websockets.connect(
            f"ws://127.0.0.1:{self._port}/sync", compression=None, max_size=None, ping_interval=None
        )
        for name in self.documents:
            await self.send(name, AuthToken("secret"))
            await self.send(name, SyncStep1(EMPTY_STATE_VECTOR))
        missing, unanswered = set(self.documents), len(self.documents)
        while missing or unanswered:
            frame = decode(await self._bytes())
            if isinstance(frame.message, SyncStep1):
                await self.send(frame.address, SyncStep2(EMPTY_UPDATE))
            elif isinstance(frame.message, SyncStatus):
                unanswered -= 1
            elif isinstance(frame.message, SyncStep2):
                missing.discard(frame.address)
                self.synced(frame.address, frame.message.update)
        self._reader = asyncio.create_task(self._read())

    async def send(self, address: str, message: Message) -> None:
        await self._socket.send(encode(address, message))

    def heard(self, address: str, message: Message) -> None:
        """For those who want to know."""

    def synced(self, address: str, update: bytes) -> None:
        """For those who want what the hub has of a document."""

    async def settle(self, updates: int) -> None:
        """Wait until so many of this terminal's updates have been acknowledged, since it joined."""
        async with asyncio.timeout(60):
            while self._statuses < updates:  # noqa: ASYNC110 - the other side is a socket
                await asyncio.sleep(0.01)

    async def lost(self) -> None:
        """Wait until the socket has gone and all that came has been heard."""
        if self._reader is not None:
            await self._reader

    async def leave(self) -> None:
        if self._reader is not None:
            self._reader.cancel()
        await self._socket.close()

    async def _bytes(self) -> bytes:
        data = await self._socket.recv()
        return data if isinstance(data, bytes) else data.encode()

    async def _read(self) -> None:
        with contextlib.suppress(websockets.ConnectionClosed):
            while True:
                frame = decode(await self._bytes())
                if isinstance(frame.message, Ping):
                    await self.send("", Pong())
                else:
                    self._statuses += isinstance(frame.message, SyncStatus)
                    self.heard(frame.address, frame.message)


class Writer:
    """Makes the updates of one document."""

    def __init__(self) -> None:
        self._updates: list[bytes] = []
        self._doc: Doc[Map[object]] = Doc()
        self._map: Map[object] = self._doc.get("m", type=Map)
        self._subscription = self._doc.observe(lambda event: self._updates.append(event.update))

    def set(self, key: str, value: object) -> bytes:
        self._map[key] = value
        return self._updates.pop()


@contextlib.contextmanager
def lab_hub(store: str = "sqlite:log.db", data: Path | None = None) -> Iterator[tuple[int, int]]:
    """A lab of its own for the length of a block; gives (port, process id). `data`: a folder to keep."""
    with contextlib.ExitStack() as stack:
        folder = str(data or stack.enter_context(tempfile.TemporaryDirectory()))
        command = [sys.executable, "-m", "ward_hub.cli.main", "lab", "--port", "0", "--data", folder]
        process = subprocess.Popen([*command, "--store", store], stdout=subprocess.PIPE, text=True)
        try:
            assert process.stdout is not None
            yield int(process.stdout.readline().rsplit(":", 1)[1]), process.pid
        finally:
            process.terminate()
            process.wait(15)
            if process.stdout is not None:
                process.stdout.close()

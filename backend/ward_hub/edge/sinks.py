"""The two ways out of a socket: straight to the transport, or through ASGI under any other server."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from starlette.responses import Response
from starlette.websockets import WebSocket, WebSocketDisconnect

from ward_hub.edge.direct import EXTENSION, DirectProtocol
from ward_hub.edge.sockets import Sockets
from ward_hub.fan_out.frames import WireFrame


class Receiver(Protocol):
    """A session, as a socket sees it."""

    @property
    def signed_in(self) -> bool: ...

    @property
    def unsigned_bytes(self) -> int: ...

    def receive(self, data: bytes) -> None: ...

    def receive_text(self) -> None: ...


class DirectSink:
    """Writes to the transport of a DirectProtocol."""

    __slots__ = ("_closing", "_protocol", "_transport", "_websocket")

    def __init__(self, websocket: WebSocket, protocol: DirectProtocol) -> None:
        self._websocket = websocket
        self._protocol = protocol
        self._transport = protocol.transport
        self._closing: asyncio.Task[None] | None = None

    def write(self, frames: list[WireFrame]) -> int:
        """As every sink's; what the transport buffers below its high-water mark (64 KiB) counts as gone."""
        protocol, transport = self._protocol, self._transport
        if protocol.close_sent:
            return 0
        try:
            transport.write(
                frames[0].wire if len(frames) == 1 else b"".join([frame.wire for frame in frames])
            )
        except RuntimeError:
            return 0  # closed since
        return transport.get_write_buffer_size() if protocol.paused else 0

    def close(self, code: int) -> None:
        protocol = self._protocol
        if not protocol.writable.is_set():
            protocol.transport.abort()
        elif self._closing is None:
            self._closing = asyncio.get_running_loop().create_task(_close(self._websocket, code))

    async def run(self, receiver: Receiver) -> None:
        """Hand messages to the receiver until the socket has gone."""

        def take(data: bytes | None) -> None:
            if data is None:
                receiver.receive_text()
            else:
                receiver.receive(data)

        self._protocol.take_over(take, lambda: receiver.signed_in, receiver.unsigned_bytes)
        try:
            while (await self._websocket.receive())["type"] != "websocket.disconnect":
                pass
        finally:
            self._protocol.receiver = None
            if self._closing is not None:
                await self._closing


class AsgiSink:
    """Writes through ASGI, one message at a time, in a task of its own."""

    def __init__(self, websocket: WebSocket) -> None:
        self._websocket = websocket
        self._frames: list[WireFrame] = []
        self._bytes = 0
        self._code: int | None = None
        self._wake = asyncio.Event()
        self._writer = asyncio.get_running_loop().create_task(self._write_for_ever())

    def write(self, frames: list[WireFrame]) -> int:
        self._frames.extend(frames)
        self._bytes += sum(len(frame.payload) for frame in frames)
        self._wake.set()
        return self._bytes

    def close(self, code: int) -> None:
        self._code = code
        self._wake.set()

    async def run(self, receiver: Receiver) -> None:
        """Hand messages to the receiver until the socket has gone."""
        try:
            while (message := await self._websocket.receive())["type"] != "websocket.disconnect":
                data = message.get("bytes")
                if data is None:
                    receiver.receive_text()
                else:
                    receiver.receive(data)
        finally:
            self._writer.cancel()
            await asyncio.wait((self._writer,))

    async def _write_for_ever(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            frames, self._frames = self._frames, []
            for frame in frames:
                try:
                    await self._websocket.send_bytes(frame.payload)
                except (WebSocketDisconnect, RuntimeError):
                    return
                self._bytes -= len(frame.payload)
            if self._code is not None:
                await _close(self._websocket, self._code)
                return


def sink_for(websocket: WebSocket) -> DirectSink | AsgiSink:
    """The best way out of an accepted socket."""
    extension = websocket.scope.get("extensions", {}).get(EXTENSION)
    return DirectSink(websocket, extension["protocol"]) if extension else AsgiSink(websocket)


async def _close(websocket: WebSocket, code: int) -> None:
    try:
        await websocket.close(code)
    except (WebSocketDisconnect, RuntimeError):
        return


Make = Callable[[DirectSink | AsgiSink], "Session"]


class Session(Receiver, Protocol):
    """What both dialects are to their endpoint."""

    def start(self) -> None: ...

    def lost(self) -> None: ...


async def serve_socket(websocket: WebSocket, sockets: Sockets, make: Make) -> None:
    """Accept a socket and run a session on it until it has gone; refuse one too many with 503."""
    address = websocket.client.host if websocket.client else ""
    if not sockets.admit(address):
        await websocket.send_denial_response(Response(status_code=503, headers={"Retry-After": "5"}))
        return
    try:
        await websocket.accept()
        sink = sink_for(websocket)
        session = make(sink)
        session.start()
        try:
            await sink.run(session)
        finally:
            session.lost()
    finally:
        sockets.leave(address)

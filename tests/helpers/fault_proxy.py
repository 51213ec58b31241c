"""A TCP proxy on loopback that breaks what passes through it as networks and servers do."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from types import TracebackType
from typing import Self

CHUNK = 64 * 1024


class _Pair:
    """One connection of a client and its way on to the server."""

    def __init__(self, client: asyncio.StreamWriter, server: asyncio.StreamWriter) -> None:
        self.client = client
        self.server = server
        self.answer_dropped = False

    def abort(self) -> None:
        for writer in (self.client, self.server):
            writer.transport.abort()


class FaultProxy:
    """Passes bytes between clients and one server until it is told to break something."""

    def __init__(self, host: str, port: int) -> None:
        """Where the server is. `port` of the proxy is there after `start`; so is it as a context."""
        self._target = (host, port)
        self._server: asyncio.Server | None = None
        self._pairs: set[_Pair] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._delay_s = 0.0
        self._cut_after: int | None = None
        self._drop: bytes | None = None
        self.port = 0
        self.dropped = 0
        """How many answers were dropped or cut off."""

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._server is not None
        self._server.close()
        self._flowing.set()
        self.cut()
        if self._tasks:
            await asyncio.wait(self._tasks)

    def freeze(self) -> None:
        """Nothing passes any more, and nobody is told: connections are still accepted and stay open."""
        self._flowing.clear()

    def thaw(self) -> None:
        """What was held back arrives."""
        self._flowing.set()

    def cut(self) -> None:
        """Break all connections; new ones work."""
        for pair in list(self._pairs):
            pair.abort()

    def cut_after(self, count: int) -> None:
        """Break the connection on which the server's next `count` bytes have been passed on, in mid-line."""
        self._cut_after = count

    def delay(self, ms: int) -> None:
        """Every piece of an answer comes so much later. 0 ends it."""
        self._delay_s = ms / 1000

    def drop_answer(self, containing: bytes = b"") -> None:
        """The next request with these bytes passes; instead of its answer the connection breaks."""
        self._drop = containing

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            server_reader, server_writer = await asyncio.open_connection(*self._target)
        except OSError:
            writer.transport.abort()
            self._tasks.discard(task)
            return
        pair = _Pair(writer, server_writer)
        self._pairs.add(pair)
        try:
            await asyncio.gather(self._up(reader, pair), self._down(server_reader, pair))
        finally:
            pair.abort()
            self._pairs.discard(pair)
            self._tasks.discard(task)

    async def _up(self, reader: asyncio.StreamReader, pair: _Pair) -> None:
        with suppress(OSError):
            while chunk := await reader.read(CHUNK):
                await self._flowing.wait()
                if self._drop is not None and self._drop in chunk:
                    self._drop = None
                    pair.answer_dropped = True
                pair.server.write(chunk)
                await pair.server.drain()
        pair.abort()

    async def _down(self, reader: asyncio.StreamReader, pair: _Pair) -> None:
        with suppress(OSError):
            while chunk := await reader.read(CHUNK):
                await self._flowing.wait()
                if pair.answer_dropped:
                    self.dropped += 1
                    break
                if self._delay_s:
                    await asyncio.sleep(self._delay_s)
                if self._cut_after is not None:
                    kept, self._cut_after = chunk[: self._cut_after], self._cut_after - len(chunk)
                    if self._cut_after <= 0:
                        self._cut_after = None
                        pair.client.write(kept)
                        await pair.client.drain()
                        self.dropped += 1
                        break
                pair.client.write(chunk)
                await pair.client.drain()
        pair.abort()

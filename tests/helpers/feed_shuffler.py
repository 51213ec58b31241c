"""A proxy that does to a `_changes` feed what a cluster may do and the stand-in never does.

Lines come in another order, twice, or begin again from an earlier one; all other requests pass as they are.
"""

from __future__ import annotations

import asyncio
from random import Random
from types import TracebackType
from typing import Self

from aiohttp import ClientSession, ClientTimeout, StreamReader, web
from aiohttp.test_utils import TestServer

GATHER_S = 0.02
"""Lines that come within this time are mixed with each other."""
LARGEST = 64 * 2**20


class FeedShuffler:
    """In front of one server. As a context it runs; `url` is then its address."""

    def __init__(self, upstream: str, chance: Random, *, twice: float = 0.3, rewind: float = 0.1) -> None:
        """`twice`: how often a line comes again at once; `rewind`: how often all earlier ones do."""
        self._upstream = upstream
        self._chance = chance
        self._twice = twice
        self._rewind = rewind
        self._end = asyncio.Event()
        self.insert: list[bytes] = []
        """Lines to be sent before the next of the server's."""
        self.moved = 0
        """How many lines came where, or when, the server had not put them."""
        app = web.Application(client_max_size=LARGEST)
        app.router.add_route("*", "/{path:.*}", self._pass)
        self._server = TestServer(app, host="127.0.0.1")

    async def __aenter__(self) -> Self:
        self._session = ClientSession(auto_decompress=False)
        await self._server.start_server()
        self.url = str(self._server.make_url("")).rstrip("/")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end.set()
        await self._session.close()
        await self._server.close()

    def end_feeds(self) -> None:
        """Every feed now open ends as CouchDB ends one: with a line that says `last_seq`."""
        self._end.set()
        self._end = asyncio.Event()

    async def _pass(self, request: web.Request) -> web.StreamResponse:
        headers = {k: v for k, v in request.headers.items() if k.lower() not in ("host", "content-length")}
        async with self._session.request(
            request.method,
            self._upstream + request.raw_path,
            headers=headers,
            data=await request.read(),
            timeout=ClientTimeout(total=None),
        ) as answer:
            if request.query.get("feed") != "continuous":
                body = await answer.read()
                kept = {"Content-Type": answer.headers.get("Content-Type", "application/json")}
                return web.Response(status=answer.status, body=body, headers=kept)
            response = web.StreamResponse(status=answer.status, headers={"Content-Type": "application/json"})
            await response.prepare(request)
            queue: asyncio.Queue[bytes | None] = asyncio.Queue()
            reading = asyncio.create_task(self._read(answer.content, queue))
            try:
                await self._mix(queue, response)
            except OSError:
                pass  # the reader has gone
            finally:
                reading.cancel()
            return response

    async def _read(self, content: StreamReader, queue: asyncio.Queue[bytes | None]) -> None:
        rest = b""
        async for chunk in content.iter_any():
            *lines, rest = (rest + chunk).split(b"\n")
            for line in lines:
                queue.put_nowait(line)
        queue.put_nowait(None)

    async def _mix(self, queue: asyncio.Queue[bytes | None], response: web.StreamResponse) -> None:
        end = self._end
        earlier: list[bytes] = []
        while True:
            get, ended = asyncio.ensure_future(queue.get()), asyncio.ensure_future(end.wait())
            await asyncio.wait((get, ended), return_when=asyncio.FIRST_COMPLETED)
            ended.cancel()
            if not get.done() or (first := get.result()) is None:
                get.cancel()
                await response.write(b'{"last_seq":"0-gone","pending":0}\n')
                return
            if not first:
                await response.write(b"\n")
                continue
            await asyncio.sleep(GATHER_S)
            lines = [first]
            while not queue.empty():
                line = queue.get_nowait()
                if line:
                    lines.append(line)
            mixed = list(lines)
            self._chance.shuffle(mixed)
            self.moved += sum(a is not b for a, b in zip(lines, mixed, strict=True))
            for line in mixed:
                repeated = self._chance.random()
                again = [*earlier, line] if repeated < self._rewind else [line]
                again += [line] if repeated > 1 - self._twice else []
                self.moved += len(again) - 1
                inserted, self.insert = self.insert, []
                await response.write(b"".join(each + b"\n" for each in (*inserted, *again)))
            earlier += mixed

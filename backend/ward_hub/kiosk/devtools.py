"""A browser's DevTools connection, as much of it as watching one page needs.

Messages are JSON over the WebSocket that the browser opens on loopback: the Chrome DevTools Protocol.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
from collections.abc import AsyncIterator, Mapping
from typing import Any

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import WebSocketException

MAX_MESSAGE_BYTES = 16 * 2**20


class BrowserGone(Exception):
    """The browser does not answer any more, or its connection is closed."""


class Refused(Exception):
    """The browser answered with an error; the message is its own."""


class DevTools:
    """One connection to a browser. Open it with `async with DevTools.open(address) as devtools`."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._ids = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._reading = asyncio.create_task(self._read())
        self.crashed: set[str] = set()
        """Targets whose page's process has ended; whoever has dealt with one takes it out."""

    @staticmethod
    @contextlib.asynccontextmanager
    async def open(address: str) -> AsyncIterator[DevTools]:
        """Connect to the browser's own target. Raises BrowserGone."""
        try:
            async with connect(address, max_size=MAX_MESSAGE_BYTES, compression=None) as socket:
                devtools = DevTools(socket)
                try:
                    yield devtools
                finally:
                    devtools._reading.cancel()
        except (OSError, WebSocketException) as error:
            raise BrowserGone(str(error)) from error

    async def ask(
        self,
        method: str,
        params: Mapping[str, Any] | None = None,
        *,
        session: str | None = None,
        within_s: float = 10.0,
    ) -> dict[str, Any]:
        """Return the result of a command.

        Raises TimeoutError when nothing came in time, Refused for an error, BrowserGone without a connection.
        """
        number = next(self._ids)
        message: dict[str, Any] = {"id": number, "method": method, "params": dict(params or {})}
        if session is not None:
            message["sessionId"] = session
        answer: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        try:
            await self._socket.send(json.dumps(message))
            async with asyncio.timeout(within_s):
                return await answer
        except WebSocketException as error:
            raise BrowserGone(str(error)) from error
        finally:
            self._waiting.pop(number, None)

    async def _read(self) -> None:
        try:
            async for text in self._socket:
                self._take(json.loads(text))
        except WebSocketException:
            pass
        finally:
            for answer in self._waiting.values():
                if not answer.done():
                    answer.set_exception(BrowserGone("the connection was closed"))

    def _take(self, message: dict[str, Any]) -> None:
        if message.get("method") == "Target.targetCrashed":
            self.crashed.add(message["params"]["targetId"])
        answer = self._waiting.get(message.get("id", 0))
        if answer is None or answer.done():
            return
        if "error" in message:
            answer.set_exception(Refused(str(message["error"].get("message", ""))))
        else:
            answer.set_result(message.get("result", {}))

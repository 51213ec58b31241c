"""MLLP: HL7 v2 messages framed on a TCP connection, <SB> message <EB> <CR>.

`Deframer` is bytes in, frames out; the server and the client around it are thin. What a message says is the
business of others. Source: HL7 Minimal Lower Layer Protocol, release 1.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

START = b"\x0b"
END = b"\x1c\r"
MAX_MESSAGE_BYTES = 1 << 20
"""An ADT message has a few KiB; documents with pictures do not come this way."""

HEAD_BYTES = 4096
"""How much of an oversized message is kept, so that its refusal can name its control id."""

READ_BYTES = 65536
WRITE_TIMEOUT_S = 30.0

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Frame:
    """One whole message without its framing."""

    message: bytes


@dataclass(frozen=True, slots=True)
class Oversized:
    """A message longer than the limit: only its first bytes were kept."""

    head: bytes


def frame(message: bytes) -> bytes:
    """Return the message with its framing."""
    return START + message + END


class Deframer:
    """Cuts a byte stream into frames, however it arrives split.

    Bytes between frames are skipped and counted (`skipped`), as senders put line ends there. A start byte
    inside a message begins it anew: the sender gave the first one up. Memory stays under `max_bytes` plus
    what one `feed` brings.
    """

    def __init__(self, max_bytes: int = MAX_MESSAGE_BYTES) -> None:
        self.skipped = 0
        self._max_bytes = max_bytes
        self._buffer = bytearray()
        self._searched = 0
        self._inside = False
        self._head: bytes | None = None  # of a message that outgrew the limit and is being skipped

    @property
    def unfinished(self) -> bool:
        """Whether a message has begun and not ended."""
        return self._inside

    def feed(self, data: bytes) -> list[Frame | Oversized]:
        """Take what the connection brought; return the messages that it completed, in order."""
        self._buffer += data
        frames: list[Frame | Oversized] = []
        while True:
            if not self._inside and not self._find_start():
                return frames
            found = self._find_end()
            if found is None:
                return frames
            frames.append(found)

    def _find_start(self) -> bool:
        at = self._buffer.find(START)
        self.skipped += len(self._buffer) if at < 0 else at
        del self._buffer[: len(self._buffer) if at < 0 else at + 1]
        self._inside = at >= 0
        self._searched = 0
        return self._inside

    def _find_end(self) -> Frame | Oversized | None:
        end = self._buffer.find(END, self._searched)
        again = self._buffer.find(START, self._searched, len(self._buffer) if end < 0 else end)
        if again >= 0:
            self.skipped += again + 1
            del self._buffer[: again + 1]
            self._head = None
            self._searched = 0
            return self._find_end()
        if end >= 0:
            message = bytes(self._buffer[:end])
            del self._buffer[: end + len(END)]
            head, self._head = self._head, None
            self._inside = False
            if head is not None:
                return Oversized(head)
            if len(message) > self._max_bytes:
                return Oversized(message[:HEAD_BYTES])
            return Frame(message)
        if len(self._buffer) > self._max_bytes or self._head is not None:
            if self._head is None:
                self._head = bytes(self._buffer[:HEAD_BYTES])
            # The last byte may be the first half of the end mark.
            del self._buffer[:-1]
        self._searched = max(0, len(self._buffer) - 1)
        return None


class MllpServer:
    """Listens, hands each message to `answer` in the order of its connection, and sends the answer back.

    `answer` must not raise; what it raises nevertheless costs the connection, so that the sender, which got
    no acknowledgement, sends again.
    """

    def __init__(
        self,
        answer: Callable[[Frame | Oversized], Awaitable[bytes]],
        *,
        max_bytes: int = MAX_MESSAGE_BYTES,
        max_connections: int = 32,
        idle_s: float = 600.0,
    ) -> None:
        self._answer = answer
        self._max_bytes = max_bytes
        self._max_connections = max_connections
        self._idle_s = idle_s
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    @property
    def connected(self) -> int:
        """How many senders are connected."""
        return len(self._connections)

    async def start(self, host: str, port: int) -> int:
        """Listen; returns the port (of use when 0 was asked for). Raises OSError when it is taken."""
        self._server = await asyncio.start_server(self._accept, host, port)
        return int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Stop listening and close every connection; a message being answered gets no answer."""
        if self._server is None:
            return
        self._server.close()
        for task in tuple(self._connections):
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        self._server = None

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._connections) >= self._max_connections:
            log.warning("mllp: connection refused, %d are open", len(self._connections))
            writer.close()
            return
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        deframer = Deframer(self._max_bytes)
        try:
            while data := await asyncio.wait_for(reader.read(READ_BYTES), self._idle_s):
                for message in deframer.feed(data):
                    writer.write(frame(await self._answer(message)))
                    await asyncio.wait_for(writer.drain(), WRITE_TIMEOUT_S)
        except TimeoutError:
            log.info("mllp: connection closed after %s s of silence", self._idle_s)
        except ConnectionError:
            log.info("mllp: connection lost")
        except Exception:
            log.exception("mllp: connection given up")
        finally:
            if deframer.skipped > 2 or deframer.unfinished:
                log.warning("mllp: %d bytes stood outside messages", deframer.skipped)
            await _close(writer)


class MllpClient:
    """One connection to an MLLP port: sends a message, waits for its answer."""

    def __init__(self, host: str, port: int, timeout_s: float = 30.0) -> None:
        self._host = host
        self._port = port
        self._timeout_s = timeout_s
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._deframer = Deframer()

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Open the connection. Raises OSError (TimeoutError among them)."""
        opening = asyncio.open_connection(self._host, self._port)
        self._streams = await asyncio.wait_for(opening, self._timeout_s)
        self._deframer = Deframer()
        return self._streams

    async def send(self, message: bytes) -> bytes:
        """Send one message and return the answer to it.

        Connects first where needed. Raises OSError when the connection fails or no answer comes in time;
        the connection is then closed, and whether the message was taken is not known: send it again.
        """
        reader, writer = self._streams or await self.connect()
        try:
            writer.write(frame(message))
            async with asyncio.timeout(self._timeout_s):
                await writer.drain()
                while data := await reader.read(READ_BYTES):
                    for answer in self._deframer.feed(data):
                        if isinstance(answer, Frame):
                            return answer.message
            raise ConnectionResetError("expected an acknowledgement, the connection was closed")
        except BaseException:
            await self.close()
            raise

    async def close(self) -> None:
        """Close the connection if it is open."""
        if self._streams is not None:
            writer, self._streams = self._streams[1], None
            await _close(writer)


async def _close(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()

"""The HTTP server under the application: uvicorn on uvloop with the direct WebSocket protocol."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import signal
import ssl
import threading
from collections.abc import Awaitable, Callable, Iterator, Sequence
from types import FrameType
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from ward_sync.codec import MAX_FRAME_BYTES

from ward_hub.edge.connections import Connections, PatientProtocol, with_known
from ward_hub.edge.direct import DirectProtocol

OTHER_FILES = 512
"""Databases, logs, connections of the API and of pages."""
log = logging.getLogger("ward_hub.edge")

HANDSHAKE_S = 10.0
_ENDING = (signal.SIGINT, signal.SIGTERM)


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop where there is one: not on Windows."""
    try:
        import uvloop
    except ImportError:
        return None

    class Loop(uvloop.Loop):
        """Gives up on a TLS handshake that does not end: before it nothing of ours knows the connection."""

        async def create_server(self, *args: Any, **more: Any) -> Any:
            if more.get("ssl") is not None:
                more.setdefault("ssl_handshake_timeout", HANDSHAKE_S)
            return await super().create_server(*args, **more)

    return Loop


class Server(uvicorn.Server):
    """A server that says when it listens."""

    def __init__(
        self,
        config: uvicorn.Config,
        ready: Callable[[int], None] | None,
        drain: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        super().__init__(config)
        self._ready = ready
        self._drain = drain
        self._draining: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Drain first, then end; a second signal ends at once."""
        if self._drain is None or self._loop is None or self._draining is not None or not self.started:
            super().handle_exit(sig, frame)
            return
        self._loop.call_soon_threadsafe(self._begin_draining, sig)

    def _begin_draining(self, sig: int) -> None:
        if self._loop is not None and self._draining is None:
            self._draining = self._loop.create_task(self._drain_and_exit(sig))

    async def _drain_and_exit(self, sig: int) -> None:
        try:
            if self._drain is not None:
                await self._drain()
        except Exception:
            log.exception("draining failed; ending all the same")
        finally:
            super().handle_exit(sig, None)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """As uvicorn's, but a signal that ended the server gracefully is not raised once more."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self.handle_exit) for number in _ENDING}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    async def startup(self, sockets: list[object] | None = None) -> None:  # type: ignore[override]
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)  # type: ignore[arg-type]
        if self.started and self._ready is not None:
            self._ready(self.servers[0].sockets[0].getsockname()[1])


def keep_what_is_loaded() -> None:
    """Take what the start has made, code above all, out of what the garbage collector walks through again and
    again: five thousand joins at once take a seventh less CPU. Once a process, when it listens."""
    gc.collect()
    gc.freeze()


class Crowd:
    """Keeps what a crowd of sockets has made out of the garbage collector's walks too, once it has come: a
    walk through 3,300 terminals and their documents holds everybody up for 0.4 s.

    What is kept so is not collected when it is dropped in a cycle; when half the crowd has gone, all of it is
    walked through again.
    """

    MORE = 200
    """Sockets more than when it last kept something."""

    def __init__(self) -> None:
        self._kept = 0
        self._before = 0

    def look(self, sockets: int) -> None:
        """Called every few seconds with the number of sockets that are open."""
        arriving, self._before = sockets > self._before, sockets
        if sockets >= self._kept + self.MORE and not arriving:
            gc.freeze()
            self._kept = sockets
        elif self._kept and sockets <= self._kept // 2:
            gc.unfreeze()
            keep_what_is_loaded()
            self._kept = 0


def raise_open_files(sockets: int) -> bool:
    """Let the process hold that many sockets: many systems begin with 1,024 open files.

    Returns whether it may hold them all.
    """
    try:
        import resource
    except ImportError:  # Windows, which has no such limit
        return True
    now, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = sockets + OTHER_FILES
    if most != resource.RLIM_INFINITY:
        wanted = min(wanted, most)
    if now != resource.RLIM_INFINITY and now < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))
    return wanted >= sockets + OTHER_FILES


def make_server(
    app: ASGIApp,
    host: str,
    port: int,
    ready: Callable[[int], None] | None = None,
    max_frame_bytes: int = MAX_FRAME_BYTES,
    tls: ssl.SSLContext | None = None,
    proxies: Sequence[str] = (),
    connections: Connections | None = None,
    drain: Callable[[], Awaitable[None]] | None = None,
) -> Server:
    """A server for the application; `ready` is called with the port once it listens (0 picks a free one).

    `tls`: what to speak HTTPS and wss with, None for plain HTTP; a certificate loaded into it later is given
    to the sockets opened from then on. `proxies`: addresses of reverse proxies, whose word on who asks and by
    which scheme is believed (X-Forwarded-For, X-Forwarded-Proto); nobody else's is. `connections`: how many,
    and how long their requests may take; the usual limits when not given. `drain`: awaited between
    the signal to end and the end.
    No access log, no WebSocket compression (frames are built once for all), no tokens in any log.
    """
    known = connections or Connections(proxies=tuple(proxies))
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        http=with_known(PatientProtocol, known),
        ws=with_known(DirectProtocol, known),
        ws_max_size=max_frame_bytes,
        ws_per_message_deflate=False,
        ws_ping_interval=20.0,
        ws_ping_timeout=20.0,
        access_log=False,
        log_level="warning",
        # Its lines go the way of all others (watching/logs.py).
        log_config=None,
        lifespan="on",
        server_header=False,
        proxy_headers=bool(proxies),
        forwarded_allow_ips=list(proxies),
        timeout_graceful_shutdown=3,
        ssl_context_factory=None if tls is None else lambda _config, _default: tls,
    )
    return Server(config, ready, drain)

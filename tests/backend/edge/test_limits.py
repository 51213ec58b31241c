"""What a connection may not do, on a real server: begin and never end, flood, come in crowds.

Raw sockets, small limits. Nobody here signs in unless the case says so.
"""

from __future__ import annotations

import asyncio
import base64
import logging
import os
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route
from ward_hub.app import edge_limits
from ward_hub.edge.connections import SPARE, Connections
from ward_hub.edge.server import loop_factory, make_server, raise_open_files
from ward_hub.edge.sockets import EdgeLimits, HubIdentity, Sockets
from ward_hub.lab import LAB_LIMITS, lab_app
from ward_hub.log.memory import MemoryLog
from ward_hub.settings import Settings
from ward_hub.tls.folder import CertificateFolder
from ward_hub.tls.live import LiveCertificate
from ward_sync.codec import encode
from ward_sync.messages import AuthToken, QueryAwareness, Stateless
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.helpers.hub import FakeGate, FullLog, make_host

LIMITS = replace(LAB_LIMITS, max_frames_per_s=100, unsigned_bytes=10_000, sign_in_ms=200)
UPGRADE = (
    b"GET /sync HTTP/1.1\r\nHost: hub\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: " + base64.b64encode(b"k" * 16) + b"\r\n\r\n"
)
OPEN = encode("doc", AuthToken("secret"))


@asynccontextmanager
async def hub(
    limits: EdgeLimits = LIMITS, known: Connections | None = None, frame_bytes: int = 100_000
) -> AsyncIterator[int]:
    """A lab with one page that reads its body, on a free port of loopback."""

    async def length(request: Request) -> JSONResponse:
        return JSONResponse(len(await request.body()))

    app = lab_app(MemoryLog(), limits)
    app.router.routes.append(Route("/length", length, methods=["GET", "POST"]))
    port: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    server = make_server(app, "127.0.0.1", 0, port.set_result, frame_bytes, connections=known)
    serving = asyncio.create_task(server.serve())
    try:
        yield await asyncio.wait_for(port, 20)
    finally:
        server.should_exit = True
        await serving


@asynccontextmanager
async def tcp(port: int) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


async def upgrade(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Make a WebSocket at /sync of a connection."""
    writer.write(UPGRADE)
    assert b"101" in await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)


async def rest(reader: asyncio.StreamReader) -> bytes:
    """All that comes until the hub closes; fails when it does not."""
    with suppress(ConnectionError):
        return await asyncio.wait_for(reader.read(), 5)
    return b""


async def until(reached: Callable[[], bool]) -> None:
    """Let the hub work until something is so."""
    for _ in range(500):
        if reached():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("not reached")


def ws_frame(opcode: int, payload: bytes, fin: bool = True, length: int | None = None) -> bytes:
    """A client's frame with the mask 0; `length`: what its header says instead."""
    size = len(payload) if length is None else length
    first = bytes((opcode | (0x80 if fin else 0),))
    if size < 126:
        return first + bytes((0x80 | size,)) + bytes(4) + payload
    return first + b"\xff" + size.to_bytes(8, "big") + bytes(4) + payload


async def closed_with(socket: ClientConnection) -> int | None:
    """The code that the hub closes a socket with."""
    await asyncio.wait_for(socket.wait_closed(), 5)
    return socket.close_code


def close_code(data: bytes) -> int:
    """The code of the close frame that ends the data."""
    at = data.rindex(b"\x88")
    return int.from_bytes(data[at + 2 : at + 4], "big")


@pytest.mark.parametrize(
    "begun",
    [b"", b"GET / HT", b"GET /sync HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nX: ", b"\r\n"],
    ids=["nothing", "a line", "an upgrade", "a blank line"],
)
async def test_headers_that_do_not_end_cost_the_connection(begun: bytes) -> None:
    """CL6."""
    async with hub(known=Connections(header_s=0.2)) as port, tcp(port) as (reader, writer):
        writer.write(begun)
        for _ in range(4):  # a byte now and then is no progress
            await asyncio.sleep(0.02)
            writer.write(b"a" if begun else b"")
        assert await rest(reader) == b""


async def test_a_second_request_that_does_not_end_costs_the_connection_too() -> None:
    """CL6."""
    async with hub(known=Connections(header_s=0.2)) as port, tcp(port) as (reader, writer):
        writer.write(b"GET /length HTTP/1.1\r\nHost: hub\r\n\r\n")
        assert b"200 OK" in await asyncio.wait_for(reader.readuntil(b"\r\n\r\n0"), 5)
        writer.write(b"GET /length HT")
        assert await rest(reader) == b""


async def test_a_body_that_stands_still_costs_the_connection_and_a_slow_one_does_not() -> None:
    """CL6."""
    head = b"POST /length HTTP/1.1\r\nHost: hub\r\nContent-Length: 8\r\n\r\n"
    async with hub(known=Connections(header_s=0.3)) as port:
        async with tcp(port) as (reader, writer):
            writer.write(head)
            for _ in range(8):  # longer in all than the headers may take
                await asyncio.sleep(0.06)
                writer.write(b"x")
            assert b"200 OK" in await asyncio.wait_for(reader.readuntil(b"\r\n\r\n8"), 5)
        async with tcp(port) as (reader, writer):
            writer.write(head + b"xxx")
            assert b"200" not in await rest(reader)


async def test_a_socket_outlives_the_patience_for_its_request() -> None:
    """The time for headers and bodies ends with the upgrade: h11 waits for a body for ever."""
    async with (
        hub(replace(LIMITS, ping_ms=300), Connections(header_s=0.1)) as port,
        connect(f"ws://127.0.0.1:{port}/sync", compression=None) as socket,
    ):
        await socket.send(OPEN)
        # The pings of the heartbeat come only to a socket that lives.
        async with asyncio.timeout(10):
            while await socket.recv() != b"\x09":
                pass


async def test_a_socket_that_never_signs_in_is_closed() -> None:
    """AU6."""
    async with hub() as port, connect(f"ws://127.0.0.1:{port}/sync") as socket:
        assert await closed_with(socket) == 4401


async def test_who_has_not_signed_in_keeps_no_message_waiting() -> None:
    """AU6. A message counts while it comes, not only once it is whole."""
    async with hub(replace(LIMITS, sign_in_ms=60_000)) as port, tcp(port) as (reader, writer):
        await upgrade(reader, writer)
        writer.write(ws_frame(2, b"x" * 20_000, length=90_000))
        assert close_code(await rest(reader)) == 4401


async def test_who_has_signed_in_may_send_large_messages() -> None:
    async with hub() as port, connect(f"ws://127.0.0.1:{port}/sync") as socket:
        await socket.send(OPEN)
        await socket.send(encode("doc", Stateless("x" * 50_000)))
        async for frame in socket:
            if len(frame) > 50_000:
                break


@pytest.mark.parametrize("parts", [1, 3])
async def test_a_message_over_the_limit_is_refused_by_its_header(parts: int) -> None:
    """FR6: before its bytes have come, and in parts as well as whole."""
    async with hub(frame_bytes=5_000) as port, tcp(port) as (reader, writer):
        await upgrade(reader, writer)
        writer.write(ws_frame(2, OPEN))
        await reader.readuntil(b"read-write")
        if parts == 1:
            writer.write(ws_frame(2, b"", length=2**40))
        else:
            writer.write(ws_frame(2, b"x" * 2_000, fin=False) + ws_frame(0, b"x" * 2_000, fin=False))
            writer.write(ws_frame(0, b"", length=2_000))
        assert close_code(await rest(reader)) == 1009


@pytest.mark.parametrize("path", ["/sync", "/y/doc?token=secret"])
async def test_a_flood_of_messages_closes_its_socket_and_no_other(path: str) -> None:
    """CL6: 100 a second over ten seconds are 1,000."""
    query = encode("doc", QueryAwareness()) if path == "/sync" else b"\x03"
    async with (
        hub() as port,
        connect(f"ws://127.0.0.1:{port}{path}") as calm,
        connect(f"ws://127.0.0.1:{port}{path}") as flood,
    ):
        for socket in (calm, flood):
            if path == "/sync":
                await socket.send(OPEN)
        for _ in range(900):  # a station that starts says as much
            await calm.send(query)
        with suppress(ConnectionClosed):
            for _ in range(1_100):
                await flood.send(query)
        assert await closed_with(flood) == 4205
        await asyncio.wait_for(await calm.ping(), 5)


@pytest.mark.parametrize("opcode", [9, 0], ids=["pings", "empty parts"])
async def test_frames_that_are_no_messages_are_counted_too(opcode: int) -> None:
    """CL6: each leaves something in the hub's memory, and no session sees it."""
    async with (
        hub(known=Connections(control_frames=50)) as port,
        tcp(port) as (reader, writer),
    ):
        await upgrade(reader, writer)
        writer.write(ws_frame(2, OPEN))
        await reader.readuntil(b"read-write")
        if opcode == 0:
            writer.write(ws_frame(2, b"", fin=False))
        writer.write(ws_frame(opcode, b"", fin=opcode == 9) * 51)
        assert close_code(await rest(reader)) == 4205


@pytest.mark.parametrize("path", ["/sync", "/y/doc?token=secret"])
@pytest.mark.parametrize(
    "limits",
    [replace(LIMITS, max_sockets=2), replace(LIMITS, max_sockets_per_address=2)],
    ids=["in all", "of an address"],
)
async def test_one_socket_too_many_is_refused_at_the_upgrade(
    path: str, limits: EdgeLimits, caplog: pytest.LogCaptureFixture
) -> None:
    """CL7. The next one comes in when one has gone."""
    caplog.set_level(logging.WARNING, "ward_hub.edge")
    async with hub(replace(limits, sign_in_ms=60_000)) as port:
        url = f"ws://127.0.0.1:{port}{path}"
        async with connect(url):
            async with connect(url):
                with pytest.raises(InvalidStatus) as refused:
                    await connect(url)
                assert refused.value.response.status_code == 503
                assert refused.value.response.headers["Retry-After"] == "5"
            for attempt in range(50):
                with suppress(InvalidStatus):
                    async with connect(url):
                        break
                assert attempt < 49, "the place of one that has gone is not given to another"
    assert "max_sockets" in caplog.text


def test_an_address_does_not_take_the_sockets_of_another() -> None:
    """CL7."""
    limits = EdgeLimits(max_sockets=5, max_sockets_per_address=3)
    gate = FakeGate()
    sockets = Sockets(make_host(FullLog(), gate=gate), gate, HubIdentity("house", 1, "1"), limits)
    assert [sockets.admit("10.0.0.1") for _ in range(4)] == [True, True, True, False]
    assert [sockets.admit("10.0.0.2") for _ in range(3)] == [True, True, False]
    sockets.leave("10.0.0.1")
    assert sockets.admit("10.0.0.2")


async def test_connections_over_all_measure_are_closed_unheard() -> None:
    """CL7: what never becomes a socket is counted as well, and forgotten when it has gone."""
    known = Connections(most_per_address=0)
    async with hub(known=known) as port:
        held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(SPARE)]
        async with tcp(port) as (reader, writer):
            writer.write(b"GET /length HTTP/1.1\r\nHost: hub\r\n\r\n")
            assert await rest(reader) == b""
        for _, writer in held:
            writer.close()
        await until(lambda: not known.by_address)
        async with connect(f"ws://127.0.0.1:{port}/sync"):
            assert known.count == 1
    assert known.count == 0


def test_a_tls_handshake_that_does_not_end_costs_the_connection(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CL6, on the loop that the hub runs on."""
    factory = loop_factory()
    if factory is None:
        pytest.skip("this system has no uvloop")
    monkeypatch.setattr("ward_hub.edge.server.HANDSHAKE_S", 0.2)
    folder = CertificateFolder(tmp_path)
    now = datetime.now(UTC)
    folder.make(["localhost"], now)
    context = LiveCertificate(folder.chain, folder.key, lambda: now).context

    async def case() -> None:
        port: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        server = make_server(lab_app(MemoryLog()), "127.0.0.1", 0, port.set_result, tls=context)
        serving = asyncio.create_task(server.serve())
        async with tcp(await asyncio.wait_for(port, 20)) as (reader, writer):
            writer.write(b"\x16\x03\x01")
            assert await rest(reader) == b""
        server.should_exit = True
        await serving

    with asyncio.Runner(loop_factory=factory) as runner:
        runner.run(case())


def test_a_proxy_speaks_for_many() -> None:
    known = Connections(most_per_address=1, most=1_000, proxies=("10.0.0.9",))
    assert all(known.admit("10.0.0.9") for _ in range(200))
    assert not all(known.admit("10.0.0.8") for _ in range(200))


@pytest.mark.skipif(os.name != "posix", reason="open files have a limit on POSIX systems only")
def test_open_files_are_raised_as_far_as_they_may() -> None:
    import resource

    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (700, before[1]))
        assert raise_open_files(300)
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == 812
        assert not raise_open_files(2**40) or before[1] == resource.RLIM_INFINITY
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_the_settings_reach_the_sockets() -> None:
    """Every limit that a setting names is what the hub's sockets get."""
    settings = Settings.read(
        {
            "WARDLINE_SILENCE_S": "1.5",
            "WARDLINE_SIGN_IN_S": "2.5",
            "WARDLINE_MAX_FRAME_BYTES": "3",
            "WARDLINE_MAX_WAITING_BYTES": "4",
            "WARDLINE_MAX_SOCKETS": "5",
            "WARDLINE_MAX_SOCKETS_PER_ADDRESS": "6",
            "WARDLINE_MAX_FRAMES_PER_S": "7",
        }
    )
    assert edge_limits(settings) == EdgeLimits(
        silence_ms=1_500,
        sign_in_ms=2_500,
        max_frame_bytes=3,
        max_waiting_bytes=4,
        max_sockets=5,
        max_sockets_per_address=6,
        max_frames_per_s=7,
    )

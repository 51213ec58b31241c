"""The short way to the transport, on a real server: frames, close codes, and what a socket keeps."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from ward_hub.edge.direct import DirectProtocol
from ward_hub.edge.server import Server, make_server
from ward_hub.lab import lab_app
from ward_hub.log.memory import MemoryLog
from ward_sync.codec import decode, encode
from ward_sync.messages import (
    AuthGranted,
    AuthToken,
    Message,
    Stateless,
    SyncStatus,
    SyncStep1,
    SyncStep2,
    Update,
)
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosedError

SETS_A_KEY = bytes.fromhex("010107002801016d026b30017d0000")


@asynccontextmanager
async def lab() -> AsyncIterator[tuple[Server, str]]:
    """A lab on a free port of loopback, and the address of its sockets."""
    listening: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    server = make_server(lab_app(MemoryLog()), "127.0.0.1", 0, listening.set_result)
    serving = asyncio.create_task(server.serve())
    try:
        yield server, f"ws://127.0.0.1:{await asyncio.wait_for(listening, 20)}/sync"
    finally:
        server.should_exit = True
        await serving


async def heard(socket: ClientConnection) -> Message:
    data = await asyncio.wait_for(socket.recv(), 10)
    assert isinstance(data, bytes)
    return decode(data).message


async def test_a_document_opens_and_changes_and_the_handshake_is_let_go() -> None:
    """AU1, ST1. Some 3 KiB of headers would stay with every terminal for as long as it is connected."""
    async with (
        lab() as (server, address),
        connect(address, additional_headers={"cookie": "x" * 2_000}) as one,
        connect(address) as other,
    ):
        for socket in (one, other):
            assert isinstance(await heard(socket), Stateless)
            await socket.send(encode("房间", AuthToken("secret")))
            await socket.send(encode("房间", SyncStep1(b"\x00")))
            assert await heard(socket) == AuthGranted("read-write")
            assert await heard(socket) == SyncStep1(b"\x00")
            assert await heard(socket) == SyncStep2(b"\x00\x00")
        await one.send(encode("房间", Update(SETS_A_KEY)))
        assert await heard(one) == SyncStatus(True)
        assert await heard(other) == Update(SETS_A_KEY)
        protocols = [held for held in server.server_state.connections if isinstance(held, DirectProtocol)]
        assert len(protocols) == 2
        for protocol in protocols:
            assert protocol.scope["headers"] == []
            assert not hasattr(protocol, "request")
            assert not hasattr(protocol, "response")


async def test_a_text_message_is_answered_with_its_close_code() -> None:
    """FR1."""
    async with lab() as (_server, address), connect(address) as socket:
        assert isinstance(await heard(socket), Stateless)
        await socket.send("text")
        with pytest.raises(ConnectionClosedError) as closed:
            await heard(socket)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 4401

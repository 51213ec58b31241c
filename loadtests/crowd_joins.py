"""Crowds that come at once, documents that come from disk, memory, and what a kill -9 leaves."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

from pycrdt import Doc, Map
from ward_sync.messages import Update

from loadtests.crowd_load import connect_all, make_crowd
from loadtests.lean_socket import Crowd, LeanSocket
from loadtests.peer_servers import Running
from loadtests.terminals import LightTerminal, Writer

KEYS = 40
"""A document of the memory measure: forty keys of a hundred characters, as in a directory or a card."""
_A_SOCKET = 50
"""Documents a socket: Hocuspocus refuses more than a hundred at once."""
_LOOK_S, _STEADY_KIB, _CALM_LOOKS, _LONGEST_S = 0.5, 16.0, 4, 8.0
"""Longer than the second after which the hub lets go of answers kept for a crowd."""


async def join_at_once(server: Running, terminals: int, documents: int) -> float:
    """Return ms until all terminals are in sync with all documents, their sockets being open already."""
    _, sockets = make_crowd(server, terminals, documents)
    await connect_all(sockets, server.port)
    taken = await _join(sockets)
    for socket in sockets:
        socket.leave()
    return taken * 1000


async def fill(server: Running, count: int, keys: int = 1) -> None:
    """Write so many documents, each of so many keys, and wait until all are acknowledged."""
    sockets = _owners(server, count)
    waiting = {"left": count}
    sockets[0].crowd.acknowledged = lambda _socket: waiting.update(left=waiting["left"] - 1)
    await connect_all(sockets, server.port)
    await _join(sockets)
    for socket in sockets:
        for document in socket.documents:
            update = _document(keys)
            socket.transport.write(socket.crowd.frame(document, Update(update)))
    async with asyncio.timeout(60):
        while waiting["left"] > 0:  # noqa: ASYNC110 - the other side is a socket
            await asyncio.sleep(0.02)
    for socket in sockets:
        socket.leave()


async def from_disk(server: Running, count: int) -> tuple[float, int]:
    """Open what `fill` wrote. Returns ms until all are in sync, and how many came empty."""
    sockets = _owners(server, count)
    await connect_all(sockets, server.port)
    taken = await _join(sockets)
    for socket in sockets:
        socket.leave()
    return taken * 1000, sockets[0].crowd.empty


async def crowd_kib(server: Running, terminals: int, documents: int) -> float:
    """Return KiB each of `terminals` costs with the same documents open, half as many being there."""
    _, sockets = make_crowd(server, terminals + terminals // 2, documents)
    first = terminals // 2
    await connect_all(sockets[:first], server.port)
    await _join(sockets[:first])
    before = await steady_kib(server)
    await connect_all(sockets[first:], server.port)
    await _join(sockets[first:])
    cost = (await steady_kib(server) - before) / terminals
    for socket in sockets:
        socket.leave()
    return cost


async def documents_kib(server: Running, count: int) -> float:
    """Return KiB each of the second two thirds of filled documents costs once it is loaded."""
    sockets = _owners(server, count)
    first = len(sockets) // 3
    await connect_all(sockets, server.port)
    await _join(sockets[:first])
    before = await steady_kib(server)
    await _join(sockets[first:])
    cost = (await steady_kib(server) - before) / (count - first * _A_SOCKET)
    for socket in sockets:
        socket.leave()
    return cost


async def steady_kib(server: Running) -> float:
    """Memory of its own when it has not changed for two looks, or the last of a while."""
    last, calm = server.own_kib(), 0
    for _ in range(round(_LONGEST_S / _LOOK_S)):
        await asyncio.sleep(_LOOK_S)
        found = server.own_kib()
        calm = calm + 1 if abs(found - last) < _STEADY_KIB else 0
        if calm == _CALM_LOOKS:
            return found
        last = found
    return last


class _Reading(LightTerminal):
    """Keeps what the server has of its documents."""

    def __init__(self, port: int, documents: list[str]) -> None:
        super().__init__(port, documents)
        self.held: list[bytes] = []

    def synced(self, address: str, update: bytes) -> None:
        self.held.append(update)


async def write_acknowledged(server: Running, writes: int) -> None:
    """Write one key after the other, each only when the one before has been acknowledged."""
    terminal = LightTerminal(server.port, ["killed"])
    await terminal.join()
    writer = Writer()
    for number in range(writes):
        await terminal.send("killed", Update(writer.set(str(number), True)))
        await terminal.settle(number + 1)


async def lost_writes(server: Running, writes: int) -> int:
    """How many of the acknowledged writes a server that was killed and started again does not have."""
    terminal = _Reading(server.port, ["killed"])
    await terminal.join()
    doc: Doc[Map[object]] = Doc()
    for update in terminal.held:
        doc.apply_update(update)
    held = set(doc.get("m", type=Map).keys())
    await terminal.leave()
    return len({str(number) for number in range(writes)} - held)


async def _join(sockets: Sequence[LeanSocket]) -> float:
    started = time.perf_counter()
    await asyncio.gather(*(socket.join() for socket in sockets))
    return time.perf_counter() - started


def _owners(server: Running, count: int) -> list[LeanSocket]:
    crowd = Crowd(server.kind.y, "/sync", 1)
    names = [f"own/{number}" for number in range(count)]
    firsts = range(0, count, _A_SOCKET)
    return [LeanSocket(crowd, first, names[first : first + _A_SOCKET]) for first in firsts]


def _document(keys: int) -> bytes:
    doc: Doc[Map[object]] = Doc()
    held: Map[object] = doc.get("m", type=Map)
    with doc.transaction():
        for key in range(keys):
            held[f"key-{key}"] = "x" * 100
    return doc.get_update()

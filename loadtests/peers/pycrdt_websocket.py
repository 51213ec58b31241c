"""pycrdt-websocket on uvicorn for the benchmarks: `python pycrdt_websocket.py PORT FOLDER`.

As its documentation puts it together: a room a document, each with the SQLite store.
"""

from __future__ import annotations

import asyncio
import contextlib
import sys
from functools import partial
from pathlib import Path

import uvicorn
from pycrdt.store import SQLiteYStore, YDocNotFound
from pycrdt.websocket import ASGIServer, WebsocketServer, YRoom


def store_class(file: Path) -> type[SQLiteYStore]:
    """The store on a file of its own."""
    return type("Store", (SQLiteYStore,), {"db_path": str(file)})


class StoringServer(WebsocketServer):
    """Rooms that load from the store before they serve."""

    def __init__(self, store: type[SQLiteYStore]) -> None:
        super().__init__()
        self._store = store
        self._making: dict[str, asyncio.Lock] = {}

    async def get_room(self, name: str) -> YRoom:
        async with self._making.setdefault(name, asyncio.Lock()):
            if name not in self.rooms:
                room = YRoom(ready=False, ystore=self._store(name))
                self.rooms[name] = room
                await self.start_room(room)
                assert room.ystore is not None
                await room.ystore.started.wait()
                with contextlib.suppress(YDocNotFound):
                    await room.ystore.apply_updates(room.ydoc)
                room.ready = True
            return self.rooms[name]


async def main(port: int, folder: Path) -> None:
    websocket_server = StoringServer(store_class(folder / "ystore.db"))
    config = uvicorn.Config(
        ASGIServer(websocket_server), "127.0.0.1", port, log_level="error", ws="websockets-sansio"
    )
    server = uvicorn.Server(config)
    async with websocket_server:
        serving = asyncio.create_task(server.serve())
        while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.01)
        print("listening", flush=True)
        await serving


if __name__ == "__main__":
    run = partial(main, int(sys.argv[1]), Path(sys.argv[2]))
    asyncio.run(run())

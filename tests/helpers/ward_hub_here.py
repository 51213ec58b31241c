"""The whole hub in the test's own process, with the standard ward, and light terminals on its real socket."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from ward_hub.app import build
from ward_hub.db.engine import open_database
from ward_hub.demo.hub_account import HubAccount
from ward_hub.demo.light_terminals import LightTerminal, Place
from ward_hub.demo.terminal_key import TerminalKey
from ward_hub.directory import fixture
from ward_hub.directory.store import terminal_value
from ward_hub.directory.tables import TerminalRow
from ward_hub.edge.server import make_server
from ward_hub.identity.enrolment import make_code
from ward_hub.settings import Settings


def now_ms() -> int:
    return time.time_ns() // 1_000_000


async def until(condition: Callable[[], bool], within_s: float = 5.0) -> None:
    """Return when the condition holds. Raises TimeoutError; what is watched comes over real sockets."""
    async with asyncio.timeout(within_s):
        while not condition():  # noqa: ASYNC110 - the other side is another task's socket
            await asyncio.sleep(0.01)


def empty_app(folder: Path) -> Path:
    """A folder that passes for the built app, for tests that look at no page."""
    (folder / "assets").mkdir(parents=True, exist_ok=True)
    for name in ("bedside", "door", "corridor", "station", "whiteboard", "pda"):
        (folder / f"{name}.html").write_text("<!doctype html><title>page</title>", "utf-8")
    (folder / "manifest.json").write_text("{}", "utf-8")
    (folder / "sw.js").write_text("", "utf-8")
    return folder


@dataclass
class HubHere:
    """A running hub. Terminals made by `terminal` are ended with it."""

    url: str
    settings: Settings
    http: httpx.AsyncClient
    rooms: list[str]
    tasks: list[asyncio.Task[None]] = field(default_factory=list)
    keys: dict[str, TerminalKey] = field(default_factory=dict)

    async def code(self, terminal: str) -> str:
        database = open_database(self.settings.sql_url)
        try:
            async with database.session.begin() as session:
                return await make_code(session, terminal, now_ms())
        finally:
            await database.close()

    async def account(self, terminal: str) -> HubAccount:
        """An enrolled terminal's account."""
        key = self.keys.setdefault(terminal, TerminalKey.generate())
        account = HubAccount(self.http, terminal, key)
        await account.enrol(await self.code(terminal))
        return account

    async def terminal(self, terminal: str) -> LightTerminal:
        """Enrol a terminal and bring it on the wire; returns when all its documents are open."""
        account = await self.account(terminal)
        database = open_database(self.settings.sql_url)
        async with database.session() as session:
            value = terminal_value(await session.get_one(TerminalRow, terminal))
        await database.close()
        place = Place(value.id, value.kind.value, value.ward, value.profile, value.room, value.bed)
        light = LightTerminal(self.url, account, place, self.rooms, now_ms, follow=True)
        self.tasks.append(asyncio.create_task(light.run()))
        await asyncio.wait_for(light.joined.wait(), 10)
        return light

    async def token(self, terminal: str) -> str:
        return (await HubAccount(self.http, terminal, self.keys[terminal]).token()).token


@asynccontextmanager
async def hub_here(folder: Path, standard_ward: Path, *, mllp: bool = False) -> AsyncIterator[HubHere]:
    """Run a hub on a free loopback port, its data in `folder`: a copy of `standard_ward` if none is there."""
    settings = Settings(
        port=0, mllp_port=0 if mllp else -1, data=folder / "data", app=empty_app(folder / "app")
    )
    if not settings.data.exists():
        shutil.copytree(standard_ward, settings.data)
    async with running(settings) as here:
        yield here


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[HubHere]:
    """Run the hub of these settings on a free loopback port; its store has the standard ward already."""
    app = await build(settings)
    listening: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    server = make_server(app, "127.0.0.1", 0, listening.set_result)
    serving = asyncio.create_task(server.serve())
    works: set[asyncio.Future[Any]] = {serving, listening}
    await asyncio.wait(works, return_when=asyncio.FIRST_COMPLETED, timeout=20)
    if serving.done() or not listening.done():
        raise RuntimeError("the hub did not start")
    url = f"http://127.0.0.1:{listening.result()}"
    async with httpx.AsyncClient(base_url=url, timeout=10) as http:
        here = HubHere(url, settings, http, [room.id for room in fixture.rooms()])
        try:
            yield here
        finally:
            for task in here.tasks:
                task.cancel()
            await asyncio.gather(*here.tasks, return_exceptions=True)
            server.should_exit = True
            await serving

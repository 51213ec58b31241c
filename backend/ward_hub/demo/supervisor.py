"""The demo: a ward, its hub as a child, a feed, light terminals, and the control behind the wall's switch."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from collections.abc import Awaitable, Callable, Generator
from pathlib import Path

import uvicorn

from ward_hub.demo.control import LOOPBACK_NAMES, address, control_app
from ward_hub.demo.his import run_his
from ward_hub.demo.hub_child import HubChild
from ward_hub.demo.light_terminals import Place
from ward_hub.demo.light_ward import LightWard, keep_keys
from ward_hub.demo.places import LOOPBACK, DemoSettings, check_data, check_ports
from ward_hub.demo.ward import PASSWORD, WALL, DemoWard
from ward_hub.directory import fixture


def now_ms() -> int:
    return time.time_ns() // 1_000_000


async def run_demo(settings: DemoSettings, say: Callable[[str], None]) -> None:
    """Run until SIGINT, SIGTERM or SIGHUP; then end every child. Raises DemoFailed, HubFailed.

    `say`: shows a line to the person who started it.
    """
    check_data(settings)
    check_ports(settings)
    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    (settings.data / "hub.log").unlink(missing_ok=True)
    ward = DemoWard(settings.data, now_ms)
    origins = [f"http://{name}:{settings.port}" for name in LOOPBACK_NAMES]
    control = " ".join(f"http://{name}:{settings.port + 1}" for name in LOOPBACK_NAMES)
    hub = HubChild(
        settings.port,
        settings.mllp_port,
        settings.data,
        control=control,
        on_end=lambda status: _say_end(say, status),
    )
    server = _Server(
        uvicorn.Config(
            control_app(hub, ward, origins, WALL),
            host=LOOPBACK,
            port=settings.port + 1,
            log_level="warning",
            lifespan="off",
        )
    )
    parts: list[asyncio.Task[None]] = []
    # From here on a signal ends the demo in order, however far its start has come.
    ending = asyncio.create_task(_signalled())
    try:
        say("Building the demo ward …")
        light = asyncio.create_task(_build(ward, hub, settings.data))
        if await _first(ending, light):
            return
        parts = [
            asyncio.create_task(server.serve()),
            asyncio.create_task(light.result().run()),
            asyncio.create_task(
                run_his(LOOPBACK, settings.mllp_port, now_ms, diary=settings.data / "his.json")
            ),
        ]
        await _say_addresses(say, hub, ward)
        await _first(ending, *parts)
    finally:
        ending.cancel()
        server.should_exit = True
        for part in parts[1:]:
            part.cancel()
        await asyncio.gather(*parts, return_exceptions=True)
        await hub.stop()
        await ward.close()


async def _build(ward: DemoWard, hub: HubChild, data: Path) -> LightWard:
    """Build the ward, start its hub, and return who keeps the places of screens that are not open."""
    keys_file = data / "light_terminals.json"
    if await ward.build():
        keys_file.unlink(missing_ok=True)  # keys of a ward that is no more
    off_the_wall = [terminal for terminal in await ward.terminals() if terminal.id not in WALL]
    keys = await keep_keys(keys_file, off_the_wall, ward.bind)
    await ward.codes()  # written now, while nobody else writes
    await hub.start()
    places = [
        Place(terminal.id, terminal.kind.value, terminal.ward, terminal.profile, terminal.room, terminal.bed)
        for terminal in off_the_wall
    ]
    return LightWard(hub.url, places, keys, [room.id for room in fixture.rooms()], now_ms)


async def _first(ending: asyncio.Task[None], *works: Awaitable[object]) -> bool:
    """Wait until one of the works is done or the demo is to end; returns whether it is to end.

    Raises what the work that is done has raised; the first of the works is given up at the end.
    """
    tasks = [asyncio.ensure_future(work) for work in works]
    await asyncio.wait({ending, *tasks}, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        if task.done():
            task.result()
    if ending.done() and tasks and not tasks[0].done():
        tasks[0].cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await tasks[0]
    return ending.done()


async def _signalled() -> None:
    """Returns at the first signal to end."""
    loop = asyncio.get_running_loop()
    told = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, told.set)
    await told.wait()


class _Server(uvicorn.Server):
    """Signals are the supervisor's."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


async def _say_addresses(say: Callable[[str], None], hub: HubChild, ward: DemoWard) -> None:
    say("\nScreens (each address enrols once; a screen opened here takes over from its stand-in):")
    codes = await ward.codes()
    for terminal in await ward.terminals():
        say(f"  {terminal.kind.value:<11}{address(hub.url, terminal, codes[terminal.id])}")
    numbers = "h001 head nurse, n001 to n024 nurses, d001 to d007 doctors, e001 engineer"
    office = "a001 system, a002 security, a003 audit administrator"
    say(f"\nThe hub's log: {hub.log}")
    say(f"Staff numbers: {numbers}; {office}; password of all: {PASSWORD}")
    say(f"Back office: {hub.url}/office/")
    say(f"This machine only ({LOOPBACK}): another device needs TLS. All people are invented.")
    say(f"\nDemo wall: {hub.url}/wall/\nOpen it in a browser. Ctrl-C ends the demo.")


def _say_end(say: Callable[[str], None], status: int) -> None:
    if status == -signal.SIGKILL:
        say("The hub was killed (SIGKILL).")
    elif status:
        say(f"The hub ended by itself with status {status}.")

"""The ward's light terminals in a process of their own, told what to do through a pipe.

So the pages' side and the hub never wait for the terminals' Python. Commands: `("join",)`, `("press",
terminal, room, source)`, `("clear", terminal, room, call)`, `("end",)`. Each is answered by one dict, in
the order of completion.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any

import httpx
from ward_hub.demo.hub_account import HubAccount
from ward_hub.demo.light_terminals import LightTerminal, Place
from ward_hub.demo.terminal_key import TerminalKey
from ward_sync.facts import Act

from loadtests.enrolled import now_ms

JOIN_S = 60.0


class LightProcess:
    """The parent's side. Not to be used from two threads."""

    def __init__(
        self, hub: str, places: Sequence[Place], keys: Mapping[str, TerminalKey], rooms: Sequence[str]
    ) -> None:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        texts = {name: key.text for name, key in keys.items()}
        self._process = context.Process(
            target=_main, args=(theirs, hub, list(places), texts, list(rooms)), daemon=True
        )
        self._process.start()
        theirs.close()

    def tell(self, *command: str) -> None:
        """Send a command; its answer comes in its own time."""
        self._pipe.send(command)

    def answer(self, within_s: float) -> dict[str, Any] | None:
        """Return the next answer, or None when none came in time."""
        return dict(self._pipe.recv()) if self._pipe.poll(within_s) else None

    def end(self) -> None:
        with suppress(OSError):
            self._pipe.send(("end",))
        self._process.join(10)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
        self._pipe.close()


def _main(pipe: Connection, hub: str, places: list[Place], keys: dict[str, str], rooms: list[str]) -> None:
    asyncio.run(_serve(pipe, hub, places, keys, rooms))


async def _serve(
    pipe: Connection, hub: str, places: list[Place], keys: dict[str, str], rooms: list[str]
) -> None:
    limits = httpx.Limits(max_connections=8)
    tasks: set[asyncio.Task[None]] = set()
    async with httpx.AsyncClient(base_url=hub, timeout=30, limits=limits, trust_env=False) as http:
        terminals = {
            place.terminal: LightTerminal(
                hub,
                HubAccount(http, place.terminal, TerminalKey.parse(keys[place.terminal])),
                place,
                rooms,
                now_ms,
            )
            for place in places
        }
        living = [asyncio.create_task(terminal.run()) for terminal in terminals.values()]
        while (command := await asyncio.to_thread(pipe.recv))[0] != "end":
            task = asyncio.create_task(_obey(pipe, terminals, command))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
        for task in (*living, *tasks):
            task.cancel()
        await asyncio.gather(*living, *tasks, return_exceptions=True)


async def _obey(pipe: Connection, terminals: dict[str, LightTerminal], command: tuple[str, ...]) -> None:
    match command:
        case ("join",):
            joining = [terminal.joined.wait() for terminal in terminals.values()]
            try:
                await asyncio.wait_for(asyncio.gather(*joining), JOIN_S)
            except TimeoutError:
                count = sum(terminal.joined.is_set() for terminal in terminals.values())
                pipe.send({"failed": f"{count} of {len(terminals)} light terminals joined in {JOIN_S:.0f} s"})
            else:
                pipe.send({"joined": len(terminals)})
        case ("press", terminal, room, source):
            started = time.time_ns() / 1e6
            call, verdict = await terminals[terminal].press("patient", source, room=room)
            stored = time.time_ns() / 1e6
            pipe.send(
                {"call": call, "verdict": verdict, "terminal": terminal, "at": started, "stored": stored}
            )
        case ("clear", terminal, room, call):
            _, verdict = await terminals[terminal].act(
                Act.CLEARED, [call], room=room, policy="tender", way="remote"
            )
            pipe.send({"cleared": call, "verdict": verdict})
        case _:
            pipe.send({"failed": f"unknown command {command}"})

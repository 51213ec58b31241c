"""The ward's hub killed while two bedsides call: are the acknowledged facts there? For loadtests/kill9.py."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import httpx
from ward_hub.demo.hub_account import HubAccount
from ward_hub.demo.light_terminals import LightTerminal, Place
from ward_hub.demo.terminal_key import TerminalKey
from ward_sync.facts import Act

from loadtests.enrolled import enrol, now_ms
from loadtests.tally import Tally
from tests.helpers.hub_process import HubProcess, build_template

MOST = 12
"""A hub is killed after 1 to this many acknowledged facts."""
DOUBLE_ROOMS = 20
PATIENCE_S = 60.0
THERE_S = 10.0
"""A fact that a joined door has not got by then is lost; it comes within the first frames."""


class Ward:
    """Terminals of the standard ward, brought on the wire when they are needed."""

    def __init__(
        self, hub: HubProcess, places: list[Place], keys: dict[str, TerminalKey], http: httpx.AsyncClient
    ) -> None:
        self._url, self._http, self._keys = hub.url, http, keys
        self._places = {place.terminal: place for place in places}
        self._running: list[asyncio.Task[None]] = []

    async def join(self, terminal: str, *, follow: bool = False) -> LightTerminal:
        account = HubAccount(self._http, terminal, self._keys[terminal])
        light = LightTerminal(self._url, account, self._places[terminal], (), now_ms, follow=follow)
        self._running.append(asyncio.create_task(light.run()))
        await asyncio.wait_for(light.joined.wait(), PATIENCE_S)
        return light

    async def leave(self) -> None:
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        self._running.clear()


async def serve_rounds(folder: Path, rounds: int, seed: int) -> Tally:
    """Start, compare what the kill before left, call, kill; `rounds` times."""
    chance = random.Random(seed)
    hub = HubProcess(folder / "hub", await asyncio.to_thread(build_template, folder / "template"))
    places, keys = await enrol(hub.data)
    tally = Tally()
    before: tuple[str, set[str]] | None = None
    for number in range(rounds + 1):
        await asyncio.to_thread(hub.start)
        async with httpx.AsyncClient(base_url=hub.url, timeout=30, trust_env=False) as http:
            ward = Ward(hub, places, keys, http)
            try:
                if before is not None:
                    door = await ward.join(f"door-{before[0]}", follow=True)
                    tally.compare(before[1], await _found(door, before[1]))
                if number < rounds:
                    room = number % DOUBLE_ROOMS
                    wanted = chance.randint(1, MOST)
                    before = f"r{room + 1:02d}", await _call_and_kill(hub, ward, room, wanted)
            finally:
                await ward.leave()
                await asyncio.to_thread(hub.kill)
    return tally


async def _call_and_kill(hub: HubProcess, ward: Ward, room: int, wanted: int) -> set[str]:
    """Let both bedsides of a room call and take back until enough is acknowledged; returns `id@heard_at`s."""
    stored: set[str] = set()
    enough = asyncio.Event()

    def note(fact: str, verdict: int | str) -> None:
        if not isinstance(verdict, int):
            raise RuntimeError(f"a fact was refused: {verdict}")
        stored.add(f"{fact}@{verdict}")
        if len(stored) >= wanted:
            enough.set()

    bedsides = [await ward.join(f"bed-b{2 * room + bed:02d}") for bed in (1, 2)]
    calling = [asyncio.create_task(_call(bedside, note)) for bedside in bedsides]
    waiting = asyncio.create_task(enough.wait())
    done, _ = await asyncio.wait([waiting, *calling], timeout=PATIENCE_S, return_when=asyncio.FIRST_COMPLETED)
    if waiting not in done:
        raise RuntimeError(f"not enough was acknowledged: {len(stored)} of {wanted}; {hub.output()[-500:]}")
    hub.kill()
    await ward.leave()
    for task in (waiting, *calling):
        task.cancel()
    await asyncio.gather(waiting, *calling, return_exceptions=True)
    return stored


async def _call(bedside: LightTerminal, note: Callable[[str, int | str], None]) -> None:
    while True:
        call, verdict = await bedside.press("patient", f"bed:{bedside.place.bed}")
        note(call, verdict)
        note(*await bedside.act(Act.CANCELLED, [call]))


async def _found(door: LightTerminal, wanted: set[str]) -> set[str]:
    """Return which facts the door has, as `id@heard_at`; waits for those it is to have."""

    def have() -> set[str]:
        return {f"{name}@{received.heard_at}" for name, received in door.facts.items()}

    with suppress(TimeoutError):
        async with asyncio.timeout(THERE_S):
            while not wanted <= have():  # noqa: ASYNC110 - the other side is a socket
                await asyncio.sleep(0.01)
    return have()

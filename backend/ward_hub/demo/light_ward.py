"""Every terminal of the ward that has no screen on this machine, as a light terminal.

Keys are kept in the data folder: after a restart a light terminal goes on as itself, and one whose place a
person has taken in the meantime stays away.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import httpx

from ward_hub.demo.hub_account import HubAccount, HubAway, HubRefused
from ward_hub.demo.light_terminals import LightTerminal, Place
from ward_hub.demo.terminal_key import TerminalKey

ENROL_AT_ONCE = 8
"""So many enrol side by side: a burst of a hundred would only queue at the hub's database."""
AGAIN_S = 1.0


class LightWard:
    """The light terminals of one demo."""

    def __init__(
        self,
        hub: str,
        keys: Path,
        places: Sequence[Place],
        rooms: Sequence[str],
        new_code: Callable[[str], Awaitable[str]],
        now: Callable[[], int],
    ) -> None:
        """`keys`: file of the kept keys. `new_code`: makes a one-time enrolment code for a terminal."""
        self._hub = hub
        self._keys_file = keys
        self._places = places
        self._rooms = rooms
        self._new_code = new_code
        self._now = now
        self._gate = asyncio.Semaphore(ENROL_AT_ONCE)
        self._kept = _read_keys(keys)
        self.terminals: dict[str, LightTerminal] = {}
        self.enrolled = asyncio.Event()
        """Set when every place has its key."""

    async def run(self) -> None:
        """Keep every place until cancelled."""
        # One pool for all: a hundred clients of their own would each load the certificate list.
        limits = httpx.Limits(max_connections=2 * ENROL_AT_ONCE)
        async with (
            httpx.AsyncClient(base_url=self._hub, timeout=10, limits=limits, trust_env=False) as http,
            asyncio.TaskGroup() as tasks,
        ):
            for place in self._places:
                tasks.create_task(self._keep(http, place))

    async def _keep(self, http: httpx.AsyncClient, place: Place) -> None:
        account = await self._account(http, place)
        terminal = LightTerminal(self._hub, account, place, self._rooms, self._now)
        self.terminals[place.terminal] = terminal
        if len(self.terminals) == len(self._places):
            self.enrolled.set()
        await terminal.run()

    async def _account(self, http: httpx.AsyncClient, place: Place) -> HubAccount:
        kept = self._kept.get(place.terminal)
        if kept is not None:
            return HubAccount(http, place.terminal, TerminalKey.parse(kept))
        account = HubAccount(http, place.terminal, TerminalKey.generate())
        while True:
            async with self._gate:
                try:
                    await account.enrol(await self._new_code(place.terminal))
                    break
                except (HubAway, HubRefused):
                    pass
            await asyncio.sleep(AGAIN_S)
        self._kept[place.terminal] = account.key.text
        _write_keys(self._keys_file, self._kept)
        return account


def _read_keys(path: Path) -> dict[str, str]:
    try:
        return {str(name): str(key) for name, key in json.loads(path.read_text("utf-8")).items()}
    except FileNotFoundError:
        return {}


def _write_keys(path: Path, keys: dict[str, str]) -> None:
    temporary = path.with_suffix(".new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(keys, file)
    temporary.replace(path)

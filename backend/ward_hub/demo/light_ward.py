"""Every terminal of the ward that has no screen on this machine, as a light terminal.

Keys are kept in the data folder: after a restart a light terminal goes on as itself, and one whose place a
person has taken in the meantime stays away.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path

import httpx

from ward_hub.demo.hub_account import HubAccount
from ward_hub.demo.light_terminals import LightTerminal, Place
from ward_hub.demo.terminal_key import TerminalKey
from ward_hub.directory.model import Terminal, TerminalState

MAX_CONNECTIONS = 16


class LightWard:
    """The light terminals of one demo."""

    def __init__(
        self,
        hub: str,
        places: Sequence[Place],
        keys: Mapping[str, TerminalKey],
        rooms: Sequence[str],
        now: Callable[[], int],
    ) -> None:
        """A place without a key is somebody else's, and left alone."""
        self._hub = hub
        self._places = [place for place in places if place.terminal in keys]
        self._keys = keys
        self._rooms = rooms
        self._now = now

    async def run(self) -> None:
        """Keep every place until cancelled."""
        # One pool for all: a hundred clients of their own would each load the certificate list.
        limits = httpx.Limits(max_connections=MAX_CONNECTIONS)
        async with (
            httpx.AsyncClient(base_url=self._hub, timeout=10, limits=limits, trust_env=False) as http,
            asyncio.TaskGroup() as tasks,
        ):
            for place in self._places:
                account = HubAccount(http, place.terminal, self._keys[place.terminal])
                terminal = LightTerminal(self._hub, account, place, self._rooms, self._now)
                tasks.create_task(terminal.run())
            await asyncio.Event().wait()  # also when all have been taken over


async def keep_keys(
    path: Path, terminals: Sequence[Terminal], bind: Callable[[Terminal, TerminalKey], Awaitable[None]]
) -> dict[str, TerminalKey]:
    """Return the keys kept at `path`, and new ones for terminals that nobody has enrolled yet.

    `bind` enrols a terminal with its key; it is called while the hub is not running, because each of a
    hundred enrolments would otherwise show the directory anew to everyone.
    """
    keys = _read(path)
    for terminal in terminals:
        if terminal.state is TerminalState.PLANNED:
            keys[terminal.id] = TerminalKey.generate()
            _write(path, keys)  # before it is bound: a key without its owner would lock the place
            await bind(terminal, keys[terminal.id])
    return keys


def _read(path: Path) -> dict[str, TerminalKey]:
    try:
        kept = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    return {str(name): TerminalKey.parse(str(key)) for name, key in kept.items()}


def _write(path: Path, keys: Mapping[str, TerminalKey]) -> None:
    new = path.with_suffix(".new")
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        json.dump({name: key.text for name, key in keys.items()}, file)
    new.replace(path)

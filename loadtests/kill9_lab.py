"""The lab killed while one terminal writes: are the acknowledged updates there? For loadtests/kill9.py."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path
from typing import Any

from pycrdt import Doc, Map
from ward_sync.messages import Message, SyncStatus, Update
from websockets.exceptions import ConnectionClosed

from loadtests.tally import Tally
from loadtests.terminals import LightTerminal, Writer
from tests.helpers.lab_process import LabProcess

UNDER_WAY = 20
"""Updates sent ahead of their acknowledgement, so that a kill falls into a commit."""
MOST = 200
"""A hub is killed after 1 to this many acknowledgements."""
PATIENCE_S = 60.0


class Reader(LightTerminal):
    """Takes one document as a hub has it when asked."""

    def __init__(self, port: int, document: str) -> None:
        super().__init__(port, [document])
        self._doc: Doc[Any] = Doc()

    def synced(self, address: str, update: bytes) -> None:
        self._doc.apply_update(update)

    def keys(self) -> set[str]:
        return set(self._doc.get("m", type=Map).to_py() or {})


class UntilKilled(LightTerminal):
    """Writes keys and knows which have been acknowledged: a status for each update, in order (ST1)."""

    def __init__(self, port: int, document: str, wanted: int) -> None:
        super().__init__(port, [document])
        self._writer = Writer()
        self._wanted = wanted
        self._may_send = asyncio.Semaphore(UNDER_WAY)
        self._sent: list[str] = []
        self._heard = 0
        self.saved: set[str] = set()
        self.enough = asyncio.Event()

    def heard(self, address: str, message: Message) -> None:
        if not isinstance(message, SyncStatus):
            return
        if message.stored:
            self.saved.add(self._sent[self._heard])
            self._may_send.release()
            if len(self.saved) >= self._wanted:
                self.enough.set()
        self._heard += 1

    async def write(self) -> None:
        """Write until the socket has gone."""
        document = self.documents[0]
        try:
            while True:
                await self._may_send.acquire()
                key = f"{document}-{len(self._sent)}"
                self._sent.append(key)
                await self.send(document, Update(self._writer.set(key, 1)))
        except ConnectionClosed:
            return


async def lab_rounds(data: Path, rounds: int, seed: int) -> Tally:
    """Start, compare what the kill before left, write, kill; `rounds` times."""
    chance = random.Random(seed)
    tally = Tally()
    before: tuple[str, set[str]] | None = None
    for number in range(rounds + 1):
        hub = await asyncio.to_thread(LabProcess, data)
        try:
            if before is not None:
                reader = Reader(hub.port, before[0])
                await asyncio.wait_for(reader.join(), PATIENCE_S)
                tally.compare(before[1], reader.keys())
                await reader.leave()
            if number < rounds:
                document = f"kill9/{number}"
                before = document, await _write_and_kill(hub, document, chance.randint(1, MOST))
        finally:
            if hub.process.poll() is None:
                await asyncio.to_thread(hub.kill)
    return tally


async def _write_and_kill(hub: LabProcess, document: str, wanted: int) -> set[str]:
    terminal = UntilKilled(hub.port, document, wanted)
    await asyncio.wait_for(terminal.join(), PATIENCE_S)
    writing = asyncio.create_task(terminal.write())
    await asyncio.wait_for(terminal.enough.wait(), PATIENCE_S)
    hub.kill()
    await terminal.lost()
    writing.cancel()
    await asyncio.gather(writing, return_exceptions=True)
    return terminal.saved

"""Records, documents and followers for tests of the log on CouchDB."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

from pycrdt import Doc, Map
from ward_hub.log.port import Log, Record, RecordKind

SOON_S = 20.0
"""Ends a test that would hang; what it waits for takes tenths of a second."""


def update(payload: bytes, document: str = "a", at: int = 1) -> Record:
    return Record(document, RecordKind.UPDATE, payload, at)


def fact(key: str, payload: bytes = b"fact", kind: RecordKind = RecordKind.FACT) -> Record:
    return Record("calls", kind, payload, 5, terminal="bed-b01", staff="s1", key=key)


async def until(condition: Callable[[], object]) -> None:
    """Let the others work until it holds."""
    async with asyncio.timeout(SOON_S):
        while not condition():  # noqa: ASYNC110 - the other side is a socket
            await asyncio.sleep(0.005)


class Author:
    """Edits one document: each edit is an update that builds on the ones before."""

    def __init__(self, client: int) -> None:
        self.doc: Doc[Any] = Doc(client_id=client)
        self._root = self.doc.get("m", type=Map)
        self._out: list[bytes] = []
        self._subscription = self.doc.observe(lambda event: self._out.append(event.update))

    def set(self, key: str, value: str) -> bytes:
        self._root[key] = value
        return self._out[-1]


def value_of(updates: Sequence[bytes]) -> dict[str, Any]:
    """What a document with these updates holds."""
    doc: Doc[Any] = Doc()
    for each in updates:
        doc.apply_update(each)
    return dict(doc.get("m", type=Map).to_py() or {})


class Replica:
    """Another hub's documents: loaded, then kept by the feed, and loaded again when the place was lost."""

    def __init__(self, log: Log) -> None:
        self.log = log
        self.heard: list[tuple[Record, ...]] = []
        self.lost = 0
        self.task = asyncio.create_task(self._follow(log))

    async def _follow(self, log: Log) -> None:
        async for records in log.follow():
            if records is None:
                self.lost += 1
            else:
                self.heard.append(records)

    def payloads(self) -> set[bytes]:
        return {record.payload for append in self.heard for record in append}

    def updates(self, document: str = "a") -> list[bytes]:
        """In the order in which they came, with those that came twice."""
        return [
            record.payload
            for append in self.heard
            for record in append
            if record.document == document and record.kind is RecordKind.UPDATE
        ]

    async def hears(self, *payloads: bytes) -> None:
        """Wait until all of these have come."""
        await until(lambda: self._goes_on() and set(payloads) <= self.payloads())

    async def loses_its_place(self) -> None:
        await until(lambda: self._goes_on() and self.lost > 0)

    def _goes_on(self) -> bool:
        if self.task.done():
            self.task.result()
            raise AssertionError("the feed ended")
        return True

"""The one contract suite of the log port; every adapter runs it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from pycrdt import Doc, Map
from ward_hub.log.memory import MemoryLog
from ward_hub.log.port import BEGINNING, Log, Record, RecordKind
from ward_hub.log.sqlite import SqliteLog


@pytest.fixture(params=["memory", "sqlite"])
async def log(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Log]:
    made: Log = MemoryLog() if request.param == "memory" else SqliteLog(tmp_path / "log.db")
    yield made
    await made.close()


def update(document: str, payload: bytes, at: int = 1) -> Record:
    return Record(document, RecordKind.UPDATE, payload, at)


def fact(key: str, payload: bytes = b"fact", kind: RecordKind = RecordKind.FACT) -> Record:
    return Record("ward/w/calls", kind, payload, 5, terminal="bed-b01", staff="s1", key=key)


def updates_of(count: int) -> list[bytes]:
    doc: Doc[Any] = Doc(client_id=9)
    root = doc.get("m", type=Map)
    out: list[bytes] = []
    subscription = doc.observe(lambda event: out.append(event.update))
    for number in range(count):
        root["k"] = str(number)
    doc.unobserve(subscription)
    return out


async def test_a_document_loads_in_the_order_it_was_appended(log: Log) -> None:
    await log.append([update("a", b"1"), update("b", b"2")])
    await log.append([update("a", b"3")])
    assert await log.load("a") == [b"1", b"3"]
    assert await log.load("b") == [b"2"]
    assert await log.load("unknown") == []


async def test_facts_and_refusals_are_found_by_key_and_the_first_counts(log: Log) -> None:
    await log.append([fact("k1", b"one"), fact("k2", b"two", RecordKind.REFUSED)])
    await log.append([fact("k1", b"later")])
    known = await log.known(["k1", "k2", "k3", "k1"])
    assert {key: record.payload for key, record in known.items()} == {"k1": b"one", "k2": b"two"}
    assert known["k2"].kind is RecordKind.REFUSED
    assert known["k1"].terminal == "bed-b01"
    assert known["k1"].staff == "s1"
    assert known["k1"].at == 5
    assert await log.known([]) == {}


async def test_reactions_read_what_came_after(log: Log) -> None:
    await log.append([update("a", b"1"), fact("k1")])
    await log.append([fact("k2")])
    middle = [place async for place, _ in log.read(BEGINNING)][-1]
    await log.append([update("a", b"2"), fact("k3", kind=RecordKind.REFUSED)])
    everything = [record.payload async for _, record in log.read(BEGINNING)]
    facts = [record.key async for _, record in log.read(BEGINNING, frozenset({RecordKind.FACT}))]
    rest = [record.payload async for _, record in log.read(middle)]
    assert everything == [b"1", b"fact", b"fact", b"2", b"fact"]
    assert facts == ["k1", "k2"]
    assert rest == [b"2", b"fact"]


async def test_reading_pages_through_a_long_log(log: Log) -> None:
    await log.append([fact(f"k{number}") for number in range(1203)])
    assert len([1 async for _ in log.read(BEGINNING)]) == 1203


async def test_many_appends_at_once_are_all_stored(log: Log) -> None:
    await asyncio.gather(*(log.append([update("a", bytes([number]))]) for number in range(100)))
    assert await log.load("a") == [bytes([number]) for number in range(100)]


async def test_compaction_keeps_the_document_and_the_facts(log: Log) -> None:
    payloads = updates_of(50)
    await log.append([update("a", payload) for payload in payloads] + [update("b", payloads[0]), fact("k1")])
    await log.compact("a")
    loaded = await log.load("a")
    assert len(loaded) == 1
    doc: Doc[Any] = Doc()
    doc.apply_update(loaded[0])
    assert doc.get("m", type=Map).to_py() == {"k": "49"}
    assert await log.load("b") == [payloads[0]]
    assert list(await log.known(["k1"])) == ["k1"]


async def test_appends_after_compaction_follow_the_snapshot(log: Log) -> None:
    payloads = updates_of(10)
    await log.append([update("a", payload) for payload in payloads[:8]])
    await log.append([fact("k1")])
    await log.compact("a")
    await log.compact("a")
    await log.append([update("a", payload) for payload in payloads[8:]])
    assert (await log.load("a"))[1:] == payloads[8:]
    await log.compact("a")
    assert len(await log.load("a")) == 1


async def test_compaction_keeps_what_waits_for_its_foundations(log: Log) -> None:
    """SY4."""
    payloads = updates_of(5)
    await log.append([update("a", payloads[0]), update("a", payloads[4])])
    await log.compact("a")
    await log.append([update("a", payload) for payload in payloads[1:4]])
    doc: Doc[Any] = Doc()
    for payload in await log.load("a"):
        doc.apply_update(payload)
    assert doc.get("m", type=Map).to_py() == {"k": "4"}

"""Documents of which another hub stores updates too (MH1), and updates a trusted hub brings."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator

import pytest
from pycrdt import Map
from ward_hub.doc_rooms.host import Host
from ward_hub.doc_rooms.rules import DocumentRules
from ward_hub.log.port import LogUnavailable, Record, RecordKind
from ward_sync.errors import RemoteProtocolError
from ward_sync.messages import Awareness, SyncStatus, Update

from tests.helpers.common_log import CommonLog, HubLog
from tests.helpers.hub import FakeConnection, Replica, make_host, settle


class Two:
    """Two hubs on one log."""

    def __init__(self, rules: DocumentRules | None = None) -> None:
        self.common = CommonLog()
        self.logs: list[HubLog] = [self.common.view(), self.common.view()]
        self.a, self.b = (make_host(log, rules) for log in self.logs)
        self.a.client_id, self.b.client_id = 101, 102

    async def __aenter__(self) -> Two:
        self.a.start()
        self.b.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.a.close()
        await self.b.close()


async def put(host: Host, key: str, number: int, document: str = "doc") -> None:
    """The hub itself writes."""
    await host.edit(document, lambda doc: doc.get("m", type=Map).__setitem__(key, number))


async def value(host: Host) -> dict[str, object]:
    return await host.read("doc", lambda doc: doc.get("m", type=Map).to_py() or {})


async def test_what_one_hub_stores_the_readers_of_the_other_see() -> None:
    """MH1: both ways, in memory and at the sockets, stored once."""
    async with Two() as hubs:
        one, two = Replica(hubs.a, "one"), Replica(hubs.b, "two")
        await settle()
        one.write("from", "a")
        await settle()
        two.hear()
        two.write("and", "b")
        await settle()
        one.hear()
        assert one.value() == two.value() == {"from": "a", "and": "b"}
        assert await value(hubs.a) == await value(hubs.b) == {"from": "a", "and": "b"}
        assert len(await hubs.common.load("doc")) == 2
        assert SyncStatus(True) in one.heard


async def test_a_document_nobody_has_loaded_needs_nothing_of_others() -> None:
    async with Two() as hubs:
        await put(hubs.a, "k", 1)
        await settle()
        assert hubs.b.loaded() == frozenset()
        assert await value(hubs.b) == {"k": 1}


async def test_updates_that_come_out_of_order_wait_for_their_foundations() -> None:
    """MH1, SY4."""
    async with Two() as hubs:
        hubs.logs[1].mute = True
        two = Replica(hubs.b, "two")
        await settle()
        source = Replica(hubs.a, "one")
        first, second = source.set("k", 1), source.set("k", 2)
        hubs.logs[1].tell((Record("doc", RecordKind.UPDATE, second, 1),))
        hubs.logs[1].tell((Record("doc", RecordKind.UPDATE, second, 1),))
        await settle()
        assert await value(hubs.b) == {}
        late = Replica(hubs.b, "late")
        late.join()
        await settle()
        late.hear()
        hubs.logs[1].tell((Record("doc", RecordKind.UPDATE, first, 1),))
        await settle()
        two.hear()
        late.hear()
        assert two.value() == late.value() == await value(hubs.b) == {"k": 2}


async def test_one_bad_record_is_its_documents_trouble_only(caplog: pytest.LogCaptureFixture) -> None:
    async with Two() as hubs:
        two, other = Replica(hubs.b, "two"), Replica(hubs.b, "other", "other")
        await settle()
        await put(hubs.a, "k", 1)
        with caplog.at_level(logging.CRITICAL):
            hubs.logs[1].tell((Record("doc", RecordKind.UPDATE, b"\xff", 1),))
            await settle()
        await put(hubs.a, "k", 2)
        await put(hubs.a, "x", 1, "other")
        await settle()
        two.hear()
        other.hear()
        assert two.value() == await value(hubs.b) == {"k": 2}
        assert other.value() == {"x": 1}
        assert two.peer.open


async def test_a_lost_place_loads_again_and_gives_readers_what_they_missed() -> None:
    """MH2: also while a write is under way, and presence stays."""
    async with Two() as hubs:
        two = Replica(hubs.b, "two")
        watcher = Replica(hubs.b, "watcher", right="read")
        two.send(Awareness(b"\x01\x07\x01\x02{}"))
        await settle()
        hubs.logs[1].mute = True
        await put(hubs.a, "missed", 1)
        two.write("own", 2)
        hubs.logs[1].tell(None)
        await settle()
        two.hear()
        watcher.hear()
        assert two.value() == watcher.value() == {"missed": 1, "own": 2}
        assert hubs.b.presence("doc") == ["{}"]
        hubs.logs[1].tell(None)
        await settle()
        assert [message for message in watcher.hear() if isinstance(message, Update)] == [], "nothing new"


async def test_a_log_that_is_away_while_loading_again_costs_nobody_the_document() -> None:
    """MH2: it is tried again with the next beat."""
    async with Two() as hubs:
        two = Replica(hubs.b, "two")
        await settle()
        hubs.logs[1].mute = hubs.logs[1].cut = True
        await put(hubs.a, "missed", 1)
        hubs.logs[1].tell(None)
        await settle()
        assert two.peer.open
        assert two.hear() == []
        hubs.logs[1].cut = False
        hubs.b.sweep(1_000)
        await settle()
        two.hear()
        assert two.value() == {"missed": 1}


async def test_readers_get_what_a_failed_append_had_stored_all_the_same() -> None:
    """ST5 then answers the writer's next try; the readers must not wait for a join."""
    async with Two() as hubs:
        one, reader = Replica(hubs.a, "one"), Replica(hubs.a, "reader", right="read")
        await settle()
        hubs.logs[0].doubt = True
        one.write("k", 1)
        await settle()
        reader.hear()
        assert SyncStatus(False) in one.hear()
        assert reader.value() == {"k": 1}


async def test_what_others_stored_is_shown_when_the_append_beside_it_fails() -> None:
    async with Two() as hubs:
        two, reader = Replica(hubs.b, "two"), Replica(hubs.b, "reader", right="read")
        source = Replica(hubs.a, "one")
        await settle()
        update = source.set("k", 1)
        await hubs.common.append([Record("doc", RecordKind.UPDATE, update, 1)])
        hubs.logs[1].doubt = True
        two.write("own", 2)
        hubs.b.foreign([Record("doc", RecordKind.UPDATE, update, 1)])
        await settle()
        reader.hear()
        assert reader.value() == {"k": 1, "own": 2}


async def test_no_terminal_writes_under_the_client_id_of_any_hub() -> None:
    """SY6, MH3."""
    async with Two() as hubs:
        hubs.a.hub_clients.add(102)
        thief = Replica(hubs.a, "one", client=102)
        await settle()
        thief.write("k", 1)
        await settle()
        assert SyncStatus(False) in thief.hear()
        await put(hubs.b, "k", 2)
        await settle()
        assert await value(hubs.a) == {"k": 2}


async def test_a_checked_document_goes_on_after_another_hubs_update() -> None:
    """The copy that writes are tried on follows too."""
    rules = DocumentRules(check=lambda _old, new, _who: "no" if "bad" in new.get("m", type=Map) else None)
    async with Two(rules) as hubs:
        one, two = Replica(hubs.a, "one"), Replica(hubs.b, "two")
        await settle()
        two.write("first", 1)
        await settle()
        one.write("k", 1)
        await settle()
        two.hear()
        two.write("k", 2)
        await settle()
        two.write("bad", 1)
        await settle()
        one.hear()
        assert SyncStatus(False) in two.hear()
        assert one.value() == {"first": 1, "k": 2}


async def test_an_update_of_a_trusted_hub_is_stored_with_its_facts_and_shown() -> None:
    async with Two() as hubs:
        reader, far = Replica(hubs.a, "reader", right="read"), Replica(hubs.b, "far", right="read")
        source = Replica(hubs.a, "source", "elsewhere")
        await settle()
        update = source.set("k", 1)
        fact = Record("doc", RecordKind.FACT, b"x", 5, key="id")
        assert await hubs.a.take("doc", update, "bed-1", "n1", [fact])
        assert not await hubs.a.take("doc", update)
        await settle()
        reader.hear()
        far.hear()
        assert reader.value() == far.value() == {"k": 1}
        stored = [record async for _, record in hubs.common.read("")]
        assert [(r.kind, r.terminal, r.staff) for r in stored] == [
            (RecordKind.FACT, None, None),
            (RecordKind.UPDATE, "bed-1", "n1"),
        ]


async def test_a_trusted_hubs_update_that_cannot_be_read_or_stored_changes_nothing() -> None:
    async with Two() as hubs:
        reader = Replica(hubs.a, "reader", right="read")
        source = Replica(hubs.a, "source", "elsewhere")
        await settle()
        with pytest.raises(RemoteProtocolError):
            await hubs.a.take("doc", b"\xff")
        hubs.logs[0].cut = True
        with pytest.raises(LogUnavailable):
            await hubs.a.take("doc", source.set("k", 1))
        hubs.logs[0].cut = False
        await settle()
        assert [m for m in reader.hear() if isinstance(m, Update)] == []


class FailingFeed(HubLog):
    """A feed that fails once."""

    failed = False

    async def follow(self) -> AsyncIterator[tuple[Record, ...] | None]:
        if not self.failed:
            self.failed = True
            raise RuntimeError("a fault nobody thought of")
        async for records in super().follow():
            yield records


async def test_a_feed_that_fails_is_followed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """MH2."""
    monkeypatch.setattr("ward_hub.doc_rooms.host.FOLLOW_AGAIN_S", 0.0)
    common = CommonLog()
    other, mine = common.view(), FailingFeed(common)
    common.views.append(mine)
    host = make_host(mine)
    host.start()
    reader = Replica(host, "reader", right="read")
    await settle()
    source = Replica(make_host(other), "source")
    await other.append([Record("doc", RecordKind.UPDATE, source.set("k", 1), 1)])
    await settle()
    reader.hear()
    assert reader.value() == {"k": 1}
    await host.close()
    assert isinstance(reader.connection, FakeConnection)

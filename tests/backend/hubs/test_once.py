"""What must happen once although two hubs could do it (MH10): pushes, projections, the journal's reading; and
what one hub opens that the other must know: sessions.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ward_hub.calls.journal import Journal
from ward_hub.db.engine import open_database
from ward_hub.directory.current import CurrentDirectory
from ward_hub.directory.projector import DirectoryProjector
from ward_hub.documents.port import values_of
from ward_hub.fleet.device_line import DeviceLine
from ward_hub.identity.challenge import Challenges
from ward_hub.identity.errors import IdentityRefused
from ward_hub.identity.sessions import StaffSessions
from ward_hub.log.port import BEGINNING
from ward_hub.push.desk import GRACE_MS, PushDesk
from ward_sync.facts import Act

from tests.backend.calls.ward import Ward
from tests.backend.push.test_desk import CALL_TYPES, PRESS, Bench, FakeGate, over
from tests.backend.ward import NOW, Device, enrolled, read_model, standard_ward
from tests.helpers.common_log import CommonLog
from tests.helpers.hub import make_host, settle
from tests.helpers.signing import id_of


class Lease:
    """Whether a hub holds the ward's and the hospital's lease."""

    def __init__(self, held: bool) -> None:
        self.held = held

    def __call__(self, _ward: str | None) -> bool:
        return self.held


def second_desk(bench: Bench, holds: Callable[[str], bool]) -> PushDesk:
    """Another hub's desk on the same log, SQL and documents."""
    line = DeviceLine(FakeGate())
    line.attach(bench.documents)
    before = bench.desk
    return PushDesk(
        database=bench.database,
        store=bench.store,
        documents=bench.documents,
        current=bench.current,
        directory=before._boards._directory,
        call_types=CALL_TYPES,
        line=line,
        settings=bench.settings,
        clock=lambda: bench.now,
        carrier=lambda _own: bench.carrier,
        new_id=lambda: f"{len(bench.carrier.sent):031x}b",
        holds=holds,
    )


@pytest.fixture
async def bench(tmp_path: Path) -> Any:
    async with standard_ward(tmp_path) as database:
        await enrolled(database, "pda-01", Device())
        made = Bench(database, CurrentDirectory(await read_model(database)), tmp_path)
        await made.load()
        yield made
        await made.desk.close()


async def test_a_call_is_pushed_once_whoever_holds_the_ward_when(bench: Bench) -> None:
    """MH10: by the holder, not again by the next one, and taken back by that."""
    here, there = Lease(True), Lease(False)
    hubs = [second_desk(bench, here), second_desk(bench, there)]
    for desk in hubs:
        await desk.load()
    bench.now += GRACE_MS
    # The PDA subscribes at the hub that does not hold the ward.
    bench.desk = hubs[1]
    await bench.subscribe()

    async def look() -> list[str]:
        before = len(bench.carrier.sent)
        for desk in hubs:
            await desk.look()
            await desk.sender.settled()
        return [content["do"] for _, content in bench.carrier.sent[before:]]

    calls = await bench.take((bench.bedside, PRESS))
    assert await look() == ["show"]
    assert await look() == []
    here.held, there.held = False, True
    assert await look() == []
    # Its receipt comes at whichever hub the PDA is connected to.
    receipt = bench.carrier.sent[0][1]["id"]
    assert await hubs[0].seen(receipt)
    assert await hubs[1].seen(receipt)
    await bench.take((bench.station, over(calls)))
    assert await look() == ["close"]
    assert await look() == []
    for desk in hubs:
        await desk.close()


async def test_who_holds_nothing_pushes_and_probes_nothing(bench: Bench) -> None:
    """MH10."""
    desk = second_desk(bench, Lease(False))
    await desk.load()
    bench.now += GRACE_MS
    bench.documents.here = {"pda-01"}
    await bench.subscribe()
    await bench.take((bench.bedside, PRESS))
    await desk.look()
    await desk.sender.settled()
    await desk.probe()
    assert bench.carrier.sent == []
    assert bench.documents.told == []
    await desk.close()


async def test_two_hubs_with_one_directory_publish_it_once_and_then_nothing(tmp_path: Path) -> None:
    """MH10: also when the lease moves, and to and fro."""
    async with standard_ward(tmp_path) as database:
        common = CommonLog()
        leases = [Lease(True), Lease(False)]
        hosts = [make_host(common.view()) for _ in leases]
        for number, host in enumerate(hosts):
            host.client_id = 101 + number
            host.start()
        projectors = [
            DirectoryProjector(database, CurrentDirectory(), host, host, {}, lambda: NOW, holds=lease)
            for host, lease in zip(hosts, leases, strict=True)
        ]

        async def poll() -> int:
            before = len([1 async for _ in common.read(BEGINNING)])
            for projector in projectors:
                await projector.poll()
            await asyncio.sleep(0)
            return len([1 async for _ in common.read(BEGINNING)]) - before

        assert await poll() > 40
        assert await poll() == 0
        for _ in range(3):
            for lease in leases:
                lease.held = not lease.held
            assert await poll() == 0
        for lease in leases:
            lease.held = False
        assert await poll() == 0
        for host in hosts:
            await host.close()


async def test_what_a_hub_left_behind_when_it_died_the_next_holder_puts_right(tmp_path: Path) -> None:
    """MH10: also a document that this hub itself published last, and another one spoiled since."""
    async with standard_ward(tmp_path) as database:
        common = CommonLog()
        mine, theirs = make_host(common.view()), make_host(common.view())
        mine.client_id, theirs.client_id = 101, 102
        mine.start()
        lease = Lease(True)
        projector = DirectoryProjector(database, CurrentDirectory(), mine, mine, {}, lambda: NOW, holds=lease)
        await projector.poll()
        document = "hospital/settings"
        right = await mine.read(document, lambda doc: values_of(doc, "marks"))
        lease.held = False
        await projector.poll()
        await theirs.publish(document, {"marks": {"half": "done"}})
        await settle()
        assert await mine.read(document, lambda doc: values_of(doc, "marks")) != right
        lease.held = True
        await projector.poll()
        assert await mine.read(document, lambda doc: values_of(doc, "marks")) == right
        await mine.close()
        await theirs.close()


async def test_two_hubs_read_the_journal_together_and_each_fact_once(tmp_path: Path) -> None:
    ward = Ward()
    url = f"sqlite:{tmp_path / 'ward.sqlite'}"
    databases = [open_database(url), open_database(url)]
    await databases[0].upgrade()
    journals = [
        Journal(database, ward.log, lambda _ward: ward.directory(), lambda: ward.now)
        for database in databases
    ]
    facts = 0
    read = 0
    for _ in range(6):
        for _ in range(3):
            call = ward.bedside.place(ward.now)
            await ward.send(call)
            ward.now += 5_000
            facts += 1
        await ward.send(
            ward.station.make(Act.CLEARED, ward.now, (id_of(call),), policy="tender", way="remote")
        )
        facts += 1
        read += sum(await asyncio.gather(*(journal.catch_up() for journal in journals)))
    assert read == facts
    lines = [await journal.list_calls("thoracic", 0, 2**52) for journal in journals]
    assert len(lines[0]) == len(lines[1]) == 18
    for database in databases:
        await database.close()


async def test_who_signs_in_at_one_hub_is_known_at_the_other(tmp_path: Path) -> None:
    async with standard_ward(tmp_path) as database:
        a, b = StaffSessions(database), StaffSessions(database)
        session = await a.begin("n001", "station-main", NOW, short=True)
        assert b.at("station-main", NOW) is None
        await b.load(NOW)
        known = b.at("station-main", NOW)
        assert known is not None
        assert known.id == session.id
        b.extend("station-main", NOW + 60_000)
        await b.load(NOW + 60_000)
        assert b.at("station-main", session.expires_at + 1) is not None, "what was moved here stays moved"
        await a.end("station-main", NOW + 70_000)
        await b.load(NOW + 70_000)
        assert b.at("station-main", NOW + 70_000) is None


async def test_a_sign_in_during_a_look_is_not_forgotten(tmp_path: Path) -> None:
    async with standard_ward(tmp_path) as database:
        sessions = StaffSessions(database)
        await asyncio.gather(
            *(sessions.load(NOW) for _ in range(5)), sessions.begin("n001", "station-main", NOW)
        )
        assert sessions.at("station-main", NOW) is not None


def test_a_challenge_of_one_hub_is_taken_at_the_other() -> None:
    one, other, stranger = Challenges(b"secret"), Challenges(b"secret"), Challenges(b"another")
    given = one.give("bed-b01", NOW)
    other.check("bed-b01", given, NOW)
    with pytest.raises(IdentityRefused):
        stranger.check("bed-b01", given, NOW)
    with pytest.raises(IdentityRefused):
        Challenges().check("bed-b01", given, NOW)

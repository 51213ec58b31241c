"""The demo's hospital: the same life for the same seed, acknowledged by the real feed."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from ward_hub.demo.his import Hospital, run_his, standard_beds, standard_staff
from ward_hub.directory import fixture
from ward_hub.ingest.hl7.mllp import Frame, MllpServer, Oversized
from ward_hub.ingest.ports import BedPlace, RoomPlace, WardPlaces
from ward_hub.ingest.service import FeedService

from tests.backend.ingest.conftest import Feed, feed
from tests.backend.ingest.feeding import MAPPING, NOON, Beds, Clock, Documents

__all__ = ["feed"]

MINUTE = 60_000


class StandardPlaces:
    """The standard ward of 46 beds."""

    def wards(self) -> Sequence[WardPlaces]:
        beds = fixture.beds()
        rooms = tuple(
            RoomPlace(
                room.id,
                room.name,
                tuple(BedPlace(bed.id, bed.label) for bed in beds if bed.room == room.id),
            )
            for room in fixture.rooms()
        )
        return [WardPlaces(fixture.WARD, rooms)]


def hospital(seed: int = 7) -> Hospital:
    return Hospital(seed, standard_beds(), standard_staff())


def test_the_same_seed_lives_the_same_life() -> None:
    def life(seed: int) -> list[bytes]:
        one = hospital(seed)
        return one.fill(NOON) + [each for step in range(50) for each in one.step(NOON + step * MINUTE)]

    assert life(7) == life(7)
    assert life(7) != life(8)


def test_a_life_goes_on_after_a_restart() -> None:
    one, other = hospital(), hospital()
    one.fill(NOON)
    for step in range(20):
        one.step(NOON + step * MINUTE)
    other.restore(one.save())
    assert [one.step(NOON + step * MINUTE) for step in range(20)] == [
        other.step(NOON + step * MINUTE) for step in range(20)
    ]


def test_both_character_sets_and_every_kind_of_event_are_spoken() -> None:
    one = hospital()
    spoken = one.fill(NOON) + [each for step in range(300) for each in one.step(NOON + step * MINUTE)]
    assert {re.search(rb"ADT\^(A\d\d)", each)[1] for each in spoken} == {  # type: ignore[index]
        b"A01",
        b"A02",
        b"A03",
        b"A08",
        b"A17",
    }
    assert sum(b"GB 18030-2000" in each for each in spoken) == pytest.approx(len(spoken) / 2, abs=1)


async def test_the_ward_shows_exactly_what_the_hospital_knows(feed: Feed) -> None:
    """After a fill and 300 events every message was taken and every bed has the right patient."""
    documents = Documents()
    service = FeedService(feed.database, StandardPlaces(), documents, Beds(), MAPPING, feed.clock)
    one = hospital()
    messages = one.fill(NOON)
    assert len(messages) == 42
    messages += [each for step in range(300) for each in one.step(NOON + step * MINUTE)]
    for message in messages:
        assert b"\rMSA|AA|" in await service.take(Frame(message))
    await service.project_all()
    beds = documents.held["ward/thoracic/beds"]["beds"]
    shown = {
        bed.label: documents.held[f"stay/{beds[bed.id]}/card"]["card"]["inpatient_number"]
        for bed in fixture.beds()
        if bed.id in beds
    }
    assert shown == {bed: patient.visit for bed, patient in one.patients.items()}
    assert "1" in shown, "the bed on the wall is never empty"
    levels = {
        roots["card"]["care_level"]
        for name, roots in documents.held.items()
        if name.endswith("/card") and roots["card"]
    }
    assert levels == {"special", "first", "second", "third"}


async def test_what_was_not_acknowledged_is_sent_again(tmp_path: Path) -> None:
    """The hub is killed in the middle and the HIS restarts: nothing is lost, nobody comes twice."""
    received: list[bytes] = []
    enough = asyncio.Event()

    async def answer(message: Frame | Oversized) -> bytes:
        assert isinstance(message, Frame)
        received.append(message.message)
        if len(received) == 10:
            raise RuntimeError("killed before the acknowledgement")
        if len(received) == 20:
            return b"MSH|^~\\&\rMSA|AE|1\rERR|||207^Application internal error^HL70357|E\r"
        if len(received) == 50:
            enough.set()
        return b"MSH|^~\\&\rMSA|AA|1\r"

    async def no_sleep(seconds: float) -> None:
        await asyncio.sleep(0)

    clock = Clock()
    server = MllpServer(answer)
    port = await server.start("127.0.0.1", 0)
    diary = tmp_path / "his.json"
    task = asyncio.create_task(run_his("127.0.0.1", port, clock, diary=diary, sleep=no_sleep))
    await asyncio.wait_for(enough.wait(), 20)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert received[9] == received[10], "the same message, word for word"
    assert received[19] == received[20], "what the hub could not store is told again"
    told = len(received)

    enough.clear()
    received[:] = received[:11]
    task = asyncio.create_task(run_his("127.0.0.1", port, clock, diary=diary, sleep=no_sleep))
    await asyncio.wait_for(enough.wait(), 20)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await server.stop()
    assert told >= 50
    again = received[11:50]
    assert sum(b"ADT^A08" in one for one in again) >= 30, "it says again where everybody is"
    assert not any(b"ADT^A01" in one and b"ZY2600001" in one for one in again), "nobody comes twice"

"""What is loaded for an event is enough to decide as if the whole record had been loaded."""

from __future__ import annotations

from random import Random

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from ward_hub.record import store
from ward_hub.record.encounter import Encounter, course
from ward_hub.record.occupancy import occupancy, present
from ward_hub.record.tables import BedOccupancy, EncounterRow

from tests.backend.ingest.conftest import Feed, feed
from tests.backend.ingest.feeding import message, minutes

__all__ = ["feed"]

EVENTS = ("A01", "A02", "A02", "A08", "A08", "A03", "A11", "A12", "A13")


@pytest.mark.parametrize("seed", range(6))
async def test_beds_in_sql_follow_from_all_movements_after_any_messages(feed: Feed, seed: int) -> None:
    """FEED9, over SQL, repetition and disorder; the document says the same."""
    dice = Random(seed)
    messages = [
        message(dice.choice(EVENTS), minutes(step), f"V{dice.randint(1, 6)}", str(dice.randint(1, 4)))
        for step in range(60)
    ]
    late = messages + dice.sample(messages, 15)
    late.sort(key=lambda one: messages.index(one) + dice.randint(0, 25))
    assert set(await feed.send(*late)) == {"AA"}
    async with feed.database.session() as session:
        encounters, _ = await store.load_touched(session, [f"V{number}" for number in range(1, 7)], ())
        held = {(row.ward, row.bed): row.stay for row in (await session.scalars(select(BedOccupancy))).all()}
        derived = {row.stay: row.ward for row in (await session.scalars(select(EncounterRow))).all()}
    courses = {stay: course(one.movements) for stay, one in encounters.items()}
    beds = [("thoracic", f"b0{number}") for number in range(1, 6)]
    assert held == {bed: stay for bed, stay in occupancy(courses, beds).items() if stay is not None}
    assert feed.stays() == {bed: stay for (_, bed), stay in held.items()}
    assert derived == {stay: "thoracic" if present(one) else None for stay, one in courses.items()}


async def test_sql_itself_keeps_one_stay_off_two_beds(feed: Feed) -> None:
    """Never two patients in a bed, nor one in two, whatever the code does."""
    async with feed.database.session.begin() as session:
        await store.store(session, [Encounter("s1", "V1")], {("thoracic", "b01"): "s1"}, 0)
    with pytest.raises(IntegrityError):
        async with feed.database.session.begin() as session:
            await store.store(session, [], {("thoracic", "b02"): "s1"}, 0)

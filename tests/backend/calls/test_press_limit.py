"""Floods of presses: their number is limited, no alarm is lost for it (CF46)."""

from __future__ import annotations

from typing import Any

import pytest
from ward_hub.calls.press_limit import BURST
from ward_hub.calls.service import MAX_FACTS_A_FRAME
from ward_sync.facts import Act
from ward_sync.placing import MAX_OPEN

from tests.backend.calls.ward import NOW, Ward
from tests.helpers.signing import id_of


@pytest.fixture
def ward() -> Ward:
    return Ward()


def refused(answers: list[dict[str, Any]]) -> list[str]:
    return [one["reason"] for answer in answers if answer["t"] == "refused" for one in answer["refused"]]


async def press(ward: Ward, count: int, type_: str = "patient") -> list[str]:
    """Presses of one moment, in frames as full as may be; returns why some were refused."""
    wires = [ward.bedside.place(ward.now + n, type_=type_) for n in range(count)]
    reasons: list[str] = []
    for start in range(0, count, MAX_FACTS_A_FRAME):
        reasons += refused(await ward.send(*wires[start : start + MAX_FACTS_A_FRAME]))
    return reasons


async def test_twenty_presses_of_one_row_may_be_open(ward: Ward) -> None:
    """CF46: the hub holds terminals to CF38."""
    assert await press(ward, MAX_OPEN) == []
    assert await press(ward, 3) == ["too_many"] * 3
    assert len(ward.items()) == MAX_OPEN
    # what was refused for this may come again when the row is cleared
    clear = ward.station.make(
        Act.CLEARED, ward.now, tuple(sorted(id_of(i[0]) for i in ward.items())), policy="tender", way="remote"
    )
    ward.now += 60_000
    await ward.send(clear)
    assert await press(ward, 1) == []


async def test_a_flood_never_keeps_another_type_from_ringing(ward: Ward) -> None:
    assert set(await press(ward, 200)) == {"too_many"}
    assert await press(ward, 1, "emergency") == []
    assert await press(ward, 1, "emergency") == ["too_many"]
    ward.now += 1_000
    assert await press(ward, 1, "emergency") == []
    assert len(ward.items()) == MAX_OPEN + 2
    assert len(await ward.records()) == MAX_OPEN + 2  # the flood leaves nothing in the log
    assert ward.service.refusals == {"too_many": 181}


async def test_invented_types_and_beds_count_together(ward: Ward) -> None:
    wires = [ward.bedside.place(NOW + n, type_=f"invented{n}") for n in range(MAX_FACTS_A_FRAME)]
    assert refused(await ward.send(*wires)) == ["too_many"] * (MAX_FACTS_A_FRAME - MAX_OPEN)
    assert await press(ward, 1, "emergency") == []


async def test_a_terminal_that_was_away_brings_what_it_placed_and_cleared(ward: Ward) -> None:
    """Each press is over before the next: none joins a row that rings, so none is too many."""
    wires: list[str] = []
    for n in range(BURST * 2):
        at = NOW - 3_600_000 + n * 10_000
        call = ward.bedside.place(at)
        wires += [call, ward.bedside.make(Act.CANCELLED, at + 1_000, (id_of(call),))]
    answers: list[str] = []
    for start in range(0, len(wires), MAX_FACTS_A_FRAME):
        answers += refused(await ward.send(*wires[start : start + MAX_FACTS_A_FRAME]))
    assert answers == []
    assert len(ward.items()) == BURST * 4


async def test_one_terminals_flood_is_not_anothers(ward: Ward) -> None:
    await press(ward, 100)
    wire = ward.door.make(Act.PLACED, NOW, source="bathroom:r01", type="bathroom")
    assert (await ward.send(wire, kind="door"))[0]["t"] == "stored"


async def test_the_same_press_again_is_none_more(ward: Ward) -> None:
    wire = ward.bedside.place(NOW)
    for _ in range(BURST + 5):
        assert (await ward.send(wire))[0]["t"] == "stored"
    assert await press(ward, 1) == []

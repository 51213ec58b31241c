"""Whose name stands under an act: believed when a session stood behind it, marked when not (CF45)."""

from __future__ import annotations

import json

import pytest
from ward_hub.calls.entry import read_item, read_record
from ward_sync.facts import Act

from tests.backend.calls.ward import NOW, Ward
from tests.helpers.signing import id_of


@pytest.fixture
def ward() -> Ward:
    return Ward()


async def acknowledged(ward: Ward, staff: str | None) -> str:
    call = ward.bedside.place(NOW)
    await ward.send(call)
    wire = ward.station.make(Act.ACKNOWLEDGED, NOW, (id_of(call),), staff=staff)
    (answer,) = await ward.send(wire, kind="station")
    assert answer["t"] == "stored"
    return wire


async def test_a_session_stands_behind_the_name(ward: Ward) -> None:
    ward.people.behind.add(("n001", "station-main"))
    wire = await acknowledged(ward, "n001")
    assert ward.items()[-1] == [wire, NOW, 0]


async def test_without_one_the_act_counts_and_the_name_is_marked(ward: Ward) -> None:
    """CF45: somebody came; who, nobody vouches for."""
    ward.people.behind.add(("n002", "station-main"))
    ward.people.behind.add(("n001", "pda-01"))
    wire = await acknowledged(ward, "n001")
    assert ward.items()[-1] == [wire, NOW, 0, 1]
    assert not read_item(ward.items()[-1]).staff_verified
    record = (await ward.records())[-1]
    assert json.loads(record.payload) == [wire, 0, 1]
    assert not read_record(record).staff_verified


async def test_a_directory_that_cannot_be_asked_loses_no_act(ward: Ward) -> None:
    ward.people.broken = True
    wire = await acknowledged(ward, "n001")
    assert ward.items()[-1] == [wire, NOW, 0, 1]


async def test_an_act_without_a_name_needs_none(ward: Ward) -> None:
    wire = await acknowledged(ward, None)
    assert ward.items()[-1] == [wire, NOW, 0]


async def test_acts_of_the_terminal_itself_keep_its_session(ward: Ward) -> None:
    ward.people.behind.add(("n001", "station-main"))
    await acknowledged(ward, "n001")
    assert ward.people.extended == []  # a bedside's socket brought it
    call = ward.bedside.place(NOW + 1)
    await ward.send(call)
    wire = ward.station.make(Act.ACKNOWLEDGED, NOW, (id_of(call),), staff="n001")
    payload = json.dumps({"t": "facts", "facts": [wire]})
    await ward.service.handle(ward.sender(ward.station, "station"), "ward/thoracic/room/r01/calls", payload)
    assert ward.people.extended == ["station-main"]

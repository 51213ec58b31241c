"""What each screen gets of the directory, and what it must not get."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from ward_hub.directory.fixture import WARD
from ward_hub.directory.model import (
    CallGroup,
    DirectoryModel,
    Duty,
    Hosting,
    Terminal,
    TerminalKind,
    TerminalState,
    Ward,
)
from ward_hub.directory.project import project
from ward_hub.documents import names
from ward_sync.directory import parse_directory

from tests.backend.ward import NOW, Device, enrolled, read_model, standard_ward

CALL_TYPES: dict[str, Any] = {"patient": {"id": "patient", "zh": "呼叫"}}


@pytest.fixture
async def model(tmp_path: Path) -> AsyncIterator[DirectoryModel]:
    async with standard_ward(tmp_path) as database:
        for terminal in ("bed-b01", "bed-b02", "door-r01", "station-main", "pda-01"):
            await enrolled(database, terminal, Device())
        yield await read_model(database)


def documents(model: DirectoryModel, now: int = NOW) -> dict[str, Any]:
    made = project(model, {WARD: {"b01": "stay-1", "b02": None}}, {WARD: {"b01": "special"}}, CALL_TYPES, now)
    as_json: dict[str, Any] = json.loads(json.dumps(made))
    assert as_json == made, "plain JSON only"
    return as_json


def with_ward(model: DirectoryModel, **changes: Any) -> DirectoryModel:
    return replace(model, wards={**model.wards, WARD: replace(model.wards[WARD], **changes)})


async def test_every_document_of_the_directory_is_made(model: DirectoryModel) -> None:
    made = documents(model)
    assert set(made) == {
        "hospital/settings",
        f"ward/{WARD}/settings",
        f"ward/{WARD}/directory",
        *(names.bed_directory(WARD, bed) for bed in model.wards[WARD].beds),
    }
    assert made["hospital/settings"]["settings"]["name_en"] == "Demonstration Hospital"
    settings = made[f"ward/{WARD}/settings"]
    assert settings["settings"]["night"] == {"from": "21:00", "to": "06:00"}
    assert settings["settings"]["all_tender"] is False
    assert settings["call_types"] == CALL_TYPES


async def test_the_ward_directory_holds_the_whole_ward(model: DirectoryModel) -> None:
    directory = documents(model)[f"ward/{WARD}/directory"]
    assert set(directory) == {"ward", "rooms", "beds", "terminals", "groups", "staff", "duty", "hosting"}
    assert directory["ward"]["escalation_ms"] == [30_000, 60_000, 120_000]
    assert directory["rooms"]["r01"] == {"id": "r01", "name": "701", "order": 1, "beds": ["b01", "b02"]}
    assert directory["beds"]["b01"]["priority"] == "special"
    assert directory["beds"]["b02"]["priority"] == "routine"
    assert len(directory["terminals"]) == 98
    assert directory["terminals"]["bed-b01"]["state"] == "active"
    assert len(directory["terminals"]["bed-b01"]["key"]) == 87
    assert directory["terminals"]["bed-b03"]["state"] == "planned"
    assert "key" not in directory["terminals"]["bed-b03"]
    assert directory["terminals"]["pda-01"]["supervised"] is False
    assert directory["groups"]["east"]["stations"] == ["station-main", "station-vice"]
    assert directory["staff"]["h001"] == {"id": "h001", "name": "顾云溪", "role": "head_nurse"}
    assert directory["duty"]["n001"]["pda"] == "pda-01"
    assert "b01" in directory["duty"]["n001"]["beds"]
    assert "password" not in json.dumps(directory)


async def test_a_bedside_gets_its_share_only(model: DirectoryModel) -> None:
    share = documents(model)[names.bed_directory(WARD, "b01")]
    assert list(share["rooms"]) == ["r01"]
    assert share["rooms"]["r01"]["beds"] == ["b01"]
    assert list(share["beds"]) == ["b01"]
    assert list(share["groups"]) == ["east"]
    assert share["groups"]["east"]["beds"] == ["b01"]
    assert share["groups"]["east"]["rooms"] == ["r01"]
    assert share["groups"]["east"]["staff"] == []
    assert set(share["duty"]) == {"n001"}
    assert share["duty"]["n001"]["beds"] == ["b01"]
    assert share["self"] == {
        "bed": "b01",
        "stay": "stay-1",
        "door": "door-r01",
        "stations": ["station-main", "station-vice"],
        "team": [
            {"role": "nurse", "name": "林晓月"},
            {"role": "head_nurse", "name": "顾云溪"},
            {"role": "director", "name": "陆景明"},
        ],
    }
    assert documents(model)[names.bed_directory(WARD, "b02")]["self"]["stay"] is None


async def test_a_bedside_knows_the_keys_of_those_who_may_act_and_nobodys_name(
    model: DirectoryModel,
) -> None:
    share = documents(model)[names.bed_directory(WARD, "b01")]
    terminals = share["terminals"]
    pdas = {f"pda-{n:02d}" for n in range(1, 21)}
    assert set(terminals) == {
        "bed-b01", "bed-b02", "door-r01", "station-main", "station-vice", "whiteboard",
    } | pdas  # fmt: skip
    assert all("name" not in terminal and "name_en" not in terminal for terminal in terminals.values())
    assert {terminal for terminal, value in terminals.items() if "key" in value} == {
        "bed-b01", "bed-b02", "door-r01", "station-main", "pda-01",
    }  # fmt: skip


async def test_how_the_ward_talks_stands_in_settings_and_directory(model: DirectoryModel) -> None:
    """A16: two minutes, neither pictures nor recording, unless the ward's settings say otherwise."""
    plain = documents(model)
    assert plain[names.ward_settings(WARD)]["settings"]["talk"] == {
        "limit_ms": 120_000, "video": False, "recording": False,
    }  # fmt: skip
    chosen = with_ward(model, settings={"talk": {"limit_ms": 300_000, "video": True, "recording": True}})
    wrong = with_ward(model, settings={"talk": {"limit_ms": 0, "video": 1, "recording": "yes"}})
    none = with_ward(model, settings={"talk": ["limit_ms"]})
    for name in (names.directory(WARD), names.bed_directory(WARD, "b01")):
        for values, expected in ((chosen, (300_000, True, True)), (wrong, (120_000, False, False))):
            ward = documents(values)[name]["ward"]
            assert (ward["talk_limit_ms"], ward["video"], ward["recording"]) == expected
        assert documents(none)[name]["ward"] == plain[name]["ward"]
        assert parse_directory(documents(chosen)[name]).ward.talk_limit_ms == 300_000


async def test_the_media_relays_key_stands_in_every_share_or_nowhere(model: DirectoryModel) -> None:
    """SG9: the relay is a party where its key is."""
    with_relay = project(model, {}, {}, CALL_TYPES, NOW, "relay-key")
    for name in (names.directory(WARD), names.bed_directory(WARD, "b01")):
        assert with_relay[name]["ward"]["relay_key"] == "relay-key"
        assert "relay_key" not in documents(model)[name]["ward"]


async def test_who_has_a_camera_follows_from_the_profile(model: DirectoryModel) -> None:
    terminals = documents(model)[names.directory(WARD)]["terminals"]
    with_one = {value["kind"] for value in terminals.values() if value.get("camera")}
    assert with_one == {"bedside", "door", "station"}
    assert terminals["station-main"]["camera"] is True
    assert "camera" not in terminals["station-vice"]
    share = documents(model)[names.bed_directory(WARD, "b01")]["terminals"]
    assert share["station-main"]["camera"] is True
    unknown = replace(model.wards[WARD].terminals["door-r01"], profile="door-of-tomorrow")
    changed = with_ward(model, terminals={**model.wards[WARD].terminals, "door-r01": unknown})
    assert "camera" not in documents(changed)[names.directory(WARD)]["terminals"]["door-r01"]


async def test_a_revoked_terminals_key_is_in_no_document(model: DirectoryModel) -> None:
    station = model.wards[WARD].terminals["station-main"]
    revoked = replace(station, state=TerminalState.REVOKED)
    changed = with_ward(model, terminals={**model.wards[WARD].terminals, "station-main": revoked})
    for name in (names.directory(WARD), names.bed_directory(WARD, "b01")):
        assert "key" in documents(model)[name]["terminals"]["station-main"]
        assert "key" not in documents(changed)[name]["terminals"]["station-main"]


async def test_stations_of_other_wards_stand_in_the_directory_that_names_them(model: DirectoryModel) -> None:
    """CALL-07 and design 3: hosting adds a receiver, whichever its ward."""
    guest = Terminal(
        "station-7", "vascular", TerminalKind.STATION, "station-main-10", "七", "Seven",
        state=TerminalState.ACTIVE, public_key=Device().point,
    )  # fmt: skip
    hosting = {"h1": Hosting("h1", "east", ("station-7",), NOW, NOW + 1000)}
    hosted = with_ward(model, hosting=hosting)
    hosted = replace(
        hosted, wards={**hosted.wards, "vascular": Ward("vascular", "", "", terminals={"station-7": guest})}
    )
    made = documents(hosted)
    assert made[names.directory(WARD)]["terminals"]["station-7"]["name"] == "七"
    assert made[names.directory(WARD)]["hosting"]["h1"]["to"] == ["station-7"]
    assert "key" in made[names.bed_directory(WARD, "b01")]["terminals"]["station-7"]
    assert "station-7" not in made[names.bed_directory(WARD, "b40")]["terminals"], "another group"
    assert made[names.bed_directory(WARD, "b40")]["hosting"] == {}


async def test_the_turn_of_now_is_shown(model: DirectoryModel) -> None:
    turns = (
        Duty("n001", ("b01",), NOW - 20, NOW - 10, "pda-01"),
        Duty("n001", ("b02",), NOW - 10, NOW + 10, "pda-02"),
        Duty("n001", ("b03",), NOW + 10, None, "pda-03"),
        Duty("n099", ("b01",), NOW - 10, None, "pda-04"),
    )
    on_duty = with_ward(model, duty=turns)
    shown = {now: documents(on_duty, now)[names.directory(WARD)]["duty"] for now in (NOW - 30, NOW, NOW + 10)}
    assert [duty["n001"]["pda"] for duty in shown.values()] == ["pda-01", "pda-02", "pda-03"]
    assert set(shown[NOW]) == {"n001"}, "people who left are on no duty"
    assert on_duty.next_change_at(NOW - 10) == NOW + 10
    assert on_duty.next_change_at(NOW + 10) is None
    team = documents(on_duty)[names.bed_directory(WARD, "b01")]["self"]["team"]
    assert "nurse" not in [person["role"] for person in team], "her turn for this bed is over"


async def test_a_bed_without_group_or_door_still_has_its_stations(model: DirectoryModel) -> None:
    """A directory that is half set up must still let a bed call."""
    ward = model.wards[WARD]
    bare = with_ward(
        model,
        groups={"ghost": CallGroup("ghost", "", 0, stations=("gone",), beds=("b77",))},
        terminals={t: v for t, v in ward.terminals.items() if v.kind is not TerminalKind.DOOR},
    )
    share = documents(bare)[names.bed_directory(WARD, "b01")]
    assert share["self"]["stations"] == ["station-main", "station-vice"]
    assert share["self"]["door"] is None
    assert share["groups"] == {}
    assert documents(bare)[names.directory(WARD)]["groups"]["ghost"]["beds"] == []

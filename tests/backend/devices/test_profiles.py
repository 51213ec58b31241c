"""Profiles hold what the requirement's table says, fit the schema, and misspelt ones are told."""

from __future__ import annotations

import json
import tomllib
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from ward_hub.devices.profiles import (
    ProfileError,
    load_profiles,
    parse_profile,
    profile_folder,
    read_profile,
)
from ward_hub.directory.fixture import terminals
from ward_hub.directory.model import TerminalKind

FILES = sorted(profile_folder().glob("*.toml"))


def schema() -> Draft202012Validator:
    value = json.loads((profile_folder() / "schema.json").read_text("utf-8"))
    Draft202012Validator.check_schema(value)
    return Draft202012Validator(value)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_file_fits_the_schema_and_the_reader(path: Path) -> None:
    schema().validate(tomllib.loads(path.read_text("utf-8")))
    assert read_profile(path).id == path.stem


def test_every_kind_of_terminal_and_every_slot_of_the_ward_has_its_profile() -> None:
    profiles = load_profiles()
    assert {profile.kind for profile in profiles.values()} == set(TerminalKind)
    for terminal in terminals():
        assert profiles[terminal.profile].kind is terminal.kind


def test_the_profiles_say_what_the_requirement_says() -> None:
    profiles = load_profiles()
    bedside = profiles["bedside-7"]
    assert [key.key for key in bedside.keys if key.on == "handle"] == ["call", "cancel", "dressing", "light"]
    assert bedside.handle is not None
    assert bedside.handle.min_cable_m == 1.5
    assert bedside.power is not None
    assert bedside.power.source == "poe"
    sizes = {
        profile.id: (profile.screen.width_px, profile.screen.height_px)
        for profile in profiles.values()
        if profile.screen
    }
    assert sizes == {
        "bedside-7": (1024, 600),
        "station-main-10": (1024, 600),
        "station-vice-10": (1024, 600),
        "door-15": (1080, 1920),
        "corridor-29": (1920, 540),
        "whiteboard-65": (3840, 2160),
        "pda-phone": (360, 640),
    }
    memory = {p.id: p.platform.min_memory_mib for p in profiles.values() if p.platform}
    assert memory["station-vice-10"] == 1024
    assert memory["whiteboard-65"] == 4096
    door = profiles["door-15"]
    assert [entry.id for entry in door.inputs] == ["bathroom"]
    assert {camera.spectrum for camera in door.cameras} == {"visible", "infrared"}
    main = profiles["station-main-10"]
    assert main.audio.inputs == ("handset", "built_in", "external")
    assert len(main.lights) == 2
    caller = profiles["bathroom-caller"]
    assert caller.screen is None
    assert caller.wired_to is not None
    assert (caller.wired_to.kind, caller.wired_to.input) == (TerminalKind.DOOR, "bathroom")
    assert caller.cord is not None
    assert caller.cord.length_m == 0.8
    board = profiles["whiteboard-65"].screen
    assert board is not None
    assert board.touch_points == 20
    corridor = profiles["corridor-29"].screen
    assert corridor is not None
    assert (corridor.touch, corridor.sides) == ("none", 2)


GOOD: dict[str, Any] = {
    "id": "door-99",
    "kind": "door",
    "name": "门口屏",
    "name_en": "Door screen",
    "screen": {"width_px": 1080, "height_px": 1920, "touch": "capacitive", "diagonal_in": 15},
    "inputs": [{"id": "bathroom", "latching": True, "supervised": True}],
}


@pytest.mark.parametrize(
    ("path", "value", "told"),
    [
        (("kind",), "window", "kind: expected one of bedside"),
        (("name",), 7, "name: expected str, got 7"),
        (("colour",), "red", "colour: no such key"),
        (("screen", "width_px"), "1080", "screen.width_px: expected int"),
        (("screen", "width_px"), 0, "screen.width_px: expected more than 0"),
        (("screen", "width_px"), True, "screen.width_px: expected int"),
        (("screen", "width"), 1080, "screen.width: no such key"),
        (("screen", "touch"), "yes", "screen.touch: expected one of none"),
        (("screen",), [], "screen: expected a table"),
        (("inputs",), {}, "inputs: expected a list"),
        (("inputs", 0, "id"), "kitchen", "inputs[0].id: expected one of bathroom"),
        (("cameras",), [{"spectrum": "visible"}], "cameras[0].min_megapixels: is missing"),
    ],
)
def test_bad_profiles_are_refused_by_schema_and_reader_alike(
    path: tuple[str | int, ...], value: object, told: str
) -> None:
    assert parse_profile(GOOD).kind is TerminalKind.DOOR
    assert schema().is_valid(GOOD)
    bad: Any = deepcopy(GOOD)
    place = bad
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    assert not schema().is_valid(bad)
    with pytest.raises(ProfileError) as refused:
        parse_profile(bad)
    assert told in str(refused.value)


@pytest.mark.parametrize("missing", ["id", "kind", "name", "name_en"])
def test_what_every_profile_needs(missing: str) -> None:
    bad = {key: value for key, value in GOOD.items() if key != missing}
    assert not schema().is_valid(bad)
    with pytest.raises(ProfileError, match=f"{missing}: is missing"):
        parse_profile(bad)


def test_a_file_bears_its_id(tmp_path: Path) -> None:
    text = (profile_folder() / "door-15.toml").read_text("utf-8")
    (tmp_path / "door-16.toml").write_text(text, "utf-8")
    with pytest.raises(ProfileError, match="expected id 'door-16'"):
        read_profile(tmp_path / "door-16.toml")
    (tmp_path / "broken.toml").write_text("id = ", "utf-8")
    with pytest.raises(ProfileError, match=r"broken\.toml"):
        read_profile(tmp_path / "broken.toml")

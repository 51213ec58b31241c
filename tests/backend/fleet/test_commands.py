"""Commands to many terminals (DEV-02): whom they reach, and how each terminal is said to have taken them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from ward_hub.access.port import AccessRefused
from ward_hub.directory.fixture import WARD
from ward_hub.fleet.commands import ANSWER_MS, REMEMBERED, BadCommand
from ward_hub.fleet.targets import BadTargets, UnknownTargets, expand, parse_targets
from ward_hub.office.port import OfficePrincipal, Permission

from tests.backend.fleet.fleet_hub import ADMIN, ENGINEER, NOBODY, STRANGER, FleetHub, fleet_hub


async def give(
    hub: FleetHub, do: str, value: int | None = None, *terminals: str
) -> tuple[str, dict[str, str]]:
    targets = [hub.current.terminals[one] for one in terminals]
    command = await hub.fleet.commands.give(ADMIN, targets, do, value)
    return command.id, command.results


def meant(hub: FleetHub, who: OfficePrincipal, **targets: Any) -> list[str]:
    parsed = parse_targets({"ward": None, "kind": None, "terminals": None} | targets)
    return [terminal.id for terminal in expand(hub.current, who, Permission.FLEET_CONTROL, parsed)]


async def test_targets_are_a_ward_a_kind_or_named_ones_in_sight(hub: FleetHub) -> None:
    assert len(meant(hub, ENGINEER, ward=WARD)) == 98
    assert meant(hub, ENGINEER, ward=WARD, kind="station") == ["station-main", "station-vice"]
    assert meant(hub, ADMIN, kind="whiteboard") == ["whiteboard"]
    assert len(meant(hub, ADMIN)) == 98
    assert meant(hub, ENGINEER, terminals=["bed-b02", "bed-b01", "bed-b02"]) == ["bed-b02", "bed-b01"]
    for who, targets in (
        (ENGINEER, {"kind": "station"}),  # of all wards
        (STRANGER, {"ward": WARD}),
        (STRANGER, {"terminals": ["bed-b01"]}),
        (STRANGER, {"terminals": ["no-such"]}),  # as if it were another's
        (NOBODY, {"terminals": ["bed-b01"]}),
        (NOBODY, {"ward": WARD}),
    ):
        with pytest.raises(AccessRefused):
            meant(hub, who, **targets)
    for unknown in ({"ward": "cardiac"}, {"terminals": ["bed-b01", "no-such"]}):
        with pytest.raises(UnknownTargets):
            meant(hub, ADMIN, **unknown)


@pytest.mark.parametrize(
    "odd",
    [
        None,
        [],
        {"ward": WARD},
        {"ward": 1, "kind": None, "terminals": None},
        {"ward": None, "kind": ["door"], "terminals": None},
        {"ward": None, "kind": None, "terminals": []},
        {"ward": None, "kind": None, "terminals": ["a"] * 5_001},
        {"ward": None, "kind": None, "terminals": [{}]},
        {"ward": None, "kind": None, "terminals": None, "all": True},
    ],
)
def test_targets_of_another_form_are_refused(odd: object) -> None:
    with pytest.raises(BadTargets):
        parse_targets(odd)


@pytest.mark.parametrize(
    ("do", "value"),
    [
        ("explode", None),
        ("update", None),
        ("volume", None),
        ("volume", 101),
        ("volume", -1),
        ("volume", True),
        ("restart", 1),
        ("screen_on", 1),
    ],
)
async def test_a_command_that_cannot_be_changes_nothing(hub: FleetHub, do: str, value: int | None) -> None:
    with pytest.raises(BadCommand):
        await give(hub, do, value, "bed-b01")
    assert hub.audit.entries == []


async def test_a_message_is_answered_by_each_terminal_for_itself(hub: FleetHub) -> None:
    hub.connect("bed-b01", "bed-b02", "bed-b03", "bed-b04")
    await hub.report("bed-b03", can=["volume"])
    command, results = await give(hub, "restart", None, "bed-b01", "bed-b02", "bed-b03", "bed-b04", "bed-b05")
    assert results == {
        "bed-b01": "waiting",
        "bed-b02": "waiting",
        "bed-b03": "not_able",
        "bed-b04": "waiting",
        "bed-b05": "not_connected",
    }
    message = {"t": "do", "id": command, "do": "restart"}
    assert hub.documents.take() == [(one, message) for one in ("bed-b01", "bed-b02", "bed-b04")]
    assert await hub.say("bed-b01", {"t": "did", "id": command, "outcome": "done"}) == []
    assert await hub.say("bed-b02", {"t": "did", "id": command, "outcome": "in_call"}) == []
    await hub.second(ANSWER_MS / 1000)
    assert (results["bed-b01"], results["bed-b02"], results["bed-b04"]) == ("done", "in_call", "no_answer")


async def test_who_was_not_asked_cannot_answer(hub: FleetHub) -> None:
    hub.connect("bed-b01", "bed-b02")
    command, results = await give(hub, "identify", None, "bed-b01")
    for terminal, message in (
        ("bed-b02", {"t": "did", "id": command, "outcome": "done"}),
        ("bed-b01", {"t": "did", "id": "f" * 16, "outcome": "done"}),
        ("bed-b01", {"t": "did", "id": command, "outcome": "waiting"}),
        ("bed-b01", {"t": "did", "id": command, "outcome": ["done"]}),
        ("bed-b01", {"t": "did", "id": [command], "outcome": "done"}),
        ("bed-b01", {"t": "did", "id": command}),
        ("bed-b01", {"t": "did", "id": command, "outcome": "done", "more": 1}),
    ):
        [answer] = await hub.say(terminal, message)
        assert answer["t"] == "error"
    assert results == {"bed-b01": "waiting"}


async def test_a_terminal_that_does_not_have_its_document_open_is_not_connected(hub: FleetHub) -> None:
    hub.connect("bed-b01")
    hub.documents.open.clear()
    _, results = await give(hub, "restart", None, "bed-b01")
    assert results == {"bed-b01": "not_connected"}


async def test_a_wish_is_done_when_the_terminal_shows_it(hub: FleetHub) -> None:
    hub.connect("bed-b01", "bed-b02", "bed-b03")
    await hub.report("bed-b02", can=["brightness"])
    await hub.report("bed-b03", volume=30)
    _, results = await give(hub, "volume", 30, "bed-b01", "bed-b02", "bed-b03", "bed-b04")
    assert results == {
        "bed-b01": "waiting", "bed-b02": "not_able", "bed-b03": "done", "bed-b04": "waiting",
    }  # fmt: skip
    assert hub.fleet.wishes.of("bed-b02").volume is None
    await hub.report("bed-b01", volume=29)
    await hub.second(ANSWER_MS / 1000)
    assert (results["bed-b01"], results["bed-b04"]) == ("no_answer", "waiting")
    await hub.report("bed-b01", volume=30)
    assert results["bed-b01"] == "done"


async def test_a_newer_wish_ends_one_that_was_not_reached(hub: FleetHub) -> None:
    _, older = await give(hub, "screen_off", None, "bed-b01")
    _, newer = await give(hub, "screen_on", None, "bed-b01")
    assert (older, newer) == ({"bed-b01": "not_connected"}, {"bed-b01": "waiting"})
    hub.connect("bed-b01")
    await hub.report("bed-b01", screen="off")
    assert newer == {"bed-b01": "waiting"}
    await hub.report("bed-b01", screen="on")
    assert newer == {"bed-b01": "done"}


async def test_a_restart_of_the_hub_forgets_no_command(hub: FleetHub, tmp_path: Path) -> None:
    hub.connect("bed-b01")
    asked, _ = await give(hub, "restart", None, "bed-b01", "bed-b02")
    wished, _ = await give(hub, "brightness", 10, "bed-b02")
    again = await fleet_hub(hub.database, tmp_path)
    await again.second()
    again.connect("bed-b02")
    await again.second()
    assert again.documents.wish("bed-b02")["brightness"] == 10
    await again.report("bed-b02", brightness=10)
    await again.second()
    third = await fleet_hub(hub.database, tmp_path)
    found = [await third.fleet.commands.find(one) for one in (asked, wished, "f" * 16)]
    assert [one.results if one else None for one in found] == [
        {"bed-b01": "no_answer", "bed-b02": "not_connected"},
        {"bed-b02": "done"},
        None,
    ]


async def test_nothing_is_done_that_the_trail_does_not_take(hub: FleetHub) -> None:
    hub.connect("bed-b01")
    await hub.second()
    hub.audit.broken = True
    for do, value in (("restart", None), ("volume", 5)):
        with pytest.raises(OSError, match="trail"):
            await give(hub, do, value, "bed-b01")
    assert hub.documents.take() == []
    assert hub.documents.wish("bed-b01") == {}
    assert await hub.fleet.commands.find("0000000000000001") is None


async def test_the_trail_says_who_did_what_to_how_many(hub: FleetHub) -> None:
    await give(hub, "volume", 30, "bed-b01", "bed-b02")
    await give(hub, "identify", None, "bed-b01")
    first, second = hub.audit.entries
    assert (first.staff, first.address, first.terminal) == ("a001", "10.0.0.9", None)
    assert dict(first.detail) == {"do": "volume", "value": 30, "terminals": 2}
    assert (second.terminal, second.subject) == ("bed-b01", "0000000000000002")


async def test_many_commands_do_not_pile_up_in_memory(hub: FleetHub) -> None:
    for _ in range(REMEMBERED + 5):
        await give(hub, "identify", None, "bed-b01")
        await hub.fleet.commands.tick()
    assert len(hub.fleet.commands._commands) <= REMEMBERED
    oldest = await hub.fleet.commands.find("0000000000000001")
    assert oldest is not None
    assert oldest.results == {"bed-b01": "not_connected"}

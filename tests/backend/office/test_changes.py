"""Changes of the configuration: whole or not at all, by whom, undone, and never over another's head."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from ward_hub.access.port import AccessRefused
from ward_hub.audit.port import AuditAction
from ward_hub.directory.fixture import WARD
from ward_hub.directory.model import TerminalState
from ward_hub.documents import names
from ward_hub.office.changes import UnknownChange
from ward_hub.office.open_calls import OpenCall
from ward_hub.office.port import Edit, EditsRefused, Entity, Permission

from tests.backend.office.ward import HOSTING, HOUR, OWN_TYPE, RULE, Office, officer
from tests.backend.ward import Device, enrolled


def call(**changed: Any) -> OpenCall:
    """An open call of bed b01."""
    return replace(
        OpenCall("c" * 32, "r01", "b01", "bed:b01", "patient", "bed-b01"),
        **changed,
    )


async def test_a_change_is_stored_recorded_audited_and_out_when_it_answers(office: Office) -> None:
    """Within 2 s at the terminals: published before the answer, without waiting for the next look."""
    await office.projector.poll()
    edit = await office.edit(Entity.BED, "b01", call_name="一号床")
    change = await office.apply(edit, note="改名")
    beds = office.screens.documents[names.directory(WARD)]["beds"]
    assert beds["b01"]["call_name"] == "一号床"  # type: ignore[index, call-overload]
    assert office.screens.documents[names.bed_directory(WARD, "b01")]["beds"]["b01"]["call_name"] == "一号床"  # type: ignore[index, call-overload]
    rows, more = await office.changes.list(officer(), WARD, None, 10)
    assert not more
    assert [(row.id, row.staff, row.staff_name, row.ward, row.note) for row in rows] == [
        (change, "a001", "石工", WARD, "改名")
    ]
    assert rows[0].edits[0]["after"]["call_name"] == "一号床"
    (entry,) = office.audit.entries
    assert (entry.action, entry.result, entry.staff, entry.ward) == (AuditAction.CHANGE, "ok", "a001", WARD)
    assert entry.detail["of"] == ["bed:b01"]


async def test_what_cannot_be_audited_does_not_happen(office: Office) -> None:
    edit = await office.edit(Entity.ROOM, "r01", name="VIP")
    office.audit.failing = True
    with pytest.raises(OSError, match="trail"):
        await office.changes.apply(officer(), [edit], "")
    assert (await office.model()).wards[WARD].rooms["r01"].name == "701"


async def test_all_problems_at_once_and_none_of_the_edits_carried_out(office: Office) -> None:
    good = await office.edit(Entity.ROOM, "r01", name="VIP")
    bad = await office.edit(Entity.BED, "b01", label="", order=-1)
    refused = await office.refused(good, bad)
    assert refused.code == "invalid"
    assert [(problem.index, problem.field) for problem in refused.problems] == [(1, "label"), (1, "order")]
    assert all(problem.message and problem.message_zh for problem in refused.problems)
    missing = [
        await office.edit(Entity.BED, "b01", room="r99"),
        await office.edit(Entity.GROUP, "east", stations=["bed-b01", "nowhere"], staff=["n099"]),
        Edit(Entity.HOSTING, WARD, "h1", None, {**HOSTING, "from_group": "none", "to": ["corridor-1"]}),
    ]
    refused = await office.refused(*missing)
    assert [(problem.index, problem.field) for problem in refused.problems] == [
        (0, "room"), (1, "stations"), (1, "stations"), (1, "staff"), (2, "from_group"), (2, "to"),
    ]  # fmt: skip


async def test_what_names_a_thing_that_was_refused_is_not_blamed_for_it(office: Office) -> None:
    await office.apply(Edit(Entity.ROOM, WARD, "r50", None, {"name": "750", "order": 50}))
    refused = await office.refused(
        Edit(Entity.ROOM, WARD, "r50", None, {"name": "750", "order": 50}),
        Edit(Entity.ROOM, WARD, "r51", None, {"name": "751", "order": 51}),
        Edit(Entity.BED, WARD, "b51", None, {"label": "51", "call_name": "51床", "room": "r51", "order": 51}),
        Edit(Entity.BED, WARD, "b52", None, {"label": "52", "call_name": "52床", "room": "r52", "order": 52}),
    )
    assert refused.code == "changed_meanwhile"
    assert [(problem.index, problem.field) for problem in refused.problems] == [(0, None), (3, "room")]


async def test_two_editors_of_one_thing_do_not_overwrite_each_other(office: Office) -> None:
    mine = await office.edit(Entity.ROOM, "r01", name="A")
    theirs = await office.edit(Entity.ROOM, "r01", name="B")
    await office.apply(mine)
    assert (await office.refused(theirs)).code == "changed_meanwhile"
    assert (
        await office.refused(Edit(Entity.ROOM, WARD, "r01", None, mine.after))
    ).code == "changed_meanwhile"
    gone = Edit(Entity.ROOM, WARD, "r98", {"name": "x", "order": 1}, None)
    assert (await office.refused(gone)).code == "changed_meanwhile"


async def test_of_changes_at_the_same_moment_one_is_made(office: Office) -> None:
    edits = [await office.edit(Entity.ROOM, "r01", name=name) for name in ("A", "B", "C")]
    done = await asyncio.gather(
        *(office.changes.apply(officer(), [edit], "") for edit in edits), return_exceptions=True
    )
    codes = [one.code for one in done if isinstance(one, EditsRefused)]
    assert (len(done), codes) == (3, ["changed_meanwhile"] * 2)
    change = (await office.changes.list(officer(), None, None, 9))[0]
    both = await asyncio.gather(
        *(office.changes.undo(officer(), change[0].id) for _ in range(2)), return_exceptions=True
    )
    assert [one.code for one in both if isinstance(one, EditsRefused)] == ["not_undoable"]
    assert (await office.model()).wards[WARD].rooms["r01"].name == "701"


async def test_a_change_that_changes_nothing_is_none(office: Office) -> None:
    edit = await office.edit(Entity.ROOM, "r01")
    applied = await office.changes.apply(officer(), [edit], "")
    assert (applied.id, applied.edits) == (None, ())
    assert office.audit.entries == []


async def test_undo_takes_back_and_can_itself_be_undone(office: Office) -> None:
    before = await office.model()
    change = await office.apply(
        Edit(Entity.ROOM, WARD, "r50", None, {"name": "750", "order": 50}),
        Edit(Entity.BED, WARD, "b50", None, {"label": "50", "call_name": "50床", "room": "r50", "order": 50}),
        await office.edit(Entity.GROUP, "east", beds=["b50", "b01"]),
    )
    after = await office.model()
    undo = await office.changes.undo(officer(), change)
    assert undo.id is not None
    assert replace(await office.model(), revision=0) == replace(before, revision=0)
    with pytest.raises(Exception, match="not_undoable"):
        await office.changes.undo(officer(), change)
    again = await office.changes.undo(officer(), undo.id)
    assert replace(await office.model(), revision=0) == replace(after, revision=0)
    rows, _ = await office.changes.list(officer(), None, None, 10)
    assert [(row.id, row.undoes, row.undone_by) for row in rows] == [
        (again.id, undo.id, None),
        (undo.id, change, again.id),
        (change, None, None),
    ]
    assert [entry.action for entry in office.audit.entries] == [
        AuditAction.CHANGE, AuditAction.UNDO, AuditAction.UNDO,
    ]  # fmt: skip


async def test_what_was_changed_since_cannot_be_undone(office: Office) -> None:
    change = await office.apply(await office.edit(Entity.ROOM, "r01", name="A"))
    await office.apply(await office.edit(Entity.ROOM, "r01", name="B"))
    with pytest.raises(Exception, match="not_undoable"):
        await office.changes.undo(officer(), change)
    with pytest.raises(UnknownChange):
        await office.changes.undo(officer(), 999)
    assert (await office.model()).wards[WARD].rooms["r01"].name == "B"


async def test_who_may_change_what(office: Office) -> None:
    """USR-02: a permission, and the ward in sight; nobody changes their own role."""
    bed = await office.edit(Entity.BED, "b01", call_name="x")
    hosting = Edit(Entity.HOSTING, WARD, "h1", None, HOSTING)
    hospital = await office.edit(Entity.HOSPITAL, "hospital", None, name="医院")
    person = await office.edit(Entity.STAFF, "n001", None, title="x")
    own = await office.edit(Entity.STAFF, "n001", None, role="head_nurse")
    moved = await office.edit(Entity.TERMINAL, "pda-01", None, ward="other")
    head = officer(Permission.HOSTING_WRITE, Permission.DUTY_WRITE, ward=WARD, role="head_nurse")
    engineer = officer(Permission.WARD_WRITE, Permission.TERMINALS_WRITE, ward=WARD, role="engineer")
    elsewhere = officer(*Permission, ward="other")
    cases = [(head, bed), (elsewhere, bed), (engineer, hosting), (engineer, hospital), (engineer, moved)]
    cases += [(engineer, person), (officer(Permission.STAFF_WRITE, staff="n001"), own), (elsewhere, person)]
    for who, edit in cases:
        with pytest.raises(AccessRefused):
            await office.changes.apply(who, [edit], "")
    assert {entry.result for entry in office.audit.entries} == {"refused"}
    assert len(office.audit.entries) == len(cases)
    await office.apply(hosting, who=head)
    await office.apply(bed, who=engineer)
    undoable = (await office.changes.list(officer(), None, None, 1))[0][0].id
    with pytest.raises(AccessRefused):
        await office.changes.undo(head, undoable)


async def test_people_whose_rights_changed_are_told_of(office: Office) -> None:
    await office.apply(await office.edit(Entity.STAFF, "n001", None, title="组长"))
    assert office.people == []
    await office.apply(
        await office.edit(Entity.STAFF, "n001", None, active=False),
        await office.edit(Entity.STAFF, "n002", None, role="head_nurse"),
    )
    assert office.people == [frozenset({"n001", "n002"})]
    refused = await office.refused(await office.edit(Entity.STAFF, "n003", None, number="n004"))
    assert refused.problems[0].field == "number"
    swapped = [
        await office.edit(Entity.STAFF, "n003", None, number="tmp"),
        await office.edit(Entity.STAFF, "n004", None, number="n003"),
    ]
    await office.apply(*swapped)
    assert (await office.refused(await office.removal(Entity.STAFF, "n005", None))).code == "still_used"


async def test_a_bed_with_a_call_or_a_patient_stays_where_it_is(office: Office) -> None:
    office.calls.open = [call()]
    rename = await office.edit(Entity.BED, "b01", label="1A", call_name="1A床")
    await office.apply(rename)
    assert (await office.refused(await office.edit(Entity.BED, "b01", room="r02"))).code == "still_used"
    assert (await office.refused(await office.removal(Entity.BED, "b01"))).code == "still_used"
    assert (await office.refused(await office.removal(Entity.ROOM, "r01"))).code == "still_used"
    office.calls.open = []
    office.occupied = {"b01"}
    refused = await office.refused(await office.removal(Entity.BED, "b01"))
    assert {problem.message for problem in refused.problems} == {
        "A patient lies in this bed.", "A terminal hangs at this bed.",
    }  # fmt: skip
    await office.apply(await office.edit(Entity.BED, "b01", room="r02"))


async def test_a_bed_that_moves_takes_its_terminals_along_and_back(office: Office) -> None:
    before = await office.model()
    change = await office.apply(await office.edit(Entity.BED, "b01", room="r02"))
    moved = (await office.model()).wards[WARD]
    assert (moved.beds["b01"].room, moved.terminals["bed-b01"].room) == ("r02", "r02")
    await office.changes.undo(officer(), change)
    assert replace(await office.model(), revision=0) == replace(before, revision=0)
    both = [
        await office.edit(Entity.BED, "b01", room="r02"),
        await office.edit(Entity.TERMINAL, "bed-b01", None, room="r02"),
    ]
    await office.apply(*both)
    refused = await office.refused(await office.edit(Entity.TERMINAL, "bed-b01", None, room="r01"))
    assert [(problem.index, problem.field) for problem in refused.problems] == [(0, "room")]


async def test_terminals_keep_key_and_state_and_their_place_during_a_call(office: Office) -> None:
    await enrolled(office.database, "bed-b01", Device())
    office.calls.open = [call()]
    move = await office.edit(Entity.TERMINAL, "bed-b01", None, room="r02", bed="b03")
    assert (await office.refused(move)).code == "still_used"
    await office.apply(await office.edit(Entity.TERMINAL, "bed-b01", None, name="x", serial="A1"))
    office.calls.open = []
    office.calls.terminals = {"bed-b01"}
    removal = await office.removal(Entity.TERMINAL, "bed-b01", None)
    refused = await office.refused(removal)
    assert {problem.message_zh for problem in refused.problems} == {
        "该终端涉及尚未结束的呼叫。", "终端正在使用，请先注销。",
    }  # fmt: skip
    office.calls.terminals = set()
    station: dict[str, Any] = {"kind": "station", "profile": "station-main-10", "room": None, "bed": None}
    refused = await office.refused(await office.edit(Entity.TERMINAL, "bed-b01", None, **station))
    assert [problem.message_zh for problem in refused.problems] == ["终端正在使用，请先注销。"]
    await office.apply(await office.edit(Entity.TERMINAL, "bed-b02", None, **station))
    await office.apply(await office.edit(Entity.TERMINAL, "bed-b01", None, room="r02", bed="b03"))
    terminal = (await office.model()).terminal("bed-b01")
    assert terminal is not None
    assert (terminal.state, terminal.bed) == (TerminalState.ACTIVE, "b03")
    assert terminal.public_key is not None
    refused = await office.refused(await office.removal(Entity.TERMINAL, "station-vice", None))
    assert refused.code == "still_used"
    await office.apply(await office.removal(Entity.TERMINAL, "corridor-1", None))


async def test_groups_with_hosting_stay_and_take_what_is_over_along(office: Office) -> None:
    await office.apply(Edit(Entity.HOSTING, WARD, "h1", None, HOSTING))
    removal = await office.removal(Entity.GROUP, "east")
    assert (await office.refused(removal)).code == "still_used"
    office.now += 2 * HOUR
    before = await office.model()
    change = await office.apply(removal)
    assert "h1" not in (await office.model()).wards[WARD].hosting
    await office.changes.undo(officer(), change)
    assert replace(await office.model(), revision=0) == replace(before, revision=0)
    await office.apply(Edit(Entity.HOSTING_RULE, WARD, "night", None, RULE))
    assert (await office.refused(await office.removal(Entity.GROUP, "west"))).code == "still_used"


START = 1_800_000_000_000


async def test_calls_are_sent_to_no_station_that_would_not_show_them(office: Office) -> None:
    """A station's screen shows its own ward's calls: a group or hosting elsewhere would ring nowhere."""
    ward = (await office.edit(Entity.WARD, WARD, name="x")).before
    station = (await office.edit(Entity.TERMINAL, "station-vice", name="x")).before
    assert ward is not None
    assert station is not None
    other = {**station, "ward": "cardiac", "room": None, "bed": None}
    await office.apply(
        Edit(Entity.WARD, None, "cardiac", None, ward),
        Edit(Entity.TERMINAL, None, "station-cardiac", None, other),
    )
    group = await office.edit(Entity.GROUP, "east", stations=["station-cardiac"])
    hosting: dict[str, Any] = {
        "from_group": "east",
        "to": ["station-cardiac"],
        "from_ms": START,
        "until_ms": START + 3_600_000,
    }
    for edit in (group, Edit(Entity.HOSTING, WARD, "night", None, hosting)):
        with pytest.raises(EditsRefused) as refused:
            await office.changes.apply(officer(), [edit], "")
        assert refused.value.code == "invalid"
        assert "another ward" in refused.value.problems[0].message


async def test_call_types_of_a_ward(office: Office) -> None:
    """CALL-08 is a policy of the type; a shipped type comes back when it is removed."""
    await office.projector.poll()
    shipped = await office.read(Entity.CALL_TYPE, "emergency")
    override = await office.edit(Entity.CALL_TYPE, "emergency", clear="tender")
    assert shipped is not None
    await office.apply(override, Edit(Entity.CALL_TYPE, WARD, "water", None, OWN_TYPE))
    types = office.screens.documents[names.ward_settings(WARD)]["call_types"]
    assert types["emergency"]["clear"] == "tender"  # type: ignore[index, call-overload]
    assert types["water"] == {"id": "water", **OWN_TYPE}
    assert list(types)[:3] == ["patient", "dressing", "emergency"]
    change = await office.apply(await office.removal(Entity.CALL_TYPE, "emergency"))
    assert await office.read(Entity.CALL_TYPE, "emergency") == shipped
    assert (await office.model()).wards[WARD].call_types.keys() == {"water"}
    await office.changes.undo(officer(), change)
    assert await office.read(Entity.CALL_TYPE, "emergency") == override.after
    back = Edit(Entity.CALL_TYPE, WARD, "emergency", override.after, shipped)
    await office.apply(back)
    assert (await office.model()).wards[WARD].call_types.keys() == {"water"}
    assert (await office.refused(await office.removal(Entity.CALL_TYPE, "code"))).code == "still_used"
    office.calls.open = [call(type="water")]
    assert (await office.refused(await office.removal(Entity.CALL_TYPE, "water"))).code == "still_used"
    office.calls.open = []
    await office.apply(await office.removal(Entity.CALL_TYPE, "water"))


async def test_wards_and_what_others_keep(office: Office) -> None:
    ward = await office.read(Entity.WARD, WARD, None)
    await office.apply(Edit(Entity.WARD, None, "icu", None, {**(ward or {}), "name": "重症"}))
    assert (await office.refused(await office.removal(Entity.WARD, WARD, None))).code == "still_used"
    await office.apply(await office.removal(Entity.WARD, "icu", None))
    rights: dict[str, Any] = {"permissions": ["ward.read"]}
    change = await office.apply(Edit(Entity.PERMISSIONS, None, "engineer", None, rights))
    assert office.permissions.values == {"engineer": rights}
    await office.changes.undo(officer(), change)
    assert office.permissions.values == {}

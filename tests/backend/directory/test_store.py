"""The directory survives SQL as it was given, and every write moves the revision."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from ward_hub.directory import store
from ward_hub.directory.fixture import WARD, groups
from ward_hub.directory.model import (
    CallGroup,
    Duty,
    Hosting,
    Room,
    Terminal,
    TerminalKind,
    TerminalState,
    Ward,
)

from tests.backend.ward import NOW, Device, enrolled, read_model, standard_ward


async def test_the_standard_ward_has_what_the_requirement_counts(tmp_path: Path) -> None:
    async with standard_ward(tmp_path) as database:
        model = await read_model(database)
    ward = model.wards[WARD]
    assert len(ward.rooms) == 26
    assert len(ward.beds) == 46
    kinds = Counter(terminal.kind for terminal in ward.terminals.values())
    assert kinds == {
        TerminalKind.BEDSIDE: 46,
        TerminalKind.DOOR: 26,
        TerminalKind.CORRIDOR: 3,
        TerminalKind.STATION: 2,
        TerminalKind.WHITEBOARD: 1,
        TerminalKind.PDA: 20,
    }
    assert sum(kinds.values()) - kinds[TerminalKind.PDA] == 78
    assert sorted(bed for turn in ward.duty for bed in turn.beds) == sorted(ward.beds)
    assert len([turn for turn in ward.duty if turn.beds]) == 8
    assert len({turn.pda for turn in ward.duty}) == 9
    assert [ward.beds[bed].room for bed in ("b01", "b02", "b40", "b41", "b46")] == [
        "r01", "r01", "r20", "r21", "r26",
    ]  # fmt: skip
    assert len({person.name for person in ward.staff.values()}) == len(ward.staff)


async def test_groups_keep_the_order_of_the_back_office(tmp_path: Path) -> None:
    """CALL-04: many-to-many, with an order inside the group."""
    async with standard_ward(tmp_path) as database:
        group = CallGroup("east", "东区", 0, ("station-vice", "station-main"), ("b03", "b01", "b02"))
        async with database.session.begin() as session:
            await store.store_group(session, WARD, group)
        stored = (await read_model(database)).wards[WARD].groups
    assert stored == {"east": group, "west": groups()[1]}


async def test_every_write_moves_the_revision(tmp_path: Path) -> None:
    async with standard_ward(tmp_path) as database:
        seen = [(await read_model(database)).revision]
        for write in (
            lambda s: store.store_ward(s, Ward(WARD, "胸外", "Thoracic", all_tender=True)),
            lambda s: store.store_rooms(s, WARD, [Room("r27", "727", 27)]),
            lambda s: store.store_duty(s, WARD, [Duty("n001", ("b01",), NOW)]),
            lambda s: store.store_hosting(s, WARD, [Hosting("h", "east", ("station-vice",), NOW, NOW + 1)]),
            lambda s: store.revoke_terminal(s, "bed-b01", NOW),
        ):
            async with database.session.begin() as session:
                await write(session)
            seen.append((await read_model(database)).revision)
        ward = (await read_model(database)).wards[WARD]
    assert seen == sorted(set(seen))
    assert ward.all_tender
    assert "r27" in ward.rooms
    assert ward.duty == (Duty("n001", ("b01",), NOW),)
    assert ward.hosting["h"].to == ("station-vice",)
    assert ward.terminals["bed-b01"].state is TerminalState.REVOKED


async def test_long_past_turns_are_left_out(tmp_path: Path) -> None:
    async with standard_ward(tmp_path) as database:
        day = store.PAST_KEPT_MS
        async with database.session.begin() as session:
            await store.store_duty(
                session, WARD, [Duty("n001", (), NOW, NOW + 1000), Duty("n002", (), NOW + 1000)]
            )
        later = (await read_model(database, NOW + day + 2000)).wards[WARD].duty
    assert [turn.staff for turn in later] == ["n002"]


async def test_storing_terminals_again_leaves_their_keys(tmp_path: Path) -> None:
    async with standard_ward(tmp_path) as database:
        device = Device()
        before = await enrolled(database, "bed-b01", device)
        async with database.session.begin() as session:
            await store.store_terminals(session, [before])
        after = (await read_model(database)).terminal("bed-b01")
    assert after == before
    assert after is not None
    assert after.public_key == device.point


async def test_unfit_ids_are_refused(tmp_path: Path) -> None:
    async with standard_ward(tmp_path) as database, database.session() as session:
        for unfit in ("", "Room", "a/b", "x" * 49, "701\n"):
            with pytest.raises(ValueError, match="expected an id"):
                await store.store_rooms(session, WARD, [Room(unfit, "701", 1)])
        with pytest.raises(store.UnknownTerminal):
            await store.revoke_terminal(session, "bed-b99", NOW)


async def test_a_terminal_is_a_known_device_of_its_kind(tmp_path: Path) -> None:
    """Devices are data: what is not in device_profiles/, or is another kind's, is refused by name."""
    async with standard_ward(tmp_path) as database:
        for profile in ("bedside-99", "door-15", ""):
            terminal = Terminal(
                "bed-x", WARD, TerminalKind.BEDSIDE, profile, "床头屏", "Bedside", "r01", "b01"
            )
            with pytest.raises(store.UnsuitableProfile, match=r"expected a bedside profile \(bedside-7\)"):
                async with database.session.begin() as session:
                    await store.store_terminals(session, [terminal])

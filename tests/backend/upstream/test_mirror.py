"""The mirror holds one ward and no more, and is kept whole: rows that went, values that wander. UP7, UP9."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, select, update
from ward_hub.accounts.pins import Pins
from ward_hub.accounts.tables import StaffPinRow
from ward_hub.db.engine import Database, open_database, sqlite_url
from ward_hub.directory.current import CurrentDirectory
from ward_hub.directory.fixture import WARD
from ward_hub.directory.tables import DutyRow, StaffRow, TerminalRow, WardRow
from ward_hub.identity.errors import IdentityRefused
from ward_hub.identity.installation import Installation
from ward_hub.identity.sessions import StaffSessions
from ward_hub.identity.staff import StaffAccounts
from ward_hub.identity.tables import CredentialRow, InstallationRow
from ward_hub.upstream.account import Standing, check_url
from ward_hub.upstream.link import OtherGeneration
from ward_hub.upstream.mirror import MirrorDesk, NoMirror, keep_mirror
from ward_hub.upstream.tables import UplinkRow
from ward_hub.upstream.ward_side import take_mirror

from tests.backend.ward import NOW, PASSWORD, Device, enrolled, quick_passwords, read_model, standard_ward

HERE = Installation("here", 3)
SECRET = b"p" * 32


@dataclass
class Two:
    """The hospital's database and a ward hub's."""

    above: Database
    ward: Database
    desk: MirrorDesk
    departed: dict[str, str]
    folder: Path

    async def carry(self) -> dict[str, Any]:
        """Make a mirror and keep it, over JSON as on the wire."""
        mirror: dict[str, Any] = json.loads(json.dumps(await self.desk.make(frozenset({WARD}))))
        await take_mirror(mirror, Standing(HERE.id, HERE.generation), self.folder, self.ward)
        return mirror

    async def change(self, *statements: Any) -> None:
        async with self.above.session.begin() as session:
            for statement in statements:
                await session.execute(statement)


@pytest.fixture
async def two(tmp_path: Path) -> AsyncIterator[Two]:
    async with standard_ward(tmp_path) as above:
        await above.upgrade()
        ward = open_database(sqlite_url(tmp_path / "box.sqlite"))
        await ward.upgrade()
        async with ward.session.begin() as session:
            session.add(InstallationRow(id=1, installation=HERE.id, generation=HERE.generation))
            session.add(UplinkRow(id=1, name="hub:box", wards=[WARD], revision="", view={}, place="7"))
        await enrolled(above, "bed-b01", Device())
        current = CurrentDirectory(await read_model(above))
        current.set_occupancy(WARD, {"b01": "s1"})
        current.set_occupancy("other", {"b01": "s2"})
        departed = {"s3": WARD, "s4": "other"}
        desk = MirrorDesk(above, current, departed, HERE, SECRET)
        yield Two(above, ward, desk, departed, tmp_path / "keys")
        await ward.close()


async def test_the_ward_is_the_same_on_both_sides_and_nothing_of_others_is_there(two: Two) -> None:
    """UP7."""
    async with two.above.session.begin() as session:
        row = await session.get_one(WardRow, WARD)
        values = {column.name: getattr(row, column.name) for column in WardRow.__table__.columns}
        session.add(WardRow(**{**values, "id": "other"}))
        await session.flush()
        session.add(_person("x01", "other", "9001"))
        await session.flush()
        session.add(CredentialRow(staff="x01", password_hash="not-for-the-ward", changed_at=NOW))
        # Lent to the ward for a turn: nothing of the other ward is on the box, so nor is the turn.
        session.add(DutyRow(ward=WARD, key="lent", staff="x01", pda=None, beds=[], since=NOW, until=None))
    mirror = await two.carry()
    assert "not-for-the-ward" not in json.dumps(mirror)
    assert mirror["view"]["occupancy"] == {WARD: {"b01": "s1"}}
    assert mirror["view"]["departed"] == {"s3": WARD}
    theirs, ours = await read_model(two.above), await read_model(two.ward)
    assert set(ours.wards) == {WARD}
    assert ours.revision == theirs.revision
    assert ours.wards[WARD] == theirs.wards[WARD] or "x01" in str(theirs.wards[WARD].duty)
    assert ours.wards[WARD].terminals == theirs.wards[WARD].terminals
    assert ours.wards[WARD].staff == theirs.wards[WARD].staff
    assert (two.folder / "pin.secret").read_bytes() == SECRET
    assert (two.folder / "pin.secret").stat().st_mode & 0o077 == 0
    again = await two.desk.make(frozenset({WARD}))
    assert again["revision"] == mirror["revision"]
    two.departed["s5"] = WARD
    assert (await two.desk.make(frozenset({WARD})))["revision"] != mirror["revision"]


async def test_people_sign_in_on_the_ward_with_what_they_have(two: Two) -> None:
    """UP7."""
    pins = Pins(two.above, StaffSessions(two.above), SECRET, quick_passwords())
    async with two.above.session.begin() as session:
        await pins.set_pin(session, "n001", "274915", NOW)
    await two.carry()
    sessions = StaffSessions(two.ward)
    station = (await read_model(two.ward)).wards[WARD].terminals["station-main"]
    number = (await read_model(two.ward)).wards[WARD].staff["n001"].number
    signed_in = await StaffAccounts(two.ward, quick_passwords(), sessions).sign_in(
        station, number, PASSWORD, NOW
    )
    assert signed_in.staff.id == "n001"
    on_ward = Pins(two.ward, sessions, SECRET, quick_passwords())
    with pytest.raises(IdentityRefused):
        await on_ward.sign_in_by_pin(station, number, "274916", NOW)
    await two.change(update(StaffPinRow).values(pin_failed=0), update(WardRow).values(name="x"))
    await two.carry()
    async with two.ward.session() as session:
        row = await session.get_one(StaffPinRow, "n001")
        assert row.pin_failed == 1, "another mirror is no fresh five tries"
    assert (await on_ward.sign_in_by_pin(station, number, "274915", NOW)).staff.id == "n001"


async def test_who_went_above_is_nobody_on_the_ward_and_values_may_wander(two: Two) -> None:
    """UP7."""
    await two.carry()
    sessions = StaffSessions(two.ward)
    await sessions.begin("n001", "pda-01", NOW)
    async with two.above.session() as session:
        first = (await session.get_one(StaffRow, "n001")).number
        second = (await session.get_one(StaffRow, "n002")).number
    await two.change(
        delete(DutyRow),
        update(TerminalRow).where(TerminalRow.id == "bed-b01").values(state="revoked", public_key=None),
        update(StaffRow).where(StaffRow.id == "n001").values(number="parked"),
        update(StaffRow).where(StaffRow.id == "n002").values(number=first),
        update(StaffRow).where(StaffRow.id == "n001").values(number=second),
        delete(TerminalRow).where(TerminalRow.id == "pda-01"),
    )
    await two.carry()
    ward = (await read_model(two.ward)).wards[WARD]
    assert (ward.staff["n001"].number, ward.staff["n002"].number) == (second, first)
    assert ward.duty == ()
    assert ward.terminals["bed-b01"].public_key is None
    assert ward.terminals["pda-01"].state == "revoked"
    async with two.ward.session() as session:
        uplink = await session.get_one(UplinkRow, 1)
        assert uplink.place == "7", "how far the facts have come is not the mirror's"


async def test_a_mirror_of_another_version_or_generation_changes_nothing(two: Two) -> None:
    """UP7, UP9."""
    mirror = await two.carry()
    before = await read_model(two.ward)
    spoilt = json.loads(json.dumps(mirror))
    spoilt["tables"]["rooms"][0].pop("name")
    spoilt["tables"]["wards"][0]["name"] = "changed"
    with pytest.raises(NoMirror):
        await keep_mirror(two.ward, spoilt)
    for standing in (Standing("here", 4), Standing("elsewhere", 3)):
        with pytest.raises(OtherGeneration, match="expected installation"):
            await take_mirror(mirror, standing, two.folder, two.ward)
    assert await read_model(two.ward) == before
    async with two.ward.session() as session:
        assert len((await session.scalars(select(InstallationRow))).all()) == 1


@pytest.mark.parametrize("url", ["http://ward.example", "ward.example", "https://", "ftp://127.0.0.1"])
def test_only_tls_leaves_the_machine(url: str) -> None:
    with pytest.raises(ValueError, match="https"):
        check_url(url)


def test_addresses_that_are_taken() -> None:
    assert check_url("https://ward.example/") == "https://ward.example"
    assert check_url("http://127.0.0.1:8080") == "http://127.0.0.1:8080"


def _person(name: str, ward: str, number: str) -> StaffRow:
    return StaffRow(
        id=name, ward=ward, number=number, name="x", role="nurse", title=None, active=True, position=0
    )

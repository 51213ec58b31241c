"""Signing in: who, where, how often one may be wrong. SEC-01; numbers of the level-3 habit."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from ward_hub.accounts.password_rules import PasswordRules
from ward_hub.db.engine import Database
from ward_hub.directory import store
from ward_hub.directory.fixture import WARD
from ward_hub.directory.model import DirectoryModel, Hospital, Ward
from ward_hub.documents.port import Json
from ward_hub.identity.errors import IdentityCode, IdentityRefused
from ward_hub.identity.sessions import StaffSessions
from ward_hub.identity.staff import (
    LOCK_MS,
    MAX_FAILED,
    TERMINAL_FAILURES,
    PasswordUsed,
    StaffAccounts,
    WeakPassword,
)

from tests.backend.ward import NOW, PASSWORD, quick_passwords, read_model, standard_ward

DAY_MS = 86_400_000


class Desk:
    """The accounts and the ward they belong to."""

    def __init__(self, database: Database, model: DirectoryModel) -> None:
        self.database = database
        self.model = model
        self.sessions = StaffSessions(database)
        self.accounts = StaffAccounts(database, quick_passwords(), self.sessions)

    async def sign_in(
        self, number: str, password: str = PASSWORD, terminal: str = "pda-01", now: int = NOW
    ) -> str:
        """`ok:staff`, or the code of the refusal."""
        place = self.model.terminal(terminal)
        assert place is not None
        try:
            return f"ok:{(await self.accounts.sign_in(place, number, password, now)).staff.id}"
        except IdentityRefused as refused:
            return refused.code.value


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with standard_ward(tmp_path) as database:
        yield Desk(database, await read_model(database))


async def test_number_and_password_open_a_session_at_the_terminal(desk: Desk) -> None:
    assert await desk.sign_in("n001") == "ok:n001"
    session = desk.sessions.at("pda-01", NOW)
    assert session is not None
    assert session.staff == "n001"
    assert await desk.accounts.sign_out("pda-01", NOW)
    assert not await desk.accounts.sign_out("pda-01", NOW)
    assert desk.sessions.at("pda-01", NOW) is None


async def test_wrong_number_and_wrong_password_sound_the_same(desk: Desk) -> None:
    for number, password in (
        ("n001", "wrong"),
        ("n999", PASSWORD),
        ("n001", ""),
        ("n001", "x" * 129),
        ("N001", PASSWORD),
    ):
        assert await desk.sign_in(number, password) == IdentityCode.SIGN_IN_REFUSED


@pytest.mark.parametrize("number", ["n001", "n999"])
async def test_five_failures_lock_the_number_for_half_an_hour_known_or_not(desk: Desk, number: str) -> None:
    for _ in range(MAX_FAILED):
        assert await desk.sign_in(number, "wrong") == IdentityCode.SIGN_IN_REFUSED
    assert await desk.sign_in(number) == IdentityCode.SIGN_IN_LOCKED
    assert await desk.sign_in(number, terminal="pda-02", now=NOW + LOCK_MS - 1) == "sign_in_locked"
    after = await desk.sign_in(number, now=NOW + LOCK_MS)
    assert after == ("ok:n001" if number == "n001" else "sign_in_refused")
    assert await desk.sign_in("n002") == "ok:n002"


async def test_parallel_tries_count_too(desk: Desk) -> None:
    results = await asyncio.gather(*(desk.sign_in("n001", f"wrong{n}") for n in range(12)))
    assert results.count("sign_in_refused") == MAX_FAILED
    assert results.count("sign_in_locked") == 12 - MAX_FAILED


async def test_a_success_forgets_the_failures_before_it(desk: Desk) -> None:
    for _ in range(3):
        for _ in range(MAX_FAILED - 1):
            assert await desk.sign_in("n001", "wrong") == "sign_in_refused"
        assert await desk.sign_in("n001") == "ok:n001"


async def test_a_terminal_that_guesses_many_numbers_is_stopped(desk: Desk) -> None:
    for n in range(TERMINAL_FAILURES):
        assert await desk.sign_in(f"x{n}") == "sign_in_refused"
    assert await desk.sign_in("n001") == "too_many_tries"
    assert await desk.sign_in("n001", terminal="pda-02") == "ok:n001"


async def test_people_sign_in_at_stations_pdas_and_the_whiteboard_of_their_ward(desk: Desk) -> None:
    for terminal in ("station-main", "station-vice", "pda-20", "whiteboard"):
        assert await desk.sign_in("n001", terminal=terminal) == "ok:n001"
    for terminal in ("bed-b01", "door-r01", "corridor-1"):
        assert await desk.sign_in("n001", terminal=terminal) == "sign_in_elsewhere"
    elsewhere = replace(desk.model.wards[WARD].terminals["pda-01"], ward="vascular")
    with pytest.raises(IdentityRefused) as refused:
        await desk.accounts.sign_in(elsewhere, "n001", PASSWORD, NOW)
    assert refused.value.code is IdentityCode.SIGN_IN_ELSEWHERE


async def test_people_who_left_do_not_sign_in(desk: Desk) -> None:
    gone = replace(desk.model.wards[WARD].staff["n001"], active=False)
    async with desk.database.session.begin() as session:
        await store.store_ward(session, Ward(WARD, "", ""))
        await store.store_staff(session, [gone])
    assert await desk.sign_in("n001") == "sign_in_refused"


async def test_new_passwords_are_strong_and_unlock(desk: Desk) -> None:
    for weak in ("", "short1A", "alllowercase", "lower1234", "A" * 129 + "1a"):
        with pytest.raises(WeakPassword):
            await desk.accounts.set_password("n001", weak, NOW)
    with pytest.raises(LookupError):
        await desk.accounts.set_password("n999", "Good-one1", NOW)
    for _ in range(MAX_FAILED):
        await desk.sign_in("n001", "wrong")
    await desk.accounts.set_password("n001", "白班Aa1234", NOW)
    assert await desk.sign_in("n001", PASSWORD) == "sign_in_refused"
    assert await desk.sign_in("n001", "白班Aa1234") == "ok:n001"


async def test_the_last_five_passwords_do_not_come_back(desk: Desk) -> None:
    for n in range(5):
        await desk.accounts.set_password("n001", f"Ward-new-{n}", NOW + n)
    for n in range(5):
        with pytest.raises(PasswordUsed):
            await desk.accounts.set_password("n001", f"Ward-new-{n}", NOW + 9)
    await desk.accounts.set_password("n001", PASSWORD, NOW + 9)
    await desk.accounts.set_password("n001", "Ward-new-0", NOW + 10)
    await desk.accounts.set_password("n002", "Ward-new-1", NOW)  # another person's are nobody's business


async def test_an_old_password_signs_in_and_says_that_it_is_due(desk: Desk) -> None:
    place = desk.model.terminal("pda-01")
    assert place is not None

    async def due(number: str, password: str, now: int) -> bool:
        return (await desk.accounts.sign_in(place, number, password, now)).password_due

    assert not await due("n001", PASSWORD, NOW + 90 * DAY_MS - 1)
    assert await due("n001", PASSWORD, NOW + 90 * DAY_MS)
    await desk.accounts.set_password("n001", "Ward-new-0", NOW + 90 * DAY_MS, by="a002")
    assert await due("n001", "Ward-new-0", NOW + 90 * DAY_MS)  # another person chose it
    await desk.accounts.set_password("n001", "Ward-new-1", NOW + 90 * DAY_MS, by="n001")
    assert not await due("n001", "Ward-new-1", NOW + 91 * DAY_MS)


async def test_the_hospital_sets_the_rules_within_bounds(desk: Desk) -> None:
    rules: Json = {"min_chars": 12, "max_age_days": 30, "last": 1, "change_given": False}
    async with desk.database.session.begin() as session:
        await store.store_hospital(session, Hospital("H", "H", {"password": rules}))
    with pytest.raises(WeakPassword):
        await desk.accounts.set_password("n001", "Ward-new-01", NOW)
    await desk.accounts.set_password("n001", "Ward-new-001", NOW, by="a002")
    await desk.accounts.set_password("n001", "Ward-new-002", NOW, by="a002")
    await desk.accounts.set_password("n001", "Ward-new-001", NOW, by="a002")
    assert not await desk.accounts.password_due("n001", NOW + 30 * DAY_MS - 1)
    assert await desk.accounts.password_due("n001", NOW + 30 * DAY_MS)
    read = PasswordRules.read
    assert read({"password": {"min_chars": 4, "max_age_days": 9999, "last": 0}}) == PasswordRules(8, 365, 1)
    assert read({"password": {"min_chars": "12", "last": True, "change_given": 0}}) == PasswordRules()
    assert read({"password": [1]}) == PasswordRules()


async def test_administrators_sign_in_at_no_terminal_and_are_in_no_wards_staff(desk: Desk) -> None:
    assert await desk.sign_in("a001", terminal="station-main") == "sign_in_elsewhere"
    assert not [person for person in desk.model.wards[WARD].staff if person.startswith("a")]

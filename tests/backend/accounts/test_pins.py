"""PIN and badge: which are taken, what opens and what locks (USR-01, domain of level 3)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from ward_hub.accounts.pins import MAX_FAILED, PinRefused, Pins, is_good_pin, load_pin_secret
from ward_hub.accounts.tables import StaffPinRow
from ward_hub.db.engine import Database
from ward_hub.directory.model import DirectoryModel
from ward_hub.directory.tables import StaffRow
from ward_hub.identity.errors import IdentityRefused
from ward_hub.identity.sessions import SHORT_MS, SHORT_WHOLE_MS, StaffSessions
from ward_hub.identity.staff import TERMINAL_FAILURES, TERMINAL_WINDOW_MS
from ward_hub.identity.tokens import STAFF_LIFE_MS

from tests.backend.ward import NOW, quick_passwords, read_model, standard_ward

PIN, BADGE = "274951", "BADGE-0017"
PDA = "pda-01"


class Desk:
    """Pins and sessions over the standard ward; n001 has a PIN and a badge."""

    def __init__(
        self, database: Database, model: DirectoryModel, pins: Pins, sessions: StaffSessions
    ) -> None:
        self.database = database
        self.model = model
        self.pins = pins
        self.sessions = sessions

    async def set(self, staff: str, *, pin: str | None = None, badge: str | None = None) -> None:
        async with self.database.session.begin() as session:
            if pin is not None:
                await self.pins.set_pin(session, staff, pin, NOW)
            if badge is not None:
                await self.pins.set_badge(session, staff, badge, NOW)

    async def by_pin(self, number: str, pin: str, terminal: str = PDA, now: int = NOW) -> str:
        place = self.model.terminal(terminal)
        assert place is not None
        try:
            return f"ok:{(await self.pins.sign_in_by_pin(place, number, pin, now)).staff.id}"
        except IdentityRefused as refused:
            return refused.code.value if refused.retry_at is None else "wait"

    async def by_badge(self, badge: str, terminal: str = PDA, now: int = NOW) -> str:
        place = self.model.terminal(terminal)
        assert place is not None
        try:
            return f"ok:{(await self.pins.sign_in_by_badge(place, badge, now)).staff.id}"
        except IdentityRefused as refused:
            return refused.code.value


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with standard_ward(tmp_path) as database:
        sessions = StaffSessions(database)
        pins = Pins(database, sessions, b"p" * 32, quick_passwords())
        made = Desk(database, await read_model(database), pins, sessions)
        await made.set("n001", pin=PIN, badge=BADGE)
        yield made


def terminal_of(desk: Desk, kind: str) -> str:
    return next(
        terminal.id
        for ward in desk.model.wards.values()
        for terminal in ward.terminals.values()
        if terminal.kind.value == kind
    )


@pytest.mark.parametrize(
    "pin",
    [
        *("000000", "999999", "123456", "654321", "890123", "210987", "121212", "123123", "112233", "332211"),
        *("12345", "1234567", "27495a", "", " 274951", "２７４９５１"),
    ],
)
def test_a_pin_that_is_tried_first_is_none(pin: str) -> None:
    assert not is_good_pin(pin)


@pytest.mark.parametrize("pin", [PIN, "100000", "202612", "135791", "112234"])
def test_other_six_digits_are(pin: str) -> None:
    assert is_good_pin(pin)


async def test_what_cannot_be_set_is_refused(desk: Desk) -> None:
    for staff, pin, badge in (
        ("n002", "123456", None),
        ("n002", None, "short"),
        ("n002", None, "with blank"),
        ("n002", None, "x" * 65),
        ("n002", None, BADGE),
        ("n002", None, f" {BADGE} "),
    ):
        with pytest.raises(PinRefused):
            await desk.set(staff, pin=pin, badge=badge)
    with pytest.raises(LookupError):
        await desk.set("n999", pin=PIN)
    await desk.set("n001", badge=BADGE)


async def test_pin_and_badge_open_a_session(desk: Desk) -> None:
    assert await desk.by_pin("n001", PIN) == "ok:n001"
    session = desk.sessions.at(PDA, NOW)
    assert session is not None
    assert (session.short, session.expires_at) == (False, NOW + STAFF_LIFE_MS)
    await desk.sessions.end(PDA, NOW)
    assert await desk.by_badge(BADGE + "\r") == "ok:n001"
    for number, pin in (("n001", "274952"), ("n002", PIN), ("n999", PIN), ("n001", ""), ("n001", PIN + "0")):
        assert await desk.by_pin(number, pin) == "pin_refused"
    for badge in (BADGE.lower(), BADGE[:-1], "BADGE-0018"):
        assert await desk.by_badge(badge) == "pin_refused"
    assert await desk.by_pin("n001", PIN, terminal_of(desk, "bedside")) == "sign_in_elsewhere"
    assert await desk.by_badge(BADGE, terminal_of(desk, "door")) == "sign_in_elsewhere"


async def test_nothing_of_either_can_be_read_in_the_database(desk: Desk) -> None:
    async with desk.database.session() as session:
        row = await session.get_one(StaffPinRow, "n001")
    assert row.pin_hash is not None
    assert row.pin_hash.startswith("$argon2id$")
    assert BADGE not in str(row.badge_hash)
    # A stolen database without the secret tries in vain.
    other = Pins(desk.database, desk.sessions, b"q" * 32, quick_passwords())
    desk.pins = other
    assert await desk.by_pin("n001", PIN) == "pin_refused"
    assert await desk.by_badge(BADGE) == "pin_refused"


async def test_five_wrong_pins_lock_until_a_password_or_the_administrator(desk: Desk) -> None:
    for _ in range(MAX_FAILED):
        assert await desk.by_pin("n001", "274952") == "pin_refused"
    assert await desk.by_pin("n001", PIN) == "sign_in_locked"
    assert await desk.by_pin("n001", PIN, now=NOW + 30 * 86_400_000) == "sign_in_locked"
    assert await desk.by_badge(BADGE) == "ok:n001"
    await desk.pins.signed_in_by_password("n001")
    assert await desk.by_pin("n001", PIN) == "ok:n001"
    for _ in range(MAX_FAILED - 1):
        await desk.by_pin("n001", "274952")
    assert await desk.by_pin("n001", PIN) == "ok:n001"
    for _ in range(MAX_FAILED):
        assert await desk.by_pin("n001", "274952", terminal="pda-02") == "pin_refused"
    await desk.set("n001", pin="840263")
    assert await desk.by_pin("n001", "840263") == "ok:n001"


async def test_tries_at_the_same_moment_count_too(desk: Desk) -> None:
    wrong = [desk.by_pin("n001", f"27495{digit}") for digit in range(2, 10)]
    answers = await asyncio.gather(*wrong)
    assert sorted(answers) == ["pin_refused"] * MAX_FAILED + ["sign_in_locked"] * 3
    assert await desk.by_pin("n001", PIN) == "sign_in_locked"


async def test_a_number_without_a_pin_sounds_and_locks_alike(desk: Desk) -> None:
    for number in ("n002", "n999"):
        answers = [await desk.by_pin(number, "274952") for _ in range(MAX_FAILED + 1)]
        assert answers == ["pin_refused"] * MAX_FAILED + ["sign_in_locked"]


async def test_one_terminal_cannot_try_everybody(desk: Desk) -> None:
    for count in range(TERMINAL_FAILURES):
        await desk.by_badge(f"UNKNOWN-{count}")
    assert await desk.by_badge(BADGE) == "too_many_tries"
    assert await desk.by_pin("n001", PIN) == "wait"
    assert await desk.by_badge(BADGE, terminal="pda-02") == "ok:n001"
    assert await desk.by_badge(BADGE, now=NOW + TERMINAL_WINDOW_MS) == "ok:n001"


async def test_who_left_or_is_of_another_ward_does_not_get_in(desk: Desk) -> None:
    async with desk.database.session.begin() as session:
        (await session.get_one(StaffRow, "n001")).active = False
    assert await desk.by_pin("n001", PIN) == "pin_refused"
    assert await desk.by_badge(BADGE) == "pin_refused"
    await desk.set("n002", badge="BADGE-0002")
    async with desk.database.session.begin() as session:
        (await session.get_one(StaffRow, "n002")).ward = None
    assert await desk.by_badge("BADGE-0002") == "sign_in_elsewhere"


async def test_at_a_shared_screen_it_lasts_two_minutes_and_ten_at_most(desk: Desk) -> None:
    board = terminal_of(desk, "whiteboard")
    await desk.by_pin("n001", PIN, board)

    def until(now: int) -> int | None:
        session = desk.sessions.at(board, now)
        return None if session is None else session.expires_at

    assert until(NOW) == NOW + SHORT_MS
    assert until(NOW + SHORT_MS) is None
    desk.sessions.extend(board, NOW + SHORT_MS)
    assert until(NOW + SHORT_MS) is None
    now = NOW
    while now < NOW + SHORT_WHOLE_MS:
        desk.sessions.extend(board, now)
        end = until(now)
        assert end == min(now + SHORT_MS, NOW + SHORT_WHOLE_MS)
        now += 60_000
    assert until(NOW + SHORT_WHOLE_MS) is None
    await desk.sessions.keep()
    await desk.sessions.keep()
    again = StaffSessions(desk.database)
    await again.load(NOW + SHORT_WHOLE_MS - 1)
    kept = again.at(board, NOW + SHORT_WHOLE_MS - 1)
    assert kept is not None
    assert (kept.short, kept.expires_at) == (True, NOW + SHORT_WHOLE_MS)


async def test_sessions_of_before_are_remembered(desk: Desk) -> None:
    board = terminal_of(desk, "whiteboard")
    await desk.by_pin("n001", PIN, board)
    await desk.sessions.end(board, NOW + 60_000)
    later = NOW + 3_600_000
    assert await desk.sessions.stood_behind("n001", board, NOW + 30_000, later)
    assert not await desk.sessions.stood_behind("n001", board, NOW + 90_000, later)
    assert not await desk.sessions.stood_behind("n001", board, NOW - 90_000, later)
    assert not await desk.sessions.stood_behind("n002", board, NOW + 30_000, later)
    assert not await desk.sessions.stood_behind("n001", PDA, NOW + 30_000, later)
    await desk.by_badge(BADGE, board, now=later)
    assert await desk.sessions.stood_behind("n001", board, NOW - 1, later)


def test_the_secret_is_made_once_and_for_its_owner(tmp_path: Path) -> None:
    secret = load_pin_secret(tmp_path)
    assert load_pin_secret(tmp_path) == secret
    assert (tmp_path / "pin.secret").stat().st_mode & 0o777 == 0o600
    (tmp_path / "pin.secret").write_bytes(b"short")
    with pytest.raises(ValueError, match="expected 32 bytes"):
        load_pin_secret(tmp_path)

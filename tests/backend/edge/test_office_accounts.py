"""Passwords, PINs, badges and locks set for others: by the security administrator alone (USR-01)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncSession
from ward_hub.accounts.credentials import CredentialFlags, flags
from ward_hub.accounts.tables import StaffPinRow
from ward_hub.edge.office_accounts import OfficeAccounts, office_accounts_routes
from ward_hub.identity.staff import LOCK_MS, MAX_FAILED

from tests.backend.edge.office import Office, code_of, open_office
from tests.backend.ward import NOW

NEW = "Nacht-wache1"


class Pins:
    """Takes every PIN of six digits, and every badge of eight signs."""

    async def set_pin(self, session: AsyncSession, staff: str, pin: str | None, now: int) -> None:
        if pin is not None and len(pin) != 6:
            raise ValueError(pin)
        row = await session.merge(StaffPinRow(staff=staff, pin_failed=0, pin_locked=False, changed_at=now))
        row.pin_hash = pin

    async def set_badge(self, session: AsyncSession, staff: str, badge: str | None, now: int) -> None:
        if badge is not None and len(badge) != 8:
            raise ValueError(badge)
        row = await session.get_one(StaffPinRow, staff)
        row.badge_hash = badge


@pytest.fixture
async def office(tmp_path: Path) -> AsyncIterator[Office]:
    def routes(office: Office) -> Any:
        return office_accounts_routes(
            OfficeAccounts(office.database, office.gate, office.accounts, Pins(), office.audit, office.clock)
        )

    async with open_office(tmp_path, routes) as opened:
        yield opened


async def held(office: Office, staff: str) -> CredentialFlags:
    async with office.database.session() as session:
        return (await flags(session, office.now))[staff]


async def test_the_security_administrator_sets_a_password(office: Office) -> None:
    security = await office.signed_in("a002")
    answer = await security.post("staff/h001/password", {"password": "weak"})
    assert code_of(answer) == "password_weak"
    assert code_of(await security.post("staff/h001/password", {"password": NEW})) == "ok"
    assert (await office.browser().sign_in("h001", NEW)).json()["password_due"] is True
    assert code_of(await security.post("staff/h001/password", {"password": NEW})) == "password_used"
    assert code_of(await security.post("staff/x999/password", {"password": NEW})) == "not_found"
    assert code_of(await security.post("staff/X%20Y/password", {"password": NEW})) == "not_found"
    assert await office.lines("password") == [("password", "ok", "a002", "h001", {"what": "password"})]


@pytest.mark.parametrize("path", ["password", "pin", "unlock"])
async def test_nobody_else_does(office: Office, path: str) -> None:
    body = {"password": {"password": NEW}, "pin": {"pin": "482913"}, "unlock": {}}[path]
    for number in ("a001", "a003", "h001", "e001"):
        browser = await office.signed_in(number)
        assert code_of(await browser.post(f"staff/n001/{path}", body)) == "forbidden"
    assert code_of(await office.browser().post(f"staff/n001/{path}", body)) == "signed_out"
    security = await office.signed_in("a002")
    answer = await security.send("POST", f"staff/n001/{path}", body, header=False)
    assert code_of(answer) == "forbidden"
    assert await office.lines("password") == []


async def test_ones_own_password_needs_the_old_one(office: Office) -> None:
    security = await office.signed_in("a002")
    assert code_of(await security.post("staff/a002/password", {"password": NEW})) == "forbidden"


async def test_pin_and_badge_are_set_and_taken_away(office: Office) -> None:
    security = await office.signed_in("a002")

    async def post(body: Any) -> str:
        return code_of(await security.post("staff/n001/pin", body))

    assert await post({"pin": "482913", "badge": "AB12CD34"}) == "ok"
    assert await held(office, "n001") == CredentialFlags(True, True, True, False, None, NOW)
    assert await post({"pin": None}) == "ok"
    assert await held(office, "n001") == CredentialFlags(True, False, True, False, None, NOW)
    answer = await security.post("staff/n001/pin", {"pin": "573819", "badge": "short"})
    assert code_of(answer) == "invalid"
    assert [one["field"] for one in answer.json()["error"]["problems"]] == ["badge"]
    assert not (await held(office, "n001")).has_pin  # all or nothing
    for body in ({}, {"pin": 482913}, {"pin": ""}, {"pin": "482913", "x": "y"}, {"badge": "x" * 200}):
        assert await post(body) == "malformed"
    told = [line[4]["what"] for line in await office.lines("password")]
    assert told == ["pin", "badge", "no pin"]


async def test_a_locked_number_is_opened_again(office: Office) -> None:
    browser, security = office.browser(), await office.signed_in("a002")
    for _ in range(MAX_FAILED):
        await browser.sign_in("h001", "wrong")
    assert code_of(await browser.sign_in("h001")) == "sign_in_locked"
    assert (await held(office, "h001")).locked_until == NOW + LOCK_MS
    assert code_of(await security.post("staff/h001/unlock")) == "ok"
    assert (await held(office, "h001")).locked_until is None
    assert code_of(await browser.sign_in("h001")) == "ok"
    assert ("password", "ok", "a002", "h001", {"what": "unlock"}) in await office.lines()
    for _ in range(MAX_FAILED):
        await browser.sign_in("h001", "wrong")
    office.now += LOCK_MS
    assert (await held(office, "h001")).locked_until is None

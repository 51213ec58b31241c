"""PIN and badge at the whiteboard, a PDA's lock, and its proof of who is there when the hub is back."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect
from ward_hub.accounts.pins import Pins, load_pin_secret
from ward_hub.db.engine import open_database, sqlite_url
from ward_hub.identity.sessions import StaffSessions

from tests.helpers.browser import Chromium, Screen
from tests.helpers.hub_process import PASSWORD, HubProcess, run_async
from tests.helpers.screens import Hands, sign_in
from tests.helpers.ward_hub_here import now_ms

PIN, BADGE = "274951", "BADGE-0017"
SLOW_MS = 30_000


def give(hub: HubProcess, staff: str) -> None:
    """Give a person a PIN and a badge, as the back office does."""

    async def set_both() -> None:
        database = open_database(sqlite_url(hub.data / "ward.sqlite"))
        try:
            pins = Pins(database, StaffSessions(database), load_pin_secret(hub.data))
            async with database.session.begin() as session:
                await pins.set_pin(session, staff, PIN, now_ms())
                await pins.set_badge(session, staff, BADGE, now_ms())
        finally:
            await database.close()

    run_async(set_both())


def type_pin(screen: Screen, pin: str = PIN) -> None:
    for digit in pin:
        screen.page.locator(f'[data-digit="{digit}"]').first.click()


def write_memo(screen: Screen, text: str) -> None:
    screen.page.get_by_role("button", name="新备忘").click()
    screen.page.locator("textarea").first.fill(text)
    screen.page.get_by_role("button", name="保存").click()


@pytest.mark.parametrize("by", ["pin", "badge"])
def test_what_is_written_in_a_session_at_the_whiteboard_is_verified(
    hub: HubProcess, chromium: Chromium, by: str
) -> None:
    """MEMO-04, USR-01: two minutes by PIN or badge; before and after, the author is picked and unverified."""
    give(hub, "n001")
    board = chromium.screen("whiteboard")
    board.expect_ready()
    if by == "pin":
        board.get("open-sign-in").click()
        board.get("staff-number").fill("n001")
        type_pin(board)
    else:
        # At a scanner's pace: Playwright's own keys come as slowly as the machine is busy.
        board.page.evaluate(
            "text => [...text, 'Enter'].forEach(key =>"
            " document.body.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true })))",
            BADGE,
        )
    expect(board.get("staff-line")).to_contain_text("后自动退出")
    write_memo(board, "请核对 12 床引流")
    memo = board.page.locator("[data-memo]").filter(has_text="引流")
    expect(memo).to_be_visible()
    expect(memo.locator(".by")).not_to_contain_text("未核实")
    expect(board.page.get_by_text("未送达")).to_have_count(0, timeout=SLOW_MS)


def test_a_locked_pda_rings_and_opens_by_pin(hub: HubProcess, chromium: Chromium) -> None:
    give(hub, "n001")
    pda = chromium.screen("pda-01")
    pda.expect_ready()
    sign_in(pda, "n001", "me")
    pda.get("use-pin").locator("summary").click()
    type_pin(pda)
    expect(pda.get("use-pin")).to_have_count(0, timeout=SLOW_MS)
    pda.get("lock").click()
    expect(pda.page.get_by_text("的手持终端已锁定")).to_be_visible()
    hands = Hands(hub)
    try:
        hands.press("bed-b01", "patient", "bed:b01", room="r01")
        expect(pda.body).to_have_attribute("data-sounding", "low", timeout=SLOW_MS)
    finally:
        hands.close()
    pda.page.locator('[data-tab="me"]').click()
    type_pin(pda, "111112")
    expect(pda.get("sign-in-problem")).to_contain_text("还可以试 4 次")
    type_pin(pda)
    expect(pda.get("sign-out")).to_be_visible()
    expect(pda.get("lock")).to_be_visible()


def test_signed_in_without_the_hub_a_pda_asks_for_proof_when_it_is_back(
    hub: HubProcess, chromium: Chromium
) -> None:
    """What was written meanwhile waits for her and goes out in her name."""
    pda = chromium.screen("pda-01")
    pda.expect_ready()
    sign_in(pda, "n001", "me")
    pda.page.locator('[data-tab="memos"]').click()
    expect(pda.page.get_by_role("button", name="新备忘")).to_be_enabled()
    pda.page.locator('[data-tab="me"]').click()
    pda.get("sign-out").click()
    hub.kill()
    pda.expect_ready(layer=4)
    sign_in(pda, "n001", "me")
    pda.page.locator('[data-tab="memos"]').click()
    write_memo(pda, "夜间已通知医生")
    expect(pda.page.get_by_text("未送达").first).to_be_visible()
    hub.start()
    expect(pda.get("proof-line")).to_contain_text("请验证身份以发送", timeout=SLOW_MS)
    pda.get("proof-line").click()
    pda.get("staff-password").fill(PASSWORD)
    pda.get("sign-in").click()
    expect(pda.get("proof-line")).to_have_count(0, timeout=SLOW_MS)
    station = chromium.screen("station-main")
    sign_in(station, "n002", "self")
    station.page.locator('[data-tab="memos"]').click()
    expect(station.page.get_by_text("夜间已通知医生")).to_be_visible(timeout=SLOW_MS)

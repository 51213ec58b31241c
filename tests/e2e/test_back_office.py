"""The back office, page by page: who is offered it, what it does, and what real terminals then show."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Playwright, expect
from ward_hub.directory import fixture
from ward_sync.facts import Act

from tests.helpers.browser import Screen
from tests.helpers.cuts import cut_off, open_tab, sign_in
from tests.helpers.hub_process import PASSWORD
from tests.helpers.office import House, Shown, edit, open_house
from tests.helpers.screens import now_ms

OFFERED = {
    "a001": "wards groups calls hosting rota terminals fleet releases call-points journal changes import feed"
    " system",
    "a002": "wards groups calls hosting rota staff permissions changes import system",
    "a003": "journal audit system",
    "h001": "wards groups calls hosting rota journal changes system",
    "e001": "wards groups calls hosting rota terminals fleet call-points journal changes import feed system",
}
"""Person → pages of their role, as shipped."""


READING = re.compile("正在读取|Loading")
"""What a page shows until it has its data; a look before that would see nothing."""
PIN = "271828"
SHORT_SESSION_MS = 7_000
"""A terminal asks every 4 s whether a short session still holds; the hub takes nothing of it any more."""


@pytest.fixture(scope="module")
def house(
    playwright: Playwright, built_app: Path, ward_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    with open_house(playwright, ward_template, tmp_path_factory.mktemp("office")) as house:
        yield house


@pytest.mark.parametrize("number", OFFERED)
def test_everybody_is_offered_the_pages_of_their_role(house: House, number: str) -> None:
    """USR-01, GB/T 22239: and an address typed by hand opens none of the others."""
    desk = house.desk(number)
    offered = OFFERED[number].split()
    assert desk.pages() == offered
    every = {page for pages in OFFERED.values() for page in pages.split()}
    other = sorted(every - set(offered))[0]
    desk.page.goto(f"{desk.url}/office/#/{other}")
    desk.page.reload()
    expect(desk.get(f"nav-{offered[0]}")).to_have_attribute("aria-current", "page")


def test_a_nurse_signs_in_at_her_terminal_and_not_here(house: House) -> None:
    desk = house.empty_desk()
    desk.get("office-number").fill("n001")
    desk.get("office-password").fill(PASSWORD)
    desk.get("office-enter").click()
    expect(desk.get("office-error")).not_to_have_text("")
    expect(desk.get("office-me")).to_have_count(0)


def test_each_page_opens_and_has_no_grave_finding_in_either_language(house: House) -> None:
    """WCAG as axe-core knows it; and nothing is wider than the window."""
    found = []
    seen: set[str] = set()
    for number, pages in OFFERED.items():
        for page in pages.split():
            if page in seen:
                continue
            seen.add(page)
            desk = house.desk(number)
            desk.open(page)
            expect(desk.page.locator("main")).not_to_contain_text(READING)
            for language in ("zh", "en"):
                found += [f"{page} {language}: {text}" for text in desk.findings()]
                wide = desk.page.evaluate("document.documentElement.scrollWidth - innerWidth")
                if wide > 0:
                    found.append(f"{page} {language}: {wide} px wider than the window")
                desk.get("language").click()
    assert found == []


def test_a_renamed_bed_is_shown_at_the_station_and_its_door_and_undone(house: House) -> None:
    """病区与床位: label and call name; 撤销 on the toast takes both back."""
    desk, station, door = house.desk("a001"), house.terminals["station-main"], house.terminals["door-r01"]
    desk.open("wards")
    desk.row("bed", "b01").click()
    desk.get("bed-label").fill("1A")
    places = ((station, '[data-bed="b01"]'), (door, ".tile .number"))
    shown = [Shown(screen, place, "1A") for screen, place in places]
    since = desk.save()
    for each in shown:
        each.within(since)
    expect(desk.row("bed", "b01")).to_contain_text("1A床")

    back = [Shown(screen, place, "1A", gone=True) for screen, place in places]
    since = desk.undo()
    for each in back:
        each.within(since)
    expect(desk.row("bed", "b01")).to_contain_text("1床")


def test_a_renamed_call_type_is_shown_where_it_rings(house: House) -> None:
    """呼叫类型与策略: on the call that is open already; back to what was shipped by its own key."""
    desk, station = house.desk("a001"), house.terminals["station-main"]
    call = house.hands.press("bed-b05", "patient", "bed:b05")
    expect(station.row("bed:b05")).to_be_visible()
    desk.open("calls")
    desk.row("call-type", "patient").get_by_test_id("type-edit").click()
    desk.get("type-zh").fill("求助呼叫")
    shown = Shown(station, '[data-source="bed:b05"]', "求助呼叫")
    shown.within(desk.save())
    desk.row("call-type", "patient").get_by_test_id("type-edit").click()
    gone = Shown(station, '[data-source="bed:b05"]', "求助呼叫", gone=True)
    gone.within(desk.save("type-reset"))
    house.hands.act("bed-b05", Act.CANCELLED, [call])


def test_the_rules_of_a_ward_hold_at_once(house: House) -> None:
    """CALL-08 任一终端挂断, A11 night."""
    desk, station = house.desk("a001"), house.terminals["station-main"]
    call = house.hands.press("bed-b05", "emergency", "bed:b05")
    key = '[data-source="bed:b05"] [data-testid="act-cleared"]'
    expect(station.row("bed:b05")).to_be_visible()
    expect(station.page.locator(key)).to_have_count(0)
    desk.open("wards", "rules")
    desk.get("all-tender").check()
    shown = Shown(station, key)
    shown.within(desk.save())
    gone = Shown(station, key, gone=True)
    gone.within(desk.undo())
    house.hands.act("bed-b05", Act.CANCELLED, [call])

    expect(desk.get("all-tender")).not_to_be_checked()
    desk.get("night-from").fill("00:00")
    desk.get("night-to").fill("23:59")
    night = Shown(station, '[data-theme="night"]')
    night.within(desk.save())
    day = Shown(station, '[data-theme="night"]', gone=True)
    day.within(desk.undo())


def test_the_rota_says_whose_phone_rings(house: House) -> None:
    """排班: a bed given to another nurse's turn rings on her phone, and no more when it is taken back."""
    desk, pda = house.desk("h001"), house.terminals["pda-01"]
    sign_in(pda, "n001")
    open_tab(pda, "calls")
    call = house.hands.press("bed-b30", "patient", "bed:b30")
    desk.open("rota")
    desk.page.locator('[data-testid="turn"][data-id]').first.wait_for()
    turn = desk.page.locator('[data-testid="rota-cell"][data-staff="n001"] [data-testid="turn"]').first
    turn.click()
    desk.get("pick-b30").click()
    rings = Shown(pda, 'body[data-sounding="low"]')
    rings.within(desk.save())
    quiet = Shown(pda, 'body[data-sounding=""]')
    quiet.within(desk.undo())
    house.hands.act("bed-b30", Act.CANCELLED, [call])
    open_tab(pda, "me")
    pda.get("sign-out").click()


def test_whoever_is_deactivated_is_signed_out_at_the_shared_screen(house: House) -> None:
    """人员: a PIN is given; she signs in with it at the station; deactivated, she is signed out there."""
    desk, station = house.desk("a002"), house.terminals["station-main"]
    desk.open("staff")
    desk.row("staff-row", "n005").get_by_test_id("staff-edit").click()
    desk.get("staff-pin").fill(PIN)
    desk.save("staff-pin-set")
    desk.page.keyboard.press("Escape")
    sign_in_by_pin(station, "n005", PIN)

    desk.row("staff-row", "n005").get_by_test_id("staff-edit").click()
    desk.get("staff-active").uncheck()
    out = Shown(station, '[data-testid="sign-out"]', gone=True)
    out.within(desk.save(), SHORT_SESSION_MS)
    desk.undo()
    sign_in_by_pin(station, "n005", PIN)
    station.get("sign-out").click()
    open_tab(station, "ward")


def sign_in_by_pin(station: Screen, number: str, pin: str) -> None:
    open_tab(station, "self")
    station.get("by-pin").click()
    station.get("staff-number").fill(number)
    for digit in pin:
        station.page.locator(f'[data-digit="{digit}"]').click()
    expect(station.get("sign-out")).to_be_visible()


def test_a_permission_taken_from_a_role_is_gone_for_whoever_is_signed_in(house: House) -> None:
    """权限 (USR-02): the next thing they try is refused, and the page is no longer offered."""
    desk, head = house.desk("a002"), house.desk("h001")
    head.open("journal")
    desk.open("permissions")
    desk.get("may-head_nurse-journal.read").uncheck()
    desk.get("may-head_nurse-hosting.write").uncheck()
    desk.save()
    soon = now_ms() + 3_600_000
    for method, path, body in (
        ("GET", "journal", None),
        (
            "POST",
            "hosting/now",
            {"ward": fixture.WARD, "from_group": "east", "to": ["station-vice"], "until_ms": soon},
        ),
    ):
        assert head.ask(method, path, body).status == 403
    head.page.reload()
    expect(head.get("nav-wards")).to_be_visible()
    expect(head.get("nav-journal")).to_have_count(0)
    desk.undo()
    assert head.ask("GET", "journal").ok


def test_what_was_changed_while_a_terminal_was_away_is_there_when_it_is_back(house: House) -> None:
    desk, station = house.desk("a001"), house.terminals["station-vice"]
    before = desk.held("beds", "b02")
    with cut_off(station):
        expect(station.body).not_to_have_attribute("data-layer", "1", timeout=30_000)
        after = {**before, "label": "2Z", "call_name": "2Z床"}
        desk.change("renamed while it was away", edit("bed", "b02", before, after))
        away = Shown(station, '[data-bed="b02"]', "2Z")
    away.at()
    station.expect_ready()
    desk.change("and back", edit("bed", "b02", after, before))


def test_two_desks_that_change_the_same_bed_are_told_of_each_other(house: House) -> None:
    """The second sees who was faster and what they did; what they typed is still there, and is saved then."""
    one, two = house.desk("a001"), house.desk("e001")
    for desk in (one, two):
        desk.open("wards")
        desk.row("bed", "b07").click()
    one.get("bed-label").fill("7A")
    one.save()
    two.get("bed-label").fill("7B")
    _, answer = two.send(two.get("save"), "changes")
    assert answer.json()["error"]["code"] == "changed_meanwhile"
    expect(two.get("conflict")).to_contain_text("7A")
    expect(two.get("conflict")).to_contain_text("系统管理员")
    two.get("conflict-reload").click()
    expect(two.get("bed-label")).to_have_value("7B")
    two.save()
    expect(two.row("bed", "b07")).to_contain_text("7B")
    two.undo()
    expect(two.row("bed", "b07")).to_contain_text("7A")
    one.page.reload()
    one.row("bed", "b07").click()
    one.get("bed-label").fill("7")
    one.save()

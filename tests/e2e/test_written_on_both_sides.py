"""Memos and handover written on both sides of a cut: nothing that somebody typed is lost in silence."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Playwright, expect

from tests.backend.ingest.feeding import message
from tests.helpers.browser import Screen
from tests.helpers.cuts import Ward, cut_off, open_tab, open_ward, sign_in

NOTHING = "0"


@pytest.fixture(scope="module")
def ward(
    playwright: Playwright, built_app: Path, ward_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Ward]:
    with open_ward(playwright, ward_template, tmp_path_factory.mktemp("written")) as ward:
        for visit, bed, name in (("V1", "1", "秦^若兰"), ("V2", "3", "柳^如烟")):
            ward.feed(message("A01", time.time_ns() // 1_000_000, visit, bed, name=name))
        sign_in(ward["station-main"], "n002")
        sign_in(ward["pda-01"], "n001")
        yield ward


def expect_unsent(screen: Screen) -> None:
    expect(screen.body).not_to_have_attribute("data-unsent", NOTHING)


def expect_delivered(*screens: Screen) -> None:
    for screen in screens:
        screen.expect_ready()
        expect(screen.body).to_have_attribute("data-unsent", NOTHING)


def write_memo(screen: Screen, text: str) -> None:
    """Hang up a new memo; at the whiteboard as the first person on duty."""
    if screen.kind == "whiteboard":
        screen.page.get_by_role("group", name="书写人").get_by_role("button").first.click()
    screen.page.get_by_role("button", name="新备忘").click()
    screen.page.get_by_placeholder("写备忘…").fill(text)
    screen.page.get_by_role("button", name="保存").click()


def memo(screen: Screen, text: str) -> Locator:
    return screen.page.locator("[data-memo]").filter(has_text=text)


def add_to(field: Locator, *, front: str = "", end: str = "") -> None:
    """Type at the front and at the end of what stands in a field."""
    field.focus()
    field.press("Control+Home")
    field.press_sequentially(front)
    field.press("Control+End")
    field.press_sequentially(end)


def open_memo(screen: Screen, text: str) -> Locator:
    """Open a memo for editing; returns its field."""
    memo(screen, text).get_by_role("button").click()
    return screen.page.locator("[data-memo] textarea")


def open_advice(screen: Screen, name: str) -> Locator:
    """Open a patient of this shift's handover; returns the field of the advice."""
    open_tab(screen, "handover")
    patient = screen.page.locator("button[aria-expanded]").filter(has_text=name)
    expect(patient).to_be_visible()
    if patient.get_attribute("aria-expanded") == "false":
        patient.click()
    return screen.page.get_by_label("后续护理建议")


def test_a_memo_edited_at_the_station_and_at_the_whiteboard_keeps_both_texts(ward: Ward) -> None:
    """A19, MEMO-01..04: each side adds to the same memo over a cut; both then show all of it, once."""
    station, board = ward["station-main"], ward["whiteboard"]
    open_tab(station, "memos")
    write_memo(station, "三点查对药品")
    expect(memo(board, "三点查对药品")).to_contain_text("王思雨")
    with cut_off(board):
        expect(board.body).to_have_attribute("data-layer", "4")
        board.page.get_by_role("group", name="书写人").get_by_role("button").first.click()
        add_to(open_memo(board, "三点查对药品"), end="，带钥匙")
        expect_unsent(board)
        write_memo(board, "轮椅在走廊")
        expect(memo(board, "轮椅在走廊")).to_contain_text("未核实")
        add_to(open_memo(station, "三点查对药品"), front="每天")
        expect_delivered(station)
        expect(memo(board, "每天")).to_have_count(0)

        board.page.reload()
        board.expect_ready(layer=4)
        expect(memo(board, "三点查对药品，带钥匙")).to_be_visible()
        expect(memo(board, "轮椅在走廊")).to_be_visible()
        expect_unsent(board)
    expect_delivered(board)
    station.page.get_by_role("button", name="完成").click()
    for screen in (station, board):
        expect(memo(screen, "每天三点查对药品，带钥匙")).to_have_count(1)
        expect(memo(screen, "轮椅在走廊")).to_have_count(1)
        expect(screen.page.locator("[data-memo]")).to_have_count(2)


def test_a_memo_taken_down_while_another_writes_into_it_stays_and_says_so(ward: Ward) -> None:
    """A19, MEMO-02: a deletion has not seen what was typed on the other side of the cut."""
    station, phone = ward["station-main"], ward["pda-01"]
    for screen in (station, phone):
        open_tab(screen, "memos")
    write_memo(station, "床旁椅待修")
    expect(memo(phone, "床旁椅待修")).to_be_visible()
    with cut_off(phone):
        expect(phone.body).to_have_attribute("data-layer", "4")
        add_to(open_memo(phone, "床旁椅待修"), end="，已报修")
        expect_unsent(phone)
        open_memo(station, "床旁椅待修")
        station.page.get_by_role("button", name="删除").click()
        station.page.get_by_role("button", name="确认删除").click()
        expect(memo(station, "床旁椅待修")).to_have_count(0)
    expect_delivered(phone, station)
    phone.page.get_by_role("button", name="完成").click()
    for screen in (station, phone):
        expect(memo(screen, "床旁椅待修，已报修")).to_contain_text("删除时另一处正在修改，已保留")


def test_advice_written_at_the_station_and_on_a_phone_keeps_both_texts(ward: Ward) -> None:
    """A19, HAND-07: the same field over a cut, both nurses signed in throughout."""
    station, phone = ward["station-main"], ward["pda-01"]
    at_station, on_phone = open_advice(station, "秦若兰"), open_advice(phone, "秦若兰")
    at_station.fill("翻身每两小时")
    expect(on_phone).to_have_value("翻身每两小时")
    expect_delivered(station)
    with cut_off(phone):
        expect(phone.body).to_have_attribute("data-layer", "4")
        add_to(on_phone, end="；夜间陪护")
        expect_unsent(phone)
        add_to(at_station, front="骶尾发红，")
        expect_delivered(station)
        expect(on_phone).to_have_value("翻身每两小时；夜间陪护")
    for field in (at_station, on_phone):
        expect(field).to_have_value("骶尾发红，翻身每两小时；夜间陪护")
    expect_delivered(phone)


def test_the_order_made_by_hand_on_both_sides_is_one_order_with_everybody_in_it(ward: Ward) -> None:
    """HAND-06: moved on both sides of a cut, nobody is lost and both show the same order."""
    station, phone = ward["station-main"], ward["pda-01"]
    for screen in (station, phone):
        open_tab(screen, "handover")
        screen.page.get_by_role("button", name="手动").click()
    with cut_off(phone):
        expect(phone.body).to_have_attribute("data-layer", "4")
        phone.page.get_by_role("button", name="3 上移").click()
        expect(phone.page.locator("article").first).to_contain_text("柳如烟")
        station.page.get_by_role("button", name="1 下移").click()
        expect(station.page.locator("article").first).to_contain_text("柳如烟")
    expect_delivered(phone, station)
    for screen in (station, phone):
        expect(screen.page.locator("article")).to_have_count(2)
        expect(screen.page.locator("article").first).to_contain_text("柳如烟")


@pytest.mark.parametrize(("terminal", "number"), [("station-main", "n002"), ("pda-01", "n001")])
def test_advice_typed_offline_survives_a_reload_and_waits_for_its_nurse(
    ward: Ward, terminal: str, number: str
) -> None:
    """A19, HAND-07: a reload ends the session; the text is still here, told as unsent, and not given up.

    A phone keeps it under the nurse's key: she reads it when she signs in, with the hub or without.
    """
    here, other = ward[terminal], ward["pda-01" if terminal == "station-main" else "station-main"]
    elsewhere = open_advice(other, "柳如烟")
    before, typed, added = f"交班（{terminal}）：", "离线写下：", "同时写下。"
    elsewhere.fill(before)
    field = open_advice(here, "柳如烟")
    expect(field).to_have_value(before)
    with cut_off(here):
        expect(here.body).to_have_attribute("data-layer", "4")
        add_to(field, front=typed)
        expect_unsent(here)
        add_to(elsewhere, end=added)
        expect_delivered(other)
        here.page.reload()
        here.expect_ready(layer=4)
        if here.kind == "pda":
            sign_in(here, number)
        expect_unsent(here)
        expect(open_advice(here, "柳如烟")).to_have_value(typed + before)
    here.expect_ready()
    everything = typed + before + added
    if here.kind == "station":
        # nobody is signed in at the hub: the edit is neither delivered nor thrown away
        expect_unsent(here)
        expect(here.page.get_by_label("后续护理建议")).to_have_value(everything)
        sign_in(here, number)
    # the phone's session lay sealed under her key: opened by her, it goes on
    expect_delivered(here)
    for field in (elsewhere, open_advice(here, "柳如烟")):
        expect(field).to_have_value(everything)

"""Devices from the back office: moved, replaced, commanded, watched, given another version."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Playwright, expect
from ward_hub.directory import fixture
from ward_sync.facts import Act

from tests.helpers.browser import Screen
from tests.helpers.office import House, OpenCalls, Shown, edit, open_house

NEW = "00000000000000bb"
UPDATED_MS = 60_000
"""A start of another version, with its service worker, on a busy machine."""
BUILD = 'meta[name="wardline-build"]'


@pytest.fixture(scope="module")
def house(
    playwright: Playwright, built_app: Path, ward_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    with open_house(playwright, ward_template, tmp_path_factory.mktemp("devices")) as house:
        yield house


def test_a_terminal_hung_at_another_bed_shows_it(house: House) -> None:
    """终端管理 → 移机: no new enrolment; it shows the other bed by itself; and back again."""
    desk, bed = house.desk("a001"), house.terminals["bed-b40"]
    number = bed.page.locator("b").first
    expect(number).to_have_text("40")
    desk.open("terminals")
    desk.row("terminal-row", "bed-b40").get_by_test_id("terminal-move").click()
    desk.get("terminal-bed").select_option("b41")
    desk.save()
    expect(number).to_have_text("41")
    desk.undo()
    expect(number).to_have_text("40")


def test_a_replaced_device_takes_the_slot_and_the_old_one_says_so(house: House) -> None:
    """更换设备: until the new address is opened the old device works on."""
    desk, old = house.desk("a001"), house.terminals["bed-b41"]
    desk.open("terminals")
    desk.row("terminal-row", "bed-b41").get_by_test_id("terminal-replace").click()
    desk.get("terminal-code").click()
    address = str(desk.get("terminal-qr").get_attribute("data-url"))
    old.expect_ready()
    new = house.open_address(address, "bedside")
    new.expect_ready()
    expect(old.body).to_have_attribute("data-phase", "revoked")
    desk.page.keyboard.press("Escape")
    expect(desk.row("terminal-row", "bed-b41")).to_have_attribute("data-seen", "online")


def test_a_command_is_carried_out_and_its_result_stands_on_the_page(house: House) -> None:
    """集中控制 (DEV-02): 定位提示 at the ward's stations."""
    desk, station = house.desk("e001"), house.terminals["station-main"]
    desk.open("fleet")
    desk.get("fleet-kind").select_option("station")
    expect(desk.get("command-identify")).to_be_enabled()
    seen = Shown(station, '[data-testid="identify"]')
    since, answer = desk.send(desk.get("command-identify"), "fleet/")
    assert answer.ok, answer.text()
    seen.within(since)
    expect(desk.get("command-outcome").first).to_be_visible()


def test_a_live_view_is_announced_and_masked_for_an_engineer(house: House) -> None:
    """远程查看 (DEV-05): no patient's name in what is sent or drawn; the terminal ends it."""
    desk, station = house.desk("e001"), house.terminals["station-main"]
    names = [f"{one.family}{one.given}" for one in house.hospital.patients.values()]
    expect(station.body).to_contain_text(names[0])
    sent: list[str] = []
    wire = desk.page.context.new_cdp_session(desk.page)
    wire.on("Network.eventSourceMessageReceived", lambda message: sent.append(str(message["data"])))
    wire.send("Network.enable")
    desk.open("terminals")
    desk.row("terminal-row", "station-main").get_by_test_id("live-start").click()
    desk.get("reason").fill("the screen flickers")
    announced = Shown(station, '[data-testid="live-view"]', "石工")
    since, answer = desk.send(desk.get("confirm-yes"), "live/")
    assert answer.ok, answer.text()
    announced.within(since)
    picture = desk.get("live-picture")
    expect(picture).to_have_attribute("data-state", "shown")
    drawn = picture.frame_locator("iframe")
    expect(drawn.locator("[data-bed=b01]")).to_be_visible()
    # a change of what is shown comes as well
    call = house.hands.press("bed-b05", "patient", "bed:b05")
    expect(drawn.locator('[data-testid="call-row"][data-source="bed:b05"]')).to_have_count(1)
    house.hands.act("bed-b05", Act.CANCELLED, [call])
    text = "\n".join([*sent, drawn.locator("body").inner_html()])
    told = [json.loads(one) for one in sent]
    assert any(one.get("events") for one in told), "nothing was sent"
    found = [name for name in names if name in text]
    assert found == []
    station.get("live-view").locator("button").click()
    expect(desk.get("live-over")).to_be_visible()
    expect(station.get("live-view")).to_have_count(0)
    desk.page.keyboard.press("Escape")


def test_a_version_is_rolled_out_and_back_without_a_call_lost(house: House, built_app: Path) -> None:
    """版本与升级 (DEV-07): no terminal changes during a call; each does afterwards; and back the same way."""
    desk = house.desk("a001")
    station, bed = house.terminals["station-vice"], house.terminals["bed-b01"]
    old = str(json.loads((built_app / "build.json").read_text("utf-8"))["build"])
    desk.open("releases")
    desk.get("release-add").click()
    file: Any = {"name": "next.zip", "mimeType": "application/zip", "buffer": zipped(built_app, old)}
    desk.get("release-file").set_input_files(files=[file])
    desk.save("release-upload")
    expect(desk.row("release-row", NEW)).to_be_visible()

    bed.get("press-patient").click()
    expect(station.row("bed:b01")).to_be_visible()
    calls = OpenCalls(house, [station])
    calls.add("bed-b05", "emergency", "bed:b05")
    calls.watch()
    stages = [{"name": "both", "terminals": ["station-vice", "bed-b01"]}]
    answer = desk.ask("POST", "rollouts", {"build": NEW, "stages": stages, "advance_after_s": None})
    assert answer.ok, answer.text()
    expect(desk.get("stage-waiting").first).to_be_visible()
    calls.still_there()
    expect_build(old, station, bed)
    bed.get("cancel").click()
    calls.end()
    expect_build(NEW, station, bed)

    bed.get("press-patient").click()
    expect(station.row("bed:b01")).to_be_visible()
    again = OpenCalls(house, [station])
    again.watch()
    desk.get("rollout-rollback").click()
    desk.save("confirm-yes")
    again.still_there()
    expect_build(NEW, station, bed)
    bed.get("cancel").click()
    again.end()
    expect_build(old, station, bed)
    for each in (calls, again):
        each.once_in_the_journal(desk)


def test_the_key_of_a_call_point_is_shown_once(house: House) -> None:
    """呼叫点: made for a bathroom's caller, and not to be read again."""
    desk = house.desk("e001")
    profile = house.desk("a001").read(f"wards/{fixture.WARD}")["profiles"]["call_point"][0]["id"]
    point = {**desk.held("terminals", "door-r01"), "kind": "call_point", "profile": profile}
    point |= {"name": "701卫生间", "name_en": "Bathroom 701", "serial": None, "mac": None, "bed": None}
    desk.change("a call point", edit("terminal", "point-r01", None, point, None))
    desk.open("call-points")
    row = desk.row("call-point-row", "point-r01")
    row.get_by_test_id("call-point-key").click()
    key = desk.get("call-point-key-value")
    expect(key).to_be_visible()
    secret = key.input_value() if key.evaluate("(one) => one.tagName") == "INPUT" else key.inner_text()
    assert len(secret) >= 32
    desk.page.keyboard.press("Escape")
    desk.page.reload()
    expect(desk.row("call-point-row", "point-r01")).to_be_visible()
    assert secret not in desk.page.content()


def zipped(app: Path, old: str) -> bytes:
    """The same app as another build."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(app.rglob("*")):
            if not file.is_file():
                continue
            data = file.read_bytes()
            if file.suffix in (".html", ".json") or file.name == "sw.js":
                data = data.replace(old.encode(), NEW.encode())
            archive.writestr(str(file.relative_to(app)), data)
    return packed.getvalue()


def expect_build(build: str, *screens: Screen) -> None:
    for screen in screens:
        expect(screen.page.locator(BUILD)).to_have_attribute("content", build, timeout=UPDATED_MS)
        screen.expect_ready()

"""One ward on six screens at once: calls from the press to the end, in their order and by their rights."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Playwright, expect
from ward_sync.facts import Act

from tests.helpers.screens import RunningWard, SixScreens, open_six, outside_the_panel, running_ward

CLEARING = ("station", "door", "whiteboard", "pda")


@pytest.fixture(scope="module")
def ward(
    built_app: Path, ward_template: Path, playwright: Playwright, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningWard]:
    with running_ward(playwright, ward_template, tmp_path_factory.mktemp("six")) as ward:
        yield ward


@pytest.fixture(scope="module")
def open_screens(ward: RunningWard) -> SixScreens:
    return open_six(ward.browser)


@pytest.fixture
def six(ward: RunningWard, open_screens: SixScreens) -> Iterator[SixScreens]:
    """The six screens without a call; afterwards nothing may stand on a console."""
    open_screens.expect_quiet()
    yield open_screens
    assert ward.browser.lines == []


def test_every_screen_fits_its_panel_with_nothing_to_scroll(ward: RunningWard, six: SixScreens) -> None:
    """Terminals of one ward: 1024×600, 1080×1920, 1920×540, 3840×2160 and a phone; idle and with calls."""
    for screen in six.all():
        assert outside_the_panel(screen) == []

    six.bedside.get("press-emergency").click()
    six.expect_row("bed:b01")
    calls = {bed: ward.hands.press(f"bed-b{bed}", "patient", f"bed:b{bed}") for bed in ("07", "08", "09")}
    for screen in (six.station, six.whiteboard, six.pda):
        expect(screen.get("call-row")).to_have_count(4)
    expect(six.corridor.get("call-row")).to_have_count(4)
    for screen in six.all():
        assert outside_the_panel(screen) == []

    six.bedside.get("cancel").click()
    for bed, call in calls.items():
        ward.hands.act(f"bed-b{bed}", Act.CANCELLED, [call])


def test_a_call_goes_from_press_to_clear_on_all_six(six: SixScreens) -> None:
    """CALL-01, CALL-08, A1, A4: rings on five screens, taken on the PDA, attended at the door, cleared."""
    six.bedside.get("press-patient").click()
    six.expect_row("bed:b01")
    six.expect_sounding("low")
    takeover = six.door.row("bed:b01")
    expect(takeover).to_be_in_viewport(ratio=0.99)
    expect(takeover).to_contain_text("呼叫")
    expect(six.door.page.locator(".lamp[data-colour]").first).to_have_attribute("data-colour", "red")
    expect(six.bedside.get("own-call")).to_have_attribute("data-progress", "received")

    six.pda.row("bed:b01").get_by_test_id("act-acknowledged").click()
    six.expect_row("bed:b01", "taken")
    six.expect_sounding("")
    for screen in (six.station, six.whiteboard, six.door):
        expect(screen.row("bed:b01")).to_contain_text("PDA 1 马上到")
    expect(six.bedside.get("own-call")).to_contain_text("护士马上到")

    six.door.get("act-attended").click()
    expect(six.door.page.locator(".lamp[data-colour]").first).to_have_attribute("data-colour", "green")
    expect(six.door.body).to_contain_text("护理人员在室内")
    for screen in (six.corridor, six.station, six.whiteboard, six.pda):
        expect(screen.row("bed:b01")).to_have_attribute("data-state", "attended")
    expect(six.bedside.get("own-call")).to_contain_text("护士已到")

    six.door.get("act-cleared").click()
    six.expect_quiet()


@pytest.mark.parametrize("kind", CLEARING)
def test_hanging_up_on_any_one_clears_it_on_all(six: SixScreens, kind: str) -> None:
    """CALL-08, DOOR-01, WB-01: a patient call is tender, whoever of these clears it."""
    six.bedside.get("press-patient").click()
    six.expect_row("bed:b01")
    screen = six.kind(kind)
    inside = screen.body if kind == "door" else screen.row("bed:b01")  # the door's keys act on its room
    _key(inside.get_by_test_id("act-cleared")).click()
    six.expect_quiet()


def test_the_patient_takes_the_call_back_everywhere(six: SixScreens) -> None:
    """CALL-01: the patient can cancel."""
    six.bedside.get("press-dressing").click()
    six.expect_row("bed:b01")
    six.bedside.get("cancel").click()
    six.expect_quiet()


def test_an_emergency_asks_for_somebody_at_the_bed_before_it_is_cleared(
    ward: RunningWard, six: SixScreens
) -> None:
    """design.md 3, strict: no key to clear it from afar, and the hub refuses a clear as if it were tender."""
    six.bedside.get("press-emergency").click()
    six.expect_row("bed:b01")
    six.expect_sounding("medium")
    for screen in (six.station, six.whiteboard, six.pda):
        expect(screen.row("bed:b01")).to_contain_text("已通知本组")
        expect(screen.row("bed:b01").get_by_test_id("act-cleared")).to_have_count(0)
    expect(six.door.get("act-cleared")).to_be_disabled()
    call = six.bedside.get("own-call").get_attribute("data-call") or ""
    answer = ward.hands.act("station-vice", Act.CLEARED, [call], room="r01", policy="tender", way="remote")
    assert answer == "policy"
    six.expect_row("bed:b01")

    six.door.get("act-attended").click()
    _key(six.station.row("bed:b01").get_by_test_id("act-cleared")).click()
    six.expect_quiet()


def test_rows_stand_in_the_order_of_their_class_and_then_of_their_time(
    ward: RunningWard, six: SixScreens
) -> None:
    """A9: code, urgent, patients of special and first level, routine; the oldest first inside a class."""
    important = sorted(
        int(bed) for bed, patient in ward.hospital.patients.items() if patient.care_level in "01"
    )
    plain = sorted(
        int(bed) for bed, patient in ward.hospital.patients.items() if patient.care_level not in "01"
    )
    late, soon = [bed for bed in plain if bed > 4][:2]
    first = next(bed for bed in important if bed > 4)
    calls = [
        ("bed", late, "patient"),
        ("bed", soon, "dressing"),
        ("bed", first, "patient"),
        ("bed", 3, "emergency"),
        ("door", 3, "staff_assist"),
        ("door", 4, "code"),
    ]
    placed = []
    for kind, number, call_type in calls:
        name = f"{kind}-{'b' if kind == 'bed' else 'r'}{number:02d}"
        source = f"{'bed' if kind == 'bed' else 'room'}:{name.partition('-')[2]}"
        placed.append((name, source, ward.hands.press(name, call_type, source)))
    sources = [source for _, source, _ in placed]
    expected = [sources[5], sources[3], sources[4], sources[2], sources[0], sources[1]]
    for screen in (six.station, six.whiteboard):
        expect(screen.get("call-row")).to_have_count(len(expected))
        assert [row.get_attribute("data-source") for row in screen.get("call-row").all()] == expected
    # More calls than the corridor has large cells: the code keeps its place, the others take turns (A10).
    expect(six.corridor.get("call-row").first).to_have_attribute("data-source", expected[0])
    for screen in (six.corridor, six.station, six.whiteboard, six.pda):
        expect(screen.body).to_have_attribute("data-sounding", "high")
        assert outside_the_panel(screen) == []
    for name, _, call in placed:
        ward.hands.act(name, Act.CANCELLED, [call])


def test_a_call_that_nobody_takes_is_told_to_more_and_more_people(ward: RunningWard, six: SixScreens) -> None:
    """A12: group, ward, head nurse; the steps are the ward's, here of one and a half seconds."""
    ward.change(escalation_ms=(1_500, 3_000, 4_500))
    six.bedside.get("press-patient").click()
    for step in ("已通知本组", "已通知全区", "已通知护士长"):
        expect(six.station.row("bed:b01")).to_contain_text(step)
    expect(six.whiteboard.row("bed:b01")).to_contain_text("已通知护士长")
    ward.change(escalation_ms=(30_000, 60_000, 120_000))
    six.bedside.get("cancel").click()


def test_the_wards_switch_lets_every_terminal_hang_up(ward: RunningWard, six: SixScreens) -> None:
    """CALL-08 with 允许任一终端挂断: an emergency is cleared at the station with nobody at the bed."""
    six.bedside.get("press-emergency").click()
    six.expect_row("bed:b01")
    clear = six.station.row("bed:b01").get_by_test_id("act-cleared")
    expect(clear).to_have_count(0)
    ward.change(all_tender=True)
    expect(clear).to_be_visible()
    ward.change(all_tender=False)
    expect(clear).to_have_count(0)
    ward.change(all_tender=True)
    clear.click()
    six.expect_quiet()
    ward.change(all_tender=False)


def test_a_pulled_cord_calls_until_it_is_reset_and_a_cut_line_is_a_trouble(
    ward: RunningWard, six: SixScreens
) -> None:
    """CALL-05, A13, A15: closed is placed, opened is cancelled, a fault is trouble and cancels nothing."""
    door = ward.browser.screen("door-r02", size=(1080, 2050), simulator=True)
    door.expect_ready()
    hardware = {name: door.page.locator(f'[data-hardware="{name}"]') for name in ("cord", "broken", "reset")}
    elsewhere = (six.corridor, six.station, six.whiteboard, six.pda)

    hardware["cord"].click()
    for screen in (door, *elsewhere):
        expect(screen.row("bathroom:r02")).to_have_attribute("data-type", "bathroom")
        expect(screen.body).to_have_attribute("data-sounding", "medium")
    expect(six.door.get("call-row")).to_have_count(0)
    hardware["reset"].click()
    for screen in (door, *elsewhere):
        expect(screen.row("bathroom:r02")).to_have_count(0)

    hardware["cord"].click()
    expect(six.station.row("bathroom:r02")).to_be_visible()
    hardware["broken"].click()
    six.station.page.locator('[data-tab="troubles"]').click()
    expect(six.station.page.locator('[data-trouble="input:door-r02"]')).to_be_visible()
    expect(door.page.locator('[data-input="open"]')).to_contain_text("卫生间线路断开")
    expect(six.whiteboard.body).to_contain_text("异常")
    for screen in (door, *elsewhere):
        expect(screen.row("bathroom:r02")).to_have_attribute("data-state", "waiting")

    hardware["reset"].click()
    expect(six.station.page.locator('[data-trouble="input:door-r02"]')).to_have_count(0)
    expect(door.page.locator('[data-input="ok"]')).to_have_count(1)
    six.station.page.locator('[data-tab="ward"]').click()
    expect(six.station.row("bathroom:r02")).to_have_count(0)
    door.page.close()


def _key(key: Locator) -> Locator:
    expect(key).to_be_enabled()
    expect(key).to_have_text(re.compile(r"\S"))
    return key

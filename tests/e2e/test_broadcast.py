"""A station speaks to many (CALL-02): straight to chosen beds, through the hub to the ward, or a clip.

What is asked is whether sound comes out at the beds, and whether the bed's people can tell.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Locator, Page, Playwright, expect
from ward_hub.demo.terminal_key import TerminalKey
from ward_hub.directory import fixture

from tests.helpers.browser import Screen
from tests.helpers.cuts import Ward, open_tab, open_ward
from tests.helpers.peers import hears, sound, until

FOUR = ("b01", "b02", "b03", "b04")
THREE = FOUR[:3]
WARD_BEDS = 46
CLIP_MS = 2_500
"""How long an announcement is spoken; long enough to be seen at the beds while it is played."""
SILENT_MS = 1_500
RELAYED_MS = 15_000
"""The hub loads its media with the first broadcast, most of a second, and dials eight at once."""
PLAYED = """(() => {
    const play = HTMLMediaElement.prototype.play;
    window.playedClips = [];
    HTMLMediaElement.prototype.play = function () {
        if (this.src.startsWith("blob:") && !window.playedClips.includes(this)) window.playedClips.push(this);
        return play.call(this);
    };
})()"""
"""Remembers the elements that play clips, and changes nothing about them."""


@pytest.fixture(scope="module")
def ward(
    playwright: Playwright, built_app: Path, ward_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Ward]:
    with open_ward(playwright, ward_template, tmp_path_factory.mktemp("broadcast"), mesh=True) as ward:
        yield ward


def open_screens(ward: Ward, beds: Sequence[str]) -> tuple[Screen, dict[str, Screen]]:
    """The main station and these beds, linked with each other, the hub there."""
    station = ward["station-main"]
    screens = {bed: ward[f"bed-{bed}"] for bed in beds}
    for screen in screens.values():
        expect(screen.body).not_to_have_attribute("data-neighbours", "0")
    expect(station.body).to_have_attribute("data-neighbours", re.compile(rf"^[{len(beds)}-9]$"))
    return station, screens


def enrol_the_rest(ward: Ward, beds: Sequence[str]) -> None:
    """Enrol all other bedsides: they are of the ward, and not there."""
    with httpx.Client(base_url=ward.hub.url, trust_env=False) as http:
        for terminal in fixture.terminals():
            if terminal.kind.value != "bedside" or terminal.bed in beds:
                continue
            code = ward.hub.enrol(terminal.id).partition("#enrol=")[2]
            key = TerminalKey.generate().public_key
            http.post("/api/enrol", json={"code": code, "public_key": key}).raise_for_status()


def choose(station: Screen, kind: str, *ids: str) -> None:
    """Touch the broadcast's targets; nothing else is chosen."""
    open_tab(station, "broadcast")
    pressed = station.page.locator('[data-testid="broadcast-target"][aria-pressed="true"]')
    while pressed.count() > 0:
        pressed.first.click()
    for one in ids:
        station.page.locator(f'[data-testid="broadcast-target"][data-kind="{kind}"][data-id="{one}"]').click()


def line(bed: Screen) -> Locator:
    """The bed's open line of a broadcast."""
    return bed.page.locator('[data-testid="line-open"][data-purpose="broadcast"]')


def expect_told(bed: Screen) -> None:
    """The people at the bed see that they are spoken to: the words and the steady green lamp."""
    expect(line(bed)).to_contain_text("正在广播")
    expect(line(bed).locator('[data-colour="green"]').first).to_be_visible()


def expect_reached(station: Screen, reached: int, targets: int, within_ms: float = 10_000) -> None:
    told = station.get("broadcast-reached")
    expect(told).to_have_attribute("data-targets", str(targets))
    expect(told).to_have_attribute("data-reached", str(reached), timeout=within_ms)


def expect_way(station: Screen, way: str) -> None:
    expect(station.page.locator(f'[data-testid="broadcast-tab"] [data-way="{way}"]')).to_be_visible()


def without_hub(ward: Ward, *screens: Screen) -> None:
    ward.hub.kill()
    for screen in screens:
        expect(screen.body).to_have_attribute("data-layer", "2")


def hub_back(ward: Ward, *screens: Screen) -> None:
    ward.hub.start()
    for screen in screens:
        screen.expect_ready()
        expect(screen.body).to_have_attribute("data-unsent", "0")


def played(page: Page, how: str, what: str) -> bool:
    """Whether some, or every, of the clips that the page has begun to play is so; errors never are."""
    found: bool = page.evaluate(f"window.playedClips.{how}((clip) => clip.error === null && clip.{what})")
    return found


def gain(screen: Screen) -> float:
    """Energy that comes in over a while; sound is measured as it comes, in real time."""
    before = sound(screen.page)
    screen.page.wait_for_timeout(SILENT_MS)
    return sound(screen.page) - before


def test_the_whole_ward_is_spoken_to_through_the_hub(ward: Ward) -> None:
    """CALL-02: one stream to the hub, which speaks to all; who is not there is told by name."""
    station, beds = open_screens(ward, THREE)
    enrol_the_rest(ward, THREE)
    choose(station, "ward", fixture.WARD)
    expect(station.get("broadcast-tab").get_by_role("status")).to_contain_text(str(WARD_BEDS))
    station.get("broadcast-start").click()
    expect_way(station, "relay")
    for bed in beds.values():
        expect(line(bed)).to_have_attribute("data-with", "hub", timeout=RELAYED_MS)
        expect_told(bed)
        hears(bed.page)
    expect_reached(station, len(beds), WARD_BEDS)
    expect(station.get("broadcast-missed")).to_have_count(WARD_BEDS - len(beds))
    expect_way(station, "relay")

    pressed, *others = beds.values()
    pressed.get("press-patient").click()
    expect(line(pressed)).to_have_count(0)
    expect(station.row("bed:b01")).to_have_attribute("data-state", "waiting")
    expect_reached(station, len(others), WARD_BEDS)
    for bed in others:
        hears(bed.page)

    station.get("broadcast-end").click()
    for bed in others:
        expect(line(bed)).to_have_count(0)
        assert gain(bed) < 0.001
    pressed.get("cancel").click()
    expect(station.row("bed:b01")).to_have_count(0)


def test_a_station_speaks_to_four_beds_without_the_hub(ward: Ward) -> None:
    """CALL-02, design 2: sound at each; a press ends it at its bed only; the end ends it everywhere."""
    station, beds = open_screens(ward, FOUR)
    without_hub(ward, station, *beds.values())
    choose(station, "bed", *FOUR)
    station.get("broadcast-start").click()
    expect_way(station, "direct")
    for bed in beds.values():
        expect_told(bed)
        hears(bed.page)
    expect_reached(station, 4, 4)

    pressed, *others = beds.values()
    pressed.get("press-patient").click()
    expect(line(pressed)).to_have_count(0)
    expect(station.row("bed:b01")).to_have_attribute("data-state", "waiting")
    expect(station.body).not_to_have_attribute("data-sounding", "")
    expect_reached(station, 3, 4)
    missed = station.page.locator('[data-testid="broadcast-missed"][data-terminal="bed-b01"]')
    expect(missed).to_be_visible()
    assert gain(pressed) < 0.001
    for bed in others:
        expect_told(bed)
        hears(bed.page)

    station.get("broadcast-end").click()
    for bed in others:
        expect(line(bed)).to_have_count(0)
        assert gain(bed) < 0.001
    expect(station.get("broadcast-start")).to_be_visible()
    pressed.get("cancel").click()
    expect(station.row("bed:b01")).to_have_count(0)
    hub_back(ward, station, *beds.values())


def test_a_recorded_announcement_is_played_without_the_hub(ward: Ward) -> None:
    """CALL-02: recorded once, kept at the station, played at the chosen beds with the same lamp and words."""
    station, beds = open_screens(ward, FOUR[:2])
    for bed in beds.values():
        bed.page.evaluate(PLAYED)
    without_hub(ward, station, *beds.values())
    choose(station, "bed", *beds)
    station.get("announcement-record").click()
    expect(station.get("announcement-stop")).to_be_visible()
    # sound is recorded as it comes, in real time
    station.page.wait_for_timeout(CLIP_MS)
    station.get("announcement-stop").click()
    station.get("announcement-keep").click()
    station.get("announcement-play").first.click()
    expect_way(station, "clip")
    for bed in beds.values():
        expect_told(bed)
        until(partial(played, bed.page, "some", "currentTime > 0"), 10, bed.page, "no clip plays")
    for bed in beds.values():
        expect(line(bed)).to_have_count(0)
        assert played(bed.page, "every", "ended")
    expect_reached(station, 2, 2)
    expect(station.get("broadcast-start")).to_be_visible()
    hub_back(ward, station, *beds.values())

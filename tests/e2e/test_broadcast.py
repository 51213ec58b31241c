"""A station speaks to many (CALL-02): straight to chosen beds, through the hub to the ward, or a clip.

What is asked is whether sound comes out at the beds, and whether the bed's people can tell.
"""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, Playwright, expect
from ward_hub.db.engine import open_database, sqlite_url
from ward_hub.demo.terminal_key import TerminalKey
from ward_hub.directory import fixture
from ward_hub.identity import enrolment, keys

from tests.helpers.browser import ARGUMENTS, AUTOPLAY, PANELS, Screen
from tests.helpers.cuts import Ward, open_tab, open_ward
from tests.helpers.hub_process import DATABASE, HubProcess, run_async
from tests.helpers.namespaces import NoNamespaces, network
from tests.helpers.peers import falls_silent, hears, until, watch

FOUR = ("b01", "b02", "b03", "b04")
THREE = FOUR[:3]
WARD_BEDS = 46
CLIP_MS = 2_500
"""How long an announcement is spoken; long enough to be seen at the beds while it is played."""
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


def enrol_the_rest(hub: HubProcess, beds: Sequence[str]) -> None:
    """Give all other bedsides a key, in SQL: they are of the ward, and not there."""

    async def enrol() -> None:
        database = open_database(sqlite_url(hub.data / DATABASE))
        try:
            for terminal in fixture.terminals():
                if terminal.kind.value != "bedside" or terminal.bed in beds:
                    continue
                now = time.time_ns() // 1_000_000
                key = keys.decode_base64url(TerminalKey.generate().public_key, keys.POINT_BYTES)
                assert key is not None
                async with database.session.begin() as session:
                    code = await enrolment.make_code(session, terminal.id, now)
                await enrolment.enrol(database, code, key, now)
        finally:
            await database.close()

    run_async(enrol())


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


def test_the_whole_ward_is_spoken_to_through_the_hub(ward: Ward) -> None:
    """CALL-02: one stream to the hub, which speaks to all; who is not there is told by name."""
    station, beds = open_screens(ward, THREE)
    enrol_the_rest(ward.hub, THREE)
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
        falls_silent(bed.page)
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
    falls_silent(pressed.page)
    for bed in others:
        expect_told(bed)
        hears(bed.page)

    station.get("broadcast-end").click()
    for bed in others:
        expect(line(bed)).to_have_count(0)
        falls_silent(bed.page)
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


def test_on_a_lan_the_hub_speaks_to_a_bed_on_another_host(
    playwright: Playwright, built_app: Path, ward_template: Path, tmp_path: Path
) -> None:
    """CALL-02: hub, station and bed have nothing in common but the switch, and no way out of the ward.

    The bed's browser was not asked for its microphone: it tells names (mDNS) in place of its addresses.
    """
    with ExitStack() as stack:
        try:
            hosts = stack.enter_context(network(["hub", "station", "bed"]))
        except NoNamespaces as why:
            pytest.skip(f"no network namespaces here: {why}")
        hub = HubProcess(tmp_path / "hub", ward_template, hosts["hub"])
        hub.start()
        stack.callback(hub.stop)
        screens = {}
        for name, terminal in (("station", "station-main"), ("bed", "bed-b01")):
            chromium = hosts[name].wrapper(shutil.which("chromium") or "", tmp_path)
            secure = f"--unsafely-treat-insecure-origin-as-secure={hub.url}"
            asked = [one for one in ARGUMENTS if name == "station" or "fake-ui" not in one]
            browser = playwright.chromium.launch(executable_path=chromium, args=[*asked, AUTOPLAY, secure])
            stack.callback(browser.close)
            allowed = ["microphone"] if name == "station" else None
            page = watch(browser.new_context(locale="zh-CN", permissions=allowed)).new_page()
            kind = hub.address(terminal).split("/t/")[1].split("/")[0]
            page.set_viewport_size({"width": PANELS[kind][0], "height": PANELS[kind][1]})
            page.goto(hub.enrol(terminal))
            screens[name] = Screen(page, kind, terminal)
            screens[name].expect_ready()
        enrol_the_rest(hub, ["b01"])
        station, bed = screens["station"], screens["bed"]
        choose(station, "ward", fixture.WARD)
        expect(station.get("broadcast-tab").get_by_role("status")).to_contain_text(str(WARD_BEDS))
        station.get("broadcast-start").click()
        expect(line(bed)).to_have_attribute("data-with", "hub", timeout=RELAYED_MS)
        hears(bed.page)
        expect_reached(station, 1, WARD_BEDS)
        expect_way(station, "relay")

"""Pictures of several beds at once, and recorded talks, where the ward allows them (CALL-02, A16).

What is asked is whether pictures really come, whether the bed can tell and refuse, and whether what was
recorded is at the hub, to be heard by its nurses and nobody else.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Locator, Page, Playwright, expect
from ward_hub.db.engine import open_database, sqlite_url
from ward_hub.demo.hub_account import HubAccount
from ward_hub.demo.terminal_key import TerminalKey
from ward_hub.directory import fixture, store
from ward_sync.canonical import Json

from tests.helpers.browser import Screen
from tests.helpers.cuts import Ward, open_tab, open_ward, sign_in
from tests.helpers.hub_process import DATABASE, run_async
from tests.helpers.peers import hears, stats, until

ALLOWED: Json = {"video": True, "recording": True}
FRAMES = 15
"""So many more have to be decoded: a picture that moves, not a first one that stands."""
PICTURE_S = 10.0
TALK_MS = 4_000
"""A talk of less than 2 s of sound at both ends is none (CF22); it is measured each second."""
UPLOAD_S = 30.0
"""Tried again 5 s after the first refusal, then 10 s."""
CHIMES = """(() => {
    const start = AudioBufferSourceNode.prototype.start;
    window.chimes = 0;
    AudioBufferSourceNode.prototype.start = function (...given) {
        if (!this.loop) window.chimes += 1;
        return start.apply(this, given);
    };
})()"""
"""Counts what the page sounds once, and changes nothing about it; calls sound in a loop."""


@pytest.fixture(scope="module")
def ward(
    playwright: Playwright, built_app: Path, ward_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Ward]:
    with open_ward(playwright, ward_template, tmp_path_factory.mktemp("views"), mesh=True) as ward:
        allow(ward)
        yield ward


def allow(ward: Ward) -> None:
    """Allow pictures and recordings in SQL, as the back office does; the hub notices within a second."""

    async def change() -> None:
        database = open_database(sqlite_url(ward.hub.data / DATABASE))
        try:
            async with database.session.begin() as session:
                now = time.time_ns() // 1_000_000
                known = (await store.load_directory(session, now)).wards[fixture.WARD]
                settings = {**known.settings, "talk": ALLOWED}
                await store.store_ward(session, replace(known, settings=settings))
        finally:
            await database.close()

    run_async(change())


def linked(*screens: Screen) -> None:
    for screen in screens:
        expect(screen.body).not_to_have_attribute("data-neighbours", "0")


def frames(page: Page) -> dict[str, int]:
    """Decoded pictures by stream, over all living connections."""
    videos = [one for one in stats(page) if one["type"] == "inbound-rtp" and one.get("kind") == "video"]
    return {one["id"] + str(one.get("ssrc")): int(one.get("framesDecoded", 0)) for one in videos}


def expect_pictures(page: Page, streams: int) -> None:
    """Wait until so many pictures move."""
    before = frames(page)

    def moving() -> bool:
        grown = [count - before.get(name, 0) for name, count in frames(page).items()]
        return sum(more >= FRAMES for more in grown) >= streams

    until(moving, PICTURE_S, page, f"fewer than {streams} pictures move")


def view(station: Screen, terminal: str) -> Locator:
    return station.page.locator(f'[data-testid="view-tab"] figure[data-with="{terminal}"]')


def look_at(station: Screen, terminal: str) -> None:
    target = station.page.locator(f'[data-testid="view-target"][data-terminal="{terminal}"]')
    target.click()


def viewed(bed: Screen) -> Locator:
    return bed.page.locator('[data-testid="line-open"][data-purpose="view"]')


def test_a_station_looks_at_two_beds_at_once_and_a_bed_can_refuse(ward: Ward) -> None:
    """CALL-02: pictures come from both; the bed shows and chimes it; its privacy key ends and refuses it."""
    station, one, two = ward["station-main"], ward["bed-b01"], ward["bed-b03"]
    linked(station, one, two)
    for bed in (one, two):
        bed.page.evaluate(CHIMES)
    open_tab(station, "view")
    for bed in (one, two):
        look_at(station, bed.terminal)
    for bed in (one, two):
        expect(viewed(bed)).to_contain_text("正在查看画面")
        assert bed.page.evaluate("window.chimes") >= 1
        expect(view(station, bed.terminal)).to_have_attribute("data-state", "open")
    expect_pictures(station.page, 2)
    expect(station.get("view-picture")).to_have_count(2)
    # it is a look, not a talk: nothing is heard
    assert not [each for each in stats(station.page) if is_sound(each)]

    one.get("privacy").click()
    expect(viewed(one)).to_have_count(0)
    expect(view(station, "bed-b01")).to_have_attribute("data-state", "over")
    expect_pictures(station.page, 1)
    expect(view(station, "bed-b03")).to_have_attribute("data-state", "open")

    expect(view(station, "bed-b01")).to_have_count(0)
    look_at(station, "bed-b01")
    expect(view(station, "bed-b01")).to_have_attribute("data-state", "over")
    expect(viewed(one)).to_have_count(0)
    one.get("privacy").click()
    expect(one.get("privacy")).to_have_attribute("aria-pressed", "false")

    view(station, "bed-b03").get_by_test_id("view-end").click()
    expect(viewed(two)).to_have_count(0)


def is_sound(report: dict[str, Any]) -> bool:
    """Whether the report is of sound that comes in."""
    audio = report["type"] == "inbound-rtp" and report.get("kind") == "audio"
    return audio and float(report.get("totalAudioEnergy", 0)) > 0


def talk_bar(station: Screen, other: str) -> Locator:
    return station.page.locator(f'[data-testid="talk-bar"][data-with="{other}"]').first


def record_a_talk(ward: Ward, bed_name: str) -> str:
    """The bed calls, the station answers and records, and hangs up; returns the talk's id."""
    station, bed = ward.shown("station-main"), ward.shown(f"bed-{bed_name}")
    bed.get("press-patient").click()
    station.row(f"bed:{bed_name}").get_by_test_id("act-answered").click()
    bar = talk_bar(station, bed.terminal)
    expect(bar).to_have_attribute("data-state", "open")
    hears(station.page)
    hears(bed.page)
    bar.get_by_test_id("talk-record").click()
    expect(bar).to_contain_text("正在录音")
    expect(bed.get("line-open")).to_contain_text("正在录音")
    talk = bar.get_attribute("data-talk")
    assert talk is not None
    # a talk takes its time
    station.page.wait_for_timeout(TALK_MS)
    bar.get_by_test_id("talk-hang-up").click()
    expect(station.row(f"bed:{bed_name}")).to_have_count(0)
    return talk


def nurse_token(station: Screen) -> str:
    """Sign a nurse in at the station; returns the token that names both."""
    with station.page.expect_response(lambda answer: answer.url.endswith("/api/staff/sign-in")) as told:
        sign_in(station, "n001")
    token: str = told.value.json()["token"]
    return token


def terminal_token(ward: Ward) -> str:
    """A token of a PDA that nobody has signed in at."""

    async def ask() -> str:
        async with httpx.AsyncClient(base_url=ward.hub.url, trust_env=False) as http:
            account = HubAccount(http, "pda-02", TerminalKey.generate())
            await account.enrol(ward.hub.enrol("pda-02").partition("#enrol=")[2])
            return (await account.token()).token

    return run_async(ask())


def recording(ward: Ward, talk: str, token: str | None) -> httpx.Response:
    headers = {} if token is None else {"authorization": f"Bearer {token}"}
    address = f"{ward.hub.url}/api/wards/{fixture.WARD}/recordings/{talk}"
    return httpx.get(address, headers=headers, trust_env=False)


def expect_recording(ward: Ward, talk: str, token: str, page: Page) -> None:
    """Wait until the hub has it; it is a WebM file of some seconds."""
    until(lambda: recording(ward, talk, token).status_code == 200, UPLOAD_S, page, "no recording came")
    answer = recording(ward, talk, token)
    assert answer.headers["content-type"].startswith("audio/webm")
    assert answer.content.startswith(b"\x1a\x45\xdf\xa3")
    assert len(answer.content) > 5_000
    assert recording(ward, talk, None).status_code == 401
    assert recording(ward, talk, terminal_token(ward)).status_code == 403


def test_a_recorded_talk_is_told_at_both_ends_and_kept_at_the_hub(ward: Ward) -> None:
    """A16: both see that it is recorded; the hub gives it to a nurse, and its call names it."""
    station, bed = ward["station-main"], ward["bed-b01"]
    linked(station, bed)
    token = nurse_token(station)
    talk = record_a_talk(ward, "b01")
    expect_recording(ward, talk, token, station.page)
    (line,) = ward.journal("b01")
    assert line["recordings"] == [talk]
    assert line["closed_how"] == "ended"


def test_a_talk_recorded_without_the_hub_is_brought_to_it_later(ward: Ward) -> None:
    """A16, design 2: the recording waits on the station's disk."""
    station, bed = ward["station-main"], ward["bed-b03"]
    linked(station, bed)
    ward.hub.kill()
    for screen in (station, bed):
        expect(screen.body).to_have_attribute("data-layer", "2")
    talk = record_a_talk(ward, "b03")
    ward.hub.start()
    for screen in (station, bed):
        screen.expect_ready()
        expect(screen.body).to_have_attribute("data-unsent", "0")
    expect_recording(ward, talk, nurse_token_again(ward), station.page)
    lines = ward.journal("b03")
    assert [talk in line["recordings"] for line in lines].count(True) == 1


def nurse_token_again(ward: Ward) -> str:
    """A token of another station's nurse: who recorded it need not be there."""
    return nurse_token(ward["station-vice"])

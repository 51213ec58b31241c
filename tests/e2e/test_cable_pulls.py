"""Real cables between network namespaces: hub, bed, station and door, a browser in each. Needs root."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Playwright, expect

from tests.helpers.browser import ARGUMENTS, AUTOPLAY, PANELS, Screen
from tests.helpers.hub_process import HubProcess
from tests.helpers.namespaces import Host, NoNamespaces, network
from tests.helpers.peers import connections, until, watch

TERMINALS = {"bed": "bed-b01", "door": "door-r01", "station": "station-main"}
FAILS_S = 40.0
"""ICE gives a silent pair up after some 17 s; a connection made meanwhile gives up as well."""
REDIAL_MS = 25_000
"""Back-off grows to 15 s."""
ARRIVES_S = 5.0
"""A2, A3: reaches the station within this, and within this once the link is back."""


class Lan:
    """The network, the hub on it, and one terminal on each other host."""

    def __init__(self, hosts: dict[str, Host], hub: HubProcess, screens: dict[str, Screen]) -> None:
        self.hosts = hosts
        self.hub = hub
        self.bed, self.door, self.station = (screens[name] for name in ("bed", "door", "station"))

    def all(self) -> tuple[Screen, ...]:
        return self.bed, self.door, self.station


@pytest.fixture(scope="module")
def lan(
    playwright: Playwright, built_app: Path, ward_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Lan]:
    folder = tmp_path_factory.mktemp("lan")
    with ExitStack() as stack:
        try:
            hosts = stack.enter_context(network(["hub", *TERMINALS]))
        except NoNamespaces as why:
            pytest.skip(f"no network namespaces here: {why}")
        hub = HubProcess(folder / "hub", ward_template, hosts["hub"])
        hub.start()
        stack.callback(hub.stop)
        chromium = shutil.which("chromium") or ""
        screens = {}
        for name, terminal in TERMINALS.items():
            browser = playwright.chromium.launch(
                executable_path=hosts[name].wrapper(chromium, folder),
                args=[*ARGUMENTS, AUTOPLAY, f"--unsafely-treat-insecure-origin-as-secure={hub.url}"],
            )
            stack.callback(browser.close)
            # As a kiosk is set up: without this permission a LAN without a way out gives no candidates.
            context = browser.new_context(
                locale="zh-CN", timezone_id="Asia/Shanghai", permissions=["microphone", "camera"]
            )
            page = watch(context).new_page()
            kind = hub.address(terminal).split("/t/")[1].split("/")[0]
            width, height = PANELS[kind]
            page.set_viewport_size({"width": width, "height": height})
            page.goto(hub.enrol(terminal))
            screens[name] = Screen(page, kind, terminal)
        lan = Lan(hosts, hub, screens)
        for screen in lan.all():
            screen.expect_ready()
            expect(screen.body).to_have_attribute("data-neighbours", "2")
        yield lan


@pytest.fixture(autouse=True)
def whole(lan: Lan) -> Iterator[None]:
    """Every cable plugged and no call open when a test is over."""
    yield
    for host in lan.hosts.values():
        host.plug()
    for screen in lan.all():
        screen.expect_ready()
    while (keys := lan.station.page.get_by_test_id("act-cleared")).count():
        count = keys.count()
        keys.first.click()
        expect(lan.station.page.get_by_test_id("act-cleared")).to_have_count(count - 1)


def press(screen: Screen) -> tuple[str, float]:
    """A press; its call id and when it was."""
    at = time.monotonic()
    screen.get("press-patient").click()
    return screen.get("own-call").first.get_attribute("data-call") or "", at


def test_the_hubs_cable_pulled_the_call_arrives_over_the_mesh(lan: Lan) -> None:
    """Layer 2: the socket still says that it is open; the call goes by the links within 5 s (A2)."""
    lan.hosts["hub"].pull()
    call, at = press(lan.bed)
    for screen in (lan.door, lan.station):
        expect(screen.row("bed:b01")).to_have_attribute("data-row", call)
    assert time.monotonic() - at < ARRIVES_S
    for screen in lan.all():
        expect(screen.body).to_have_attribute("data-layer", "2")
    lan.hosts["hub"].plug()
    for screen in lan.all():
        screen.expect_ready()
        expect(screen.body).to_have_attribute("data-unsent", "0")
    expect(lan.station.row("bed:b01")).to_have_attribute("data-count", "1")


def test_the_beds_cable_pulled_it_sounds_itself_and_the_station_knows(lan: Lan) -> None:
    """A3: own sound within 1 s, delivered within 5 s of the plug, with the time of the press, once."""
    lan.hosts["bed"].pull()
    expect(lan.bed.body).to_have_attribute("data-layer", "4")
    call, _ = press(lan.bed)
    before = lan.bed.page.evaluate("Date.now()")
    expect(lan.bed.get("own-call").first).to_contain_text("还未送达", timeout=1_500)
    expect(lan.bed.body).to_have_attribute("data-sounding", "low", timeout=1_500)
    expect(lan.station.row("bed:b01")).to_have_count(0)
    lan.hosts["bed"].plug()
    plugged = time.monotonic()
    row = lan.station.row("bed:b01")
    expect(row).to_have_attribute("data-row", call)
    assert time.monotonic() - plugged < ARRIVES_S
    assert abs(int(row.get_attribute("data-at") or 0) - before) < 2_000
    expect(row).to_have_attribute("data-count", "1")


def test_the_switch_uplink_gone_and_the_door_hears_its_bed(lan: Lan) -> None:
    """Layer 3: hub and station unreachable, bed and door still see each other."""
    lan.hosts["hub"].pull()
    lan.hosts["station"].pull()
    for screen in (lan.bed, lan.door):
        expect(screen.body).to_have_attribute("data-layer", "3")
    call, at = press(lan.bed)
    expect(lan.door.row("bed:b01")).to_have_attribute("data-row", call)
    assert time.monotonic() - at < ARRIVES_S
    expect(lan.bed.get("own-call").first).to_have_attribute("data-progress", "shown")
    expect(lan.bed.get("own-call").first).to_contain_text("门口屏已显示")
    lan.hosts["station"].plug()
    lan.hosts["hub"].plug()
    expect(lan.station.row("bed:b01")).to_have_attribute("data-row", call)
    expect(lan.station.row("bed:b01")).to_have_attribute("data-count", "1")


def test_one_pair_cut_off_from_each_other_meets_through_the_door(lan: Lan) -> None:
    """Without the hub: the call takes the other route; the door brings them together again."""
    station, bed = lan.hosts["station"], lan.hosts["bed"]
    lan.hosts["hub"].pull()
    for screen in lan.all():
        expect(screen.body).to_have_attribute("data-layer", "2")
    station.block(bed)
    try:
        expect(lan.station.body).to_have_attribute("data-neighbours", "1")
        call, at = press(lan.bed)
        expect(lan.station.row("bed:b01")).to_have_attribute("data-row", call)
        assert time.monotonic() - at < ARRIVES_S
        expect(lan.bed.get("own-call").first).to_have_attribute("data-progress", "received")
        until(
            lambda: connections(lan.bed.page).count("connected") == 1,
            FAILS_S,
            lan.bed.page,
            "ICE still believes in the link",
        )
    finally:
        station.unblock(bed)
    for screen in (lan.station, lan.bed):
        expect(screen.body).to_have_attribute("data-neighbours", "2", timeout=REDIAL_MS)
    assert lan.station.body.get_attribute("data-layer") == "2"

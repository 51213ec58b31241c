"""The way of a call through real screens, with the hub and without it."""

from __future__ import annotations

import re
import time

from playwright.sync_api import expect

from tests.helpers.browser import Chromium
from tests.helpers.hub_process import HubProcess

SOME_TONE = re.compile("high|medium|low")


def test_a_press_rings_at_the_station_until_somebody_comes_and_is_gone_when_cleared(
    chromium: Chromium,
) -> None:
    """CALL-01, CALL-08: press, listed and sounding, 护士站已收到, taken, cleared."""
    station = chromium.screen("station-main")
    bedside = chromium.screen("bed-b01")
    station.expect_ready()
    bedside.expect_ready()

    bedside.get("press-patient").click()
    row = station.row("bed:b01")
    expect(row).to_have_attribute("data-state", "waiting")
    expect(station.body).to_have_attribute("data-sounding", "low")
    expect(bedside.get("own-call")).to_have_attribute("data-progress", "received")
    expect(bedside.get("own-call")).to_contain_text("护士站已收到")

    row.get_by_test_id("act-acknowledged").click()
    expect(row).to_have_attribute("data-state", "taken")
    expect(station.body).to_have_attribute("data-sounding", "")
    expect(bedside.get("own-call")).to_have_attribute("data-progress", "taken")

    row.get_by_test_id("act-cleared").click()
    expect(row).to_have_count(0)
    expect(bedside.get("own-call")).to_have_count(0)


def test_a_press_without_the_hub_shows_itself_and_arrives_once_with_its_time(
    chromium: Chromium, hub: HubProcess
) -> None:
    """Layer 4: the bedside sounds and shines itself, survives kill -9, and delivers when a hub is there."""
    bedside = chromium.screen("bed-b02")
    station = chromium.screen("station-main")
    bedside.expect_ready()
    station.expect_ready()

    hub.kill()
    bedside.page.reload()
    bedside.expect_ready(layer=4)
    before = _now_ms()
    bedside.get("press-patient").click()
    own = bedside.get("own-call")
    expect(own).to_have_attribute("data-progress", "kept", timeout=1_000)
    expect(own).to_contain_text("还未送达", timeout=1_000)
    expect(bedside.body).to_have_attribute("data-sounding", SOME_TONE, timeout=1_000)
    expect(bedside.get("call-light")).to_have_attribute("data-on", "true", timeout=1_000)
    after = _now_ms()
    call = own.get_attribute("data-call")

    chromium.kill()
    hub.start()
    chromium.start()
    station = chromium.screen("station-main", enrol=False)
    station.expect_ready()
    bedside = chromium.screen("bed-b02", enrol=False)
    bedside.expect_ready()
    row = station.row("bed:b02")
    expect(row).to_have_count(1)
    expect(row).to_have_attribute("data-count", "1")
    expect(row).to_have_attribute("data-row", call or "")
    pressed = int(row.get_attribute("data-at") or 0)
    assert before <= pressed <= after
    shown = time.strftime("%H:%M", time.gmtime(pressed / 1000 + 8 * 3600))
    expect(row.get_by_test_id("call-at")).to_contain_text(shown)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000

"""A hub whose disk takes nothing: said at the station, nothing lost, and over as soon as there is room."""

from __future__ import annotations

import resource

from playwright.sync_api import expect

from tests.helpers.browser import Chromium
from tests.helpers.hub_process import HubProcess

FULL_AT_BYTES = 64 * 1024
"""Smaller than the ward's own log, larger than the hub's text log: a file may not grow beyond it."""


def test_a_full_disk_refuses_writes_says_so_and_loses_no_call(chromium: Chromium, hub: HubProcess) -> None:
    """No hub stores the call: the station has it by its link, shows and sounds it, and calls it received only
    when there is room again."""
    station = chromium.screen("station-main")
    bedside = chromium.screen("bed-b01")
    station.expect_ready()
    bedside.expect_ready()
    expect(bedside.body).to_have_attribute("data-neighbours", "1")
    _, most = resource.prlimit(hub.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(hub.pid, resource.RLIMIT_FSIZE, (FULL_AT_BYTES, most))

    bedside.get("press-patient").click()
    own = bedside.get("own-call")
    expect(own).to_have_attribute("data-progress", "shown")
    expect(station.body).to_contain_text("中枢存储已满")
    expect(station.body).to_have_attribute("data-layer", "1")
    expect(station.row("bed:b01")).to_have_attribute("data-state", "waiting")
    expect(station.body).to_have_attribute("data-sounding", "low")

    resource.prlimit(hub.pid, resource.RLIMIT_FSIZE, (most, most))
    expect(station.row("bed:b01")).to_have_count(1, timeout=40_000)
    expect(own).to_have_attribute("data-progress", "received")
    expect(station.body).not_to_contain_text("中枢存储已满")

"""A phone on duty that does not answer the hub's probes is shown at the station until it does (A14)."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.helpers.browser import Chromium
from tests.helpers.hub_process import HubProcess

PDA = "pda-01"
QUICK = """
import sys
import ward_hub.push.desk as desk
desk.PROBE_S = 0.5
from ward_hub.cli.main import main
sys.exit(main())
"""
"""The hub, but with a minute of half a second."""


class QuickProbes(HubProcess):
    """A hub that probes twice a second."""

    def _there(self, *words: str) -> list[str]:
        assert words[:3] == (sys.executable, "-m", "ward_hub.cli.main")
        return [sys.executable, "-c", QUICK, *words[3:]]


@pytest.fixture
def hub(built_app: Path, ward_template: Path, tmp_path: Path) -> Iterator[HubProcess]:
    """In place of the usual one."""
    hub = QuickProbes(tmp_path / "hub", ward_template)
    hub.start()
    try:
        yield hub
    finally:
        hub.stop()


def test_a_phone_that_falls_silent_is_shown_and_forgotten_when_it_is_back(chromium: Chromium) -> None:
    station = chromium.screen("station-main")
    pda = chromium.screen(PDA)
    station.expect_ready()
    pda.expect_ready()
    station.page.locator('[data-tab="troubles"]').click()
    line = station.get("unreachable")
    expect(line).to_have_count(0)
    pda.page.goto("about:blank")
    expect(line).to_have_count(1)
    expect(line).to_have_attribute("data-pda", PDA)
    expect(line).to_contain_text("未应答测试")
    back = chromium.screen(PDA, enrol=False)
    back.expect_ready()
    expect(line).to_have_count(0)
    expect(back.get("unreachable")).to_have_count(0)

"""A small ward of real pages under seeded random faults; pwa/tests/faults does it in large."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Playwright, expect

from tests.helpers.browser import Screen
from tests.helpers.cuts import Ward, open_ward

SEED = 20261120
STEPS = 18
BEDS = ("bed-b01", "bed-b02")
STATIONS = ("station-main", "station-vice")
LISTS = ("door-r01", *STATIONS, "corridor-1", "whiteboard")
ALL = (*BEDS, *LISTS)
HEALED_MS = 60_000
"""Back-off of sockets and links, and pages that start with the hub, on two cores."""


@pytest.fixture(scope="module")
def ward(
    playwright: Playwright, built_app: Path, ward_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Ward]:
    with open_ward(playwright, ward_template, tmp_path_factory.mktemp("faults"), mesh=True) as ward:
        for terminal in ALL:
            ward[terminal]
        yield ward


def own_calls(bed: Screen) -> set[str]:
    """Ids of the bed's own open calls that are at least on its disk."""
    found: list[str] = bed.page.evaluate(
        """() => [...document.querySelectorAll('[data-testid="own-call"]')]
            .filter((call) => !["pressed", "failed"].includes(call.dataset.progress))
            .map((call) => call.dataset.call)"""
    )
    return set(found)


def rows(screen: Screen) -> list[str]:
    """Ids of the rows it shows."""
    every = screen.page.get_by_test_id("call-row").all()
    return sorted(row.get_attribute("data-row") or "" for row in every)


class Faults:
    """Random steps: what people do, and what breaks. `seen`: every call a bed said was kept."""

    def __init__(self, ward: Ward, seed: int) -> None:
        self._ward = ward
        self._chance = random.Random(seed)
        self.seen: set[str] = set()

    def step(self) -> None:
        works = (self._press, self._press, self._press, self._take, self._clear)
        breaks = (self._hub, self._hub, self._links, self._reload)
        self._chance.choice((*works, *breaks))()
        # Time goes by between two things that happen; nothing is waited for.
        self._ward.shown(ALL[0]).page.wait_for_timeout(self._chance.randint(100, 1_500))
        for bed in BEDS:
            self.seen |= own_calls(self._ward.shown(bed))

    def _press(self) -> None:
        bed = self._ward.shown(self._chance.choice(BEDS))
        if bed.body.get_attribute("data-phase") == "ready":
            bed.get("press-patient").click()

    def _take(self) -> None:
        self._key("act-acknowledged")

    def _clear(self) -> None:
        self._key("act-cleared")

    def _key(self, name: str) -> None:
        keys = self._ward.shown(self._chance.choice(STATIONS)).get(name)
        if keys.count() > 0:
            keys.first.click()

    def _hub(self) -> None:
        if self._ward.hub.running:
            self._ward.hub.kill()
        else:
            self._ward.hub.start()

    def _links(self) -> None:
        page = self._ward.shown(self._chance.choice(ALL)).page
        page.evaluate("(window.watchedPeers ?? []).forEach((peer) => peer.close())")

    def _reload(self) -> None:
        self._ward.shown(self._chance.choice(ALL)).page.reload()


def test_no_call_is_lost_or_doubled_and_all_screens_agree_in_the_end(ward: Ward) -> None:
    """A5: whatever was cut, killed and started anew in between."""
    for terminal in ALL:
        ward.shown(terminal).page.evaluate("navigator.serviceWorker.ready.then(() => null)")
    faults = Faults(ward, SEED)
    for _ in range(STEPS):
        faults.step()
    if not ward.hub.running:
        ward.hub.start()
    for terminal in ALL:
        screen = ward.shown(terminal)
        expect(screen.body).to_have_attribute("data-layer", "1", timeout=HEALED_MS)
        expect(screen.body).to_have_attribute("data-unsent", "0", timeout=HEALED_MS)
    assert faults.seen, "nobody pressed: another seed"

    station = ward.shown("station-main")
    for terminal in LISTS:
        expect(ward.shown(terminal).get("call-row")).to_have_count(station.get("call-row").count())
        assert rows(ward.shown(terminal)) == rows(station), terminal
    while station.get("act-cleared").count() > 0:
        count = station.get("call-row").count()
        station.get("act-cleared").first.click()
        expect(station.get("call-row")).to_have_count(count - 1)
    for terminal in LISTS:
        expect(ward.shown(terminal).get("call-row")).to_have_count(0)
    lines = [line for bed in ("b01", "b02") for line in ward.journal(bed, 0)]
    kept = [line["id"] for line in lines]
    assert len(kept) == len(set(kept))
    assert faults.seen <= set(kept)

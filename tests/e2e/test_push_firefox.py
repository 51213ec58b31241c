"""Push on a closed network, whole: Firefox subscribes at the hub's own push service and shows a call.

Skipped where Firefox is not installed (`make e2e` installs it, as root).
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from ward_sync.facts import Act

from tests.helpers.firefox import Firefox, Tab, has_firefox
from tests.helpers.hub_process import DATABASE, HubProcess
from tests.helpers.screens import Hands

PDA = "pda-01"
"""Responsible for bed 1."""
SCOPE = f"/t/pda/{PDA}/"
SHOWN = (
    f"navigator.serviceWorker.getRegistration('{SCOPE}').then((worker) => worker.getNotifications())"
    ".then((all) => all.map(({ title, body, tag, data }) => ({ title, body, tag, data })))"
)
TITLES = f"{SHOWN}.then((all) => all.map((one) => one.title))"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not has_firefox(), reason="no Firefox: make e2e installs it, as root"),
]


@pytest.fixture
def firefox(hub: HubProcess, tmp_path: Path) -> Iterator[Firefox]:
    browser = Firefox(tmp_path / "firefox", f"ws://127.0.0.1:{hub.port}/push/ws")
    browser.start()
    try:
        yield browser
    finally:
        browser.stop()


@pytest.fixture
def hands(hub: HubProcess) -> Iterator[Hands]:
    made = Hands(hub)
    try:
        yield made
    finally:
        made.close()


def subscribed(firefox: Firefox, hub: HubProcess) -> Tab:
    """The PDA's page, which can be pushed to."""
    page = firefox.open(hub.enrol(PDA))
    page.wait("document.body.dataset.phase", "ready")
    page.wait("document.body.dataset.layer", "1")
    page.read("document.querySelector('[data-tab=\"me\"]').click()")
    page.wait("document.querySelector('[data-testid=\"push-state\"]')?.dataset.phase", "on")
    return page


def notices(hub: HubProcess) -> list[tuple[str, bool]]:
    """What the hub holds of the PDA's notices: state, and whether the PDA said that it saw it."""
    with sqlite3.connect(f"file:{hub.data / DATABASE}?mode=ro", uri=True) as database:
        rows = database.execute("SELECT state, seen_at FROM push_notices WHERE terminal = ?", (PDA,))
        return [(state, seen_at is not None) for state, seen_at in rows]


def wait_for_notices(hub: HubProcess, wanted: list[tuple[str, bool]]) -> None:
    deadline = time.monotonic() + 20
    while (found := notices(hub)) != wanted:
        assert time.monotonic() < deadline, f"expected {wanted}, found {found}\n{hub.output()}"
        time.sleep(0.1)


def test_a_call_reaches_a_phone_whose_page_is_gone_is_seen_and_taken_back(
    firefox: Firefox, hub: HubProcess, hands: Hands
) -> None:
    page = subscribed(firefox, hub)
    # Its page goes; another of the same origin looks at what the phone shows.
    page.go(f"{hub.url}/nothing-here")
    call = hands.press("bed-b01", "patient", "bed:b01", "r01")
    page.wait(TITLES, ["1床 呼叫"])
    (shown,) = page.read(SHOWN)
    assert shown["data"]["calls"] == [call]
    wait_for_notices(hub, [("sent", True)])

    hands.act("station-main", Act.CLEARED, [call], room="r01", policy="tender", way="remote")
    page.wait(TITLES, [])
    wait_for_notices(hub, [("closed", True)])


def test_an_open_page_shows_the_call_itself_and_a_push_comes_when_it_goes(
    firefox: Firefox, hub: HubProcess, hands: Hands
) -> None:
    page = subscribed(firefox, hub)
    page.read("document.querySelector('[data-tab=\"calls\"]').click()")
    hands.press("bed-b01", "patient", "bed:b01", "r01")
    page.wait("document.querySelectorAll('[data-testid=\"call-row\"]').length", 1)
    assert page.read(TITLES) == []
    assert notices(hub) == []
    page.go(f"{hub.url}/nothing-here")
    page.wait(TITLES, ["1床 呼叫"])
    page.go(hub.address(PDA))
    page.wait(TITLES, [])
    wait_for_notices(hub, [("closed", True)])


def test_a_push_waits_at_the_hub_for_a_phone_that_is_away_and_only_the_newest(
    firefox: Firefox, hub: HubProcess, hands: Hands
) -> None:
    """A restart in between neither loses nor doubles it."""
    subscribed(firefox, hub).close()
    firefox.stop()
    hands.press("bed-b01", "patient", "bed:b01", "r01")
    wait_for_notices(hub, [("sent", False)])
    hands.press("bed-b01", "emergency", "bed:b01", "r01")
    wait_for_notices(hub, [("sent", False)] * 2)
    hub.kill()
    hub.start()
    firefox.start()
    page = firefox.open(f"{hub.url}/nothing-here")
    page.wait(f"{TITLES}.then((all) => all.sort())", ["1床 呼叫", "1床 紧急呼叫"], 60)
    wait_for_notices(hub, [("sent", True)] * 2)

"""Notifications on the phone in Chromium: shown, taken back, and acted on through the signed-in page.

Headless Chromium has no push service; pushes are delivered into the worker by the developer tools.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import expect
from ward_sync.facts import Act

from tests.helpers.browser import Chromium, Screen
from tests.helpers.hub_process import HubProcess
from tests.helpers.pushes import Deliveries, shown
from tests.helpers.screens import Hands, sign_in

PDA = "pda-01"
"""Responsible for bed 1."""
ONE, TWO, THREE = ("1" * 32, "2" * 32, "3" * 32)
HIDE = """() => {
    Object.defineProperty(document, "visibilityState", { value: "hidden", configurable: true });
    document.dispatchEvent(new Event("visibilitychange"));
}"""
"""Headless pages are always before somebody's eyes: this one is put away."""


@pytest.fixture
def hands(hub: HubProcess) -> Iterator[Hands]:
    made = Hands(hub)
    try:
        yield made
    finally:
        made.close()


def until(screen: Screen, look: Callable[[], object], wanted: object) -> None:
    """Wait until `look` finds what is wanted."""
    for _ in range(200):
        if look() == wanted:
            return
        screen.page.wait_for_timeout(50)
    assert look() == wanted


def put_away(chromium: Chromium) -> tuple[Screen, Deliveries]:
    """The phone's page, ready, and not before anybody's eyes."""
    pda = chromium.screen(PDA)
    pda.expect_ready()
    deliveries = Deliveries(pda.page)
    pda.page.evaluate(HIDE)
    return pda, deliveries


def test_a_push_is_shown_replaced_and_taken_back(chromium: Chromium, hands: Hands) -> None:
    pda, deliveries = put_away(chromium)
    deliveries.show(ONE, "row-a", ["a" * 32])
    until(pda, lambda: [one["title"] for one in shown(pda.page)], ["1床 呼叫"])
    (notification,) = shown(pda.page)
    assert notification == {
        "title": "1床 呼叫",
        "body": "",
        "tag": "row-a",
        "data": {"id": ONE, "calls": ["a" * 32]},
        "requireInteraction": True,
        "lang": "zh-CN",
        "renotify": True,
        "actions": ["acknowledged", "declined"],
    }
    deliveries.show(ONE, "row-a", ["a" * 32])  # the same again: the phone does not ring for it twice
    until(pda, lambda: [one["renotify"] for one in shown(pda.page)], [False])
    deliveries.show(TWO, "row-a", ["a" * 32], body="仍未处理，再次提醒")
    until(
        pda,
        lambda: [(one["body"], one["renotify"]) for one in shown(pda.page)],
        [("仍未处理，再次提醒", True)],
    )
    deliveries.show(THREE, "row-b", ["b" * 32])
    until(pda, lambda: len(shown(pda.page)), 2)
    deliveries.close(ONE, "row-a")
    until(pda, lambda: [one["tag"] for one in shown(pda.page)], ["row-b"])


def test_a_push_that_cannot_be_read_still_shows_that_something_is(chromium: Chromium, hands: Hands) -> None:
    pda, deliveries = put_away(chromium)
    deliveries.deliver("{")
    until(pda, lambda: [one["title"] for one in shown(pda.page)], ["呼叫 Call"])


def test_an_open_page_takes_its_notifications_away(chromium: Chromium, hands: Hands) -> None:
    pda = chromium.screen(PDA)
    pda.expect_ready()
    deliveries = Deliveries(pda.page)
    deliveries.show(ONE, "row-a", ["a" * 32])
    pda.page.wait_for_timeout(500)
    until(pda, lambda: shown(pda.page), [])


def test_coming_is_said_from_the_notification_by_the_nurse_signed_in(
    chromium: Chromium, hands: Hands
) -> None:
    pda, deliveries = put_away(chromium)
    sign_in(pda, "n001", "me")
    call = hands.press("bed-b01", "patient", "bed:b01", "r01")
    deliveries.show(ONE, "row-a", [call])
    until(pda, lambda: len(shown(pda.page)), 1)
    deliveries.click("acknowledged")
    expect(pda.get("push-told")).to_have_attribute("data-outcome", "done")
    until(pda, lambda: shown(pda.page), [])
    pda.page.locator('[data-tab="calls"]').click()
    expect(pda.row("bed:b01")).to_have_attribute("data-state", "taken")


def test_passing_on_from_the_notification_asks_the_next(chromium: Chromium, hands: Hands) -> None:
    """A phone that nobody is signed in at acts as the terminal it is."""
    pda, deliveries = put_away(chromium)
    call = hands.press("bed-b01", "patient", "bed:b01", "r01")
    deliveries.show(ONE, "row-a", [call])
    until(pda, lambda: len(shown(pda.page)), 1)
    deliveries.click("declined")
    expect(pda.get("push-told")).to_have_attribute("data-outcome", "done")
    expect(pda.page.get_by_text("您已转他人")).to_be_visible()


def test_an_act_that_comes_too_late_says_so(chromium: Chromium, hands: Hands) -> None:
    pda, deliveries = put_away(chromium)
    call = hands.press("bed-b01", "patient", "bed:b01", "r01")
    expect(pda.row("bed:b01")).to_have_count(1)
    deliveries.show(ONE, "row-a", [call])
    until(pda, lambda: len(shown(pda.page)), 1)
    hands.act("pda-02", Act.ACKNOWLEDGED, [call], room="r01")
    expect(pda.row("bed:b01")).to_have_attribute("data-state", "taken")
    deliveries.click("acknowledged")
    expect(pda.get("push-told")).to_have_attribute("data-outcome", "taken")
    pda.get("push-told").click()
    expect(pda.get("push-told")).to_have_count(0)


def test_a_page_opened_by_a_notification_does_the_act_once(
    chromium: Chromium, hub: HubProcess, hands: Hands
) -> None:
    """The page was closed: the worker opens it with the act in its address."""
    pda = chromium.screen(PDA)
    pda.expect_ready()
    call = hands.press("bed-b01", "patient", "bed:b01", "r01")
    expect(pda.row("bed:b01")).to_have_count(1)
    pda.page.goto("about:blank")
    pda.page.goto(f"{hub.address(PDA)}#push=acknowledged.{call}")
    expect(pda.row("bed:b01")).to_have_attribute("data-state", "taken")
    assert pda.page.url == hub.address(PDA)
    hands.act("station-main", Act.CLEARED, [call], room="r01", policy="tender", way="remote")
    expect(pda.row("bed:b01")).to_have_count(0)
    pda.page.goto("about:blank")
    pda.page.goto(f"{hub.address(PDA)}#push=acknowledged.{call}")
    expect(pda.get("push-told")).to_have_attribute("data-outcome", "over", timeout=30_000)


def test_a_browser_without_a_push_service_goes_on_and_says_so(chromium: Chromium, hands: Hands) -> None:
    pda = chromium.screen(PDA)
    pda.expect_ready()
    Deliveries(pda.page)
    pda.page.reload()
    pda.expect_ready()
    pda.page.locator('[data-tab="me"]').click()
    state = pda.get("push-state")
    expect(state).to_have_attribute("data-why", "no_service", timeout=30_000)
    expect(state).to_contain_text("推送不可用")
    hands.press("bed-b01", "patient", "bed:b01", "r01")
    expect(pda.body).to_have_attribute("data-sounding", "low")

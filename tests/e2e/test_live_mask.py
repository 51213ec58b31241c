"""What of patients leaves a terminal that is looked at from the back office (DEV-05), event by event.

A viewer who treats nobody gets neither words nor marks, colours, ids, nor which beds are empty; a head
nurse does.
Sheets of styles are left out of the search: they come with the app and are alike for all patients.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Playwright, expect
from ward_hub.demo.his import Hospital, standard_beds, standard_staff

from tests.helpers.browser import Screen
from tests.helpers.cuts import Ward, open_ward
from tests.helpers.hub_process import PASSWORD
from tests.helpers.screens import now_ms, sign_in

LISTEN = """(address) => {
    window.sent = [];
    new EventSource(address).onmessage = (message) => window.sent.push(message.data);
}"""
LOOKED = "(mark) => window.sent.some((one) => one.includes(mark))"
FULL, ELEMENT, PIECE = 2, 2, "wardline-piece"
WORDS = (
    "特级",
    "一级",
    "二级",
    "三级",
    "病危",
    "病重",
    "空气隔离",
    "接触隔离",
    "飞沫隔离",
    "过敏",
    "跌倒",
    "压力性损伤",
)
NAMED = re.compile(
    r"airborne|contact|droplet|protective|allergy|critical|serious|\bfall\b|pressure|data-stay|data-level|data-loaned"
    r"|\b(?:special|first|second|third)\b"
)
"""How screens name the same in attributes."""


@dataclass
class House:
    """A ward with patients, and what must not be told of them."""

    ward: Ward
    hospital: Hospital
    engineer: Page
    head_nurse: Page

    def told(self) -> list[str]:
        """Every patient's name, numbers and diagnosis."""
        return [
            text
            for one in self.hospital.patients.values()
            for text in (f"{one.family}{one.given}", one.visit, one.record_number, one.diagnosis)
        ]


@pytest.fixture(scope="module")
def house(
    playwright: Playwright, built_app: Path, ward_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    with open_ward(playwright, ward_template, tmp_path_factory.mktemp("mask")) as ward:
        hospital = Hospital(7, standard_beds(), standard_staff(), "MASK")
        ward.feed(*hospital.fill(now_ms()))
        browser = ward["station-main"].page.context.browser
        assert browser is not None
        keeper = desk(browser, ward, "a002")
        roles = ask(keeper, "GET", "permissions")["roles"]
        before = {"permissions": roles["head_nurse"]["permissions"]}
        after = {"permissions": [*before["permissions"], "fleet.view"]}
        edit = {"entity": "permissions", "ward": None, "id": "head_nurse", "before": before, "after": after}
        ask(keeper, "POST", "changes", {"note": "may look", "edits": [edit]})
        yield House(ward, hospital, desk(browser, ward, "e001"), desk(browser, ward, "h001"))


def desk(browser: Browser, ward: Ward, number: str) -> Page:
    """A page of the back office with a session."""
    page = browser.new_context(base_url=ward.hub.url).new_page()
    page.goto("/office/")
    ask(page, "POST", "sign-in", {"number": number, "password": PASSWORD})
    return page


def ask(page: Page, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
    answer = page.context.request.fetch(
        f"/api/office/{path}",
        method=method,
        headers={"X-Wardline-Office": "1"},
        data=body,
    )
    assert answer.ok, answer.text()
    return answer.json()


class Look:
    """A live view of a screen."""

    def __init__(self, viewer: Page, screen: Screen) -> None:
        self._viewer, self._screen = viewer, screen
        self._session = ask(viewer, "POST", f"live/{screen.terminal}", {"reason": "a try"})["session"]
        viewer.evaluate(LISTEN, f"/api/office/live/{self._session}/events")
        expect(screen.get("live-view")).to_be_visible()

    def events(self) -> list[dict[str, Any]]:
        """All events up to now, without sheets of styles; ends the view."""
        self._screen.page.evaluate("document.body.dataset.mark = 'up-to-here'")
        self._viewer.wait_for_function(LOOKED, arg="up-to-here")
        frames: list[str] = self._viewer.evaluate("window.sent")
        ask(self._viewer, "DELETE", f"live/{self._session}", {})
        expect(self._screen.get("live-view")).to_have_count(0)
        self._screen.page.evaluate("delete document.body.dataset.mark")
        whole: list[dict[str, Any]] = []
        parts: list[str] = []
        for event in (one for frame in frames for one in json.loads(frame).get("events", [])):
            data = event["data"]
            if not (isinstance(data, dict) and data.get("tag") == PIECE):
                whole.append(event)
                continue
            parts.append(data["payload"]["json"])
            if len(parts) == data["payload"]["of"]:
                whole.append(json.loads("".join(parts)))
                parts = []
        assert any(event["type"] == FULL for event in whole)
        return [without_sheets(event) for event in whole]


def without_sheets(value: Any) -> Any:
    if isinstance(value, list):
        return [without_sheets(one) for one in value]
    if not isinstance(value, dict):
        return value
    if value.get("tagName") == "style":
        return {}
    return {name: without_sheets(one) for name, one in value.items() if name != "_cssText"}


def found(events: list[dict[str, Any]], *more: str) -> set[str]:
    """What the events tell of patients."""
    text = json.dumps(events, ensure_ascii=False)
    return {one for one in (*WORDS, *more) if one in text} | {hit.group() for hit in NAMED.finditer(text)}


def elements(node: Any, name: str, value: str | None = None) -> Iterator[dict[str, Any]]:
    """Serialised elements with an attribute."""
    if isinstance(node, dict):
        attributes = node.get("attributes") if node.get("type") == ELEMENT else None
        held = attributes.get(name) if isinstance(attributes, dict) else None
        if held is not None and value in (None, held):
            yield node
        for inner in node.values():
            yield from elements(inner, name, value)
    elif isinstance(node, list):
        for inner in node:
            yield from elements(inner, name, value)


def shape(node: dict[str, Any], label: str) -> Any:
    """An element without ids of nodes and its bed's number; columns differ by less than a pixel."""
    if node["type"] != ELEMENT:
        text = node.get("textContent")
        return "label" if text == label else text
    attributes = {name: value for name, value in node["attributes"].items() if name != "data-bed"}
    if "rr_width" in attributes:
        attributes["rr_width"] = round(float(attributes["rr_width"].removesuffix("px")))
    return [node["tagName"], attributes, [shape(inner, label) for inner in node["childNodes"]]]


def pictures(screen: Screen) -> list[str]:
    """Paths of the marks that stand on the screen."""
    drawn: list[str] = screen.page.locator("[data-private-picture] path").evaluate_all(
        "all => all.map((one) => one.getAttribute('d'))"
    )
    return list(dict.fromkeys(drawn))


def through_the_station(house: House, station: Screen) -> list[str]:
    """A bed's card, the handover, patients that come, go and change. Returns ids of stays."""
    station.page.locator("[data-bed=b01]").click()
    expect(station.page.locator(".detail .marks, .detail dl").first).to_be_visible()
    station.page.locator(".detail .close").click()
    station.page.locator("[data-tab=handover]").click()
    articles = station.page.locator("[data-stay]")
    expect(articles.first).to_be_visible()
    stays = [str(one.get_attribute("data-stay")) for one in articles.all()]
    articles.first.locator(".body").click()
    station.page.locator("[data-tab=ward]").click()
    expect(station.page.locator("[data-bed=b01]")).to_be_visible()
    for _ in range(12):
        house.ward.feed(*house.hospital.step(now_ms()))
    return stays


def test_nothing_of_a_patient_leaves_the_station_for_an_engineer(house: House) -> None:
    """First screen, a bed's card, the handover, and changes while it is looked at."""
    station = house.ward["station-main"]
    expect(station.page.locator("[data-bed=b01] svg").first).to_be_visible()
    before = house.told()
    look = Look(house.engineer, station)
    marks = pictures(station)
    stays = through_the_station(house, station)
    events = look.events()
    assert marks
    assert stays
    assert found(events, *before, *house.told(), *marks, *(f'"{stay}"' for stay in stays)) == set()
    bed = next(elements(events, "data-bed", "b01"))
    assert "1" in json.dumps(bed["childNodes"])


def test_an_empty_bed_looks_as_any_other_to_an_engineer(house: House) -> None:
    for terminal, at_least in (("station-main", 46), ("whiteboard", 46)):
        screen = house.ward[terminal]
        expect(screen.page.locator("[data-bed=b01] svg").first).to_be_visible()
        assert screen.page.locator(".tile.empty").count() > 0
        events = Look(house.engineer, screen).events()
        whole = next(event for event in events if event["type"] == FULL)
        tiles = list(elements(whole, "data-bed"))
        assert len(tiles) >= at_least
        labels = [tile["attributes"]["data-bed"] for tile in tiles]
        texts = [screen.page.locator(f"[data-bed={bed}] .label").inner_text() for bed in labels]
        shapes = {json.dumps(shape(*one)) for one in zip(tiles, texts, strict=True)}
        assert len(shapes) == 1, "\n".join(sorted(shapes))


@pytest.mark.parametrize("terminal", ["bed-b01", "door-r01", "whiteboard", "pda-01"])
def test_nothing_of_a_patient_leaves_any_screen_for_an_engineer(house: House, terminal: str) -> None:
    screen = house.ward[terminal]
    if terminal == "pda-01":
        sign_in(screen, "n001", "me")
        screen.page.locator("[data-tab=patients]").click()
    expect(screen.page.locator("[data-private-picture] path").first).to_be_visible()
    look = Look(house.engineer, screen)
    marks = pictures(screen)
    stays = screen.page.locator("[data-stay]").evaluate_all("all => all.map((one) => one.dataset.stay)")
    house.ward.feed(*house.hospital.step(now_ms()))
    assert found(look.events(), *house.told(), *marks, *stays) == set()


def test_a_head_nurse_sees_what_the_station_shows(house: House) -> None:
    """The same search finds it all where the viewer may see it: it would have found it above."""
    station = house.ward["station-main"]
    look = Look(house.head_nurse, station)
    marks = pictures(station)
    stays = through_the_station(house, station)
    events = look.events()
    told = found(events, *house.told(), *marks, *stays)
    first = next(iter(house.hospital.patients.values()))
    assert {
        f"{first.family}{first.given}",
        *marks,
        stays[0],
        "二级",
        "三级",
        "data-stay",
        "data-level",
    } <= told
    assert told & {"airborne", "contact"}
    assert {"allergy", "serious"} <= told

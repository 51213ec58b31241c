"""Patients come and go by the hospital's own messages, over the real MLLP port, and the screens follow."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Playwright, expect

from tests.backend.ingest.feeding import message
from tests.helpers.browser import Screen
from tests.helpers.cuts import Ward, cut_off, open_tab, open_ward, sign_in

WIPED_MS = 5_000
"""A21."""
FILLED_MS = 4_000
"""Sooner than a document that was denied is asked for again."""
DOCUMENTS = """async ([slot, others, patience]) => {
    const opening = indexedDB.open(`wardline:${slot}`);
    const database = await new Promise((done) => (opening.onsuccess = () => done(opening.result)));
    const read = async () => {
        const asking = database.transaction("updates").objectStore("updates").getAllKeys();
        const keys = await new Promise((done) => (asking.onsuccess = () => done(asking.result)));
        return [...new Set(keys.map((key) => key[0]).filter((name) => name.startsWith("stay/")))];
    };
    const until = Date.now() + patience;
    let found = await read();
    while (found.some((name) => others.includes(name)) && Date.now() < until) found = await read();
    database.close();
    return found;
}"""


@pytest.fixture(scope="module")
def ward(
    playwright: Playwright, built_app: Path, ward_template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Ward]:
    with open_ward(playwright, ward_template, tmp_path_factory.mktemp("discharge")) as ward:
        sign_in(ward["pda-01"], "n001")
        sign_in(ward["station-main"], "n002")
        yield ward


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def admit(ward: Ward, visit: str, bed: str, name: str) -> None:
    ward.feed(message("A01", now_ms(), visit, bed, name=name))


def discharge(ward: Ward, visit: str, bed: str, name: str) -> None:
    ward.feed(message("A03", now_ms(), visit, bed, name=name))


def shown(screen: Screen, name: str) -> Locator:
    return screen.page.get_by_text(name, exact=True)


def on_disk(screen: Screen, gone: list[str]) -> list[str]:
    """Documents of stays in the terminal's own database, once (or if ever, in 5 s) it has none of `gone`."""
    found: list[str] = screen.page.evaluate(DOCUMENTS, [screen.terminal, gone, WIPED_MS])
    return found


def open_bed(screen: Screen, bed: str) -> Locator:
    """Open a bed's card at a station or PDA; returns the nurses' note."""
    open_tab(screen, "patients" if screen.kind == "pda" else "ward")
    screen.page.locator(f'button[data-bed="{bed}"]').click()
    return screen.page.get_by_label("护理备注")


def test_an_admission_fills_the_bed_on_every_screen_and_a_discharge_wipes_the_name_from_all(
    ward: Ward,
) -> None:
    """A21, CARD-01: full name at bed, station and PDA, masked at door and whiteboard; gone ≤ 5 s."""
    places = {
        "bed-b01": "秦若兰",
        "door-r01": "秦*兰",
        "station-main": "秦若兰",
        "whiteboard": "秦**",
        "pda-01": "秦若兰",
    }
    screens = {terminal: ward[terminal] for terminal in places}
    open_tab(screens["pda-01"], "patients")
    open_tab(screens["station-main"], "ward")
    admit(ward, "V1", "1", "秦^若兰")
    filled_by = now_ms() + FILLED_MS
    for terminal, name in places.items():
        expect(shown(screens[terminal], name)).to_be_visible(timeout=max(1, filled_by - now_ms()))
    for terminal in ("door-r01", "whiteboard"):
        expect(screens[terminal].page.get_by_text("若兰")).to_have_count(0)

    held = on_disk(screens["bed-b01"], [])
    assert len(held) == 1

    gone_by = now_ms() + WIPED_MS
    discharge(ward, "V1", "1", "秦^若兰")
    for terminal, name in places.items():
        expect(shown(screens[terminal], name)).to_have_count(0, timeout=max(1, gone_by - now_ms()))
    assert on_disk(screens["bed-b01"], held) == []


def test_a_transfer_moves_the_name_to_the_other_bed_and_leaves_nothing_behind(ward: Ward) -> None:
    """A21: bed 1 of room 701 to bed 3 of room 702."""
    from_bed, from_door = ward["bed-b01"], ward["door-r01"]
    to_bed, station = ward["bed-b03"], ward["station-main"]
    open_tab(station, "ward")
    admit(ward, "V2", "1", "柳^如烟")
    expect(shown(from_bed, "柳如烟")).to_be_visible()
    expect(shown(from_door, "柳*烟")).to_be_visible()

    held = on_disk(from_bed, [])
    gone_by = now_ms() + WIPED_MS
    ward.feed(message("A02", now_ms(), "V2", "3", name="柳^如烟", prior="胸壁外科^^1"))
    for screen, name in ((from_bed, "柳如烟"), (from_door, "柳*烟")):
        expect(shown(screen, name)).to_have_count(0, timeout=max(1, gone_by - now_ms()))
    expect(shown(to_bed, "柳如烟")).to_be_visible(timeout=max(1, gone_by - now_ms()))
    expect(station.page.locator('[data-bed="b03"]')).to_contain_text("柳如烟")
    expect(station.page.locator('[data-bed="b01"]')).not_to_contain_text("柳如烟")
    assert on_disk(from_bed, held) == []
    discharge(ward, "V2", "3", "柳^如烟")


def test_a_bedside_that_was_away_wipes_the_one_who_left_before_it_draws_the_one_who_came(ward: Ward) -> None:
    """A21: cut off during discharge and admission; from disk and screen the old stay is gone."""
    bedside = ward["bed-b01"]
    admit(ward, "V3", "1", "孟^浩然")
    expect(shown(bedside, "孟浩然")).to_be_visible()
    before = on_disk(bedside, [])
    with cut_off(bedside):
        expect(bedside.body).to_have_attribute("data-layer", "4")
        discharge(ward, "V3", "1", "孟^浩然")
        admit(ward, "V4", "1", "岑^参")
        expect(shown(bedside, "孟浩然")).to_be_visible()  # it cannot know
        bedside.page.evaluate(
            """() => {
                window.both = false;
                const look = () => {
                    const text = document.body.innerText;
                    window.both ||= text.includes("岑参") && text.includes("孟浩然");
                };
                new MutationObserver(look).observe(document.body, { subtree: true, childList: true });
            }"""
        )
    expect(shown(bedside, "孟浩然")).to_have_count(0)
    expect(shown(bedside, "岑参")).to_be_visible()
    assert bedside.page.evaluate("window.both") is False
    assert len(before) == 1
    assert set(on_disk(bedside, before)).isdisjoint(before)
    discharge(ward, "V4", "1", "岑^参")


def test_a_bedside_that_was_off_draws_nothing_of_the_one_who_left(ward: Ward) -> None:
    """A21: switched off during the discharge; started again with the hub there, the name never comes up."""
    bedside = ward["bed-b03"]
    admit(ward, "V5", "3", "贺^知章")
    expect(shown(bedside, "贺知章")).to_be_visible()
    context = bedside.page.context
    bedside.page.close()
    discharge(ward, "V5", "3", "贺^知章")
    admit(ward, "V6", "3", "王^之涣")
    context.add_init_script(
        """window.seen = [];
        new MutationObserver(() => {
            const name = document.querySelector("h1")?.innerText;
            const drawn = document.body?.dataset.phase === "ready" && name && name !== window.seen.at(-1);
            if (drawn) window.seen.push(name);
        }).observe(document, { subtree: true, childList: true, characterData: true });"""
    )
    again = ward.open(ward.hub.address("bed-b03"), "bed-b03", context)
    expect(shown(again, "王之涣")).to_be_visible()
    assert again.page.evaluate("window.seen") == ["王之涣"]
    ward.replace("bed-b03", again)
    discharge(ward, "V6", "3", "王^之涣")


def test_what_a_nurse_wrote_offline_of_the_one_who_left_never_shows_on_the_one_who_came(ward: Ward) -> None:
    """Design 4: notes and advice hang on the stay; they arrive, and the next patient has none of them."""
    station, phone = ward["station-main"], ward["pda-01"]
    admit(ward, "V7", "5", "杜^牧之")
    note = open_bed(station, "b05")
    expect(shown(station, "杜牧之")).to_be_visible()
    expect(note).to_be_editable()
    with cut_off(station):
        expect(station.body).to_have_attribute("data-layer", "4")
        note.fill("杜：夜里要人扶")
        open_tab(station, "handover")
        station.page.get_by_role("button", name="杜牧之").click()
        station.page.get_by_label("后续护理建议").fill("杜：明早复查")
        expect(station.body).not_to_have_attribute("data-unsent", "0")
        discharge(ward, "V7", "5", "杜^牧之")
        admit(ward, "V8", "5", "李^贺之")
    expect(station.body).to_have_attribute("data-unsent", "0")
    for screen in (station, phone):
        open_tab(screen, "handover")
        screen.page.get_by_role("button", name="李贺之").click()
        for label in ("后续护理建议", "交班记录"):
            expect(screen.page.get_by_label(label)).to_have_value("")
        note = open_bed(screen, "b05")
        expect(note).to_be_editable()
        expect(note).to_have_value("")
        expect(screen.page.get_by_text("杜")).to_have_count(0)

"""axe-core looks at every screen, idle and with calls, in both languages, by day and by night."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Playwright, expect
from ward_sync.facts import Act

from tests.helpers.browser import Screen
from tests.helpers.screens import RunningWard, SixScreens, open_six, outside_the_panel, running_ward, sign_in

AXE = Path(__file__).parents[2] / "pwa" / "node_modules" / "axe-core" / "axe.min.js"
GRAVE = ("serious", "critical")
LOOK = """async (grave) => {
    const { violations } = await axe.run(document, { resultTypes: ["violations"] });
    return violations.filter((one) => grave.includes(one.impact)).map((one) =>
        `${one.id} (${one.impact}): ${one.nodes.length} x ${one.nodes[0].html.slice(0, 160)}: `
        + one.nodes[0].failureSummary);
}"""


@pytest.fixture(scope="module")
def ward(
    built_app: Path, ward_template: Path, playwright: Playwright, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningWard]:
    with running_ward(playwright, ward_template, tmp_path_factory.mktemp("axe")) as ward:
        yield ward
        assert ward.browser.lines == []


@pytest.fixture(scope="module")
def six(ward: RunningWard) -> SixScreens:
    return open_six(ward.browser)


def test_no_screen_has_a_grave_finding_in_either_language(ward: RunningWard, six: SixScreens) -> None:
    """WCAG as axe-core knows it: contrast, names of keys, roles. And nothing is pushed out of a panel."""
    found = [*_findings(six, "zh, idle")]
    placed = _call(ward, six)
    found += _findings(six, "zh, calls")
    _speak(six, "en")
    found += _findings(six, "en, calls")
    _cancel(ward, six, placed)
    found += _findings(six, "en, idle")
    _speak(six, "zh")
    assert found == []


def test_the_night_keeps_everything_readable(ward: RunningWard, six: SixScreens) -> None:
    """A11: darker, and still with the contrast that the day has."""
    ward.change(night_from="00:00", night_to="23:59")
    for screen in six.all():
        expect(screen.page.locator("[data-theme]").first).to_have_attribute("data-theme", "night")
    found = [*_findings(six, "night, idle")]
    placed = _call(ward, six)
    found += _findings(six, "night, calls")
    _cancel(ward, six, placed)
    ward.change(night_from="00:00", night_to="00:00")
    assert found == []


def test_what_opens_at_the_station_and_on_the_phone_has_no_grave_finding(six: SixScreens) -> None:
    """Signing in, every tab, a bed's card, and the sheet of the phone's emergency keys."""
    found = []
    for screen, own in ((six.station, "self"), (six.pda, "me")):
        tabs = screen.page.locator("[data-tab]")
        names = [str(tab.get_attribute("data-tab")) for tab in tabs.all()]
        screen.page.locator(f'[data-tab="{own}"]').click()
        found += [f"signed out: {text}" for text in _look(screen)]
        sign_in(screen, "n001", own)
        for name in names:
            screen.page.locator(f'[data-tab="{name}"]').click()
            found += [f"{name}: {text}" for text in _look(screen)]
        screen.page.locator(f'[data-tab="{"ward" if own == "self" else "patients"}"]').click()
        screen.page.locator('button[data-bed="b01"]').click()
        found += [f"bed card: {text}" for text in _look(screen)]
        screen.page.locator(f'[data-tab="{names[0]}"]').click()
    six.pda.get("ask-staff_assist").click()
    found += [f"sheet: {text}" for text in _look(six.pda)]
    six.pda.page.reload()
    assert found == []


def _call(ward: RunningWard, six: SixScreens) -> list[tuple[str, str]]:
    """Calls of every class, the longest names among them; returns what the hands have placed."""
    six.bedside.get("press-patient").click()
    wanted = (
        ("bed-b05", "emergency", "bed:b05"),
        ("bed-b06", "dressing", "bed:b06"),
        ("door-r04", "code", "room:r04"),
        ("door-r05", "bathroom", "bathroom:r05"),
        ("station-vice", "station", "terminal:station-vice"),
    )
    placed = []
    for terminal, call_type, source in wanted:
        placed.append((terminal, ward.hands.press(terminal, call_type, source)))
    for screen in (six.station, six.whiteboard, six.pda):
        expect(screen.get("call-row")).to_have_count(1 + len(wanted))
    expect(six.door.row("bed:b01")).to_be_visible()
    return placed


def _cancel(ward: RunningWard, six: SixScreens, placed: list[tuple[str, str]]) -> None:
    six.bedside.get("cancel").click()
    for terminal, call in placed:
        ward.hands.act(terminal, Act.CANCELLED, [call])
    six.expect_quiet()


def _speak(six: SixScreens, language: str) -> None:
    """Each screen in this language; the corridor has no touch, so it is set as its slot remembers it."""
    for screen in six.all():
        remember = f"localStorage.setItem('wardline:{screen.terminal}:language', '{language}')"
        screen.page.evaluate(remember)
        screen.page.reload()
    for screen in six.all():
        screen.expect_ready()
        expect(screen.page.locator("[lang][data-theme]")).to_have_attribute(
            "lang", "zh-CN" if language == "zh" else "en"
        )


def _findings(six: SixScreens, when: str) -> list[str]:
    return [f"{when}: {text}" for screen in six.all() for text in _look(screen)]


def _look(screen: Screen) -> list[str]:
    screen.page.evaluate(AXE.read_text("utf-8"))
    found: list[str] = screen.page.evaluate(LOOK, list(GRAVE))
    return [*(f"{screen.kind}: {text}" for text in found), *outside_the_panel(screen)]

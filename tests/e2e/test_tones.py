"""Tones as a real browser renders them, measured in their samples, and the sounder's own test of sound."""

from __future__ import annotations

import functools
import json
import math
import shutil
import subprocess
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Playwright

ROOT = Path(__file__).parents[2]
TONES: dict[str, Any] = json.loads((ROOT / "sync/vectors/tones.json").read_text())
CHROMIUM = ("--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-gpu")
STEP_MS = 4
"""Longer than a period of the lowest tone, so that the loudest sample of a step is its loudness."""

LOUDNESS = """async ([tone, seconds, stepMs]) => {
    const rate = 48000;
    const samples = await tones.renderTone(tone, seconds, rate);
    const step = rate * stepMs / 1000, loudness = [];
    for (let at = 0; at + step <= samples.length; at += step) {
        let most = 0;
        for (let i = at; i < at + step; i += 1) most = Math.max(most, Math.abs(samples[i]));
        loudness.push(most);
    }
    return loudness;
}"""

STRENGTH = """async ([tone, fromS, toS, hertz]) => {
    const rate = 48000;
    const samples = (await tones.renderTone(tone, toS + 0.1, rate)).subarray(fromS * rate, toS * rate);
    return hertz.map((each) => {
        let real = 0, imaginary = 0;
        samples.forEach((value, at) => {
            real += value * Math.cos(2 * Math.PI * each * at / rate);
            imaginary += value * Math.sin(2 * Math.PI * each * at / rate);
        });
        return Math.hypot(real, imaginary) / samples.length;
    });
}"""


class Quiet(SimpleHTTPRequestHandler):
    """Serves a folder and writes no log."""

    def log_message(self, format: str, *args: object) -> None:
        return


@pytest.fixture(scope="module")
def page_address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a page that has the app's tone code in `window.tones`."""
    if shutil.which("chromium") is None:
        pytest.skip("no Chromium: make e2e installs it, as root")
    folder = tmp_path_factory.mktemp("tones")
    node = shutil.which("node", path=f"{ROOT / '.venv/bin'}:{Path('/usr/local/bin')}:{Path('/usr/bin')}")
    assert node is not None, "no Node: run make install"
    vite = ROOT / "pwa/node_modules/vite/bin/vite.js"
    arguments = ["build", "--config", "tools/tones.vite.ts", "--outDir", str(folder)]
    subprocess.run([node, str(vite), *arguments], cwd=ROOT / "pwa", check=True, timeout=60)
    (folder / "index.html").write_text(
        '<!doctype html><link rel="icon" href="data:,"><button>touch</button>'
        '<script type="module" src="tones.js"></script>'
        # made by the page itself: what Playwright evaluates counts as a touch
        '<script type="module">window.sounder = tones.createSounder();'
        "document.querySelector('button').onclick = () => sounder.unlock();</script>"
    )
    handler = functools.partial(Quiet, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


def launch(playwright: Playwright, *more: str) -> Browser:
    return playwright.chromium.launch(executable_path=shutil.which("chromium"), args=[*CHROMIUM, *more])


@pytest.fixture
def page(playwright: Playwright, page_address: str) -> Iterator[Page]:
    """The page in a browser that sounds only after a touch."""
    browser = launch(playwright, "--autoplay-policy=document-user-activation-required")
    page = browser.new_page()
    page.goto(page_address)
    page.wait_for_function("window.sounder !== undefined")
    yield page
    browser.close()


def pulses_of(loudness: list[float]) -> list[tuple[int, int]]:
    """(start, length) in ms of every stretch that is not silent."""
    found: list[tuple[int, int]] = []
    start: int | None = None
    for at, value in enumerate([*loudness, 0.0]):
        if value > 0.02 and start is None:
            start = at
        elif value <= 0.02 and start is not None:
            found.append((start * STEP_MS, (at - start) * STEP_MS))
            start = None
    return found


@pytest.mark.parametrize("tone", ["high", "medium", "low"])
def test_a_tone_has_its_pulses_and_comes_again(page: Page, tone: str) -> None:
    """A7: pulses, rhythm and repetition of each tone, over two periods and a half."""
    expected = TONES["tones"][tone]
    repeat_ms: int = expected["repeat_ms"]
    wanted = [
        (period * repeat_ms + at, length)
        for period in range(3)
        for at, length in expected["pulses"]
        if period < 2 or at + length < repeat_ms / 2
    ]
    loudness = page.evaluate(LOUDNESS, [tone, repeat_ms * 2.5 / 1000 + 0.2, STEP_MS])
    measured = pulses_of(loudness)
    in_time = [pulse for pulse in measured if pulse[0] + pulse[1] < repeat_ms * 2.5]
    in_wanted = [pulse for pulse in wanted if pulse[0] + pulse[1] < repeat_ms * 2.5]
    assert len(in_time) == len(in_wanted)
    for (at, length), (wanted_at, wanted_length) in zip(in_time, in_wanted, strict=True):
        assert abs(at - wanted_at) <= 2 * STEP_MS
        assert abs(length - wanted_length) <= 3 * STEP_MS


@pytest.mark.parametrize("tone", ["high", "medium", "low"])
def test_a_pulse_rises_gently_and_does_not_clip(page: Page, tone: str) -> None:
    """domain 2.1: rise of 10 to 20 % of the pulse, here from nothing to full."""
    _, length = TONES["tones"][tone]["pulses"][0]
    loudness = page.evaluate(LOUDNESS, [tone, 1, 1])
    full = max(loudness)
    assert 0.3 < full <= 1
    rise = next(at for at, value in enumerate(loudness) if value >= 0.97 * full)
    assert 0.1 * length - 3 <= rise <= 0.2 * length + 3


@pytest.mark.parametrize("tone", ["high", "medium", "low"])
def test_a_tone_has_four_harmonics_of_like_strength(page: Page, tone: str) -> None:
    """domain 2.1: base 150 to 1000 Hz, at least four components up to 4 kHz within 15 dB."""
    base = page.evaluate("(tone) => tones.patternOf(tone).base_hz", tone)
    lowest, highest = TONES["base_hz"]
    assert lowest <= base <= highest
    hertz = [base * number for number in range(1, 6) if base * number <= 4000]
    at, length = TONES["tones"][tone]["pulses"][0]
    middle = [(at + 0.3 * length) / 1000, (at + 0.7 * length) / 1000]
    strengths = page.evaluate(STRENGTH, [tone, *middle, hertz])
    strongest = max(strengths)
    close = [one for one in strengths if 20 * math.log10(strongest / one) <= 15]
    assert len(close) >= TONES["min_harmonics"]


def test_sound_is_blocked_until_a_touch_and_then_runs(page: Page) -> None:
    """Blocked without a touch, ok after one, with the audio clock watched; muted is told."""
    assert page.evaluate("sounder.state()") == "blocked"
    page.click("button")
    page.wait_for_function("sounder.state() === 'ok'")
    # twice over more than the least look, so that the audio clock itself was compared
    page.wait_for_function(
        "async () => { for (let i = 0; i < 3; i += 1) { await new Promise((r) => setTimeout(r, 450));"
        " if (sounder.state() !== 'ok') return false; } return true; }"
    )
    page.evaluate("sounder.play('low')")
    assert page.evaluate("sounder.sounding()") == "low"
    page.evaluate("sounder.setMuted(true)")
    assert page.evaluate("sounder.state()") == "muted"
    page.evaluate("sounder.play(null)")
    assert page.evaluate("sounder.sounding()") is None


def test_a_kiosk_that_may_sound_needs_no_touch(playwright: Playwright, page_address: str) -> None:
    """A wall screen that restarts at night must not stay silent."""
    browser = launch(playwright, "--autoplay-policy=no-user-gesture-required")
    try:
        page = browser.new_page()
        page.goto(page_address)
        page.wait_for_function("window.sounder !== undefined")
        page.wait_for_function("sounder.state() === 'ok'")
    finally:
        browser.close()

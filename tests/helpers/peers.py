"""What pages' peer connections do, watched from the first script on, as the browser itself counts it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from playwright.sync_api import BrowserContext, Page

WATCH = """(() => {
    if (window.watchedPeers) return;
    const Real = window.RTCPeerConnection;
    const peers = (window.watchedPeers = []);
    window.RTCPeerConnection = class extends Real {
        constructor(...given) {
            super(...given);
            this.watchedChannels = [];
            peers.push(this);
            this.addEventListener("datachannel", ({ channel }) => this.watchedChannels.push(channel));
        }
        createDataChannel(...given) {
            const channel = super.createDataChannel(...given);
            this.watchedChannels.push(channel);
            return channel;
        }
    };
})()"""
"""Remembers every peer connection of a page and its channels, and changes nothing about them."""

_ENERGY = """const energy = async () => {
    let sum = 0;
    for (const peer of window.watchedPeers ?? []) {
        if (peer.connectionState === "closed") continue;
        for (const report of (await peer.getStats()).values())
            if (report.type === "inbound-rtp" && report.kind === "audio") sum += report.totalAudioEnergy ?? 0;
    }
    return sum;
};"""
ENERGY = f"async () => {{ {_ENERGY} return energy(); }}"
"""totalAudioEnergy of all that has come in, over all connections: a page's own measure of sound."""
HEARD = f"""async ([from, seconds]) => {{
    {_ENERGY}
    const until = performance.now() + seconds * 1000;
    while (performance.now() < until) {{
        if ((await energy()) > from + 0.001) return performance.timeOrigin + performance.now();
        await new Promise((resolve) => setTimeout(resolve, 20));
    }}
    return null;
}}"""
"""When (ms since the epoch) the energy has grown beyond `from`; null when not within `seconds`."""

LOOK_S = 0.25
SILENT_MS = 1_000


def watch(context: BrowserContext) -> BrowserContext:
    """Let every page of the context remember its peer connections. Before the first page is opened."""
    context.add_init_script(WATCH)
    return context


def sound(page: Page) -> float:
    """Energy of the sound that has come in so far."""
    energy: float = page.evaluate(ENERGY)
    return energy


def until(check: Callable[[], bool], within_s: float, page: Page, what: str) -> float:
    """Look again and again until `check` holds; returns after how many seconds. Fails with `what`.

    The page's own clock passes the time: Playwright's events go on meanwhile.
    """
    started = time.monotonic()
    while not check():
        assert time.monotonic() - started < within_s, f"{what}: not within {within_s} s"
        page.wait_for_timeout(LOOK_S * 1000)
    return time.monotonic() - started


def hears(page: Page, within_s: float = 5.0) -> float:
    """Wait until real sound comes in at the page: energy grows, not packets alone."""
    before = sound(page)
    return until(lambda: sound(page) > before + 0.01, within_s, page, "no sound came in")


def falls_silent(page: Page, within_s: float = 10.0) -> None:
    """Wait until no sound comes in for a second: what was on its way is still played."""

    def silent() -> bool:
        before = sound(page)
        page.wait_for_timeout(SILENT_MS)  # sound comes in real time
        return sound(page) - before < 0.001

    until(silent, within_s, page, "sound still comes in")


def connections(page: Page) -> list[str]:
    """`connectionState` of every peer connection that is not closed."""
    states: list[str] = page.evaluate("(window.watchedPeers ?? []).map((peer) => peer.connectionState)")
    return [state for state in states if state != "closed"]


def send_on_channels(page: Page, frame: bytes) -> int:
    """Send a hand-made frame on every open `ward` channel of the page; returns on how many."""
    sent: int = page.evaluate(
        """(bytes) => {
            let sent = 0;
            for (const peer of window.watchedPeers ?? [])
                for (const channel of peer.watchedChannels)
                    if (channel.label === "ward" && channel.readyState === "open") {
                        channel.send(new Uint8Array(bytes));
                        sent += 1;
                    }
            return sent;
        }""",
        list(frame),
    )
    return sent


def stats(page: Page) -> list[dict[str, Any]]:
    """All statistics of all living connections, as the browser gives them."""
    found: list[dict[str, Any]] = page.evaluate(
        """async () => {
            const all = [];
            for (const peer of window.watchedPeers ?? [])
                if (peer.connectionState !== "closed")
                    for (const report of (await peer.getStats()).values()) all.push(report);
            return all;
        }"""
    )
    return found

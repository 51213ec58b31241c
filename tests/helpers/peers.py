"""What pages' peer connections do, watched from the first script on, as the browser itself counts it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
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

SOUND = """async () => {
    let energy = 0, packets = 0, tracks = 0;
    for (const peer of window.watchedPeers ?? []) {
        if (peer.connectionState === "closed") continue;
        for (const report of (await peer.getStats()).values()) {
            if (report.type !== "inbound-rtp" || report.kind !== "audio") continue;
            energy += report.totalAudioEnergy ?? 0;
            packets += report.packetsReceived ?? 0;
            tracks += 1;
        }
    }
    return { energy, packets, tracks };
}"""

LOOK_S = 0.25


def watch(context: BrowserContext) -> BrowserContext:
    """Let every page of the context remember its peer connections. Before the first page is opened."""
    context.add_init_script(WATCH)
    return context


def sound(page: Page) -> Mapping[str, float]:
    """What has come in so far: `energy` (totalAudioEnergy summed), `packets`, `tracks`."""
    heard: Mapping[str, float] = page.evaluate(SOUND)
    return heard


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
    before = sound(page)["energy"]
    return until(lambda: sound(page)["energy"] > before + 0.01, within_s, page, "no sound came in")


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

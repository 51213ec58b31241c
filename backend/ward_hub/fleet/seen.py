"""What the back office says of a terminal's connection (DEV-03) and of its clock (DEV-06)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

Seen = Literal["never", "online", "delayed", "offline"]

SLOW_RTT_MS = 1_000
QUIET_MS = 5_000
"""Terminals speak every second or two, so this long without a word is no chance."""
GONE_MS = 10_000
"""As long as the edge waits before it closes a silent socket."""
CLOCK_OFF_MS = 1_000
"""A wall clock further than this from the hub's is warned of (DEV-06)."""


@dataclass(frozen=True, slots=True)
class Line:
    """A connected terminal: its address as the hub sees it, and how long it has said nothing."""

    address: str | None
    silent_ms: int


class Lines(Protocol):
    """Who is connected (edge/sockets.py)."""

    def lines(self) -> Mapping[str, Line]:
        """Terminal → its line."""
        ...


def seen(line: Line | None, heard_before: bool, rtt_ms: int | None) -> Seen:
    """Return the state of a terminal; `rtt_ms` as it last reported it, `heard_before`: it was here once."""
    if line is None or line.silent_ms > GONE_MS:
        return "offline" if heard_before else "never"
    if line.silent_ms > QUIET_MS or (rtt_ms is not None and rtt_ms > SLOW_RTT_MS):
        return "delayed"
    return "online"


def clock_is_off(offset_ms: int | None) -> bool:
    """Whether a terminal's wall clock is so far from the hub's that somebody should look (DEV-06)."""
    return offset_ms is not None and abs(offset_ms) > CLOCK_OFF_MS

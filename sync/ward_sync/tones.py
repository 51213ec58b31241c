"""Tones and light rhythms of the three alarm levels: the numbers every terminal sounds and shines by.

Numbers after IEC 60601-1-8 (10-pulse high, 3-pulse medium) and VDE 0834 (urgent 0.5 Hz);
`sync/vectors/tones.json` holds the same for the browser.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class TonePattern:
    """Pulses of one burst as (start, length) in ms, and the time from burst to burst."""

    pulses: tuple[tuple[int, int], ...]
    repeat_ms: int


def _burst(gaps: tuple[int, ...], pulse_ms: int) -> tuple[tuple[int, int], ...]:
    """Return pulses of one length with these silences between them."""
    starts = [0]
    for gap in gaps:
        starts.append(starts[-1] + pulse_ms + gap)
    return tuple((start, pulse_ms) for start in starts)


TONES: Final[Mapping[str, TonePattern]] = {
    "high": TonePattern(_burst((100, 100, 300, 100, 600, 100, 100, 300, 100), 150), 5_000),
    "medium": TonePattern(_burst((200, 200), 200), 8_000),
    "low": TonePattern(_burst((300,), 200), 10_000),
}
# (on, off) in ms; steady has no rhythm.
LIGHTS: Final[Mapping[str, tuple[int, int] | None]] = {
    "steady": None,
    "urgent": (1_000, 1_000),
    "code": (300, 300),
}
MIN_BASE_HZ: Final = 440
MAX_BASE_HZ: Final = 880
MIN_HARMONICS: Final = 4
# Share of the pulse that its onset takes.
MIN_RISE: Final = 0.10
MAX_RISE: Final = 0.20

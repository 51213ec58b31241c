"""Tones and rhythms keep to the standards' numbers (A7, A8)."""

from itertools import pairwise

from ward_sync.tones import LIGHTS, TONES


def test_tones_have_their_pulses_and_repeat_in_time() -> None:
    """A7: high 10 pulses every 2.5 to 15 s, medium 3, routine at least every 10 s."""
    assert {name: len(tone.pulses) for name, tone in TONES.items()} == {"high": 10, "medium": 3, "low": 2}
    assert 2_500 <= TONES["high"].repeat_ms <= 15_000
    assert TONES["low"].repeat_ms <= 10_000
    for tone in TONES.values():
        ends = [start + length for start, length in tone.pulses]
        assert all(end < start for end, (start, _) in zip(ends, tone.pulses[1:], strict=False))
        assert ends[-1] < tone.repeat_ms


def test_the_high_tone_is_three_and_two_twice() -> None:
    starts = [start for start, _ in TONES["high"].pulses]
    silences = [after - before - 150 for before, after in pairwise(starts)]
    assert silences == [100, 100, 300, 100, 600, 100, 100, 300, 100]


def test_lights_blink_at_their_rate() -> None:
    """A8: urgent 0.5 Hz, code 1.67 Hz, each within 10 %."""
    assert LIGHTS["steady"] is None
    rates = {name: 1000 / sum(rhythm) for name, rhythm in LIGHTS.items() if rhythm}
    assert abs(rates["urgent"] - 0.5) <= 0.05
    assert abs(rates["code"] - 1.67) <= 0.167

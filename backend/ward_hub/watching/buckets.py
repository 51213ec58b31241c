"""How often a quantity lay where: the counts of a histogram, without a library and without a lock."""

from __future__ import annotations

from bisect import bisect_left


class Buckets:
    """Counts of observed values. `counts[i]`: those above `bounds[i - 1]` and at most `bounds[i]`; the last
    is for what lies above all.
    """

    __slots__ = ("bounds", "counts", "sum")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        """`bounds`: ascending."""
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.sum = 0.0

    def observe(self, value: float) -> None:
        self.counts[bisect_left(self.bounds, value)] += 1
        self.sum += value

    @property
    def count(self) -> int:
        return sum(self.counts)


def seconds() -> Buckets:
    """From half a millisecond, less than a write to disk takes, to ten seconds, when all hope is gone."""
    return Buckets((0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.125, 0.25, 0.5, 1, 2.5, 10))


def sizes() -> Buckets:
    """Of groups: powers of two."""
    return Buckets((1, 2, 4, 8, 16, 32, 64, 128, 256, 1024))

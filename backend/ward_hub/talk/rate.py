"""Token buckets: how much of something each sender may do, at once and in the long run."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

MAX_KEPT = 8_192
"""Buckets kept; the one that was used longest ago goes first, and has been full again long since."""


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: int


class TokenBuckets:
    """A bucket of `burst` tokens for each sender, filled at `per_s` a second."""

    def __init__(self, burst: int, per_s: float) -> None:
        self._burst = burst
        self._per_s = per_s
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def take(self, sender: str, wanted: int, now: int) -> int:
        """Take up to `wanted` whole tokens of the sender's and return how many there were. `now` in ms."""
        bucket = self._buckets.setdefault(sender, _Bucket(self._burst, now))
        self._buckets.move_to_end(sender)
        if len(self._buckets) > MAX_KEPT:
            self._buckets.popitem(last=False)
        # A clock set back fills nothing, and must not empty either.
        passed_s = max(0, now - bucket.at) / 1000
        bucket.tokens = min(self._burst, bucket.tokens + passed_s * self._per_s)
        bucket.at = now
        taken = min(wanted, int(bucket.tokens))
        bucket.tokens -= taken
        return taken

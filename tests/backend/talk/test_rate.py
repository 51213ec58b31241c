"""Token buckets: a burst, then a rate."""

from __future__ import annotations

from ward_hub.talk.rate import MAX_KEPT, TokenBuckets


def test_a_bucket_empties_and_fills_again() -> None:
    buckets = TokenBuckets(burst=10, per_s=2)
    assert buckets.take("a", 4, 0) == 4
    assert buckets.take("a", 16, 0) == 6
    assert buckets.take("a", 1, 499) == 0
    assert buckets.take("a", 5, 1_000) == 2
    assert buckets.take("b", 16, 1_000) == 10
    assert buckets.take("a", 16, 1_000_000) == 10


def test_a_clock_set_back_neither_fills_nor_blocks() -> None:
    buckets = TokenBuckets(burst=2, per_s=1)
    assert buckets.take("a", 2, 10_000) == 2
    assert buckets.take("a", 1, 5_000) == 0
    assert buckets.take("a", 1, 6_000) == 1


def test_buckets_are_limited() -> None:
    buckets = TokenBuckets(burst=1, per_s=1)
    for number in range(MAX_KEPT + 1):
        assert buckets.take(f"t{number}", 1, 0) == 1
    assert len(buckets._buckets) == MAX_KEPT

"""Who was heard when: decides whether a late press rings or arrives as missed."""

from __future__ import annotations

from ward_hub.calls.sightings import Sightings


def test_a_session_that_ended_after_the_press_was_a_chance_to_deliver_it() -> None:
    sightings = Sightings()
    sightings.observe({"bed-b01"}, 1_000)
    sightings.observe({"bed-b01"}, 5_000)
    assert not sightings.seen_between("bed-b01", 2_000, 9_000)  # still here: this very session delivers
    sightings.observe(set(), 6_000)
    sightings.observe({"bed-b01"}, 9_000)
    assert sightings.seen_between("bed-b01", 2_000, 9_000)
    assert not sightings.seen_between("bed-b01", 5_000, 9_000)  # pressed after it was last seen
    assert not sightings.seen_between("bed-b02", 0, 9_000)

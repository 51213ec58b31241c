"""A room's calls stay small: days of the three years that `loadtests.growth` lives through (design 9)."""

from __future__ import annotations

from pathlib import Path

import pytest

from loadtests.room_life import RoomLife

BUDGET_BYTES = 64 * 1024


@pytest.mark.slow
async def test_a_rooms_calls_stay_small_over_days_with_restarts(tmp_path: Path) -> None:
    """What has been does not add up: the document is about as large after twelve days as after four."""
    room = RoomLife(tmp_path / "log.sqlite", seed=1)
    await room.live(4, calls_a_day=20)
    early = await room.sizes()
    await room.live(8, calls_a_day=20)
    late = await room.sizes()
    assert room.facts > 900
    assert room.largest_update < BUDGET_BYTES / 4
    # A call that is left open is some 2 KiB of facts; what is gone leaves only runs of clocks behind.
    gone = [size.update - 600 * size.items for size in (early, late)]
    assert gone[1] < 2 * 1024, (early, late)
    assert late.state_vector == early.state_vector == 4

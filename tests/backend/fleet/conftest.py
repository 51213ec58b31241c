"""A hub's fleet control over the standard ward."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.backend.fleet.fleet_hub import FleetHub, fleet_hub, fleet_ward


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[FleetHub]:
    async with fleet_ward(tmp_path) as database:
        yield await fleet_hub(database, tmp_path)

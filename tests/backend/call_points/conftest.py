"""A gateway with three call points."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.backend.call_points.points import Ward, gateway


@pytest.fixture
async def ward(tmp_path: Path) -> AsyncIterator[Ward]:
    async with gateway(tmp_path) as running:
        yield running

"""What every test may ask for."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.helpers.ward_hub_here import build_ward


@pytest.fixture(scope="session")
def standard_ward(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of a hub that has the standard ward, to be copied."""
    data = tmp_path_factory.mktemp("standard")
    asyncio.run(build_ward(data))
    return data

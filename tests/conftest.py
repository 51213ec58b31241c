"""What every test may ask for."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.helpers.hub_process import build_template


@pytest.fixture(scope="session")
def standard_ward(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of a hub that has the standard ward, to be copied. Its password hashes take seconds."""
    return build_template(tmp_path_factory.mktemp("standard") / "data")

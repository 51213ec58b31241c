"""Every adapter of the log port runs the one contract suite."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from ward_hub.log.port import Log

from tests.helpers.stores import SEVERAL_HUBS, STORES, Store

pytest.register_assert_rewrite("tests.backend.log.contract", "tests.backend.log.contract_of_hubs")

from tests.backend.log.contract import *  # noqa: E402, F403
from tests.backend.log.contract_of_hubs import *  # noqa: E402, F403


@pytest.fixture(params=sorted(STORES))
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    async with STORES[request.param](tmp_path) as made:
        yield made


@pytest.fixture
async def log(store: Store) -> AsyncIterator[Log]:
    made = await store.open("a")
    yield made
    await made.close()


@pytest.fixture(params=sorted(STORES.keys() - SEVERAL_HUBS))
async def log_of_one_hub(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Log]:
    async with STORES[request.param](tmp_path) as made:
        log = await made.open("a")
        yield log
        await log.close()


@pytest.fixture(params=sorted(SEVERAL_HUBS))
async def store_of_hubs(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    async with STORES[request.param](tmp_path) as made:
        yield made


@pytest.fixture
async def logs(store_of_hubs: Store) -> AsyncIterator[tuple[Log, Log]]:
    """Two hubs' logs on one store."""
    first, second = await store_of_hubs.open("a"), await store_of_hubs.open("b")
    yield first, second
    await first.close()
    await second.close()

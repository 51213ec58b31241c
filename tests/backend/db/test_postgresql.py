"""The SQL store on PostgreSQL: the same revisions, the same tables."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text
from ward_hub.db.engine import open_database

from tests.backend.db.test_migrations import differences
from tests.helpers.postgresql_server import database


@pytest.fixture
async def url() -> AsyncIterator[str]:
    async with database() as made:
        yield made


async def test_migrated_tables_equal_the_models(url: str) -> None:
    store = open_database(url)
    await store.upgrade()
    async with store.engine.connect() as connection:
        found = await connection.run_sync(differences)
    await store.close()
    assert found == []


async def test_several_openers_upgrade_it_together(url: str) -> None:
    stores = [open_database(url) for _ in range(4)]
    await asyncio.gather(*(store.upgrade() for store in stores))
    async with stores[0].session() as session:
        assert len((await session.scalars(text("SELECT version_num FROM alembic_version"))).all()) == 1
    for store in stores:
        await store.close()

"""The SQL store on PostgreSQL: the same revisions, the same tables."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import text
from ward_hub.db.engine import DatabaseUnavailable, open_database

from tests.backend.db.test_migrations import differences
from tests.helpers.postgresql_server import PASSWORD, QUOTED, database


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


async def test_who_may_not_enter_is_told_so_without_the_password(url: str) -> None:
    if QUOTED not in url:
        pytest.skip("the server's address is not of the private cluster")
    store = open_database(url.replace(QUOTED, "wrong-and-secret"))
    with pytest.raises(DatabaseUnavailable, match="password authentication failed") as refused:
        await store.upgrade()
    await store.close()
    assert "wrong-and-secret" not in str(refused.value)
    assert PASSWORD not in str(refused.value)


async def test_what_is_no_address_is_refused_without_being_repeated() -> None:
    with pytest.raises(ValueError, match="expected sqlite:PATH") as refused:
        open_database("postgresql://ward:secret@[::bad/ward")
    assert "secret" not in str(refused.value)


async def test_a_connection_that_the_server_closed_is_replaced_before_it_is_used(url: str) -> None:
    store = open_database(url)
    async with store.session() as session:
        await session.scalar(text("SELECT 1"))
        own = await session.scalar(text("SELECT pg_backend_pid()"))
    administrator = open_database(url)
    async with administrator.session() as session:
        assert await session.scalar(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": own})
    async with store.session() as session:
        assert await session.scalar(text("SELECT 1")) == 1
    await store.close()
    await administrator.close()

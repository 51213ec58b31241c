"""The SQL store opens, upgrades once for all comers, and keeps SQLite's guarantees switched on."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from sqlalchemy import text
from ward_hub.db.engine import open_database, sqlite_url


async def test_sqlite_runs_with_wal_and_foreign_keys(tmp_path: Path) -> None:
    database = open_database(f"sqlite:{tmp_path}/ward.db")
    await database.upgrade()
    async with database.session() as session:
        assert await session.scalar(text("PRAGMA journal_mode")) == "wal"
        assert await session.scalar(text("PRAGMA foreign_keys")) == 1
        assert await session.scalar(text("PRAGMA synchronous")) == 2
        assert await session.scalar(text("PRAGMA busy_timeout")) == 10_000
    await database.close()


async def test_several_openers_of_one_file_upgrade_it_together(tmp_path: Path) -> None:
    databases = [open_database(sqlite_url(tmp_path / "ward 100%.db")) for _ in range(4)]
    await asyncio.gather(*(database.upgrade() for database in databases))
    async with databases[0].session() as session:
        assert len((await session.scalars(text("SELECT version_num FROM alembic_version"))).all()) == 1
    for database in databases:
        await database.close()


async def test_a_store_in_memory_keeps_its_tables(tmp_path: Path) -> None:
    database = open_database("sqlite://")
    await database.upgrade()
    async with database.session() as session:
        assert await session.scalar(text("SELECT count(*) FROM alembic_version")) == 1
    await database.close()


def test_other_stores_are_refused() -> None:
    with pytest.raises(ValueError, match="mysql"):
        open_database("mysql://ward@localhost/ward")


async def test_a_transaction_that_reads_first_may_write_after_another_has(tmp_path: Path) -> None:
    """Without saying so at its begin, SQLite answers "database is locked" at once, whatever the time-out."""
    database = open_database(f"sqlite:{tmp_path / 'ward.sqlite'}")
    await database.upgrade()

    async def read_then_write() -> None:
        async with database.session.begin() as session:
            await session.scalar(text("SELECT count(*) FROM wards"))
            await session.execute(text("UPDATE directory_revision SET value = value + 1"))

    await asyncio.gather(*(read_then_write() for _ in range(8)))
    await database.close()

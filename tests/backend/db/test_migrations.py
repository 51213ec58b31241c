"""The migrations and the table classes say the same, and there is one line of revisions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection
from ward_hub.db.engine import MIGRATIONS, open_database
from ward_hub.db.models import load_tables


def differences(connection: Connection) -> list[Any]:
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    found: list[Any] = compare_metadata(context, load_tables())
    return found


async def test_migrated_tables_equal_the_models(tmp_path: Path) -> None:
    database = open_database(f"sqlite:{tmp_path}/ward.db")
    await database.upgrade()
    async with database.engine.connect() as connection:
        found = await connection.run_sync(differences)
    await database.close()
    assert found == []


def test_the_revisions_are_one_line() -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    script = ScriptDirectory.from_config(config)
    assert script.get_bases() == ["0001_directory"]
    assert len(script.get_heads()) == 1

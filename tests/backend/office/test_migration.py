"""Turns from before the back office get a key each, by which they can be changed."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text
from ward_hub.db.engine import MIGRATIONS, open_database


def _to(connection: Connection, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


async def test_turns_get_keys_of_their_own(tmp_path: Path) -> None:
    database = open_database(f"sqlite:{tmp_path}/ward.db")
    async with database.engine.connect() as connection:
        await connection.run_sync(_to, "0005_accounts")
        for statement in (
            "INSERT INTO wards VALUES ('w1', 'W', 'W', '[1,2,3]', 1, 0, '21:00', '06:00', '{}', '{}')",
            "INSERT INTO staff VALUES ('n1', 'w1', '001', 'N', 'nurse', NULL, 1, 0)",
            "INSERT INTO duty (ward, staff, beds, since) VALUES ('w1', 'n1', '[]', 1)",
            "INSERT INTO duty (ward, staff, beds, since) VALUES ('w1', 'n1', '[]', 2)",
        ):
            await connection.execute(text(statement))
        await connection.commit()
    await database.upgrade()
    async with database.session() as session:
        turns = (await session.execute(text("SELECT since, key FROM duty ORDER BY since"))).all()
    await database.close()
    assert [tuple(turn) for turn in turns] == [(1, "t1"), (2, "t2")]

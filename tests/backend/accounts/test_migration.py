"""A ward from before the back office keeps its people, their passwords and turns when its tables change."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError
from ward_hub.db.engine import MIGRATIONS, open_database


def _to(connection: Connection, revision: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, revision)


async def test_people_passwords_and_turns_survive(tmp_path: Path) -> None:
    database = open_database(f"sqlite:{tmp_path}/ward.db")
    async with database.engine.connect() as connection:
        await connection.run_sync(_to, "0004_recordings")
        for statement in (
            "INSERT INTO wards VALUES ('w1', 'W', 'W', '[1,2,3]', 1, 0, '21:00', '06:00', '{}', '{}')",
            "INSERT INTO staff VALUES ('n1', 'w1', '001', 'N', 'nurse', NULL, 1, 0)",
            "INSERT INTO staff VALUES ('n2', 'w1', '002', 'M', 'nurse', NULL, 1, 1)",
            "INSERT INTO staff_credentials VALUES ('n1', 'hash', 7)",
            "INSERT INTO duty (ward, staff, beds, since) VALUES ('w1', 'n1', '[]', 1)",
        ):
            await connection.execute(text(statement))
        await connection.commit()
    await database.upgrade()
    async with database.session() as session:
        people = (await session.execute(text("SELECT id, ward, number FROM staff ORDER BY id"))).all()
        assert [tuple(one) for one in people] == [("n1", "w1", "001"), ("n2", "w1", "002")]
        history = (
            await session.execute(text("SELECT staff, password_hash, set_at FROM password_history"))
        ).all()
        assert [tuple(one) for one in history] == [("n1", "hash", 7)]
        assert (await session.execute(text("PRAGMA foreign_key_check"))).all() == []
    async with database.session.begin() as session:
        await session.execute(
            text("INSERT INTO staff VALUES ('a1', NULL, 'a1', 'A', 'audit_admin', NULL, 1, 2)")
        )
    with pytest.raises(IntegrityError):  # what refers to a person still does
        async with database.session.begin() as session:
            await session.execute(text("DELETE FROM staff WHERE id = 'n1'"))
    await database.close()

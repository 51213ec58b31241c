"""Stays that were there before changes of identity are found by their patients' numbers too."""

from __future__ import annotations

import json
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text
from ward_hub.db.engine import MIGRATIONS, open_database
from ward_hub.ingest.hl7.mllp import Frame
from ward_hub.ingest.service import FeedService

from tests.backend.ingest.feeding import MAPPING, Beds, Clock, Documents, SmallPlaces, identity, minutes


def _before(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, "0009_call_points")
    said = {"name": [minutes(0), 1, {"family": "张", "given": "伟"}]}
    connection.execute(
        text(
            "INSERT INTO encounters"
            " (stay, visit, identifiers, particulars, status, ward, bed, last_at, updated_at)"
            " VALUES ('s1', 'V1', :numbers, :said, 'present', 'thoracic', 'b01', :at, :at)"
        ),
        {"numbers": json.dumps(["P1"]), "said": json.dumps(said), "at": minutes(0)},
    )
    connection.execute(
        text(
            "INSERT INTO movements (stay, kind, at, message, placed, ward, bed, outside)"
            " VALUES ('s1', 'admit', :at, 1, true, 'thoracic', 'b01', '')"
        ),
        {"at": minutes(0)},
    )
    connection.execute(
        text("INSERT INTO bed_occupancy (ward, bed, stay, since) VALUES ('thoracic', 'b01', 's1', :at)"),
        {"at": minutes(0)},
    )


async def test_a_stay_of_an_older_version_is_found_and_keeps_what_it_had(tmp_path: Path) -> None:
    """FEED20, FEED21."""
    database = open_database(f"sqlite:{tmp_path}/ward.db")
    async with database.engine.connect() as connection:
        await connection.run_sync(_before)
        await connection.commit()
    await database.upgrade()
    documents = Documents()
    service = FeedService(database, SmallPlaces(), documents, Beds(), MAPPING, Clock())
    await service.take(Frame(identity("A40", minutes(5), "P2", "P1")))
    await service.settle()
    assert documents.held["stay/s1/card"]["card"]["name"] == "张伟"
    await service.take(Frame(identity("A31", minutes(6), "P2", name="章^伟")))
    await service.settle()
    assert documents.held["stay/s1/card"]["card"]["name"] == "章伟"
    await database.close()

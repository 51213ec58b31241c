"""A database of the newest revision, without a ward: migrated once, then copied."""

from __future__ import annotations

from pathlib import Path

from ward_hub.db.engine import Database, open_database, sqlite_url

_built: list[bytes] = []


async def migrated(folder: Path) -> Database:
    """Return the open database `ward.sqlite` in the folder; to be closed by the caller."""
    path = folder / "ward.sqlite"
    if not _built:
        building = open_database(sqlite_url(path))
        await building.upgrade()
        await building.close()
        _built.append(path.read_bytes())
    path.write_bytes(_built[0])
    return open_database(sqlite_url(path))

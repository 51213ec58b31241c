"""Which installation this is, and how often it was restored: every terminal compares the two."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from sqlalchemy.exc import IntegrityError

from ward_hub.db.engine import Database
from ward_hub.identity.tables import InstallationRow


@dataclass(frozen=True, slots=True)
class Installation:
    """`id` never changes; `generation` is for a restore from a backup to count on."""

    id: str
    generation: int


async def load_installation(database: Database) -> Installation:
    """Return this installation, made at the first call. Safe when several processes start at once."""
    async with database.session() as session:
        row = await session.get(InstallationRow, 1)
    if row is None:
        try:
            async with database.session.begin() as session:
                session.add(InstallationRow(id=1, installation=secrets.token_hex(16), generation=1))
        except IntegrityError:
            pass  # another process was first
        async with database.session() as session:
            row = await session.get_one(InstallationRow, 1)
    return Installation(row.installation, row.generation)

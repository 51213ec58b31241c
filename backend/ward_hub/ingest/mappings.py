"""The installation's mapping in SQL: versions, each whole, over the shipped file. The newest one holds."""

from __future__ import annotations

import logging
from collections.abc import Mapping as Map
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from ward_hub.db.engine import Database
from ward_hub.ingest.mapping import Mapping, MappingError, parse_mapping
from ward_hub.record.tables import FeedMappingRow

log = logging.getLogger(__name__)

SHOWN = 50


class MappingMoved(Exception):
    """Somebody stored another version meanwhile."""


@dataclass(frozen=True, slots=True)
class Version:
    """One stored mapping. `id` 0 is the shipped one; `own`: the parts that replace the shipped ones."""

    id: int
    at: int
    staff: str
    own: Map[str, Any]


SHIPPED_VERSION = Version(0, 0, "", {})


async def load_mapping_now(database: Database) -> Mapping:
    """Return the mapping that holds. One that a newer hub does not understand is logged and put aside."""
    async with database.session() as session:
        version = await newest(session)
    try:
        return parse_mapping(version.own)
    except MappingError as error:
        log.error("feed: mapping %d cannot be used, the shipped one is: %s", version.id, error)
        return parse_mapping({})


async def newest(session: AsyncSession) -> Version:
    """Return the version that holds."""
    row = await session.scalar(select(FeedMappingRow).order_by(FeedMappingRow.id.desc()).limit(1))
    return SHIPPED_VERSION if row is None else _version(row)


async def versions(session: AsyncSession) -> list[Version]:
    """Return the newest versions, newest first."""
    query = select(FeedMappingRow).order_by(FeedMappingRow.id.desc()).limit(SHOWN)
    return [_version(row) for row in (await session.scalars(query)).all()]


async def load_version(session: AsyncSession, version: int) -> Version | None:
    """Return one version; 0 is the shipped one."""
    if version == 0:
        return SHIPPED_VERSION
    row = await session.get(FeedMappingRow, version)
    return None if row is None else _version(row)


async def store_mapping(
    session: AsyncSession, own: Map[str, Any], staff: str, now: int, before: int
) -> tuple[int, Mapping]:
    """Store a new version; returns its id and what it comes to. Raises MappingError, MappingMoved."""
    mapping = parse_mapping(own)
    if (await newest(session)).id != before:
        raise MappingMoved
    row = FeedMappingRow(at=now, staff=staff, mapping=dict(own) or None)
    session.add(row)
    await session.flush()
    return row.id, mapping


def _version(row: FeedMappingRow) -> Version:
    return Version(row.id, row.at, row.staff, dict(row.mapping or {}))

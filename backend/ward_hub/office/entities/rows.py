"""Rows of one transaction, each read once: what was found and what was found missing.

The session's own map forgets rows nobody holds, and never knows that there is none. An import of thousands of
rows must not ask for each of them three times while it holds the database's only write lock.
"""

from __future__ import annotations

from typing import Any, TypeVar, cast

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from ward_hub.db.base import Base

R = TypeVar("R", bound=Base)
Key = str | tuple[str, ...]
_HELD = "wardline_rows"
_WHOLE = "wardline_whole_tables"


async def find(session: AsyncSession, table: type[R], key: Key) -> R | None:
    """The row with this primary key."""
    held = _held(session)
    if (table, key) not in held:
        if table in session.info.get(_WHOLE, ()):
            return None
        held[table, key] = await session.get(table, key)
    return cast("R | None", held[table, key])


def add(session: AsyncSession, key: Key, row: Base) -> None:
    """A new row, under its primary key."""
    session.add(row)
    _held(session)[type(row), key] = row


async def remove(session: AsyncSession, key: Key, row: Base) -> None:
    await session.delete(row)
    _held(session)[type(row), key] = None


async def read_whole(session: AsyncSession, table: type[Base]) -> None:
    """Read every row of the table at once, for whoever is about to ask for many."""
    if table in session.info.setdefault(_WHOLE, set()):
        return
    held = _held(session)
    keys = [column.name for column in table.__table__.primary_key]
    for row in await session.scalars(select(table)):
        values = tuple(getattr(row, name) for name in keys)
        held.setdefault((table, values if len(values) > 1 else values[0]), row)
    session.info[_WHOLE].add(table)


def _held(session: AsyncSession) -> dict[tuple[type[Base], Key], Any]:
    held: dict[tuple[type[Base], Key], Any] = session.info.setdefault(_HELD, {})
    return held

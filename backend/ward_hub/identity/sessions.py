"""Who is signed in where: one person a terminal at most. In memory for the gate, in SQL for a restart."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from sqlalchemy import Update, select, update

from ward_hub.db.engine import Database
from ward_hub.identity.tables import StaffSessionRow
from ward_hub.identity.tokens import STAFF_LIFE_MS


@dataclass(frozen=True, slots=True)
class StaffSession:
    """A person at a terminal until `expires_at` (ms)."""

    id: str
    staff: str
    terminal: str
    expires_at: int


class StaffSessions:
    """The open sessions. One hub writes them; tokens of a session that ended are worth nothing at once."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._by_terminal: dict[str, StaffSession] = {}

    async def load(self, now: int) -> None:
        """Read the sessions that are open; call once at start."""
        async with self._database.session() as session:
            rows = await session.scalars(
                select(StaffSessionRow).where(
                    StaffSessionRow.ended_at.is_(None), StaffSessionRow.expires_at > now
                )
            )
            self._by_terminal = {
                row.terminal: StaffSession(row.id, row.staff, row.terminal, row.expires_at) for row in rows
            }

    def at(self, terminal: str, now: int) -> StaffSession | None:
        """Who is signed in at the terminal now."""
        session = self._by_terminal.get(terminal)
        return session if session and session.expires_at > now else None

    async def begin(self, staff: str, terminal: str, now: int) -> StaffSession:
        """Open a session; whoever was signed in at this terminal no longer is."""
        opened = StaffSession(secrets.token_hex(16), staff, terminal, now + STAFF_LIFE_MS)
        async with self._database.session.begin() as session:
            await session.execute(_ended(terminal, now))
            session.add(
                StaffSessionRow(
                    id=opened.id,
                    staff=staff,
                    terminal=terminal,
                    started_at=now,
                    expires_at=opened.expires_at,
                    ended_at=None,
                )
            )
        self._by_terminal[terminal] = opened
        return opened

    async def end(self, terminal: str, now: int) -> bool:
        """Close the session at the terminal; returns whether there was one."""
        ended = self._by_terminal.pop(terminal, None)
        async with self._database.session.begin() as session:
            await session.execute(_ended(terminal, now))
        return ended is not None


def _ended(terminal: str, now: int) -> Update:
    return (
        update(StaffSessionRow)
        .where(StaffSessionRow.terminal == terminal, StaffSessionRow.ended_at.is_(None))
        .values(ended_at=now)
    )

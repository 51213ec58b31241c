"""Who is signed in where: one person a terminal at most. In memory for the gate, in SQL for a restart."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace

from sqlalchemy import Update, or_, select, update

from ward_hub.db.engine import Database
from ward_hub.identity.tables import StaffSessionRow
from ward_hub.identity.tokens import STAFF_LIFE_MS

SHORT_MS = 2 * 60_000
"""A session by PIN or badge at a shared screen lasts so long after the last edit or act."""
SHORT_WHOLE_MS = 10 * 60_000
"""And never longer than this in all: the hand that began it has left by then."""
KEEP_S = 10.0
KEPT_LATE_MS = 15_000
"""How far the end on disk may be behind."""
CLOCK_SLACK_MS = 5_000
"""A terminal's clock may be off by this against the hub's when it says when an act was."""


@dataclass(frozen=True, slots=True)
class StaffSession:
    """A person at a terminal until `expires_at` (ms)."""

    id: str
    staff: str
    terminal: str
    expires_at: int
    began_at: int = 0
    short: bool = False


class StaffSessions:
    """The open sessions. Tokens of a session that ended are worth nothing at once; at another hub of the
    installation once that has looked (`load` again and again)."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._by_terminal: dict[str, StaffSession] = {}
        self._writes = 0
        self._moved: set[str] = set()
        """Terminals whose session ends later than the disk says."""

    async def load(self, now: int) -> None:
        """Read the sessions that are open: at the start, and where several hubs open them, again and again.

        An end that moved here and is not on disk yet stays moved.
        """
        writes = self._writes
        async with self._database.session() as session:
            rows = await session.scalars(
                select(StaffSessionRow).where(
                    StaffSessionRow.ended_at.is_(None), StaffSessionRow.expires_at > now
                )
            )
            found = {
                row.terminal: StaffSession(
                    row.id,
                    row.staff,
                    row.terminal,
                    row.expires_at,
                    row.started_at,
                    row.expires_at - row.started_at <= SHORT_WHOLE_MS,
                )
                for row in rows
            }
        if writes != self._writes:
            return  # what was read may be older than what was written here meanwhile
        for terminal in self._moved:
            known, read = self._by_terminal.get(terminal), found.get(terminal)
            if known is not None and read is not None and known.id == read.id:
                found[terminal] = replace(read, expires_at=max(known.expires_at, read.expires_at))
        self._by_terminal = found

    def at(self, terminal: str, now: int) -> StaffSession | None:
        """Who is signed in at the terminal now."""
        session = self._by_terminal.get(terminal)
        return session if session and session.expires_at > now else None

    def count(self, now: int) -> int:
        """How many people are signed in at terminals now."""
        return sum(session.expires_at > now for session in self._by_terminal.values())

    async def begin(self, staff: str, terminal: str, now: int, *, short: bool = False) -> StaffSession:
        """Open a session; whoever was signed in at this terminal no longer is.

        `short`: as at a shared screen, for two minutes and as long as `extend` says.
        """
        life_ms = SHORT_MS if short else STAFF_LIFE_MS
        self._writes += 1
        opened = StaffSession(secrets.token_hex(16), staff, terminal, now + life_ms, now, short)
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
        self._writes += 1
        return opened

    def extend(self, terminal: str, now: int) -> None:
        """An edit or act of the terminal was taken: its short session, if there is one, lasts on."""
        session = self.at(terminal, now)
        if session is not None and session.short:
            end = min(now + SHORT_MS, session.began_at + SHORT_WHOLE_MS)
            self._by_terminal[terminal] = replace(session, expires_at=end)
            self._moved.add(terminal)

    async def keep(self) -> None:
        """Write down the ends that moved; called every KEEP_S."""
        moved, self._moved = self._moved, set()
        sessions = [session for terminal in moved if (session := self._by_terminal.get(terminal))]
        if not sessions:
            return
        async with self._database.session.begin() as database:
            for session in sessions:
                await database.execute(
                    update(StaffSessionRow)
                    .where(StaffSessionRow.id == session.id)
                    .values(expires_at=session.expires_at)
                )

    async def stood_behind(self, staff: str, terminal: str, at: int, now: int) -> bool:
        """Whether the person is signed in at the terminal now, or was at `at` (ms)."""
        session = self.at(terminal, now)
        if session is not None and session.staff == staff:
            return True
        async with self._database.session() as database:
            found = await database.scalar(
                select(StaffSessionRow.id)
                .where(
                    StaffSessionRow.terminal == terminal,
                    StaffSessionRow.staff == staff,
                    StaffSessionRow.started_at <= at + CLOCK_SLACK_MS,
                    StaffSessionRow.expires_at >= at - CLOCK_SLACK_MS - KEPT_LATE_MS,
                    or_(
                        StaffSessionRow.ended_at.is_(None),
                        StaffSessionRow.ended_at >= at - CLOCK_SLACK_MS,
                    ),
                )
                .limit(1)
            )
        return found is not None

    async def end_of(self, staff: str, now: int) -> None:
        """Close the person's sessions at every terminal: somebody else has set their password."""
        for terminal, session in list(self._by_terminal.items()):
            if session.staff == staff:
                await self.end(terminal, now)

    async def end(self, terminal: str, now: int) -> bool:
        """Close the session at the terminal; returns whether there was one."""
        ended = self._by_terminal.pop(terminal, None)
        self._writes += 1
        async with self._database.session.begin() as session:
            await session.execute(_ended(terminal, now))
        self._writes += 1
        return ended is not None


def _ended(terminal: str, now: int) -> Update:
    return (
        update(StaffSessionRow)
        .where(StaffSessionRow.terminal == terminal, StaffSessionRow.ended_at.is_(None))
        .values(ended_at=now)
    )

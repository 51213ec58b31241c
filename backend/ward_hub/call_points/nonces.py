"""Nonces that were used: in memory for speed, in SQL so that a restart opens no window.

What is taken is on disk before it has an effect. A request that was only slowed down is remembered too, on
disk within about a second: sent again by somebody else it must not cancel a later press.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from ward_hub.call_points.tables import CallPointNonceRow

MAX_WAITING = 4_096
"""Slowed-down requests a device of which are remembered: at 13 a second for all of their five minutes."""


class Nonces:
    """Terminal and nonce → until when (ms) it could come again."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], int] = {}
        self._waiting: dict[tuple[str, str], int] = {}
        self._slowed: dict[str, int] = {}

    async def load(self, session: AsyncSession, now: int) -> None:
        """Read what was used before the restart."""
        query = select(CallPointNonceRow).where(CallPointNonceRow.expires_at >= now)
        for row in (await session.scalars(query)).all():
            self._known[row.terminal, row.nonce] = row.expires_at

    def used(self, terminal: str, nonce: str) -> bool:
        return (terminal, nonce) in self._known

    def claim(self, terminal: str, nonce: str, expires_at: int) -> None:
        """From now on it is used. `store` comes next, `release` when the store failed."""
        self._known[terminal, nonce] = expires_at

    def release(self, terminal: str, nonce: str) -> None:
        """Nothing came of it: the device may send the same again."""
        self._known.pop((terminal, nonce), None)

    async def store(self, session: AsyncSession, terminal: str, nonce: str) -> None:
        """Write a claimed nonce in the caller's transaction."""
        expires_at = self._known[terminal, nonce]
        session.add(CallPointNonceRow(terminal=terminal, nonce=nonce, expires_at=expires_at))
        await session.flush()

    def slow(self, terminal: str, nonce: str, expires_at: int) -> None:
        """Remember a request that was slowed down; it is written at the next `write_waiting`."""
        if self._slowed.get(terminal, 0) < MAX_WAITING:
            self._slowed[terminal] = self._slowed.get(terminal, 0) + 1
            self._known[terminal, nonce] = self._waiting[terminal, nonce] = expires_at

    @property
    def waiting(self) -> bool:
        return bool(self._waiting)

    async def write_waiting(self, session: AsyncSession) -> Iterable[tuple[str, str]]:
        """Write what waits in the caller's transaction; `written` after its commit."""
        rows = [
            {"terminal": terminal, "nonce": nonce, "expires_at": expires_at}
            for (terminal, nonce), expires_at in self._waiting.items()
        ]
        if rows:
            await session.execute(insert(CallPointNonceRow), rows)
        return list(self._waiting)

    def written(self, keys: Iterable[tuple[str, str]]) -> None:
        for key in keys:
            self._waiting.pop(key, None)

    async def forget(self, session: AsyncSession, now: int) -> None:
        """Let go of what can come no more."""
        await session.execute(delete(CallPointNonceRow).where(CallPointNonceRow.expires_at < now))
        self._known = {key: until for key, until in self._known.items() if until >= now}
        self._slowed.clear()

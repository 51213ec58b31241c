"""Enrolment: a one-time code, handed over on paper or screen, binds a device's key to a terminal's slot."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Awaitable, Callable

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from ward_hub.db.engine import Database
from ward_hub.directory.model import Terminal, TerminalState
from ward_hub.directory.store import UnknownTerminal, bump_revision, retire_key, terminal_value
from ward_hub.directory.tables import TerminalKeyRow, TerminalRow
from ward_hub.identity.errors import IdentityCode, IdentityRefused
from ward_hub.identity.keys import is_public_key
from ward_hub.identity.tables import EnrolmentCodeRow

CODE_BYTES = 16
"""128 bits: cannot be guessed within its life, so it needs no tries of its own."""
CODE_LIFE_MS = 24 * 3_600_000
CODE_MAX_CHARS = 64


async def make_code(session: AsyncSession, terminal: str, now: int, life_ms: int = CODE_LIFE_MS) -> str:
    """Return a new one-time code for the terminal; codes made for it before end here.

    Only a hash of it is kept. Raises UnknownTerminal.
    """
    if await session.get(TerminalRow, terminal) is None:
        raise UnknownTerminal(terminal)
    await end_codes(session, terminal, now)
    code = secrets.token_urlsafe(CODE_BYTES)
    session.add(
        EnrolmentCodeRow(
            code_hash=_hash(code), terminal=terminal, created_at=now, expires_at=now + life_ms, used_at=None
        )
    )
    await session.flush()
    return code


async def end_codes(session: AsyncSession, terminal: str, now: int) -> None:
    """Let every unused code of the terminal end now (a revoked terminal must not come back by an old one)."""
    await session.execute(
        update(EnrolmentCodeRow)
        .where(EnrolmentCodeRow.terminal == terminal, EnrolmentCodeRow.expires_at > now)
        .values(expires_at=now)
    )


async def enrol(
    database: Database,
    code: str,
    public_key: bytes,
    now: int,
    also: Callable[[AsyncSession, Terminal], Awaitable[None]] | None = None,
) -> Terminal:
    """Bind the key (raw P-256 point) to the terminal of the code and return the terminal, active now.

    An older key goes to the history. `also` is done in the same transaction when a key is bound. Raises
    IdentityRefused: KEY_INVALID (the code stays good), CODE_INVALID.
    """
    if not is_public_key(public_key):
        raise IdentityRefused(IdentityCode.KEY_INVALID)
    async with database.session.begin() as session:
        # The update comes first: it takes the write lock, so that of two users of one code one wins.
        used = await session.scalar(
            update(EnrolmentCodeRow)
            .where(
                EnrolmentCodeRow.code_hash == _hash(code),
                EnrolmentCodeRow.used_at.is_(None),
                EnrolmentCodeRow.expires_at > now,
            )
            .values(used_at=now)
            .returning(EnrolmentCodeRow.terminal)
        )
        if used is None:
            return await _enrolled_before(session, code, public_key)
        if await _is_taken(session, public_key):
            raise IdentityRefused(IdentityCode.KEY_INVALID)
        row = await session.get_one(TerminalRow, used)
        retire_key(session, row, now, "replaced")
        row.public_key, row.bound_at = public_key, now
        row.state = TerminalState.ACTIVE.value
        await bump_revision(session)
        terminal = terminal_value(row)
        if also is not None:
            await also(session, terminal)
        return terminal


async def _enrolled_before(session: AsyncSession, code: str, public_key: bytes) -> Terminal:
    """The answer to the first try was lost on the way: the same code with the same key gets it again."""
    spent = await session.get(EnrolmentCodeRow, _hash(code))
    row = await session.get(TerminalRow, spent.terminal) if spent and spent.used_at is not None else None
    if row is None or row.public_key != public_key:
        raise IdentityRefused(IdentityCode.CODE_INVALID)
    return terminal_value(row)


async def _is_taken(session: AsyncSession, public_key: bytes) -> bool:
    """A key speaks for one slot for ever: one that was revoked or replaced cannot come back either."""
    bound = select(TerminalRow.id).where(TerminalRow.public_key == public_key)
    ended = select(TerminalKeyRow.id).where(TerminalKeyRow.public_key == public_key)
    return await session.scalar(bound) is not None or await session.scalar(ended) is not None


def _hash(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()

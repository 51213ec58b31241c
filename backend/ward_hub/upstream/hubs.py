"""The ward hubs that the hospital's hub knows: added and revoked at the command line, enrolled by a code."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Sequence

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from ward_hub.access.hubs import WARD_HUB, OtherHub
from ward_hub.db.engine import Database
from ward_hub.directory.tables import TerminalKeyRow, WardRow
from ward_hub.documents.names import ID
from ward_hub.identity.errors import IdentityCode, IdentityRefused
from ward_hub.identity.keys import is_public_key
from ward_hub.upstream.tables import WardHubRow

PROOF_TEXT = "wardline-ward-hub:"
"""What stands before the challenge in the signed text: no terminal's signature can be used instead."""
CODE_BYTES = 16
MAX_NAME = 40
CODE_LIFE_MS = 24 * 3_600_000
LOOK_S = 1.0
"""How often the registry is read: a revocation typed at the command line acts within about this time."""


class NotAdded(ValueError):
    """The ward hub cannot be added; the text says what was expected and what came."""


def name_of(hub: str) -> str:
    """How a ward hub stands among principals. A terminal's id has no colon."""
    return f"hub:{hub}"


async def add(session: AsyncSession, hub: str, wards: Sequence[str], now: int) -> str:
    """Add a ward hub, or give one that has not enrolled yet another code; returns the one-time code.

    Only a hash of it is kept. Raises NotAdded for a ward there is not and for a name that is taken.
    """
    known = set(await session.scalars(select(WardRow.id)))
    if strange := sorted(set(wards) - known):
        raise NotAdded(f"expected wards of this hospital, got {', '.join(strange)}")
    if not re.fullmatch(ID, hub) or len(hub) > MAX_NAME:
        raise NotAdded(f"expected a name of at most {MAX_NAME} small letters, digits, dots, _ and -")
    if not wards:
        raise NotAdded("expected at least one ward")
    row = await session.get(WardHubRow, hub)
    if row is not None and (row.enrolled_at is not None or row.revoked_at is not None):
        raise NotAdded(f"expected a name that no ward hub has or had, got {hub}")
    if row is None:
        row = WardHubRow(id=hub, added_at=now, public_key=None, enrolled_at=None, revoked_at=None)
        session.add(row)
    code = secrets.token_urlsafe(CODE_BYTES)
    row.wards, row.code_hash, row.code_expires_at = sorted(set(wards)), _hash(code), now + CODE_LIFE_MS
    await session.flush()
    return code


async def revoke(session: AsyncSession, hub: str, now: int) -> WardHubRow | None:
    """Take a ward hub's key away for good; returns its row, None when there is no such hub."""
    row = await session.get(WardHubRow, hub)
    if row is not None and row.revoked_at is None:
        row.revoked_at, row.code_hash = now, None
        await session.flush()
    return row


async def enrol(database: Database, code: str, public_key: bytes, now: int) -> WardHubRow:
    """Bind the key (raw P-256 point) to the ward hub of the code; again with the same key it is the same.

    Raises IdentityRefused: KEY_INVALID, CODE_INVALID.
    """
    if not is_public_key(public_key):
        raise IdentityRefused(IdentityCode.KEY_INVALID)
    async with database.session.begin() as session:
        bound = await session.scalar(
            update(WardHubRow)
            .where(
                WardHubRow.code_hash == _hash(code),
                WardHubRow.code_expires_at > now,
                WardHubRow.revoked_at.is_(None),
                # The answer to the first try may have been lost on the way.
                WardHubRow.public_key.is_(None) | (WardHubRow.public_key == public_key),
            )
            .values(public_key=public_key, enrolled_at=now)
            .returning(WardHubRow.id)
        )
        if bound is None:
            raise IdentityRefused(IdentityCode.CODE_INVALID)
        return await session.get_one(WardHubRow, bound)


class WardHubs:
    """The ward hubs as the running hub knows them now (`OtherHubs` of the gate)."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[str, OtherHub] = {}

    def find(self, name: str) -> OtherHub | None:
        return self._known.get(name)

    def of_ward(self, ward: str) -> list[str]:
        """The names of those that carry the ward."""
        return [name for name, hub in self._known.items() if ward in hub.wards]

    async def look(self) -> frozenset[str]:
        """Read who there is; returns the names that are known no longer, or otherwise than before."""
        async with self._database.session() as session:
            rows = await session.scalars(select(WardHubRow).where(WardHubRow.revoked_at.is_(None)))
            now = {
                name_of(row.id): OtherHub(name_of(row.id), WARD_HUB, frozenset(row.wards), row.public_key)
                for row in rows
                if row.public_key is not None
            }
        changed = frozenset(name for name, hub in self._known.items() if now.get(name) != hub)
        self._known = now
        return changed


async def ended_keys(database: Database, terminal: str) -> list[bytes]:
    """Keys that were once a terminal's: what it signed during a cut stays its word (UP4)."""
    async with database.session() as session:
        rows = select(TerminalKeyRow.public_key).where(TerminalKeyRow.terminal == terminal)
        return list(await session.scalars(rows))


def _hash(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()

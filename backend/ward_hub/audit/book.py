"""The audit trail in SQL: lines in one chain, whoever writes them, this hub or a command beside it.

The chain's one row is locked by the writer, so lines of several processes follow one another. It shows what
was changed, taken out or cut off; who can write the whole database can also write a new chain, so exports
belong on another machine.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from ward_hub.audit.chain import HASHED, AuditSearch, detail_text, line_hash, select_lines
from ward_hub.audit.port import AuditAction, AuditEntry
from ward_hub.audit.tables import AuditChainRow, AuditRow
from ward_hub.db.engine import Database
from ward_hub.directory.tables import HospitalRow
from ward_hub.documents.port import Json

LEAST_DAYS, MOST_DAYS = 180, 3650
"""Kept at least half a year (Cybersecurity Law art. 21); more if the hospital's settings say so."""
DAY_MS = 86_400_000
ANCHOR_SUBJECT = "audit"
"""Subject of the line that tells which lines were removed for their age."""
_MAX_CHARS = {"staff": 48, "terminal": 48, "ward": 48, "subject": 96, "address": 64}

log = logging.getLogger(__name__)


class AuditBook:
    """Implements `AuditTrail`. `clock` gives ms."""

    def __init__(self, database: Database, clock: Callable[[], int]) -> None:
        self._database = database
        self._clock = clock

    async def add(self, session: AsyncSession, entry: AuditEntry) -> None:
        """See `AuditTrail`; the session must be one that writes (`database.session.begin()`)."""
        # The time is taken when it is this line's turn: lines that waited for others are not older than they.
        await _lock_chain(session)
        await append(session, entry, self._clock())

    async def record(self, entry: AuditEntry) -> None:
        """See `AuditTrail`."""
        async with self._database.session.begin() as session:
            await self.add(session, entry)

    async def search(self, wanted: AuditSearch, limit: int) -> tuple[Sequence[AuditRow], bool]:
        """At most `limit` lines, newest first, and whether there are more."""
        query = select_lines(wanted).limit(limit + 1).execution_options(yield_per=500)
        async with self._database.session() as session:
            # In pieces, between which the hub does other work: calls do not wait for an export.
            rows = [row async for row in await session.stream_scalars(query)]
        return rows[:limit], len(rows) > limit

    async def forget_old(self) -> int:
        """Remove lines older than the hospital keeps them; returns how many. Call now and then."""
        now = self._clock()
        async with self._database.session() as session:
            hospital = await session.get(HospitalRow, 1)
            days = kept_days(hospital.settings if hospital else {})
            oldest = await session.scalar(select(func.min(AuditRow.at)))
        if oldest is None or oldest >= now - days * DAY_MS:
            return 0
        async with self._database.session.begin() as session:
            return await forget_before(session, now - days * DAY_MS, now)


async def append(session: AsyncSession, entry: AuditEntry, now: int) -> None:
    """Write one line at the end of the chain, in the caller's transaction."""
    chain = await _lock_chain(session)
    row = AuditRow(
        seq=chain.seq + 1,
        at=now,
        action=entry.action.value,
        result=entry.result,
        detail=detail_text(entry.detail),
        **{name: _clip(getattr(entry, name), most) for name, most in _MAX_CHARS.items()},
    )
    row.hash = line_hash(chain.hash, [getattr(row, name) for name in HASHED])
    session.add(row)
    chain.seq, chain.hash = row.seq, row.hash
    await session.flush()


async def forget_before(session: AsyncSession, before_ms: int, now: int) -> int:
    """Remove the oldest lines up to the first one at or after `before_ms`; returns how many.

    The last one's number and hash stay behind, in the chain and in a line of its own, so that the rest can
    still be checked.
    """
    chain = await _lock_chain(session)
    first_kept = await session.scalar(select(func.min(AuditRow.seq)).where(AuditRow.at >= before_ms))
    last_removed = (first_kept or chain.seq + 1) - 1
    anchor = await session.get(AuditRow, last_removed)
    if anchor is None:
        return 0
    removed = await session.execute(delete(AuditRow).where(AuditRow.seq <= last_removed))
    count: int = removed.rowcount  # type: ignore[attr-defined]  # a DELETE's result has it
    chain.anchor_seq, chain.anchor_hash = anchor.seq, anchor.hash
    detail: dict[str, Json] = {"removed_to": anchor.seq, "hash": anchor.hash, "lines": count}
    await append(session, AuditEntry(AuditAction.CHANGE, "ok", subject=ANCHOR_SUBJECT, detail=detail), now)
    log.info("%d audit lines were older than they are kept", count)
    return count


async def verify(session: AsyncSession) -> int | None:
    """The number of the first line that is not what was written, or is not there; None: all is well.

    The session must be a fresh one: the chain is read as it was at one moment, while others write on.
    """
    if session.get_bind().dialect.name == "postgresql":
        await session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
    chain = await session.get(AuditChainRow, 1)
    if chain is None:
        return 1
    seq, last_hash = chain.anchor_seq, chain.anchor_hash
    anchored = seq == 0
    columns = [getattr(AuditRow, name) for name in (*HASHED, "hash")]
    lines = await session.stream(select(*columns).order_by(AuditRow.seq).execution_options(yield_per=1000))
    async for *line, stored in lines:
        if line[0] != seq + 1:
            return min(int(line[0]), seq + 1)
        if stored != line_hash(last_hash, line):
            return seq + 1
        seq, last_hash = seq + 1, stored
        anchored = anchored or _is_anchor(dict(zip(HASHED, line, strict=True)), chain)
    if (seq, last_hash) != (chain.seq, chain.hash):
        return seq + 1
    return None if anchored else chain.anchor_seq


def kept_days(settings: Mapping[str, Any]) -> int:
    """How long lines are kept: `audit.days` of the hospital's settings, within the bounds."""
    value = settings.get("audit")
    days = value.get("days") if isinstance(value, Mapping) else None
    return min(max(days, LEAST_DAYS), MOST_DAYS) if type(days) is int else LEAST_DAYS


def line_detail(row: AuditRow) -> dict[str, Any]:
    """The detail as a value."""
    detail = json.loads(row.detail)
    return detail if isinstance(detail, dict) else {}


async def _lock_chain(session: AsyncSession) -> AuditChainRow:
    # On SQLite the transaction already holds the one write lock, elsewhere the row does.
    wanted = select(AuditChainRow).where(AuditChainRow.id == 1).with_for_update()
    chain = await session.scalar(wanted.execution_options(populate_existing=True))
    if chain is None:
        raise RuntimeError("the audit chain's row is gone: expected the one the migration made")
    return chain


def _is_anchor(line: Mapping[str, Any], chain: AuditChainRow) -> bool:
    if line["action"] != AuditAction.CHANGE or line["subject"] != ANCHOR_SUBJECT or line["staff"] is not None:
        return False
    expected = {"removed_to": chain.anchor_seq, "hash": chain.anchor_hash}
    return bool(expected.items() <= json.loads(line["detail"]).items())


def _clip(text: str | None, most: int) -> str | None:
    """At most so many characters that every store can hold: a line must not fail for what it tells of."""
    if text is None:
        return None
    return text.encode("utf-8", "replace").decode().replace("\0", "?")[:most]

"""Messages that could not be taken, for a person to look at, mend, send again or put away (FEED7, FEED27).

A mended message goes the way every message goes; the one that came stays as it came.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from ward_hub.audit.port import AuditAction, AuditEntry, AuditTrail
from ward_hub.db.engine import Database
from ward_hub.ingest.hl7 import charset
from ward_hub.ingest.hl7.acknowledge import read_header
from ward_hub.ingest.hl7.mllp import HEAD_BYTES, MAX_MESSAGE_BYTES, Frame
from ward_hub.ingest.intake import DONE, identity_of
from ward_hub.ingest.service import FeedService
from ward_hub.record.tables import FeedMessage

log = logging.getLogger(__name__)

State = Literal["refused", "replayed", "discarded"]
_STORED: dict[State, str] = {"refused": "not_taken", "replayed": "replayed", "discarded": "discarded"}
_SHOWN = {stored: shown for shown, stored in _STORED.items()}


class NotMended(Exception):
    """The message cannot be sent so. The text says what was expected."""


class HandledAlready(Exception):
    """Somebody has taken care of it meanwhile."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """One message. `where` like PV1-3; `handled_by` sent it again or put it away, at `handled_at` (ms)."""

    id: int
    received_at: int
    control_id: str
    kind: str
    reason: str
    where: str | None
    state: State
    ward: str | None
    handled_by: str | None
    handled_at: int | None
    note: str | None


@dataclass(frozen=True, slots=True)
class Actor:
    """Who looks. With a `ward` only what names that ward is in their sight; None: all."""

    staff: str
    ward: str | None
    address: str | None


class Repairs:
    """The refused messages of one feed. `clock` gives ms."""

    def __init__(
        self, database: Database, feed: FeedService, audit: AuditTrail, clock: Callable[[], int]
    ) -> None:
        self._database = database
        self._feed = feed
        self._audit = audit
        self._clock = clock

    async def list(
        self, who: Actor, state: State | None = None, before: int | None = None, limit: int = 100
    ) -> tuple[Sequence[Refusal], bool]:
        """Return messages, newest first, older than id `before`, and whether there are more."""
        states = list(_SHOWN) if state is None else [_STORED[state]]
        query = select(FeedMessage).where(FeedMessage.state.in_(states), FeedMessage.repair_of.is_(None))
        if before is not None:
            query = query.where(FeedMessage.id < before)
        if who.ward is not None:
            query = query.where(FeedMessage.ward == who.ward)
        async with self._database.session() as session:
            found = await session.scalars(query.order_by(FeedMessage.id.desc()).limit(limit + 1))
            rows = [_refusal(row) for row in found.all()]
        return rows[:limit], len(rows) > limit

    async def read(self, who: Actor, message: int) -> tuple[Refusal, str] | None:
        """Return a message with its text, lines parted by line feeds; a line in the trail comes first."""
        async with self._database.session.begin() as session:
            row = await self._row(session, who, message)
            if row is None:
                return None
            await self._note(session, who, row, "read")
            return _refusal(row), text_of(row.body)

    async def replay(self, who: Actor, message: int, text: str | None) -> tuple[State, str | None] | None:
        """Send a message again, as it came or as `text` has it; return what became of it and why.

        Raises NotMended, HandledAlready.
        """
        async with self._database.session() as session:
            row = await self._row(session, who, message)
        if row is None:
            return None
        if row.state not in ("not_taken", "discarded"):
            raise HandledAlready
        body = row.body if text is None else encode(text)
        if body == row.body and _cut_short(row):
            raise NotMended(f"Expected the whole message: only the first {HEAD_BYTES} bytes were kept.")
        sender, control_id, digest = identity_of(read_header(body), body)
        same = select(FeedMessage).where(
            FeedMessage.sender == sender, FeedMessage.control_id == control_id, FeedMessage.digest == digest
        )
        async with self._database.session() as session:
            new = await session.scalar(same) is None
        await self._feed.take(Frame(body))
        async with self._database.session.begin() as session:
            sent = await session.scalar(same)
            original = await session.get_one(FeedMessage, message)
            if sent is None:
                return "refused", "not stored"
            done = sent.state in DONE
            if new:
                sent.repair_of = original.id
            for one in (sent, original) if sent.repair_of == original.id else (original,):
                one.handled_by, one.handled_at = who.staff, self._clock()
            if done:
                original.state = "replayed"
                original.repair = sent.id if sent.id != original.id else None
            reason = None if done else sent.reason
            await self._note(session, who, original, "replay" if text is None else "repair", done)
            return ("replayed" if done else "refused"), reason

    async def discard(self, who: Actor, message: int, note: str) -> bool:
        """Put a message away; it is kept as long as refused ones are. False when there is none.

        Raises HandledAlready.
        """
        async with self._database.session.begin() as session:
            row = await self._row(session, who, message)
            if row is None:
                return False
            if row.state != "not_taken":
                raise HandledAlready
            row.state, row.note = "discarded", note or None
            row.handled_by, row.handled_at = who.staff, self._clock()
            await self._note(session, who, row, "discard")
            return True

    async def _row(self, session: AsyncSession, who: Actor, message: int) -> FeedMessage | None:
        row = await session.get(FeedMessage, message)
        if row is None or row.state not in _SHOWN or row.repair_of is not None:
            return None
        return row if who.ward in (None, row.ward) else None

    async def _note(
        self, session: AsyncSession, who: Actor, row: FeedMessage, did: str, done: bool = True
    ) -> None:
        entry = AuditEntry(
            AuditAction.FEED_REPAIR,
            "ok" if done else "refused",
            staff=who.staff,
            ward=row.ward,
            subject=str(row.id),
            address=who.address,
            detail={"did": did},
        )
        await self._audit.add(session, entry)


def text_of(body: bytes) -> str:
    """Return a message's text for a person; what its character set cannot read becomes a mark."""
    try:
        text, _ = charset.decode(body)
    except charset.CharsetError:
        declared = charset.declared_charset(body).upper()
        text = body.decode(charset.CODECS.get(declared, "utf-8"), "replace")
    return text.replace("\r\n", "\n").replace("\r", "\n")


def encode(text: str) -> bytes:
    """Return edited text as a message, in the character set that its MSH-18 names. Raises NotMended."""
    text = text.replace("\r\n", "\n").replace("\n", "\r").strip("\r ") + "\r"
    declared = charset.declared_charset(text.encode("utf-8", "replace"))
    codec = charset.CODECS.get((declared or charset.DEFAULT).upper())
    if codec is None:
        raise NotMended(f"MSH-18: expected one of {', '.join(charset.CODECS)}, got {declared[:40]!r}")
    try:
        body = text.encode(codec)
    except UnicodeEncodeError as error:
        raise NotMended(f"MSH-18: {declared} cannot hold {text[error.start]!r}") from None
    if len(body) > MAX_MESSAGE_BYTES:
        raise NotMended(f"Expected at most {MAX_MESSAGE_BYTES} bytes, got {len(body)}.")
    return body


def _cut_short(row: FeedMessage) -> bool:
    return len(row.body) >= HEAD_BYTES and (row.reason or "").startswith("expected at most")


def _refusal(row: FeedMessage) -> Refusal:
    return Refusal(
        id=row.id,
        received_at=row.received_at,
        control_id=row.control_id,
        kind=row.kind,
        reason=row.reason or "",
        where=_where(row.location),
        state=_SHOWN[row.state],
        ward=row.ward,
        handled_by=row.handled_by,
        handled_at=row.handled_at,
        note=row.note,
    )


def _where(location: str | None) -> str | None:
    """ERR-2 (`PV1^1^3`) as people write it (`PV1-3`)."""
    if not location:
        return None
    segment, _, rest = location.partition("^")
    field = rest.split("^")[1:]
    return f"{segment}-{'.'.join(field)}" if field else segment

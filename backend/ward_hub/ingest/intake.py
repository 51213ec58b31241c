"""Takes one message: what it says is in the record, or the message is kept with the reason why not.

One message is one SQL transaction, and the answer is made after its commit. Documents follow later, from the
record (`worker.py`).
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import re
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from ward_hub.db.engine import Database
from ward_hub.ingest.event import Event, IdentityChanged, subjects
from ward_hub.ingest.hl7 import charset
from ward_hub.ingest.hl7.acknowledge import Header, acknowledge, read_header
from ward_hub.ingest.hl7.adt import read_adt
from ward_hub.ingest.hl7.mllp import MAX_MESSAGE_BYTES, Frame, Oversized
from ward_hub.ingest.hl7.oru_r40 import Alarm, Phase, read_alarms
from ward_hub.ingest.hl7.parse import MessageRefused, parse_message
from ward_hub.ingest.locate import locator
from ward_hub.ingest.mapping import Mapping
from ward_hub.ingest.ports import AlarmNotTaken, AlarmPoints, Places
from ward_hub.ingest.reconcile import Changed, Record, Refused, reconcile
from ward_hub.record import store
from ward_hub.record.encounter import Place
from ward_hub.record.identity_store import load_changes, load_stays_of, store_changes
from ward_hub.record.tables import FeedMessage

log = logging.getLogger(__name__)

DONE = frozenset(("taken", "unchanged", "replayed"))
"""States of a message of which nothing more is expected. One that a person discarded is judged again."""
LATE_MS = 60_000
"""An alarm older than this is shown as about its own time."""
WARD_LOOKED_FOR = 65_536

NOT_STORED = "the record cannot be written now; send the message again"


@dataclass(frozen=True, slots=True)
class Answer:
    """The acknowledgement to send, and what has to be shown anew: stays, whichever documents follow.
    `taken`: whether the message was."""

    acknowledgement: bytes
    stays: frozenset[str] = field(default_factory=frozenset)
    taken: bool = True


class Intake:
    """Takes messages one after the other, whichever connection they come from."""

    def __init__(
        self,
        database: Database,
        places: Places,
        mapping: Mapping,
        clock: Callable[[], int],
        fresh: Callable[[], str] = lambda: secrets.token_hex(12),
        points: AlarmPoints | None = None,
    ) -> None:
        """`points`: who is told of devices' alarms; None refuses them."""
        self._points = points
        self._database = database
        self._places = places
        self._mapping = mapping
        self._clock = clock
        self._fresh = fresh
        self._lock = asyncio.Lock()

    def use(self, mapping: Mapping) -> None:
        """Read the messages to come by another mapping."""
        self._mapping = mapping

    async def take(self, message: Frame | Oversized) -> Answer:
        """Take one message off an MLLP connection. Never raises."""
        now = self._clock()
        data = message.message if isinstance(message, Frame) else message.head
        header = read_header(data)
        event: Event | None = None
        alarms: tuple[Alarm, ...] = ()
        refused: MessageRefused | None = None
        try:
            if isinstance(message, Oversized):
                text = f"expected at most {MAX_MESSAGE_BYTES} bytes, got more"
                raise MessageRefused(102, text, reject=True)
            parsed = parse_message(data)
            if (parsed.kind, parsed.event) == ("ORU", "R40"):
                alarms = read_alarms(parsed, self._mapping)
            else:
                event = read_adt(parsed, self._mapping)
        except MessageRefused as error:
            refused = error
        except Exception:
            log.exception("feed: a message could not be read")
            refused = MessageRefused(207, "the message could not be read: error in the hub")
        async with self._lock:
            if alarms:
                refused = await self._ring(header, data, alarms, now)
            refused, stays = await self._keep(header, data, event or alarms, refused, now)
        if refused is not None:
            _log_refusal(header, refused)
        answer = acknowledge(
            header, refused, now_ms=now, utc_offset=self._mapping.utc_offset, own_id=secrets.token_hex(8)
        )
        return Answer(answer, stays, refused is None)

    async def _ring(
        self, header: Header, data: bytes, alarms: tuple[Alarm, ...], now: int
    ) -> MessageRefused | None:
        """Tell the call points, all or none where one is not known. Before the message is stored as taken:
        an alarm that is told twice is one, one that is not told is lost."""
        if self._points is None:
            return MessageRefused(200, "MSH-9: this hub has no call points", reject=True)
        try:
            async with self._database.session() as session:
                if await _state(session, header, data) in DONE:
                    return None
            found = []
            for alarm in alarms:
                point = self._points.find(alarm.devices)
                if point is None:
                    got = f"{' '.join(alarm.devices)[:80]!r} at {alarm.where[:60]!r}"
                    text = f"OBX-18: expected id or serial of one call point, got {got}"
                    return MessageRefused(204, text, location="OBX^1^18")
                found.append(point)
            for point, alarm in zip(found, alarms, strict=True):
                if not alarm.rings and alarm.phase is not Phase.END:
                    continue
                late = alarm.at if alarm.at is not None and alarm.at < now - LATE_MS else None
                await self._points.tell(point, alarm.phase.value, alarm.alert, alarm.call_type, late)
        except AlarmNotTaken as error:
            return MessageRefused(207 if error.again else 204, str(error))
        except SQLAlchemyError:
            log.exception("feed: an alarm was not told")
            return MessageRefused(207, NOT_STORED)
        return None

    async def _keep(
        self,
        header: Header,
        data: bytes,
        event: Event | tuple[Alarm, ...] | None,
        refused: MessageRefused | None,
        now: int,
    ) -> tuple[MessageRefused | None, frozenset[str]]:
        try:
            async with self._database.session.begin() as session:
                return await self._transaction(session, header, data, event, refused, now)
        except SQLAlchemyError:
            log.exception("feed: a message was not stored")
            failed = MessageRefused(207, NOT_STORED)
        except Exception:
            log.exception("feed: a message was not taken")
            failed = MessageRefused(207, "error in the hub")
        try:
            async with self._database.session.begin() as session:
                await self._transaction(session, header, data, None, failed, now)
        except SQLAlchemyError:
            log.error("feed: nor was it kept")
        return failed, frozenset()

    async def _transaction(
        self,
        session: AsyncSession,
        header: Header,
        data: bytes,
        event: Event | tuple[Alarm, ...] | None,
        refused: MessageRefused | None,
        now: int,
    ) -> tuple[MessageRefused | None, frozenset[str]]:
        row = await _row(session, header, data, now)
        if row.state in DONE:
            return None, frozenset()  # FEED1: said already, taken already
        stays: frozenset[str] = frozenset()
        if isinstance(event, tuple):
            if refused is None:
                row.state = "taken" if event else row.state
        elif event is not None:
            row.visit = next((subject.visit for subject in subjects(event)), None)
            outcome = await self._reconcile(session, event, row.id, now)
            if isinstance(outcome, Refused):
                refused = MessageRefused(outcome.code, outcome.reason, location="PV1^1^3")
            else:
                await store.store(session, outcome.encounters, outcome.beds or {}, now)
                await store_changes(session, outcome.identity, now)
                stays = frozenset(one.stay for one in outcome.encounters) | set(outcome.displaced)
                row.state = "unchanged" if outcome.nothing else "taken"
                if outcome.displaced:
                    log.warning("feed: %s lost the bed to a newer placement", ", ".join(outcome.displaced))
        row.location = refused.location[:40] if refused else None
        row.ward = None if refused is None else self._ward_named(data, header)
        row.answer = "AA" if refused is None else "AR" if refused.reject else "AE"
        row.code = refused.code if refused else None
        row.reason = refused.text if refused else None
        return refused, stays

    async def _reconcile(
        self, session: AsyncSession, event: Event, arrived: int, now: int
    ) -> Changed | Refused:
        locate = locator(self._places.wards(), self._mapping)
        visits = [subject.visit for subject in subjects(event)]
        named = {
            (place.ward, place.bed)
            for subject in subjects(event)
            if subject.location is not None
            and isinstance(place := locate(subject.location), Place)
            and place.ward is not None
            and place.bed is not None
        }
        if isinstance(event, IdentityChanged):
            record = await self._people(session, event)
        else:
            encounters, beds = await store.load_touched(session, visits, named)
            numbers = {number for subject in subjects(event) for number in subject.identifiers}
            for one in encounters.values():
                if one.visit in visits:
                    numbers |= {*one.identifiers, *one.own.numbers}
            record = Record(encounters, beds, await load_changes(session, numbers, visits))
        return reconcile(record, event, locate, now=now, arrived=arrived, fresh=self._ids())

    def _ward_named(self, data: bytes, header: Header) -> str | None:
        """The ward of this hub that a message names in PV1-3, however little else of it can be read."""
        text = data[:WARD_LOOKED_FOR].decode(charset.CODECS[header.charset.upper()], "replace")
        named = re.search(r"(?:^|[\r\n])PV1\|[^|\r\n]*\|[^|\r\n]*\|([^|^~&\r\n]{1,200})", text)
        if named is None:
            return None
        word = named[1].strip()
        ward = self._mapping.wards.get(word.upper(), word.lower())
        return ward if any(one.id == ward for one in self._places.wards()) else None

    async def _people(self, session: AsyncSession, event: IdentityChanged) -> Record:
        numbers = {number for part in event.parts for number in (*part.prior, *part.surviving)}
        visits = [part.visit for part in event.parts if part.visit]
        changes = await load_changes(session, numbers, visits)
        numbers |= {number for change in changes for number in change.numbers}
        return Record(await load_stays_of(session, numbers, visits), {}, changes)

    def _ids(self) -> Iterator[str]:
        while True:
            yield self._fresh()


def _log_refusal(header: Header, refused: MessageRefused) -> None:
    """One line, without what came instead of what was expected: in a broken message that may be a name or a
    day of birth. `ward-hub refused` shows the whole reason."""
    kind = f"{header.kind}^{header.event}"[:40]
    answer = "AR" if refused.reject else "AE"
    expected = refused.text.partition(", got ")[0][:120]
    log.warning("feed: %s %r %r: %d %r", answer, header.control_id[:40], kind, refused.code, expected)


def identity_of(header: Header, data: bytes) -> tuple[str, str, str]:
    """Return what makes a message the same one again: sender, control id, hash of its bytes (FEED1)."""
    return "|".join(header.sending)[:300], header.control_id[:200], hashlib.sha256(data).hexdigest()


async def _state(session: AsyncSession, header: Header, data: bytes) -> str | None:
    """What became of the message when it came before; None when it did not."""
    sender, control_id, digest = identity_of(header, data)
    query = select(FeedMessage.state).where(
        FeedMessage.sender == sender, FeedMessage.control_id == control_id, FeedMessage.digest == digest
    )
    return await session.scalar(query)


async def _row(session: AsyncSession, header: Header, data: bytes, now: int) -> FeedMessage:
    """The message's row, new or from an earlier time it was sent (then with one more of its `times`)."""
    sender, control_id, digest = identity_of(header, data)
    query = select(FeedMessage).where(
        FeedMessage.sender == sender, FeedMessage.control_id == control_id, FeedMessage.digest == digest
    )
    row = await session.scalar(query)
    if row is not None:
        row.times += 1
        return row
    row = FeedMessage(
        sender=sender,
        control_id=control_id,
        digest=digest,
        received_at=now,
        kind=f"{header.kind}^{header.event}"[:40],
        body=data,
        state="not_taken",
        answer="AE",
        times=1,
    )
    session.add(row)
    await session.flush()
    return row

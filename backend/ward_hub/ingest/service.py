"""The feed as the hub runs it: listens for HL7 v2 over MLLP, keeps the record, fills the documents."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import select

from ward_hub.db.engine import Database
from ward_hub.directory.occupancy import OccupancySink
from ward_hub.documents.port import Publisher
from ward_hub.ingest.hl7.mllp import Frame, MllpServer, Oversized
from ward_hub.ingest.intake import Intake
from ward_hub.ingest.mapping import Mapping
from ward_hub.ingest.ports import Places
from ward_hub.ingest.worker import Projector
from ward_hub.record.tables import BedOccupancy, EncounterRow, FeedMessage

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Rejected:
    """A message that was not taken. `answer` AE or AR; `code` of HL7 table 0357; `times` it was sent."""

    id: int
    received_at: int
    sender: str
    control_id: str
    kind: str
    visit: str | None
    answer: str
    code: int | None
    reason: str
    times: int


class FeedService:
    """One feed. The database must be at its newest revision; `clock` gives ms since the epoch."""

    def __init__(
        self,
        database: Database,
        places: Places,
        publisher: Publisher,
        sink: OccupancySink,
        mapping: Mapping,
        clock: Callable[[], int],
        departed: dict[str, str] | None = None,
    ) -> None:
        """`departed`: filled with stay → ward of those whose late notes are still taken; for the gate."""
        self._database = database
        self._intake = Intake(database, places, mapping, clock)
        self._projector = Projector(
            database, places, publisher, sink, mapping, clock, {} if departed is None else departed
        )
        self._server = MllpServer(self.take)

    async def start(self, host: str, port: int) -> int:
        """Project everything, then listen; returns the port (of use when 0 was asked for).

        Raises OSError when the port is taken. Documents that cannot be written now follow when they can.
        """
        try:
            await self._projector.project_all()
        except Exception:
            log.exception("feed: documents could not be filled at the start")
        self._projector.start()
        try:
            return await self._server.start(host, port)
        except OSError:
            await self._projector.stop()
            raise

    async def stop(self) -> None:
        """Stop listening, publish what is still to publish, and end."""
        await self._server.stop()
        await self._projector.stop()
        try:
            await self._projector.publish()
        except Exception:
            log.exception("feed: documents are behind the record; the next start heals it")

    async def take(self, message: Frame | Oversized) -> bytes:
        """Take one message and return its acknowledgement; made after the commit. Never raises."""
        answer = await self._intake.take(message)
        if answer.stays:
            self._projector.changed(answer.stays)
        return answer.acknowledgement

    async def project_all(self) -> None:
        """Publish every document of the record anew. Raises what the publisher raises."""
        await self._projector.project_all()

    async def settle(self) -> None:
        """Wait until the documents are in step with the record. Raises what the publisher raises."""
        await self._projector.publish()

    async def rejected(self, limit: int = 100) -> list[Rejected]:
        """Return the newest messages that were not taken, newest first."""
        query = (
            select(FeedMessage)
            .where(FeedMessage.state == "not_taken")
            .order_by(FeedMessage.id.desc())
            .limit(limit)
        )
        async with self._database.session() as session:
            return [_rejected(row) for row in (await session.scalars(query)).all()]

    async def without_bed(self, ward: str) -> list[str]:
        """Return the stays that are in the ward but in none of its beds, for a person to place."""
        lying = select(BedOccupancy.stay).where(BedOccupancy.ward == ward)
        query = select(EncounterRow.stay).where(EncounterRow.ward == ward, EncounterRow.stay.not_in(lying))
        async with self._database.session() as session:
            return list((await session.scalars(query.order_by(EncounterRow.stay))).all())


def _rejected(row: FeedMessage) -> Rejected:
    return Rejected(
        id=row.id,
        received_at=row.received_at,
        sender=row.sender,
        control_id=row.control_id,
        kind=row.kind,
        visit=row.visit,
        answer=row.answer,
        code=row.code,
        reason=row.reason or "",
        times=row.times,
    )

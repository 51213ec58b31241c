"""The feed as the hub runs it: listens for HL7 v2 over MLLP, keeps the record, fills the documents."""

from __future__ import annotations

import logging
from collections.abc import Callable

from sqlalchemy import delete

from ward_hub.db.engine import Database
from ward_hub.directory.occupancy import OccupancySink
from ward_hub.documents.port import Publisher
from ward_hub.ingest.hl7.mllp import Frame, MllpServer, Oversized
from ward_hub.ingest.intake import Intake
from ward_hub.ingest.mapping import Mapping
from ward_hub.ingest.ports import AlarmPoints, Places
from ward_hub.ingest.worker import Beds, Projector
from ward_hub.record.identity_store import forget_changes
from ward_hub.record.tables import FeedMessage

log = logging.getLogger(__name__)

KEPT_DAYS = 30
"""Raw messages carry what patients have; this long they help to find out what went wrong."""


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
        points: AlarmPoints | None = None,
    ) -> None:
        """`departed`: filled with stay → ward of those whose late notes are still taken; for the gate.
        `points`: the call points, for alarms of devices; None refuses those."""
        self._database = database
        self._clock = clock
        self._intake = Intake(database, places, mapping, clock, points=points)
        self._projector = Projector(
            database, places, publisher, sink, mapping, clock, {} if departed is None else departed
        )
        self._server = MllpServer(self.take)

    async def start(self, host: str, port: int) -> int:
        """Listen; returns the port (of use when 0 was asked for). Raises OSError when the port is taken.

        Meanwhile everything is projected again, beside the terminals that come back: `settle` waits for it.
        """
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

    async def beds(self) -> dict[str, Beds]:
        """Who lies where by the record, for the gate before the first terminal comes back."""
        return await self._projector.beds()

    async def project_all(self) -> None:
        """Publish every document of the record anew. Raises what the publisher raises."""
        await self._projector.project_all()

    async def settle(self) -> None:
        """Wait until the documents are in step with the record. Raises what the publisher raises."""
        await self._projector.publish()

    async def forget_old(self) -> int:
        """Delete what was taken, or changed nothing, `KEPT_DAYS` ago or earlier; returns how many.

        What they said is in the record. What was not taken stays for a person to look at.
        """
        before = self._clock() - KEPT_DAYS * 86_400_000
        old = delete(FeedMessage).where(FeedMessage.state != "not_taken", FeedMessage.received_at < before)
        async with self._database.session.begin() as session:
            await forget_changes(session, self._clock())
            result = await session.execute(old)
        return int(getattr(result, "rowcount", 0))

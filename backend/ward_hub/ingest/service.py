"""The feed as the hub runs it: listens for HL7 v2 over MLLP, keeps the record, fills the documents."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from sqlalchemy import delete, func, or_, select

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

DAY_MS = 86_400_000
Take = Callable[[Frame | Oversized], Awaitable[bytes]]


@dataclass(frozen=True, slots=True)
class FeedSummary:
    """How the feed is: senders connected, when the newest message came (ms), how many wait for a person."""

    connected: int
    last_message_at: int | None
    refused: int


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
        around: Callable[[Take], Take] = lambda take: take,
        holds: Callable[[str | None], bool] | None = None,
        told: Callable[[], None] = lambda: None,
    ) -> None:
        """`departed`: filled with stay → ward of those whose late notes are still taken; for the gate.
        `points`: the call points, for alarms of devices; None refuses those. `around` may put something
        around the taking of each message. `holds`: see `worker.Projector`; `told`: something was taken, which
        other hubs on the same record are to look at."""
        self._database = database
        self._clock = clock
        self._mapping = mapping
        self._intake = Intake(database, places, mapping, clock, points=points)
        self._projector = Projector(
            database, places, publisher, sink, mapping, clock, {} if departed is None else departed, holds
        )
        self._told = told
        self._server = MllpServer(around(self.take))
        self.messages: Counter[str] = Counter()
        """Messages since the start, taken and refused."""
        self.last_at: int | None = None
        """When the last of them came, ms."""

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
        self.messages["taken" if answer.taken else "refused"] += 1
        self.last_at = self._clock()
        if answer.stays:
            self._projector.changed(answer.stays)
            self._told()
        return answer.acknowledgement

    @property
    def connected(self) -> int:
        """How many senders are connected."""
        return self._server.connected

    @property
    def behind(self) -> int:
        """Stays whose documents are behind the record."""
        return self._projector.behind

    async def beds(self) -> dict[str, Beds]:
        """Who lies where by the record, for the gate before the first terminal comes back."""
        return await self._projector.beds()

    async def look_at_beds(self) -> None:
        """Another hub took something: see `worker.Projector`."""
        await self._projector.look_at_beds()

    async def project_all(self) -> None:
        """Publish every document of the record anew. Raises what the publisher raises."""
        await self._projector.project_all()

    async def settle(self) -> None:
        """Wait until the documents are in step with the record. Raises what the publisher raises."""
        await self._projector.publish()

    def use(self, mapping: Mapping) -> None:
        """Read and show by another mapping from now on. What is in the record stays as it was read."""
        self._mapping = mapping
        self._intake.use(mapping)
        self._projector.use(mapping)

    async def summary(self) -> FeedSummary:
        """Return how the feed is now."""
        refused = (FeedMessage.state == "not_taken") & FeedMessage.repair_of.is_(None)
        async with self._database.session() as session:
            last = await session.scalar(select(func.max(FeedMessage.received_at)))
            waiting = await session.scalar(select(func.count()).select_from(FeedMessage).where(refused))
        return FeedSummary(self._server.connected, last, waiting or 0)

    async def forget_old(self) -> int:
        """Delete messages that were kept as long as the mapping says (FEED28); returns how many.

        What was taken is in the record; what was not has waited for a person.
        """
        now = self._clock()
        taken = FeedMessage.state.in_(("taken", "unchanged"))
        old = delete(FeedMessage).where(
            or_(
                taken & (FeedMessage.received_at < now - self._mapping.taken_days * DAY_MS),
                ~taken & (FeedMessage.received_at < now - self._mapping.refused_days * DAY_MS),
            )
        )
        async with self._database.session.begin() as session:
            await forget_changes(session, now)
            result = await session.execute(old)
        return int(getattr(result, "rowcount", 0))

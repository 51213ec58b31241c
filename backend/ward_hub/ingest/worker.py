"""Brings the documents into step with the record, behind the intake.

Nothing is remembered about what has been shown except to spare writes: at the start everything is projected
from the record again, so a crash between a commit and its documents heals.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timezone

from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from ward_hub.db.engine import Database
from ward_hub.directory.model import Priority
from ward_hub.directory.occupancy import OccupancySink
from ward_hub.documents import names
from ward_hub.documents.port import Publisher, Roots
from ward_hub.ingest.mapping import Mapping
from ward_hub.ingest.ports import Places, WardPlaces
from ward_hub.record import project, store
from ward_hub.record.encounter import Encounter
from ward_hub.record.tables import FeedMessage

log = logging.getLogger(__name__)

RETRY_S = 1.0
LONGEST_RETRY_S = 30.0
LOOK_S = 1.0
"""How often day and wards are looked at: ages change at midnight; beds and leaders change in the back office,
whose changes are to be seen at every terminal within 2 s, doors and bed cards among them."""

LATE_NOTES_MS = 72 * 3_600_000
"""What a nurse wrote offline for someone who has left is taken this long; rounds are made at least daily."""
LOOK_BACK_MS = 10 * 60_000
"""How far back another hub's messages may have sent somebody away, between two looks of this one."""
GONE_MS = 7 * 86_400_000
"""How far back a start empties the cards of those who left; a crash heals at the next start."""


Beds = tuple[dict[str, str | None], dict[str, Priority]]
"""Bed → stay, and bed → class of its patient, of one ward."""


class Projector:
    """Publishes what changed, soon after it changed; several changes at once make one round."""

    def __init__(
        self,
        database: Database,
        places: Places,
        publisher: Publisher,
        sink: OccupancySink,
        mapping: Mapping,
        clock: Callable[[], int],
        departed: dict[str, str],
        holds: Callable[[str | None], bool] | None = None,
    ) -> None:
        """`departed`: stay → ward, kept here for the gate: late notes are taken for `LATE_NOTES_MS`.

        `holds`: whether this hub keeps the ward's documents (None: the hospital's) in step, of several that
        share the record. The hub that took a message shows it at once; who holds the ward looks after it.
        """
        self._departed = departed
        self._database = database
        self._places = places
        self._publisher = publisher
        self._sink = sink
        self._mapping = mapping
        self._clock = clock
        self._stays: set[str] = set()
        self._everything = False
        self._dirty = asyncio.Event()
        self._over = asyncio.Event()
        self._round = asyncio.Lock()
        self._published: dict[str, Roots] = {}
        self._told: dict[str, Beds] = {}
        self._day: date | None = None
        self._wards: list[WardPlaces] = []
        self._task: asyncio.Task[None] | None = None
        self._holds = holds
        self._held: dict[str, bool] = {}
        self._newest: int | None = None
        self._others_due = False
        self._here = False
        """Whether what changed was taken by this hub."""

    def start(self) -> None:
        """Begin to publish in the background: first everything, since a crash may have come between."""
        self._everything = True
        self._dirty.set()
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def beds(self) -> dict[str, Beds]:
        """Ward → its beds' stays and priorities, from the record; nothing is published."""
        found: dict[str, Beds] = {}
        for ward in self._places.wards():
            async with self._database.session() as session:
                held = await store.load_ward(session, ward.id)
            found[ward.id] = _beds(ward, _lying(held))
        return found

    async def look_at_beds(self) -> None:
        """Another hub took something: who lies where is the gate's business here too, at once. The documents
        are that hub's."""
        async with self._database.session() as session:
            departed = await store.load_departed(session, self._clock() - LATE_NOTES_MS)
        self._departed.update(departed)
        for ward, (occupancy, priorities) in (await self.beds()).items():
            await self._sink.set_occupancy(ward, occupancy)
            await self._sink.set_bed_priorities(ward, priorities)

    def use(self, mapping: Mapping) -> None:
        """Show everything anew, by another mapping."""
        self._mapping = mapping
        self._everything = True
        self._dirty.set()

    async def stop(self) -> None:
        """Stop after the round under way; what was not published is projected at the next start."""
        if self._task is not None:
            self._over.set()
            self._dirty.set()
            await self._task
            self._task = None

    @property
    def behind(self) -> int:
        """Stays that changed in the record and are not shown yet."""
        return len(self._stays)

    def changed(self, stays: Iterable[str]) -> None:
        """Take note that these stays changed in the record, wherever they are now."""
        self._stays |= set(stays)
        self._here = True
        self._dirty.set()

    async def project_all(self) -> None:
        """Publish everything from the record, whatever was published before.

        Raises what the publisher and the database raise; it is then tried again in the background.
        """
        self._everything = self._here = True
        self._dirty.set()
        await self.publish()

    async def _forget_published(self) -> None:
        self._published.clear()
        self._told.clear()
        async with self._database.session() as session:
            self._stays |= set(await store.load_recently_gone(session, self._clock() - GONE_MS))

    async def publish(self) -> None:
        """Publish all that changed. On return the documents are in step; raises what the publisher raises."""
        async with self._round:
            if not self._dirty.is_set():
                return
            if self._everything:
                await self._forget_published()
                self._everything = False
            self._dirty.clear()
            stays, self._stays = self._stays, set()
            here, self._here = self._here, False
            try:
                await self._publish(stays, here)
            except BaseException:
                self._stays |= stays
                self._here = self._here or here
                self._dirty.set()
                raise

    async def _run(self) -> None:
        wait_s = RETRY_S
        while not self._over.is_set():
            try:
                await asyncio.wait_for(self._dirty.wait(), LOOK_S)
            except TimeoutError:
                same = (self._today(), list(self._places.wards())) == (self._day, self._wards)
                if same and not await self._others_took():
                    continue
                self._dirty.set()
            try:
                await self.publish()
                wait_s = RETRY_S
            except Exception:
                log.exception("feed: documents are behind the record, next try in %s s", wait_s)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._over.wait(), wait_s)
                wait_s = min(wait_s * 2, LONGEST_RETRY_S)

    async def _others_took(self) -> bool:
        """Whether another hub took messages before the last look, or a ward became this hub's to keep.

        A look later than seen: the hub that took them writes the documents itself, and this one then finds
        nothing left to write.
        """
        if self._holds is None:
            return False
        held = {ward.id: self._holds(ward.id) for ward in self._places.wards()}
        gained = any(holds and not self._held.get(ward) for ward, holds in held.items())
        self._held = held
        if gained:
            self._everything = True
        try:
            async with self._database.session() as session:
                newest = await session.scalar(select(func.max(FeedMessage.id)))
                moved = newest != self._newest
                if moved and not gained:
                    self._stays |= set(await store.load_recently_gone(session, self._clock() - LOOK_BACK_MS))
        except SQLAlchemyError as error:
            log.warning("feed: what other hubs took is not known: %s", type(error).__name__)
            return gained
        self._newest = newest
        due, self._others_due = self._others_due, moved
        return due or gained

    def _may(self, ward: str | None, here: bool) -> bool:
        return here or self._holds is None or self._holds(ward)

    async def _publish(self, stays: set[str], here: bool = True) -> None:
        """One round. First cards are emptied of those who left; the rights follow (A21). `here`: what changed
        was taken by this hub."""
        self._day = self._today()
        show = project.Show(self._day, self._mapping.hidden_surgery, self._mapping.services)
        wards = self._wards = list(self._places.wards())
        async with self._database.session() as session:
            held = {ward.id: await store.load_ward(session, ward.id) for ward in wards}
            departed = await store.load_departed(session, self._clock() - LATE_NOTES_MS)
        # Before the beds: the gate must not lose a stay between its bed and its afterlife.
        self._departed.clear()
        self._departed.update(departed)
        staying = {stay for ward in held.values() for stay in ward.encounters}
        for stay in sorted(stays - staying) if self._may(None, here) else ():
            await self._put(names.card(stay), {"card": {}})
            await self._put(names.clinical(stay), {"clinical": {}})
            for document in (names.card(stay), names.clinical(stay)):
                self._published.pop(document, None)
        away = Counter(
            home
            for ward, own in held.items()
            for one in own.encounters.values()
            if (home := _home(one, ward, show)) is not None
        )
        for ward in wards:
            if self._may(ward.id, here):
                await self._publish_ward(ward, held[ward.id], show, away[ward.id])
            else:
                await self._tell(ward, _lying(held[ward.id]))

    async def _publish_ward(
        self, ward: WardPlaces, held: store.Ward, show: project.Show, loaned_out: int
    ) -> None:
        bed_of = {stay: bed for bed, stay in held.beds.items()}
        for stay, encounter in held.encounters.items():
            await self._put(names.card(stay), {"card": project.card(encounter, bed_of.get(stay), show)})
            await self._put(names.clinical(stay), {"clinical": project.clinical(encounter, ward.id, show)})
        lying = _lying(held)
        # Before the beds: who reads there of a new stay asks for its card at once, and must not be denied.
        await self._tell(ward, lying)
        await self._put(names.beds(ward.id), {"beds": {bed: one.stay for bed, one in lying.items()}})
        for room in ward.rooms:
            await self._put(names.door(ward.id, room.id), project.door(ward, room, lying))
        without_bed = len(held.encounters) - len(lying)
        await self._put(names.board(ward.id), project.board(ward, lying, without_bed, show, loaned_out))

    async def _tell(self, ward: WardPlaces, lying: dict[str, Encounter]) -> None:
        occupancy, priorities = _beds(ward, lying)
        if self._told.get(ward.id) == (occupancy, priorities):
            return
        self._told.pop(ward.id, None)
        await self._sink.set_occupancy(ward.id, occupancy)
        await self._sink.set_bed_priorities(ward.id, priorities)
        self._told[ward.id] = (occupancy, priorities)

    async def _put(self, document: str, roots: Roots) -> None:
        if self._published.get(document) == roots:
            return
        self._published.pop(document, None)
        await self._publisher.publish(document, roots)
        self._published[document] = roots

    def _today(self) -> date:
        instant = datetime.fromtimestamp(self._clock() / 1000, UTC)
        return instant.astimezone(timezone(self._mapping.utc_offset)).date()


def _lying(held: store.Ward) -> dict[str, Encounter]:
    """Bed → who lies there."""
    return {bed: held.encounters[stay] for bed, stay in held.beds.items() if stay in held.encounters}


def _home(encounter: Encounter, ward: str, show: project.Show) -> str | None:
    """The ward that has lent this patient to another one."""
    value = project.loaned(encounter, ward, show)
    home = value.get("ward") if isinstance(value, dict) else None
    return home if isinstance(home, str) else None


def _beds(ward: WardPlaces, lying: dict[str, Encounter]) -> Beds:
    beds = [bed.id for room in ward.rooms for bed in room.beds]
    occupancy = {bed: lying[bed].stay if bed in lying else None for bed in beds}
    return occupancy, project.priorities(ward, lying)

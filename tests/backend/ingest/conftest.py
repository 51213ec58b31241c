"""A feed over a fresh record in memory."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from ward_hub.db.engine import Database, open_database
from ward_hub.db.models import load_tables
from ward_hub.ingest.hl7.mllp import Frame
from ward_hub.ingest.left_over import rejected
from ward_hub.ingest.service import FeedService

from tests.backend.ingest.feeding import MAPPING, Beds, Clock, Documents, SmallPlaces

__all__ = ["Feed"]


@dataclass
class Feed:
    """The service with its stand-ins."""

    service: FeedService
    database: Database
    documents: Documents
    beds: Beds
    clock: Clock

    async def send(self, *messages: bytes) -> list[str]:
        """Send messages; return their answers' codes, after the documents have followed."""
        codes = []
        for message in messages:
            answer = await self.service.take(Frame(message))
            found = re.search(rb"\rMSA\|(A[AER])", answer)
            codes.append(found[1].decode() if found else "?")
        await self.service.settle()
        return codes

    async def reason(self) -> str:
        """Return why the newest refused message was not taken."""
        return (await rejected(self.database, 1))[0].reason

    def stays(self) -> dict[str, str]:
        """Return bed → stay of the ward's `beds` document."""
        return {bed: str(stay) for bed, stay in self.documents.held["ward/thoracic/beds"]["beds"].items()}

    def card(self, bed: str) -> dict[str, object]:
        """Return the card of who lies in the bed."""
        return dict(self.documents.held[f"stay/{self.stays()[bed]}/card"]["card"])

    def shown(self) -> dict[str, object]:
        """Return bed → inpatient number, as the cards show it."""
        return {bed: self.card(bed)["inpatient_number"] for bed in self.stays()}


@pytest.fixture
async def feed() -> AsyncIterator[Feed]:
    database = open_database("sqlite://")
    tables = load_tables()
    async with database.engine.begin() as connection:
        await connection.run_sync(tables.create_all)
    documents, beds, clock = Documents(), Beds(), Clock()
    service = FeedService(database, SmallPlaces(), documents, beds, MAPPING, clock)
    await service.project_all()
    yield Feed(service, database, documents, beds, clock)
    await database.close()

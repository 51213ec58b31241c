"""The feed over a real socket and a real file: start, many connections, crash, start again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from ward_hub.db.engine import Database, open_database
from ward_hub.documents.port import Roots
from ward_hub.ingest.hl7.mllp import MAX_MESSAGE_BYTES, Frame, MllpClient
from ward_hub.ingest.left_over import rejected
from ward_hub.ingest.service import FeedService

from tests.backend.ingest.feeding import MAPPING, Beds, Clock, Documents, SmallPlaces, message, minutes


class Watched(Documents):
    """Documents that tell when the board shows a number of patients."""

    def __init__(self) -> None:
        super().__init__()
        self.patients: asyncio.Queue[object] = asyncio.Queue()

    async def publish(self, document: str, roots: Roots) -> None:
        await super().publish(document, roots)
        if document == "ward/thoracic/board":
            self.patients.put_nowait(roots["counts"]["patients"])

    async def until(self, patients: int) -> None:
        while await asyncio.wait_for(self.patients.get(), 10) != patients:
            pass


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = open_database(f"sqlite:{tmp_path / 'ward.sqlite'}")
    await database.upgrade()
    yield database
    await database.close()


def make(database: Database, documents: Documents, beds: Beds) -> FeedService:
    return FeedService(database, SmallPlaces(), documents, beds, MAPPING, Clock())


async def test_messages_of_many_connections_reach_the_screens(database: Database) -> None:
    """IF-01: every message answered on its own connection, documents follow by themselves."""
    documents, beds = Watched(), Beds()
    service = make(database, documents, beds)
    port = await service.start("127.0.0.1", 0)
    clients = [MllpClient("127.0.0.1", port) for _ in range(4)]
    answers = await asyncio.gather(
        *(
            client.send(message("A01", minutes(number), f"V{number}", str(number), control_id=f"C{number}"))
            for number, client in enumerate(clients, start=1)
        )
    )
    for number, answer in enumerate(answers, start=1):
        assert f"\rMSA|AA|C{number}\r".encode() in answer
    await documents.until(4)
    await service.settle()
    assert len({stay for stay in beds.stays.values() if stay}) == 4
    for client in clients:
        await client.close()
    await service.stop()


async def test_an_oversized_message_is_rejected_by_its_number_and_the_connection_lives(
    database: Database,
) -> None:
    service = make(database, Documents(), Beds())
    client = MllpClient("127.0.0.1", await service.start("127.0.0.1", 0))
    huge = message("A01", minutes(0), control_id="BIG", extra=["NTE|1||" + "x" * MAX_MESSAGE_BYTES])
    assert b"\rMSA|AR|BIG|expected at most 1048576 bytes" in await client.send(huge)
    assert b"\rMSA|AR||expected a segment MSH" in await client.send(b"noise")
    assert b"\rMSA|AA|" in await client.send(message("A01", minutes(0)))
    assert [one.answer for one in await rejected(database, 10)] == ["AR", "AR"]
    await client.close()
    await service.stop()


async def test_a_crash_between_commit_and_documents_heals_at_the_next_start(database: Database) -> None:
    """FEED18, A21: who came is shown, who left is wiped, though the first hub never published either."""
    shown = Documents()
    before = make(database, shown, Beds())
    client = MllpClient("127.0.0.1", await before.start("127.0.0.1", 0))
    await client.send(message("A01", minutes(0), "V1", "1", name="张^小三"))
    await before.settle()
    shown.failing = True
    assert b"MSA|AA" in await client.send(message("A03", minutes(1), "V1"))
    assert b"MSA|AA" in await client.send(message("A01", minutes(2), "V2", "2", name="李^娜"))
    await client.close()
    await before.stop()
    assert "张小三" in shown.text()
    shown.failing = False
    after = make(database, shown, Beds())
    await after.start("127.0.0.1", 0)
    await after.settle()
    assert "张" not in shown.text()
    assert "李娜" in shown.text()
    await after.stop()


async def test_late_notes_of_who_left_are_taken_for_72_hours(database: Database) -> None:
    """The gate is told which stays left which ward, and forgets them in time."""
    departed: dict[str, str] = {}
    beds, clock = Beds(), Clock()
    service = FeedService(database, SmallPlaces(), Documents(), beds, MAPPING, clock, departed)
    client = MllpClient("127.0.0.1", await service.start("127.0.0.1", 0))
    await client.send(message("A01", minutes(0), "V1", "1"))
    await service.settle()
    (stay,) = [stay for stay in beds.stays.values() if stay]
    assert departed == {}
    await client.send(message("A03", minutes(1), "V1"))
    await service.settle()
    assert departed == {stay: "thoracic"}
    clock.now += 73 * 3_600_000
    await service.project_all()
    assert departed == {}
    await client.close()
    await service.stop()


async def test_taken_messages_are_forgotten_after_a_month_and_refused_ones_kept(database: Database) -> None:
    """FEED17: raw messages hold what patients have; they are not kept longer than they help."""
    clock = Clock()
    service = FeedService(database, SmallPlaces(), Documents(), Beds(), MAPPING, clock)
    client = MllpClient("127.0.0.1", await service.start("127.0.0.1", 0))
    await client.send(message("A01", minutes(0), "V1", "1"))
    await client.send(b"noise")
    clock.now += 29 * 86_400_000
    assert await service.forget_old() == 0
    clock.now += 2 * 86_400_000
    assert await service.forget_old() == 1
    assert len(await rejected(database)) == 1
    await client.close()
    await service.stop()


async def test_a_refusal_leaves_one_line_without_what_the_message_says(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    service = make(database, Documents(), Beds())
    sent = [
        message("A01", minutes(0), control_id="GOOD"),
        message("A01", minutes(1), "V2", "99", control_id="N" * 60),
        message("A01", minutes(2), "V3", "2", control_id="BORN").replace(b"19800315", "欧阳伟".encode()),
        message("A01", minutes(3), "V4", "2", control_id="LINE").replace("张^伟".encode(), "张\r伟".encode()),
        message("Z99", minutes(4), control_id="KIND"),
    ]
    for one in sent:
        await service.take(Frame(one))
    lines = [record.getMessage() for record in caplog.records if record.name.endswith("intake")]
    assert lines == [
        f"feed: AE {'N' * 40!r} 'ADT^A01': 204 'PV1-3: expected a bed of ward thoracic'",
        "feed: AE 'BORN' 'ADT^A01': 102 'PID-7: expected a time YYYYMMDDHHMMSS'",
        "feed: AR 'LINE' 'ADT^A01': 100 'expected a segment name of three characters'",
        lines[3],
    ]
    assert lines[3].startswith("feed: AR 'KIND' 'ADT^Z99': 201 'MSH-9: expected one of A01")
    assert {record.levelname for record in caplog.records if record.getMessage() in lines} == {"WARNING"}

"""Directory, gate and the real host of doc rooms together: who loses a right loses the open document."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from ward_hub.access.gate import WardGate
from ward_hub.access.presence import check_presence
from ward_hub.db.engine import Database
from ward_hub.directory.current import CurrentDirectory
from ward_hub.directory.fixture import WARD
from ward_hub.directory.projector import DirectoryProjector
from ward_hub.directory.store import revoke_terminal
from ward_hub.doc_rooms.host import Host
from ward_hub.doc_rooms.peer import Peer
from ward_hub.doc_rooms.rules import DocumentRules, same_rules
from ward_hub.documents import names
from ward_hub.documents.port import values_of
from ward_hub.fan_out.frames import WireFrame
from ward_hub.identity.sessions import StaffSessions
from ward_hub.identity.tokens import Tokens
from ward_hub.log.memory import MemoryLog
from ward_sync.close_codes import CloseCode

from tests.backend.ward import NOW, Device, enrolled, standard_ward


class Socket:
    """Keeps what it was sent, and with which code it was closed."""

    def __init__(self) -> None:
        self.frames: list[WireFrame] = []
        self.code: int | None = None

    def push(self, frame: WireFrame) -> None:
        self.frames.append(frame)

    def close(self, code: int) -> None:
        self.code = code


class NoFacts:
    async def handle(self, peer: Peer, document: str, payload: str) -> list[str]:
        return []


class Hub:
    def __init__(self, database: Database) -> None:
        self.database = database
        self.current = CurrentDirectory()
        self.tokens = Tokens(b"s" * 32, "here")
        self.gate = WardGate(self.tokens, StaffSessions(database), self.current, self.clock)
        rules = same_rules(DocumentRules())
        self.host = Host(MemoryLog(), self.gate, rules, NoFacts(), self.clock, 1, check_presence)
        self.projector = DirectoryProjector(database, self.current, self.host, self.host, {}, self.clock)

    def clock(self) -> int:
        return NOW

    def open(self, terminal: str, *documents: str) -> tuple[Socket, list[Peer]]:
        """Sign the terminal in and open documents for it."""
        found = self.current.terminal(terminal)
        assert found is not None
        principal = self.gate.authenticate(self.tokens.issue(found, NOW).token)
        socket = Socket()
        return socket, [
            self.host.attach(socket, name, name, principal, self.gate.access(principal, name))
            for name in documents
        ]


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[Hub]:
    async with standard_ward(tmp_path) as database:
        for terminal in ("bed-b01", "bed-b02", "station-main"):
            await enrolled(database, terminal, Device())
        made = Hub(database)
        await made.projector.load()
        await made.projector.set_occupancy(WARD, {"b01": "s1"})
        yield made
        await made.host.close()


async def stay_at(hub: Hub, bed: str) -> object:
    name = names.bed_directory(WARD, bed)
    return await hub.host.read(name, lambda doc: values_of(doc, "self")["stay"])


async def test_documents_are_published_into_rooms(hub: Hub) -> None:
    assert await stay_at(hub, "b01") == "s1"
    assert await stay_at(hub, "b02") is None
    terminals = await hub.host.read(names.directory(WARD), lambda doc: values_of(doc, "terminals"))
    assert terminals is not None
    assert len(terminals) == 98


async def test_a_patient_who_moves_takes_the_card_away_from_the_old_bed(hub: Hub) -> None:
    old, (old_card, old_calls) = hub.open("bed-b01", "stay/s1/card", f"ward/{WARD}/room/r01/calls")
    _, (at_station,) = hub.open("station-main", "stay/s1/card")
    await hub.projector.set_occupancy(WARD, {"b01": None, "b02": "s1"})
    assert (old_card.open, old_calls.open, at_station.open) == (False, True, True)
    assert old.code is None
    _, (new_card,) = hub.open("bed-b02", "stay/s1/card")
    assert new_card.open
    assert await stay_at(hub, "b01") is None
    assert await stay_at(hub, "b02") == "s1"


async def test_a_revoked_terminal_is_cut_at_the_next_look(hub: Hub) -> None:
    bed, _ = hub.open("bed-b01", f"ward/{WARD}/room/r01/calls")
    other, _ = hub.open("bed-b02", f"ward/{WARD}/room/r01/calls")
    async with hub.database.session.begin() as session:
        await revoke_terminal(session, "bed-b01", NOW)
    await hub.projector.poll()
    assert bed.code == CloseCode.FORBIDDEN
    assert other.code is None

"""Which calls stand, read from the documents of a real host."""

from __future__ import annotations

from typing import Any

from ward_hub.access.presence import check_presence
from ward_hub.calls.service import CallService
from ward_hub.calls.signatures import verify
from ward_hub.doc_rooms.host import Host
from ward_hub.doc_rooms.rules import DocumentRules, same_rules
from ward_hub.documents import names
from ward_hub.log.memory import MemoryLog
from ward_hub.office.open_calls import CallsInDocuments, OpenCall, StandingCalls
from ward_sync.facts import Act

from tests.backend.calls.ward import NOW, FakeArchive, FakeGate, Ward
from tests.helpers.signing import Signer, id_of

MINUTE = 60_000


async def test_open_calls_and_who_has_a_part_in_what_stands() -> None:
    ward = Ward()
    store = MemoryLog()
    service = CallService(
        store,
        FakeGate(),
        lambda _ward: ward.directory(),
        verify,
        FakeArchive(),
        lambda *_span: False,
        lambda: ward.now,
    )
    host = Host(store, FakeGate(), same_rules(DocumentRules()), service, lambda: ward.now, 1, check_presence)
    service.attach(host)
    calls = CallsInDocuments(
        host, lambda _ward: ["r01", "r02"], lambda _ward: ward.directory(), lambda: ward.now
    )

    async def send(signer: Signer, kind: str, wire: str) -> None:
        frame = f'{{"t":"facts","facts":["{wire}"]}}'
        answers: list[Any] = await service.handle(
            ward.sender(signer, kind), names.calls("thoracic", "r01"), frame
        )
        assert "stored" in answers[0]

    assert await calls.standing("thoracic") == StandingCalls()
    patient = ward.bedside.place(NOW)
    bathroom = ward.door.make(Act.PLACED, NOW, source="bathroom:r01", type="bathroom")
    await send(ward.bedside, "bedside", patient)
    await send(ward.door, "door", bathroom)
    assert set(await calls.of("thoracic")) == {
        OpenCall(id_of(patient), "r01", "b01", "bed:b01", "patient", "bed-b01"),
        OpenCall(id_of(bathroom), "r01", None, "bathroom:r01", "bathroom", "door-r01"),
    }
    cleared = ward.station.make(
        Act.CLEARED, NOW, (id_of(patient),), room="r01", policy="tender", way="remote"
    )
    await send(ward.station, "station", cleared)
    standing = await calls.standing("thoracic")
    assert [call.id for call in standing.open] == [id_of(bathroom)]
    assert standing.terminals == {"bed-b01", "door-r01", "station-main"}
    ward.now += 11 * MINUTE
    await service.prune(names.calls("thoracic", "r01"))
    assert (await calls.standing("thoracic")).terminals == {"door-r01"}
    await host.close()

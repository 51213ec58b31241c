"""What sockets, calls, documents and the loop count is what happened at them."""

from __future__ import annotations

import pytest
from ward_hub.edge.sockets import HubIdentity, Sockets
from ward_hub.watching.loop_lag import EVERY_S, LoopLag
from ward_hub.watching.open_calls import FRESH_MS, OpenCallCounts
from ward_hub.watching.process import process_use
from ward_sync.close_codes import CloseCode
from ward_sync.facts import Act
from ward_sync.messages import AuthToken, SyncStep1, Update

from tests.backend.calls.ward import NOW, ROOM, Ward
from tests.backend.edge.test_sessions import LIMITS, Terminal, YTerminal
from tests.helpers.hub import FakeGate, FullLog, make_host, settle
from tests.helpers.signing import id_of


@pytest.fixture
def sockets() -> Sockets:
    gate = FakeGate()
    return Sockets(make_host(FullLog(), gate=gate), gate, HubIdentity("i", 1, "1"), LIMITS, now=100_000)


async def test_sockets_count_frames_bytes_and_how_they_ended(sockets: Sockets) -> None:
    one, two = Terminal(sockets), YTerminal(sockets)
    one.send("doc", AuthToken("one:write"), SyncStep1(b"\x00"))
    await settle()
    counts = sockets.counts()
    assert counts.open == {"sync": 1, "y": 1}
    assert counts.frames_in == 2
    assert counts.frames_out == len(one.sink.payloads) + len(two.sink.payloads) > 0
    # A frame of at most 125 bytes has two bytes of header (RFC 6455 5.2).
    assert counts.bytes_out == sum(2 + len(payload) for payload in one.sink.payloads + two.sink.payloads)
    one.sink.stuck = 100
    one.send("doc", SyncStep1(b"\x00"))
    await settle()
    stuck = sockets.counts()
    assert (stuck.waiting_bytes, stuck.longest_bytes) == (100, 100)
    one.sink.stuck = 0
    one.send("doc", SyncStep1(b"\x00"))
    await settle()
    assert sockets.counts().waiting_bytes == 0
    before = sockets.counts()
    assert before.bytes_out == sum(2 + len(payload) for payload in one.sink.payloads + two.sink.payloads)
    one.session.queue.close(CloseCode.TIMEOUT)
    one.session.lost()
    one.session.lost()
    two.session.lost()
    after = sockets.counts()
    assert after.closed == {str(int(CloseCode.TIMEOUT)): 1, "peer": 1}
    assert (after.open, after.frames_out, after.bytes_out) == ({}, before.frames_out, before.bytes_out)


async def test_refused_updates_are_counted_by_reason(sockets: Sockets) -> None:
    one = Terminal(sockets)
    one.send("doc", AuthToken("one:write"), Update(b"\x01\x01\x01"), Update(b"\x01\x01\x01"))
    one.send("other", AuthToken("one:read"), Update(bytes.fromhex("010107002801016d026b30017d0000")))
    await settle()
    assert sockets.host.refusals == {"malformed": 2, "read_only": 1}


async def test_open_calls_are_counted_by_state_and_not_at_every_look() -> None:
    ward = Ward()

    class Documents:
        reads = 0

        def loaded(self) -> list[str]:
            return [ROOM, "ward/thoracic/beds", "no document"]

        async def read(self, document: str, look: object) -> object:
            self.reads += 1
            return await ward.documents.read(document, look)  # type: ignore[arg-type]  # handed on

    documents = Documents()
    counts = OpenCallCounts(documents, lambda _ward: ward.directory(), lambda: ward.now)  # type: ignore[arg-type]
    assert await counts.count() == {}
    press = ward.bedside.place(NOW)
    await ward.send(press)
    assert await counts.count() == {}
    assert documents.reads == 1
    ward.now += FRESH_MS
    assert await counts.count() == {"waiting": 1}
    await ward.send(ward.station.make(Act.ACKNOWLEDGED, ward.now, calls=(id_of(press),), staff="n001"))
    ward.now += FRESH_MS
    assert await counts.count() == {"taken": 1}
    assert ward.service.taken == 2


async def test_a_late_look_is_lag() -> None:
    now = 5.0
    lag = LoopLag(lambda: now)
    lag.start()
    now += EVERY_S
    lag.look()
    assert lag.last_s == 0
    now += EVERY_S + 0.2
    lag.look()
    assert lag.last_s == pytest.approx(0.2)
    assert lag.lags.count == 2
    lag.stop()
    lag.stop()


def test_the_process_tells_what_it_uses() -> None:
    use = process_use()
    assert use.cpu_s > 0
    assert use.resident_bytes is None or 10 * 2**20 < use.resident_bytes < 2**34
    assert use.open_files is None or use.open_files >= 3

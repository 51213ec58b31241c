"""The tools of the comparison with other servers: they must not flatter anybody."""

from __future__ import annotations

import pytest
from ward_sync.codec import encode
from ward_sync.messages import SyncStatus, SyncStep1, SyncStep2, Update
from ward_sync.update import EMPTY_UPDATE
from websockets.frames import Frame, Opcode
from websockets.streams import StreamReader

from loadtests.crowd_load import Measured
from loadtests.fdatasync_before_status import Order, read_order
from loadtests.lean_socket import Crowd, Delivery, Heard, LeanSocket, client_frame
from loadtests.peer_servers import HOCUSPOCUS, HUB, STORE_FIRST
from loadtests.side_by_side import MEASURES, figures

MARKED = b"\x01~3.7~ and ~4.1~"


def from_server(*payloads: bytes) -> bytes:
    return b"".join(Frame(Opcode.BINARY, payload).serialize(mask=False) for payload in payloads)


class Noting(LeanSocket):
    """Keeps what it hears that is no update."""

    def __init__(self, crowd: Crowd, number: int) -> None:
        super().__init__(crowd, number, ["doc"])
        self.heard: list[str] = []

    def hear(self, heard: Heard) -> None:
        self.heard.append(heard.kind)


@pytest.mark.parametrize("size", [0, 3, 125, 126, 65_535, 65_536])
def test_the_clients_frames_are_masked_ones_of_rfc_6455(size: int) -> None:
    payload = bytes(number % 251 for number in range(size))
    reader = StreamReader()
    reader.feed_data(client_frame(payload))
    parsing = Frame.parse(reader.read_exact, mask=True)
    with pytest.raises(StopIteration) as done:
        next(parsing)
    assert bytes(done.value.value.data) == payload


def test_an_update_has_come_when_the_last_of_the_others_has_it() -> None:
    """A merged frame of two writers goes to all, one of a single writer does not count at its own."""
    reached: list[tuple[tuple[int, int], ...]] = []
    crowd = Crowd(readers=5, reached=reached.append)
    sockets = [Noting(crowd, number) for number in range(5)]
    single = from_server(encode("doc", Update(b"\x01~3.8~")))
    merged = from_server(encode("doc", Update(MARKED)))
    for socket in sockets[:4]:
        crowd.take(socket, merged)
        crowd.take(socket, single)
    assert reached == []
    crowd.take(sockets[4], single)
    assert reached == [((3, 8),)]
    crowd.take(sockets[4], merged)
    assert reached == [((3, 8),), ((3, 7), (4, 1))]


def test_chunks_may_be_cut_anywhere() -> None:
    crowd = Crowd(readers=2)
    whole = from_server(encode("doc", SyncStep1(b"\x00")), encode("doc", SyncStep2(EMPTY_UPDATE)), b"\x09")
    for cut in range(1, len(whole)):
        socket = Noting(crowd, 0)
        rest = crowd.take(socket, whole[:cut])
        assert crowd.take(socket, rest + whole[cut:]) == b""
        assert socket.heard == ["step1", "empty", "ping"]


def test_an_author_is_not_waited_for_by_itself() -> None:
    assert (Delivery(((3, 7),), 100).left, Delivery(((3, 7), (4, 1)), 100).left) == (99, 100)


def test_a_server_that_loses_an_update_has_not_kept_up() -> None:
    assert Measured([5.0] * 100, [], 100, 0, 1.0, 0.1).kept_up
    assert not Measured([5.0] * 99, [], 100, 1, 1.0, 0.1).kept_up
    assert not Measured([5.0] * 98 + [101.0] * 2, [], 100, 0, 1.0, 0.1).kept_up


def test_a_rate_is_judged_the_other_way_round_and_a_missing_peer_fails() -> None:
    (rate,) = [one for one in MEASURES if one.name == "rate"]
    name = rate.at_least[0][0]
    found = {HUB: {name: 9_000.0}, HOCUSPOCUS: {name: 12_000.0}, STORE_FIRST: {name: 2_500.0}}
    assert [figure.verdict for figure in figures(rate, found)] == ["PASS", "FAIL"]
    assert [figure.verdict for figure in figures(rate, {HUB: {name: 9_000.0}})] == ["FAIL", "FAIL"]


def test_a_status_needs_a_sync_of_its_own_that_has_returned() -> None:
    status = encode("traced", SyncStatus(True))
    escaped = "".join(rf"\x{byte:02x}" for byte in status)
    said = f'7 write(9, "{escaped}", 11) = 11'
    synced = "8 fdatasync(5) = 0"
    begun, resumed = "8 fdatasync(5 <unfinished ...>", "8 <... fdatasync resumed>) = 0"
    joined = [said]
    assert read_order([*joined, synced, said, begun, resumed, said], status) == Order(2, 2, 0)
    assert read_order([*joined, synced, said, said], status) == Order(2, 1, 1)
    assert read_order([*joined, begun, said, resumed], status) == Order(1, 1, 1)

"""Messages out of WebSocket frames, beside the library's own reader: the same messages however it is cut."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ward_hub.edge.frame_reader import FrameReader
from websockets.frames import Frame, Opcode

MAX_SIZE = 70_000
SIZES = (0, 1, 4, 125, 126, 127, 65_535, 65_536)


@dataclass
class Taken:
    """What a reader handed on, in order."""

    items: list[tuple[str, bytes]] = field(default_factory=list)

    def reader(self) -> FrameReader:
        return FrameReader(
            MAX_SIZE,
            lambda data: self.items.append(("message", data)),
            lambda data: self.items.append(("library", data)),
        )


def wire(opcode: Opcode, data: bytes, fin: bool = True) -> bytes:
    return Frame(opcode, data, fin).serialize(mask=True)


@pytest.mark.parametrize("size", SIZES)
def test_a_message_of_any_size_comes_whole(size: int) -> None:
    taken = Taken()
    payload = bytes(number % 251 for number in range(size))
    taken.reader().read(wire(Opcode.BINARY, payload))
    assert taken.items == [("message", payload)]


FRAMES = st.lists(
    st.tuples(
        st.sampled_from([Opcode.BINARY, Opcode.PING, Opcode.PONG, Opcode.CLOSE]),
        st.binary(max_size=130),
    ),
    max_size=6,
)


@given(frames=FRAMES, cuts=st.lists(st.integers(0, 900), max_size=8))
def test_cuts_change_nothing_and_control_frames_go_to_the_library_whole(
    frames: list[tuple[Opcode, bytes]], cuts: list[int]
) -> None:
    frames = [(opcode, data if opcode is Opcode.BINARY else data[:125]) for opcode, data in frames]
    wires = [wire(opcode, data) for opcode, data in frames]
    stream, taken = b"".join(wires), Taken()
    reader = taken.reader()
    places = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    for start, stop in pairwise(places):
        reader.read(stream[start:stop])
    assert taken.items == [
        ("message", data) if opcode is Opcode.BINARY else ("library", whole)
        for (opcode, data), whole in zip(frames, wires, strict=True)
    ]


def test_from_the_first_part_of_a_message_on_everything_is_the_librarys() -> None:
    """RFC 6455 5.4. It counts the parts' lengths together, and may refuse the next by its header."""
    taken = Taken()
    reader = taken.reader()
    reader.read(wire(Opcode.BINARY, b"whole"))
    rest = [wire(Opcode.BINARY, b"one", fin=False), wire(Opcode.PING, b""), wire(Opcode.CONT, b"two")[:3]]
    for part in rest:
        reader.read(part)
    assert taken.items == [("message", b"whole"), *(("library", part) for part in rest)]


@pytest.mark.parametrize(
    "bad",
    [
        Frame(Opcode.BINARY, b"x" * 9).serialize(mask=False),
        b"\xc2" + wire(Opcode.BINARY, b"x" * 9)[1:],
        b"\x82\xff" + (MAX_SIZE + 1).to_bytes(8, "big") + b"mask" + b"only the beginning",
        b"\x82\xff" + b"\xff" * 8 + b"mask",
        wire(Opcode.TEXT, b"text"),
        b"\x89\xfe\x01\x00mask" + b"x" * 256,
    ],
    ids=["not masked", "a reserved bit", "longer than the limit", "a length of 2^64", "text", "a long ping"],
)
def test_what_cannot_be_a_frame_is_judged_by_the_library(bad: bytes) -> None:
    """Before its body has come: an announced length is no reason to wait or to keep anything."""
    taken = Taken()
    taken.reader().read(wire(Opcode.BINARY, b"good") + bad)
    assert taken.items == [("message", b"good"), ("library", bad)]

"""MLLP framing: whatever way the bytes arrive, the same messages come out."""

from __future__ import annotations

import asyncio
import itertools

from hypothesis import given
from hypothesis import strategies as st
from ward_hub.ingest.hl7.mllp import (
    HEAD_BYTES,
    Deframer,
    Frame,
    MllpClient,
    MllpServer,
    Oversized,
    frame,
)

MESSAGES = [b"MSH|one\r", "MSH|张三\r".encode("gb18030"), b"", b"MSH|three\x1c in it\r"]


def whole() -> bytes:
    return b"".join(frame(message) for message in MESSAGES)


def test_many_messages_in_one_read_come_out_in_order() -> None:
    assert Deframer().feed(whole()) == [Frame(message) for message in MESSAGES]


def test_messages_arrive_byte_by_byte() -> None:
    deframer = Deframer()
    found = [one for byte in whole() for one in deframer.feed(bytes([byte]))]
    assert found == [Frame(message) for message in MESSAGES]
    assert not deframer.unfinished


@given(st.lists(st.integers(0, len(whole())), max_size=8))
def test_any_split_gives_the_same_messages(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(whole())]
    deframer = Deframer()
    found = [one for start, end in itertools.pairwise(edges) for one in deframer.feed(whole()[start:end])]
    assert found == [Frame(message) for message in MESSAGES]


@given(st.lists(st.binary(max_size=60), max_size=20))
def test_garbage_never_raises_and_never_grows(chunks: list[bytes]) -> None:
    deframer = Deframer(max_bytes=32)
    for chunk in chunks:
        for found in deframer.feed(chunk):
            assert len(found.message if isinstance(found, Frame) else found.head) <= 60 + 32
    assert len(deframer._buffer) <= 32 + 60


def test_bytes_between_messages_are_skipped_and_counted() -> None:
    deframer = Deframer()
    found = deframer.feed(b"noise\r\n" + frame(b"a") + b"\r\n" + frame(b"b"))
    assert found == [Frame(b"a"), Frame(b"b")]
    assert deframer.skipped == 9


def test_a_message_begun_anew_replaces_the_one_given_up() -> None:
    assert Deframer().feed(b"\x0bhalf" + frame(b"whole")) == [Frame(b"whole")]


def test_an_oversized_message_is_named_by_its_head_and_the_next_one_is_read() -> None:
    deframer = Deframer(max_bytes=10_000)
    found = []
    stream = frame(b"H" * 50_000) + frame(b"next")
    for start in range(0, len(stream), 1000):
        found += deframer.feed(stream[start : start + 1000])
        assert len(deframer._buffer) <= 11_000
    assert found == [Oversized(b"H" * HEAD_BYTES), Frame(b"next")]
    assert Deframer(max_bytes=10).feed(frame(b"H" * 11)) == [Oversized(b"H" * 11)]


async def test_one_connection_carries_many_messages_and_their_answers() -> None:
    async def answer(message: Frame | Oversized) -> bytes:
        return b"re:" + (message.message if isinstance(message, Frame) else b"too big")

    server = MllpServer(answer, max_bytes=100)
    port = await server.start("127.0.0.1", 0)
    client = MllpClient("127.0.0.1", port)
    assert await client.send(b"one") == b"re:one"
    assert await client.send(b"x" * 1000) == b"re:too big"
    assert await client.send(b"two") == b"re:two"
    await client.close()
    await server.stop()


async def test_connections_beyond_the_limit_and_silent_ones_are_closed() -> None:
    async def answer(message: Frame | Oversized) -> bytes:
        return b"ok"

    server = MllpServer(answer, max_connections=1, idle_s=0.05)
    port = await server.start("127.0.0.1", 0)
    first, writer = await asyncio.open_connection("127.0.0.1", port)
    second, other = await asyncio.open_connection("127.0.0.1", port)
    assert await second.read() == b""  # one too many
    assert await first.read() == b""  # silent
    for one in (writer, other):
        one.close()
        await one.wait_closed()
    await server.stop()


async def test_an_answer_that_fails_costs_only_its_connection() -> None:
    async def answer(message: Frame | Oversized) -> bytes:
        if message == Frame(b"bad"):
            raise RuntimeError("told to")
        return b"ok"

    server = MllpServer(answer)
    port = await server.start("127.0.0.1", 0)
    client, other = MllpClient("127.0.0.1", port), MllpClient("127.0.0.1", port)
    assert await other.send(b"good") == b"ok"
    try:
        await client.send(b"bad")
        raise AssertionError("expected the connection to be closed")
    except ConnectionResetError:
        pass
    assert await other.send(b"good") == b"ok"
    await other.close()
    await server.stop()

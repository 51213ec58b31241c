"""One encoder for all: what each listener gets, and what a slow one costs the others (nothing)."""

from __future__ import annotations

import asyncio
from typing import cast

import pytest
from aiortc.codecs.opus import OpusDecoder
from aiortc.jitterbuffer import JitterFrame
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from av import AudioFrame
from ward_signalling.media.encode_once import FRAME_SAMPLES, QUEUE_PACKETS, FanOut, OneEncoder, Sound

from tests.signalling.media.sound import left_channel, loudness, share_of_tone, tone_frame


class Given(MediaStreamTrack):
    """Frames as a test hands them in."""

    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self._frames: asyncio.Queue[AudioFrame | None] = asyncio.Queue()
        self._taken = asyncio.Event()

    async def recv(self) -> AudioFrame:
        frame = await self._frames.get()
        self._taken.set()
        if frame is None:
            raise MediaStreamError
        return frame

    async def say(self, *frames: AudioFrame | None) -> None:
        """Hand them in and wait until they have been read."""
        for frame in frames:
            self._taken.clear()
            self._frames.put_nowait(frame)
            await self._taken.wait()
            # Once more for those who wait for what was made of it.
            await asyncio.sleep(0)


def decoded(packets: list[Sound]) -> list[int]:
    decoder = OpusDecoder()
    samples: list[int] = []
    for packet in packets:
        for frame in decoder.decode(JitterFrame(data=bytes(packet), timestamp=packet.pts or 0)):
            samples += left_channel(cast(AudioFrame, frame))
    return samples


def test_packets_are_twenty_ms_each_counted_from_nothing() -> None:
    encoder = OneEncoder()
    packets = [packet for number in range(10) for packet in encoder.encode(tone_frame(number))]
    assert [packet.pts for packet in packets] == [n * FRAME_SAMPLES for n in range(len(packets))]
    assert len(packets) >= 9
    samples = decoded(packets)[FRAME_SAMPLES * 2 :]
    assert share_of_tone(samples) > 0.9
    assert loudness(samples) == pytest.approx(1, abs=0.3)


def test_frames_of_another_length_make_the_same_packets() -> None:
    encoder = OneEncoder()
    packets = [packet for n in range(30) for packet in encoder.encode(tone_frame(n, samples=480))]
    assert [packet.pts for packet in packets] == [n * FRAME_SAMPLES for n in range(len(packets))]
    assert len(packets) >= 14


def test_a_pause_of_the_source_is_a_pause_of_the_packets() -> None:
    encoder = OneEncoder()
    before = [packet for number in range(5) for packet in encoder.encode(tone_frame(number))]
    after = [packet for number in range(105, 110) for packet in encoder.encode(tone_frame(number))]
    assert (after[-1].pts or 0) - (before[-1].pts or 0) == 105 * FRAME_SAMPLES


def test_time_stamps_that_wrap_or_start_anew_make_no_pause() -> None:
    encoder = OneEncoder()
    stamps = [2**32 - FRAME_SAMPLES, 0, FRAME_SAMPLES, 0]
    pts = []
    for number, stamp in enumerate(stamps):
        frame = tone_frame(number)
        frame.pts = stamp
        pts += [packet.pts for packet in encoder.encode(frame)]
    assert pts == [n * FRAME_SAMPLES for n in range(len(pts))]


async def test_every_listener_gets_the_same_packet_and_a_late_one_only_what_is_new() -> None:
    fan_out, source = FanOut(), Given()
    fan_out.read(source)
    first, second, late = fan_out.track(), fan_out.track(), fan_out.track()
    reading = [asyncio.create_task(track.recv()) for track in (first, second)]
    await asyncio.sleep(0)
    await source.say(*(tone_frame(number) for number in range(5)))
    one, other = await asyncio.gather(*reading)
    assert one is other
    assert one.pts == 0

    joining = asyncio.create_task(late.recv())
    await asyncio.sleep(0)
    await source.say(tone_frame(5))
    assert ((await joining).pts or 0) >= 4 * FRAME_SAMPLES
    assert fan_out.heard_ms == 120
    await fan_out.close()


async def test_the_source_is_read_while_nobody_listens() -> None:
    fan_out, source = FanOut(), Given()
    fan_out.read(source)
    unread = fan_out.track()
    await source.say(*(tone_frame(number) for number in range(100)))
    assert fan_out.heard_ms == 2000
    assert unread.dropped == 0
    await fan_out.close()


async def test_what_a_slow_listener_leaves_is_dropped_and_harms_nobody() -> None:
    fan_out, source = FanOut(), Given()
    fan_out.read(source)
    slow, quick = fan_out.track(), fan_out.track()
    heard: list[Sound] = []

    async def listen() -> None:
        while True:
            heard.append(await quick.recv())

    started, listening = asyncio.create_task(slow.recv()), asyncio.create_task(listen())
    await asyncio.sleep(0)
    await source.say(*(tone_frame(number) for number in range(60)))
    await started
    assert slow.dropped >= QUEUE_PACKETS
    assert quick.dropped == 0
    assert [packet.pts for packet in heard] == [n * FRAME_SAMPLES for n in range(len(heard))]
    assert len(heard) >= 59
    # What it gets next is no older than half a second.
    newest = heard[-1].pts or 0
    assert newest - ((await slow.recv()).pts or 0) <= QUEUE_PACKETS * FRAME_SAMPLES
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)
    await fan_out.close()


async def test_the_end_ends_every_track_and_the_reading() -> None:
    fan_out, source = FanOut(), Given()
    fan_out.read(source)
    waiting = asyncio.create_task(fan_out.track().recv())
    unread = fan_out.track()
    await asyncio.sleep(0)
    await fan_out.close()
    with pytest.raises(MediaStreamError):
        await waiting
    with pytest.raises(MediaStreamError):
        await unread.recv()
    assert source.readyState == "ended"
    assert fan_out.track().readyState == "ended"


async def test_a_source_that_ends_leaves_the_listeners_waiting_for_the_next() -> None:
    fan_out, source, next_one = FanOut(), Given(), Given()
    track = fan_out.track()
    waiting = asyncio.create_task(track.recv())
    await asyncio.sleep(0)
    fan_out.read(source)
    await source.say(None)
    fan_out.read(next_one)
    await next_one.say(tone_frame(0), tone_frame(1))
    assert (await waiting).pts == 0
    await fan_out.close()

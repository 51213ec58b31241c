"""Ears and mouths without a sound card: a tone as a track, a peer that hears, and what it heard as energy."""

from __future__ import annotations

import asyncio
import math
import time
from array import array
from collections.abc import Sequence

from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from av import AudioFrame
from ward_signalling.media.encode_once import FRAME_SAMPLES, RATE

TONE_HZ = 440.0
_AMPLITUDE = 8000


def tone_frame(number: int, hz: float = TONE_HZ, samples: int = FRAME_SAMPLES) -> AudioFrame:
    """The `number`th frame of a tone, mono at 48 kHz; 0 Hz is silence."""
    first = number * samples
    values = array(
        "h", (int(_AMPLITUDE * math.sin(2 * math.pi * hz * (first + n) / RATE)) for n in range(samples))
    )
    frame = AudioFrame(format="s16", layout="mono", samples=samples)
    frame.planes[0].update(values.tobytes())
    frame.sample_rate = RATE
    frame.pts = first
    return frame


class Tone(MediaStreamTrack):
    """A tone in real time, without end: one second of frames, over and over."""

    kind = "audio"

    def __init__(self, hz: float = TONE_HZ) -> None:
        super().__init__()
        self._second = [bytes(tone_frame(number, hz).planes[0]) for number in range(50)]
        self._number = 0
        self._started = 0.0

    async def recv(self) -> AudioFrame:
        if self.readyState != "live":
            raise MediaStreamError
        self._started = self._started or time.monotonic()
        await asyncio.sleep(self._started + self._number * FRAME_SAMPLES / RATE - time.monotonic())
        frame = AudioFrame(format="s16", layout="mono", samples=FRAME_SAMPLES)
        frame.planes[0].update(self._second[self._number % 50])
        frame.sample_rate = RATE
        frame.pts = self._number * FRAME_SAMPLES
        self._number += 1
        return frame


def loudness(samples: Sequence[int]) -> float:
    """Mean square of the samples, 1.0 being a full sine of `Tone`."""
    return sum(one * one for one in samples) / max(1, len(samples)) / (_AMPLITUDE**2 / 2)


def share_of_tone(samples: Sequence[int], hz: float = TONE_HZ) -> float:
    """How much of the samples' energy is the tone's, 0 to 1 (Goertzel over the whole)."""
    total = sum(one * one for one in samples)
    if not total:
        return 0.0
    angle = 2 * math.pi * hz / RATE
    turn, last, before = 2 * math.cos(angle), 0.0, 0.0
    for one in samples:
        last, before = one + turn * last - before, last
    power = last * last + before * before - turn * last * before
    return 2 * power / (total * len(samples))


def left_channel(frame: AudioFrame) -> list[int]:
    """Samples of a frame as aiortc decodes it: 16 bit, stereo, interleaved."""
    return array("h", bytes(frame.planes[0])[: frame.samples * 4])[::2].tolist()


class Ear:
    """A terminal that hears: it is offered to, answers, and keeps what it hears while it is asked to."""

    def __init__(self) -> None:
        self.connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.connection.on("track", self._track_came)
        self.frames = 0
        """How many came so far."""
        self._samples: list[int] | None = None
        self.ended = asyncio.Event()
        self._more = asyncio.Event()
        self._hearing: asyncio.Task[None] | None = None

    async def answer(self, offer: str) -> str:
        await self.connection.setRemoteDescription(RTCSessionDescription(sdp=offer, type="offer"))
        await self.connection.setLocalDescription(await self.connection.createAnswer())
        return str(self.connection.localDescription.sdp)

    async def hear(self, frames: int, within_s: float = 10) -> list[int]:
        """Return the samples of the next so many frames, 48 kHz."""
        samples = self._samples = []
        wanted = self.frames + frames
        async with asyncio.timeout(within_s):
            while self.frames < wanted:
                self._more.clear()
                await self._more.wait()
        self._samples = None
        return samples

    async def close(self) -> None:
        if self._hearing is not None:
            self._hearing.cancel()
        await self.connection.close()

    def _track_came(self, track: MediaStreamTrack) -> None:
        self._hearing = asyncio.create_task(self._hear(track))

    async def _hear(self, track: MediaStreamTrack) -> None:
        try:
            while True:
                frame = await track.recv()
                assert isinstance(frame, AudioFrame)
                if self._samples is not None:
                    self._samples += left_channel(frame)
                self.frames += 1
                self._more.set()
        except MediaStreamError:
            self.ended.set()


class Mouth:
    """A station that speaks: it offers its track."""

    def __init__(self, track: MediaStreamTrack) -> None:
        self.connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.connection.addTrack(track)

    async def offer(self) -> str:
        await self.connection.setLocalDescription(await self.connection.createOffer())
        return str(self.connection.localDescription.sdp)

    async def take_answer(self, answer: str) -> None:
        await self.connection.setRemoteDescription(RTCSessionDescription(sdp=answer, type="answer"))

    async def close(self) -> None:
        await self.connection.close()

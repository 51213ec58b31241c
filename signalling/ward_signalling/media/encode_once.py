"""One source, encoded once, the same packet for every listener.

A sender runs an encoder of its own for each track that gives it frames: 6 % of a core a listener. A track
that gives it packets is only packed, 0.25 % a listener.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from fractions import Fraction
from typing import TypeAlias

from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from av import AudioFrame, AudioResampler, AudioStream, CodecContext, FFmpegError, Packet

RATE = 48_000
FRAME_SAMPLES = 960
"""20 ms, what browsers send too."""
BITS_PER_S = 32_000
"""Speech in full band: half of what Opus takes for one listener by itself, sent to 128."""
QUEUE_PACKETS = 25
"""Half a second. What waits longer would be heard late, and later each time: it is dropped."""
_TIME_BASE = Fraction(1, RATE)
_CLOCK = 2**32
"""The source's time stamps are RTP's: they start anywhere and wrap."""

Sound: TypeAlias = "Packet[AudioStream]"
"""20 ms, encoded."""

log = logging.getLogger(__name__)


class OneEncoder:
    """Opus packets of 20 ms, mono, from frames of any size and layout."""

    def __init__(self) -> None:
        codec = CodecContext.create("libopus", "w")
        codec.bit_rate = BITS_PER_S
        codec.format = "s16"
        codec.layout = "mono"
        codec.sample_rate = RATE
        codec.time_base = _TIME_BASE
        codec.options = {"application": "voip"}
        self._codec = codec
        self._resampler = AudioResampler(format="s16", layout="mono", rate=RATE, frame_size=FRAME_SAMPLES)
        self._pts = 0
        self._expected: int | None = None

    def encode(self, frame: AudioFrame) -> list[Sound]:
        """Return the packets that are full now, their `pts` counted from 0 in 1/48000 s.

        A gap in the source's time stamps is a gap in theirs, so that a pause is a pause for listeners. Raises
        av.FFmpegError for a frame that cannot be encoded.
        """
        self._pts += self._gap(frame)
        frame.pts = None
        packets = []
        for part in self._resampler.resample(frame):
            part.pts = None
            for packet in self._codec.encode(part):
                packet.pts = self._pts
                packet.time_base = _TIME_BASE
                self._pts += FRAME_SAMPLES
                packets.append(packet)
        return packets

    def _gap(self, frame: AudioFrame) -> int:
        """Samples at 48 kHz that are missing before the frame."""
        if frame.pts is None:
            return 0
        expected, self._expected = self._expected, (frame.pts + frame.samples) % _CLOCK
        if expected is None:
            return 0
        missing = (frame.pts - expected) % _CLOCK
        # What seems to come from the past is a source that started anew.
        return missing * RATE // frame.sample_rate if missing < _CLOCK // 2 else 0


class FanOutTrack(MediaStreamTrack):
    """What one listener's sender reads. It holds nothing until it is first read: by then half a second would
    have piled up while the connection was made, and be played late for as long as it lasts."""

    kind = "audio"

    def __init__(self, leave: Callable[[FanOutTrack], None], join: Callable[[FanOutTrack], None]) -> None:
        super().__init__()
        self._leave = leave
        self._join = join
        self._joined = False
        self._packets: deque[Sound] = deque()
        self._wake = asyncio.Event()
        self.dropped = 0
        """Packets that this listener was too slow for."""

    async def recv(self) -> Sound:
        """Return the next packet. Raises MediaStreamError when the source or this track has ended."""
        if not self._joined:
            self._joined = True
            self._join(self)
        while not self._packets:
            if self.readyState != "live":
                raise MediaStreamError
            self._wake.clear()
            await self._wake.wait()
        return self._packets.popleft()

    def offer(self, packet: Sound) -> None:
        """Keep the packet for the listener; never waits."""
        if len(self._packets) >= QUEUE_PACKETS:
            self.dropped += len(self._packets)
            self._packets.clear()
        self._packets.append(packet)
        self._wake.set()

    def stop(self) -> None:
        super().stop()
        self._packets.clear()
        self._leave(self)
        self._wake.set()


class FanOut:
    """Reads one source from the moment it is given, whoever listens, and hands its packets on."""

    def __init__(self) -> None:
        self._tracks: set[FanOutTrack] = set()
        self._all: set[FanOutTrack] = set()
        self._reading: asyncio.Task[None] | None = None
        self._source: MediaStreamTrack | None = None
        self._samples = 0
        self._closed = False

    @property
    def heard_ms(self) -> int:
        """How much sound came in so far."""
        return self._samples * 1000 // RATE

    def read(self, source: MediaStreamTrack) -> None:
        """Read this source from now on, instead of the one before."""
        self._stop_reading()
        if not self._closed:
            self._source = source
            self._reading = asyncio.create_task(self._read(source))

    def track(self) -> FanOutTrack:
        """Return a track for one more listener; stop it to take it out."""
        made = FanOutTrack(self._left, self._tracks.add)
        self._all.add(made)
        if self._closed:
            made.stop()
        return made

    async def close(self) -> None:
        """End every track and stop reading."""
        self._closed = True
        reading = self._reading
        self._stop_reading()
        for track in tuple(self._all):
            track.stop()
        if reading is not None:
            await asyncio.gather(reading, return_exceptions=True)

    def _stop_reading(self) -> None:
        if self._reading is not None:
            self._reading.cancel()
        if self._source is not None:
            self._source.stop()
        self._reading = self._source = None

    def _left(self, track: FanOutTrack) -> None:
        self._all.discard(track)
        self._tracks.discard(track)

    async def _read(self, source: MediaStreamTrack) -> None:
        encoder = OneEncoder()
        while True:
            try:
                frame = await source.recv()
            except MediaStreamError:
                return
            if not isinstance(frame, AudioFrame):
                continue
            self._samples += frame.samples * RATE // frame.sample_rate
            try:
                # On the loop: encoding 20 ms takes 0.2 ms, a thread and back costs as much.
                packets = encoder.encode(frame)
            except FFmpegError as error:
                log.warning("a frame could not be encoded: %s", error)
                continue
            for packet in packets:
                for track in tuple(self._tracks):
                    track.offer(packet)

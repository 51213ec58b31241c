"""A station speaks to 46 beds through the hub: what that costs the hub, and whether each bed hears it.

The hub's broadcasts run in a process of their own and are spoken to in signals, as over a socket; the station
and the beds are peers in this one. Prints one table: the hub's share of a core, beds without sound, frames
missing at the worst.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from argparse import Namespace
from collections.abc import Collection
from dataclasses import dataclass
from itertools import count
from typing import Any

import psutil
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from ward_hub.access.port import Principal
from ward_hub.talk.broadcasts import TICK_S, Broadcasts
from ward_hub.talk.media import HubMedia
from ward_signalling.messages import (
    Accept,
    Bye,
    ByeReason,
    Description,
    Heard,
    Invite,
    Purpose,
    Signal,
    encode_body,
    parse_body,
    parse_signal,
)
from ward_sync.directory import Directory, TerminalEntry, Ward
from ward_sync.facts import signature_from_der

from loadtests.report import Figure, arguments, report
from tests.signalling.media.sound import Ear, Mouth, Tone, share_of_tone

HUB_SHARE = 25.0
"""Per cent of one core while it speaks (measured with the first trial of the way: 18.5)."""
MISSING_SHARE = 2.0
"""Per cent of a bed's frames: more is heard as stutter."""
FRAMES_PER_S = 50
LISTEN_FRAMES = 25
WARD, STATION, TALK = "ward", "station-1", "7" * 16
LINE_BYTES = 256 * 1024


def beds_of(number: int) -> tuple[str, ...]:
    return tuple(f"bed-{bed:03}" for bed in range(1, number + 1))


def now_ms() -> int:
    return time.time_ns() // 1_000_000


async def be_the_hub(beds: int) -> None:
    """Take bodies of signals on standard input, a line each; give wires on standard output."""
    key = ec.generate_private_key(ec.SECP256R1())
    names = {STATION: "station", **dict.fromkeys(beds_of(beds), "bedside")}
    directory = Directory(
        ward=Ward(id=WARD, relay_key="key"),
        terminals={
            name: TerminalEntry(name, kind, None, None, "key", "active", supervised=True)
            for name, kind in names.items()
        },
    )

    def say(what: str, text: str) -> bool:
        sys.stdout.write(f"{what} {text}\n")
        sys.stdout.flush()
        return True

    broadcasts = Broadcasts(
        lambda _ward: directory,
        lambda body: signature_from_der(key.sign(body, ec.ECDSA(SHA256()))),
        lambda _ward, _terminal, wire: say("signal", wire),
        lambda _ward, _terminal, payload: say("report", payload),
        HubMedia().open,
        now_ms,
        "a" * 16,
    )

    async def tick() -> None:
        while True:
            await asyncio.sleep(TICK_S)
            await broadcasts.tick()

    ticking = asyncio.create_task(tick())
    reader = asyncio.StreamReader(LINE_BYTES)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    async for line in reader:
        signal = parse_body(line.rstrip(b"\n"))
        await broadcasts.take(signal, Principal(signal.sender, "", WARD, None, None, None, None, 0))
    ticking.cancel()
    await broadcasts.close()


class TheWard:
    """The station and the beds, in front of a hub in another process."""

    def __init__(self, process: asyncio.subprocess.Process, beds: int) -> None:
        self._process = process
        self.mouth = Mouth(Tone())
        self.ears = {bed: Ear() for bed in beds_of(beds)}
        self.reached = 0
        self.all_reached = asyncio.Event()
        self._seqs: dict[str, count[int]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def send(self, kind: type[Signal], sender: str, **body: Any) -> None:
        seq = next(self._seqs.setdefault(sender, count(1)))
        made = kind(sender=sender, to="hub", ward=WARD, session="5" * 16, seq=seq, at=now_ms(), **body)
        assert self._process.stdin is not None
        self._process.stdin.write(encode_body(made) + b"\n")

    def describe(self, sender: str, connection: str, type_: str, sdp: str) -> None:
        # As browsers write it: aiortc names three digests.
        lines = [one for one in sdp.split("\r\n") if "fingerprint" not in one or "sha-256 " in one]
        (fingerprint,) = {one.removeprefix("a=fingerprint:") for one in lines if "a=fingerprint:" in one}
        text = "\r\n".join(lines)
        self.send(Description, sender, connection=connection, type=type_, sdp=text, fingerprint=fingerprint)

    async def begin(self) -> None:
        targets = tuple(self.ears)
        self.send(Invite, STATION, talk=TALK, purpose=Purpose.BROADCAST, calls=(), video=0, targets=targets)
        self.describe(STATION, "c" * 16, "offer", await self.mouth.offer())

    async def listen(self) -> None:
        """Do what the hub's signals ask for, until it is silent."""
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            what, text = line.decode().rstrip("\n").split(" ", 1)
            if what == "report":
                self.reached = len(json.loads(text)["reached"])
                if self.reached == len(self.ears):
                    self.all_reached.set()
            else:
                self._take(parse_signal(text).signal)

    async def live(self) -> None:
        """Say each second that all of them are there."""
        while True:
            await asyncio.sleep(1)
            for name in (STATION, *self.ears):
                self.send(Heard, name, talk=TALK, ms=0)

    async def close(self) -> None:
        await asyncio.gather(self.mouth.close(), *(ear.close() for ear in self.ears.values()))

    def _take(self, signal: Signal) -> None:
        if isinstance(signal, Invite):
            self.send(Accept, signal.to, talk=TALK, video=0)
        elif isinstance(signal, Description):
            task = asyncio.create_task(self._described(signal))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _described(self, signal: Description) -> None:
        if signal.to == STATION:
            await self.mouth.take_answer(signal.sdp)
        else:
            sdp = await self.ears[signal.to].answer(signal.sdp)
            self.describe(signal.to, signal.connection, "answer", sdp)


async def measure(beds: int, seconds: int) -> list[Figure]:
    command = (sys.executable, "-m", "loadtests.broadcast", "--hub", "--beds", str(beds))
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, limit=LINE_BYTES)
    ward = TheWard(process, beds)
    listening, living = asyncio.create_task(ward.listen()), asyncio.create_task(ward.live())
    try:
        started = time.monotonic()
        await ward.begin()
        async with asyncio.timeout(60):
            await ward.all_reached.wait()
        joined_s = time.monotonic() - started
        first = await asyncio.gather(*(ear.hear(LISTEN_FRAMES) for ear in ward.ears.values()))
        speech = await steady(psutil.Process(process.pid), ward.ears.values(), seconds)
        last = await asyncio.gather(*(ear.hear(LISTEN_FRAMES) for ear in ward.ears.values()))
        deaf = sum(share_of_tone(one) < 0.8 for one in (*first, *last))
        ward.send(Bye, STATION, talk=TALK, reason=ByeReason.HUNG_UP)
        async with asyncio.timeout(10):
            await asyncio.gather(*(ear.ended.wait() for ear in ward.ears.values()))
    finally:
        living.cancel()
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()
        await listening
        await ward.close()
    return [
        Figure(f"hub's share of a core, {beds} beds", speech.hub, "%", HUB_SHARE),
        Figure("samples of half a second without the tone", deaf, "", 0),
        Figure("frames missing at the worst bed", max(0.0, 100 - speech.frames), "%", MISSING_SHARE),
        Figure("invitation → the last bed is connected", joined_s, "s"),
        Figure("share of a core of station and beds themselves", speech.own, "%"),
        Figure("hub's memory with it", speech.memory, "MiB"),
    ]


@dataclass(frozen=True, slots=True)
class Steady:
    """Per cent of a core of hub and of this process, per cent of frames at the worst bed, the hub's MiB."""

    hub: float
    own: float
    frames: float
    memory: float


async def steady(hub: psutil.Process, ears: Collection[Ear], seconds: int) -> Steady:
    """Look at so many seconds of speech."""
    own = psutil.Process()
    frames = [ear.frames for ear in ears]
    hub_before, own_before, started = spent_s(hub), spent_s(own), time.monotonic()
    await asyncio.sleep(seconds)
    passed = time.monotonic() - started
    least = min(ear.frames - before for ear, before in zip(ears, frames, strict=True))
    return Steady(
        hub=100 * (spent_s(hub) - hub_before) / passed,
        own=100 * (spent_s(own) - own_before) / passed,
        frames=100 * least / (passed * FRAMES_PER_S),
        memory=hub.memory_info().rss / 2**20,
    )


def spent_s(process: psutil.Process) -> float:
    """Processor seconds so far, the system's for it among them."""
    times = process.cpu_times()
    return float(times.user + times.system)


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--beds", type=int, help="beds that hear, default 46, quick 5")
    parser.add_argument("--seconds", type=int, help="of speech that is measured, default 20, quick 2")
    parser.add_argument("--hub", action="store_true", help="be the hub of this test; it starts that itself")
    options = parser.parse_args()
    beds = options.beds or (5 if options.quick else 46)
    if options.hub:
        asyncio.run(be_the_hub(beds))
        return 0
    return measured(beds, options)


def measured(beds: int, options: Namespace) -> int:
    seconds = options.seconds or (2 if options.quick else 20)
    figures = asyncio.run(measure(beds, seconds))
    return report(f"Broadcast to {beds} beds through the hub", figures, options)


if __name__ == "__main__":
    raise SystemExit(main())

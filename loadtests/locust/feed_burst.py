"""The feed as fast as it is acknowledged, over four MLLP connections, while the ward goes on calling.

Each connection has beds of its own, so that the messages of a patient stay in order: news of a patient (A08),
a transfer to the free bed (A02), a discharge (A03) and an admission in their place (A01).
"""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from ward_hub.cli.feed import read_answer
from ward_hub.directory import fixture
from ward_hub.ingest.hl7.mllp import Deframer, Frame, frame

from loadtests.locust.calling import Calling
from loadtests.locust.greenlets import join_all, pause, spawn
from loadtests.locust.run import Run
from loadtests.locust.terminal import HOST
from loadtests.report import Figure
from loadtests.restart import admission

CONNECTIONS = 4
MEANWHILE_PER_S = 2.0
MEANWHILE_MS = 250.0
"""Press → drawn of a ward (design 9); here only as far as the sockets."""
_PATIENCE_S = 30.0


@dataclass
class _Beds:
    """The beds of one connection: place of the bed → number of its patient; one of them is free."""

    ward: str
    connection: int
    lying: dict[int, int] = field(default_factory=dict)
    free: int = 0
    new: int = 0

    def messages(self) -> Iterator[bytes]:
        """First the discharge that frees a bed, then for ever news, transfer, discharge, admission."""
        places = list(range(self.connection, len(fixture.beds()), CONNECTIONS))
        self.lying = {place: place for place in places}
        self.free = places[-1]
        yield self._message("A03", self.free, self.lying.pop(self.free))
        while True:
            for place in places:
                if place == self.free:
                    continue
                number = self.lying[place]
                yield self._message("A08", place, number)
                self.lying[self.free] = self.lying.pop(place)
                yield self._message("A02", self.free, number, prior=place)
                yield self._message("A03", self.free, self.lying.pop(self.free))
                self.new += 1
                self.lying[place] = 100_000 + self.connection * 10_000 + self.new
                yield self._message("A01", place, self.lying[place])

    def _message(self, event: str, place: int, number: int, prior: int | None = None) -> bytes:
        bed = fixture.beds()[place]
        rooms = {room.id: room.name for room in fixture.rooms()}
        text = admission(self.ward, rooms[bed.room], bed.label, number).decode()
        self.new += 1
        text = text.replace("ADT^A01", f"ADT^{event}").replace("EVN|A01", f"EVN|{event}")
        stamp = time.strftime("%Y%m%d%H%M%S", time.gmtime())
        text = text.replace(f"|{number}|P|", f"|{self.connection}.{event}.{self.new}.{time.time_ns()}|P|", 1)
        text = text.replace(f"EVN|{event}|20260301080000", f"EVN|{event}|{stamp}")
        if prior is not None:
            before = fixture.beds()[prior]
            here = f"{self.ward}^{rooms[bed.room]}^{bed.label}^LOAD"
            text = text.replace(
                f"{here}||||", f"{here}|||{self.ward}^{rooms[before.room]}^{before.label}^LOAD|"
            )
        return text.encode()


class _Feed:
    """All connections; `count` messages among them."""

    def __init__(self, run: Run, count: int) -> None:
        self._run = run
        self._left = count
        self.refused = 0

    def play(self) -> float:
        """Send all; returns seconds."""
        begun = time.perf_counter()
        join_all([spawn(self._connection, number) for number in range(CONNECTIONS)], 600)
        return time.perf_counter() - begun

    @property
    def left(self) -> int:
        return self._left

    def _connection(self, number: int) -> None:
        messages = _Beds(self._run.wards()[0], number).messages()
        deframer = Deframer()
        with socket.create_connection((HOST, self._run.stage.mllp_port), timeout=_PATIENCE_S) as line:
            while self._left > 0:
                self._left -= 1
                begun = time.perf_counter()
                line.sendall(frame(next(messages)))
                answers: list[object] = []
                while not answers:
                    data = line.recv(65536)
                    if not data:
                        self._run.watch.problem("feed: its connection was closed")
                        return
                    answers += deframer.feed(data)
                self._run.watch.took("message → acknowledged", (time.perf_counter() - begun) * 1000)
                answer = answers[0]
                said = read_answer(answer.message)[0] if isinstance(answer, Frame) else "nothing"
                if said != "AA":
                    self.refused += 1
                    self._run.watch.problem(f"feed: a message was not taken: {answer!r:.300}")


def feed_burst(run: Run) -> list[Figure]:
    """The burst beside calls at two a second."""
    run.all_joined()
    pause(1.0)
    run.begin_measuring()
    feed, calling = _Feed(run, run.plan.messages), Calling(run)

    def meanwhile() -> None:
        while feed.left > 0:
            calling.at_rate(MEANWHILE_PER_S, 1.0)
            pause(1 / MEANWHILE_PER_S)

    calls = spawn(meanwhile)
    took = feed.play()
    join_all([calls], 30)
    calling.end(20)
    run.drained(20)
    return [
        Figure("messages", run.plan.messages, ""),
        Figure("messages a second", run.plan.messages / took, ""),
        *run.time_figures("message → acknowledged"),
        Figure("messages not taken", feed.refused, "", 0),
        *run.time_figures("press → last station", MEANWHILE_MS),
        Figure("facts that did not come to all", run.watch.under_way, "", 0),
    ]

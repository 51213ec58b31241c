"""Calls at a rate: a press at a bed or bathroom, the station acknowledges, the door clears.

A bathroom's call is strict: somebody has to have been there (CF26), so its door attends first.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import cycle

from ward_sync.facts import Act

from loadtests.locust.greenlets import join_all, pause, spawn
from loadtests.locust.run import Run
from loadtests.locust.terminal import LoadTerminal

ACKNOWLEDGED_S, CLEARED_S = 0.4, 1.0
"""After the press: the hands of nurses, as much faster as the calls are."""
CALLS_A_WARD_HOUR = 7.0


class Calling:
    """The calls of a run. `pressed`: ids of all of them, by document."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self.pressed: dict[str, str] = {}
        self.acts = 0
        self._living: list[object] = []
        self._next = self._in_turn()

    def at_rate(self, per_s: float, seconds: float) -> None:
        """Press so often for so long, in turn at all beds of all wards; their lives go on by themselves."""
        begun = time.perf_counter()
        for number in range(max(1, round(per_s * seconds))):
            early = begun + number / per_s - time.perf_counter()
            if early > 0:
                pause(early)
            self._begin(next(self._next), "patient")

    def at_once(self, within_s: float) -> int:
        """Press at every bed and in every bathroom, spread over so long; returns how many."""
        run = self._run
        hands = [(one, "patient") for one in run.of_kind("bedside")]
        hands += [(one, "bathroom") for one in run.of_kind("door")]
        begun = time.perf_counter()
        for number, (terminal, call_type) in enumerate(hands):
            early = begun + number * within_s / len(hands) - time.perf_counter()
            if early > 0:
                pause(early)
            self._begin(terminal, call_type)
        return len(hands)

    def end(self, within_s: float) -> None:
        """Wait until the last call has been cleared."""
        join_all(self._living, within_s)

    def _begin(self, terminal: LoadTerminal, call_type: str) -> None:
        self._living = [one for one in self._living if not one.dead]  # type: ignore[attr-defined]
        self._living.append(spawn(self._live, terminal, call_type))

    def _in_turn(self) -> Iterator[LoadTerminal]:
        """Beds of all wards, one ward after the other: neighbours do not press together."""
        run = self._run
        wards = [cycle(run.of_kind("bedside", ward)) for ward in run.wards()]
        for beds in cycle(wards):
            yield next(beds)

    def _live(self, terminal: LoadTerminal, call_type: str) -> None:
        run, seat = self._run, terminal.seat
        source = f"bed:{seat.bed}" if call_type == "patient" else f"bathroom:{seat.room}"
        call = terminal.press(call_type, source, run.receivers)
        self.pressed[call] = seat.ward
        pause(ACKNOWLEDGED_S)
        station = run.terminals[f"{seat.ward}-station-main"]
        station.act(Act.ACKNOWLEDGED, [call], seat.room, run.receivers)
        pause(CLEARED_S - ACKNOWLEDGED_S)
        door = run.terminals.get(f"{seat.ward}-door-{seat.room}")
        self.acts += 2
        if call_type == "patient" and door is not None:
            door.act(Act.CLEARED, [call], seat.room, run.receivers, policy="tender", way="door")
        elif door is not None:
            been = door.act(Act.ATTENDED, [call], seat.room, run.receivers)
            door.act(
                Act.CLEARED, [call], seat.room, run.receivers, policy="strict", way="door", rests_on=(been,)
            )
            self.acts += 1


def presses_per_s(wards: int, speed_up: float) -> float:
    """How often somebody presses in all wards, the day being that much faster."""
    return wards * CALLS_A_WARD_HOUR / 3600 * speed_up

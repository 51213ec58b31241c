"""Shift change: every PDA signs in over HTTP within a minute, then twenty write into one handover document.

A sign-in costs the hub one Argon2 hash, two at a time (ward_hub.identity.passwords). Each nurse's document is
a replica of its own, edited and read with pycrdt; at the end all of them must say the same.
"""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime
from typing import Any

from pycrdt import Doc, Text
from ward_hub.documents import names
from ward_sync.messages import Update

from loadtests.locust.greenlets import join_all, make_event, pause, spawn
from loadtests.locust.held import months, nurse_of, personal
from loadtests.locust.run import Run
from loadtests.locust.terminal import HubSaidNo, LoadTerminal
from loadtests.locust.wire import marks_in
from loadtests.report import Figure

WRITERS = 20
EDITS_PER_S = 10.0
"""Of all twenty: two keys a second each would be a hand that types, but they read as well."""
EDIT_MS = 250.0
"""An edit drawn elsewhere is held to what a call is (design 9)."""
SIGN_IN_MS = 3_000.0
"""A complex screen is there within 3 s (requirement H)."""
NOTES = 5
"""Patients of whom they write: several hands in each text."""
_SHIFT = "day"


class _Nurse:
    """A PDA's replica of the handover document."""

    def __init__(self, run: Run, terminal: LoadTerminal, document: str) -> None:
        self.terminal = terminal
        self._run = run
        self._document = document
        self._doc: Doc[Any] = Doc()
        self._made: list[bytes] = []
        self._own = False
        self._keep = self._doc.observe(self._changed)
        self._notes: dict[str, Text] = {}
        self._number = 0
        self.there = make_event()
        terminal.heard = self._heard

    def open(self) -> None:
        self.terminal.open([self._document])

    def edit(self, note: str, where: float) -> None:
        """Write a marked word at that share of a note's length, between other words."""
        name = self.terminal.seat.terminal
        self._number += 1
        text = self._note(note)
        words = str(text).split(" ")
        at = len(" ".join(words[: round(where * (len(words) - 1))]))
        others = [one for one in self._run.holders.get(self._document, set()) if one != name]
        self._own = True
        text.insert(at, f" ~{name}.{self._number}~ ")
        self._own = False
        update = self._made.pop()
        self._run.watch.send("edit", (name, self._number), {"last of the others": others})
        self.terminal.send(self._document, Update(update))

    def says(self, notes: list[str]) -> dict[str, str]:
        """What stands in the notes here."""
        return {note: str(self._note(note)) for note in notes}

    @property
    def count(self) -> int:
        return self._number

    def _note(self, note: str) -> Text:
        if note not in self._notes:
            self._notes[note] = self._doc.get(note, type=Text)
        return self._notes[note]

    def _changed(self, event: Any) -> None:
        if self._own:
            self._made.append(event.update)

    def _heard(self, document: str, update: bytes) -> None:
        if document != self._document:
            return
        self._doc.apply_update(update)
        self.there.set()
        for mark in marks_in(update):
            self._run.watch.seen(mark, self.terminal.seat.terminal)


def _sign_in(run: Run, terminal: LoadTerminal, after_s: float) -> None:
    pause(after_s)
    name = terminal.seat.terminal
    begun = time.perf_counter()
    try:
        token = terminal.sign_in(nurse_of(name), run.stage.password)
    except (OSError, HubSaidNo) as error:
        run.watch.problem(f"{name}: could not sign in: {error}")
        return
    run.watch.took("sign-in", (time.perf_counter() - begun) * 1000)
    terminal.renew(token)
    terminal.open(personal(terminal.seat.ward, run.stage.stays.get(terminal.seat.ward, ()), months()))


def shift_change(run: Run) -> list[Figure]:
    """All sign in over the seconds of the plan; then the first ward writes for a third of that."""
    run.all_joined()
    run.begin_measuring()
    pdas = run.of_kind("pda")
    gap = run.plan.seconds / max(1, len(pdas))
    join_all(
        [spawn(_sign_in, run, one, place * gap) for place, one in enumerate(pdas)], run.plan.seconds + 120
    )
    ward = run.wards()[0]
    document = names.handover(ward, datetime.now(UTC).strftime("%Y-%m-%d"), _SHIFT)
    nurses = [_Nurse(run, pda, document) for pda in run.of_kind("pda", ward)[:WRITERS]]
    for nurse in nurses:
        nurse.open()
    late = sum(not nurse.there.wait(20) for nurse in nurses)
    notes = [f"note:{stay}" for stay in run.stage.stays.get(ward, ())[:NOTES]]
    chance = random.Random(1)
    rate = EDITS_PER_S * len(nurses) / WRITERS
    begun = time.perf_counter()
    for number in range(round(rate * run.plan.seconds / 3)):
        early = begun + number / rate - time.perf_counter()
        if early > 0:
            pause(early)
        nurses[number % len(nurses)].edit(chance.choice(notes), chance.random())
    run.drained(20)
    written = {(one.terminal.seat.terminal, n) for one in nurses for n in range(1, one.count + 1)}
    held = [nurse.says(notes) for nurse in nurses]
    kept = [set(marks_in(" ".join(said.values()).encode())) for said in held]
    return [
        Figure("PDAs", len(pdas), ""),
        *run.time_figures("sign-in", SIGN_IN_MS),
        Figure("PDAs without the handover document", late, "", 0),
        Figure("edits", len(written), ""),
        *run.time_figures("edit → last of the others", EDIT_MS),
        Figure("replicas that differ at the end", sum(said != held[0] for said in held), "", 0),
        Figure(
            "edits missing at the end, of all replicas", sum(len(written - marks) for marks in kept), "", 0
        ),
        Figure("edits that did not come to all", run.watch.under_way, "", 0),
    ]

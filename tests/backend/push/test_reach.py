"""Probes: a PDA that lets more than two pass is not reachable, and is again with its next answer (A14)."""

from __future__ import annotations

from itertools import count

from ward_hub.documents.port import Json
from ward_hub.push.reach import MOST_SHOWN, PROBE_S, Reach

T0 = 1_800_000_000_000
MINUTE = round(PROBE_S * 1000)


class Ward:
    def __init__(self, reach: Reach | None = None) -> None:
        self.reach = reach or Reach()
        self.ids = (f"{number:016x}" for number in count(1))
        self.now = T0

    def round(self, *pdas: str, answers: tuple[str, ...] = ()) -> None:
        probes = self.reach.round(pdas, lambda: next(self.ids), self.now)
        assert set(probes) == set(pdas)
        for pda in answers:
            self.reach.answered(pda, probes[pda])
        self.now += MINUTE


def test_who_answers_is_reachable() -> None:
    ward = Ward()
    for _ in range(10):
        ward.round("pda-01", answers=("pda-01",))
    assert ward.reach.unreachable() == {}


def test_more_than_two_missed_is_not_reachable_since_the_first_of_them() -> None:
    ward = Ward()
    ward.round("pda-01", "pda-02", answers=("pda-01", "pda-02"))
    first_missed = ward.now
    for _ in range(3):
        ward.round("pda-01", "pda-02", answers=("pda-02",))
    assert ward.reach.unreachable() == {}  # the third may still be answered
    ward.round("pda-01", "pda-02", answers=("pda-02",))
    assert ward.reach.unreachable() == {"pda-01": {"since": first_missed, "missed": 3}}


def test_one_answer_brings_it_back() -> None:
    ward = Ward()
    for _ in range(6):
        ward.round("pda-01")
    assert ward.reach.unreachable()
    probes = ward.reach.round(["pda-01"], lambda: "f" * 16, ward.now)
    assert ward.reach.answered("pda-01", probes["pda-01"])
    assert ward.reach.unreachable() == {}


def test_an_old_probes_answer_is_none() -> None:
    reach = Reach()
    old = reach.round(["pda-01"], lambda: "a" * 16, T0)["pda-01"]
    reach.round(["pda-01"], lambda: "b" * 16, T0 + MINUTE)
    assert not reach.answered("pda-01", old)
    assert not reach.answered("pda-77", "b" * 16)


def test_who_goes_off_duty_is_looked_for_no_more() -> None:
    ward = Ward()
    for _ in range(5):
        ward.round("pda-01")
    ward.round("pda-02", answers=("pda-02",))
    assert ward.reach.unreachable() == {}


def test_a_restart_forgets_nobody_and_reads_strictly() -> None:
    shown: dict[str, Json] = {
        "pda-01": {"since": float(T0), "missed": 4.0},
        "pda-02": "x",
        "pda-03": {"since": None},
    }
    ward = Ward(Reach(shown))
    ward.round("pda-01", "pda-02", "pda-03", answers=("pda-02", "pda-03"))
    assert ward.reach.unreachable() == {"pda-01": {"since": T0, "missed": 4}}
    ward.round("pda-01", answers=("pda-01",))
    assert ward.reach.unreachable() == {}


def test_the_count_ends_somewhere() -> None:
    ward = Ward()
    for _ in range(50):
        ward.round("pda-01")
    assert ward.reach.unreachable()["pda-01"] == {"since": T0, "missed": MOST_SHOWN}

"""The roll-out machine (DEV-07): by table, and over random lives of a ward's terminals."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ward_hub.fleet import rollout as machine
from ward_hub.fleet.rollout import (
    AWAY_MS,
    NOBODY,
    TELL_A_STEP,
    TERMINAL_FAILED,
    TRANSITIONS,
    Event,
    Fact,
    Member,
    NotNow,
    Outcome,
    RollOut,
    State,
    Step,
)

NOW = 1_000_000
OLD, NEW, OLDER = "old", "new", "older"
ACTS: dict[Event, Callable[[RollOut], Step]] = {
    Event.ADVANCE: machine.advance,
    Event.HALT: machine.halt,
    Event.RESUME: machine.resume,
    Event.ROLLBACK: machine.rollback,
    Event.FINISH: machine.finish,
}


def make(*stages: str, after_s: int | None = None) -> RollOut:
    """Each stage a word, each letter a terminal."""
    members = {name: Member(name, index) for index, stage in enumerate(stages) for name in stage}
    names = tuple(f"stage {index}" for index in range(len(stages)))
    return RollOut(NEW, OLD, names, members, after_s, NOW, "a001")


@dataclass
class House:
    """Terminals that do as they are wished, or not."""

    rollout: RollOut
    now: int = NOW
    wishes: dict[str, str | None] = field(default_factory=dict)
    facts: dict[str, Fact] = field(default_factory=dict)
    told: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        for name in self.rollout.members:
            self.facts[name] = Fact(True, True, OLD, 0, NOW - 1)

    def fact(self, name: str) -> Fact:
        return self.facts.get(name, NOBODY)

    def take(self, step: Step) -> None:
        self.rollout = step.rollout
        self.told += [name for name, build in step.wishes.items() if build == NEW]
        self.wishes.update(step.wishes)

    def step(self, seconds: int = 1) -> None:
        self.now += seconds * 1000
        self.take(machine.step(self.rollout, self.fact, self.wishes.get, self.now))

    def act(self, event: Event) -> None:
        self.take(ACTS[event](self.rollout))

    def update(self, name: str, **fact: object) -> None:
        """The terminal reports."""
        values = {"connected": True, "build": NEW, "reported_at": self.now + 1} | fact
        self.facts[name] = replace(self.facts[name], **values)  # type: ignore[arg-type]  # fields of Fact

    def away(self, name: str) -> None:
        self.facts[name] = replace(self.facts[name], connected=False)

    def state(self) -> State:
        return self.rollout.state

    def outcomes(self) -> str:
        """The first letter of each member's outcome."""
        return "".join(member.outcome.value[0] for member in self.rollout.members.values())


@pytest.mark.parametrize("state", list(State))
@pytest.mark.parametrize("event", list(Event))
def test_every_event_fits_its_states_only(state: State, event: Event) -> None:
    rollout = replace(make("a", "b"), state=state)
    wanted = TRANSITIONS[state].get(event)
    if wanted is None and not (event is Event.ADVANCE and state is State.RUNNING):
        with pytest.raises(NotNow):
            ACTS[event](rollout)
    else:
        assert ACTS[event](rollout).rollout.state is wanted


def test_stages_go_on_by_hand_and_end_when_the_last_one_is_well() -> None:
    house = House(make("a", "bc"))
    house.step()
    assert house.told == ["a"]
    house.update("a")
    house.step()
    house.step(86_400)
    assert (house.rollout.stage, house.told) == (0, ["a"])
    house.act(Event.ADVANCE)
    house.step()
    assert house.told == ["a", "b", "c"]
    house.update("b")
    house.update("c")
    house.step()
    assert (house.state(), house.outcomes()) == (State.DONE, "uuu")


def test_a_stage_goes_on_by_itself_after_it_was_well_for_so_long() -> None:
    house = House(make("a", "b", after_s=60))
    house.step()
    house.update("a")
    house.step()
    house.step(59)
    assert house.rollout.stage == 0
    house.step(1)
    assert house.rollout.stage == 1
    house.step()
    assert house.told == ["a", "b"]
    house.update("b")
    house.step()
    assert house.state() is State.RUNNING
    house.step(60)
    assert house.state() is State.DONE


def test_a_terminal_in_a_call_is_waited_for_however_long() -> None:
    house = House(make("a", "b", after_s=1))
    house.step()
    house.step(86_400)
    assert (house.state(), house.rollout.stage, house.outcomes()) == (State.RUNNING, 0, "ww")


def test_one_that_was_never_there_does_not_fail_and_does_not_let_it_go_on_by_itself() -> None:
    house = House(make("ab", "c", after_s=1))
    house.away("a")
    house.step()
    house.update("b")
    house.step(86_400)
    assert (house.state(), house.rollout.stage) == (State.RUNNING, 0)
    house.act(Event.ADVANCE)
    house.step()
    assert house.told == ["a", "b", "c"]
    house.act(Event.ADVANCE)
    assert house.state() is State.DONE
    assert house.wishes["a"] == NEW


def test_one_that_does_not_come_back_halts_and_calls_the_others_back() -> None:
    house = House(make("abc", "d"))
    house.wishes["b"] = OLDER
    house.step()
    house.update("c")
    house.away("a")
    house.step()
    house.step(AWAY_MS // 1000 - 1)
    assert house.state() is State.RUNNING
    house.step()
    assert (house.state(), house.rollout.reason) == (State.HALTED, TERMINAL_FAILED)
    assert house.outcomes() == "fwuw"
    assert house.wishes == {"a": NEW, "b": OLDER, "c": NEW}
    told = list(house.told)
    house.step(86_400)
    assert house.told == told


def test_one_that_comes_back_in_time_is_no_failure() -> None:
    house = House(make("a"))
    house.step()
    house.away("a")
    house.step()
    house.step(AWAY_MS // 1000 - 1)
    house.update("a", build=OLD)
    house.step()
    house.away("a")
    house.step()
    house.step(AWAY_MS // 1000 - 1)
    assert house.state() is State.RUNNING


def test_one_that_fell_back_to_its_old_build_halts() -> None:
    """Its new page did not come up, and its worker went back to the one before."""
    house = House(make("a", "b"))
    house.step()
    house.update("a", build=OLD, started_at=house.now + 500)
    house.step(AWAY_MS // 1000)
    assert house.state() is State.RUNNING
    house.step()
    assert (house.state(), house.outcomes()) == (State.HALTED, "fw")
    house.act(Event.RESUME)
    house.update("a", started_at=house.now)
    house.step()
    assert house.outcomes() == "uw"


def test_one_that_hangs_more_often_halts_also_after_it_had_updated() -> None:
    house = House(make("a", "b", after_s=600))
    house.update("a", build=OLD, hung=3, reported_at=NOW)
    house.step()
    house.update("a", hung=3)
    house.step()
    assert house.outcomes() == "uw"
    house.update("a", hung=4)
    house.step()
    assert (house.state(), house.outcomes()) == (State.HALTED, "fw")


def test_one_that_says_it_cannot_halts() -> None:
    house = House(make("ab", "c"))
    house.step()
    for stranger in ("c", "z"):
        house.take(machine.refused(house.rollout, stranger))
        assert house.state() is State.RUNNING
    house.take(machine.refused(house.rollout, "a"))
    assert (house.state(), house.rollout.reason) == (State.HALTED, TERMINAL_FAILED)


def test_after_resume_what_failed_does_not_halt_again_and_what_was_called_back_is_told_again() -> None:
    house = House(make("abc"))
    house.step()
    house.away("a")
    house.step()
    house.step(AWAY_MS // 1000)
    house.told.clear()
    house.act(Event.RESUME)
    house.step()
    assert (house.state(), house.rollout.reason, house.told) == (State.RUNNING, None, ["b", "c"])
    house.update("b")
    house.update("c")
    house.step()
    assert house.state() is State.RUNNING
    house.update("a")
    house.step()
    assert (house.state(), house.outcomes()) == (State.DONE, "uuu")


def test_few_are_told_at_once() -> None:
    house = House(make("abcdefghijklm"))
    house.step()
    assert len(house.told) == TELL_A_STEP
    house.step()
    house.step()
    assert sorted(house.told) == list("abcdefghijklm")


def test_a_slot_that_is_gone_holds_nothing_up() -> None:
    house = House(make("ab"))
    house.step()
    house.facts["a"] = NOBODY
    house.update("b")
    house.step()
    assert house.state() is State.DONE


def test_a_rollback_restores_what_each_was_wished_before() -> None:
    house = House(make("ab", "c"))
    house.wishes["a"] = OLDER
    before = {"a": OLDER, "b": OLD}
    house.step()
    house.update("a")
    house.step()
    house.act(Event.ROLLBACK)
    assert {name: house.wishes[name] for name in "ab"} == before
    assert "c" not in house.wishes


LIVES = st.lists(
    st.one_of(
        st.tuples(st.just("step"), st.integers(1, 400)),
        st.tuples(
            st.sampled_from(["update", "away", "back", "hang", "gone", "refuse", "restart"]),
            st.integers(0, 5),
        ),
        st.tuples(st.sampled_from(list(Event)), st.just(0)),
    ),
    max_size=60,
)


@settings(max_examples=300, deadline=None)
@given(LIVES, st.sampled_from([None, 0, 30]))
def test_nobody_outside_the_stages_is_told_and_a_rollback_restores_whatever_happens(
    life: list[tuple[str, int]], after_s: int | None
) -> None:
    house = House(make("a", "bc", "def", after_s=after_s))
    house.facts["z"] = Fact(True, True, OLD, 0, 0)
    house.wishes.update({"b": OLDER, "d": OLDER})
    before = dict(house.wishes)
    for what, number in life:
        name = "abcdef"[min(number, 5)]
        told = len(house.told)
        reached, running = house.rollout.stage, house.state() is State.RUNNING
        if what == "step":
            house.step(number)
        elif what in list(Event):
            try:
                house.act(Event(what))
            except NotNow:
                continue
        elif what == "refuse":
            house.take(machine.refused(house.rollout, name))
        elif what == "update":
            house.update(name, build=house.wishes.get(name) or OLD)
        elif what == "away":
            house.away(name)
        elif what == "back":
            house.facts[name] = replace(house.facts[name], connected=True)
        elif what == "restart":
            house.update(name, build=house.facts[name].build, started_at=house.now + 1)
        elif what == "hang":
            house.update(name, hung=house.facts[name].hung + 1, build=house.facts[name].build)
        else:
            house.facts[name] = NOBODY
        new = house.told[told:]
        assert len(new) <= TELL_A_STEP
        assert not new or running
        assert all(house.rollout.members[one].stage <= reached for one in new)
        if house.state() is State.HALTED:
            wished = {one for one, build in house.wishes.items() if build == NEW}
            settled = {m.terminal for m in house.rollout.members.values() if m.outcome is not Outcome.WAITING}
            assert wished <= settled
    assert set(house.wishes) <= set("abcdef")
    if house.state() is not State.ROLLED_BACK:
        house.act(Event.ROLLBACK)
    back: dict[str, str | None] = {one: OLD for one in house.told if one not in before}
    assert house.wishes == before | back

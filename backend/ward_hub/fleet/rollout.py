"""A staged roll-out of a build (DEV-07) as a state machine: facts and time go in, a new state and the wishes
that follow come out. Storing and telling is rollouts.py's.

States:   running ──halt──▶ halted ──resume──▶ running ──(last stage well)──▶ done
             └────────────── rollback ◀── from any of the three ──▶ rolled_back

Members of a stage are told when the roll-out has come to it, a few a second. A member has `updated` when it
reports the build. It has `failed` when it stayed away after it was told while it was there, when its page
started anew and stayed what it was, when it said it could not, or when it hung more often than before. One
that goes on with its old build because a call is open is waiting, however long: calls go first. The first
failure halts, and those told that have not updated are called back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

AWAY_MS = 5 * 60_000
"""An update is a reload: one that is away longer than this after it was told has not come back."""
TELL_A_STEP = 5
"""Terminals told a step (a second): each then loads the app anew, beside the calls."""
TERMINAL_FAILED = "terminal_failed"


class State(StrEnum):
    RUNNING = "running"
    HALTED = "halted"
    DONE = "done"
    ROLLED_BACK = "rolled_back"


class Event(StrEnum):
    ADVANCE = "advance"
    HALT = "halt"
    RESUME = "resume"
    ROLLBACK = "rollback"
    FINISH = "finish"


TRANSITIONS: Mapping[State, Mapping[Event, State]] = {
    State.RUNNING: {
        Event.ADVANCE: State.RUNNING,
        Event.HALT: State.HALTED,
        Event.FINISH: State.DONE,
        Event.ROLLBACK: State.ROLLED_BACK,
    },
    State.HALTED: {Event.RESUME: State.RUNNING, Event.ROLLBACK: State.ROLLED_BACK},
    State.DONE: {Event.ROLLBACK: State.ROLLED_BACK},
    State.ROLLED_BACK: {},
}


class Outcome(StrEnum):
    WAITING = "waiting"
    UPDATED = "updated"
    FAILED = "failed"


class NotNow(Exception):
    """The event does not fit the state."""

    def __init__(self, state: State, event: Event) -> None:
        super().__init__(f"{event.value} does not fit a roll-out that is {state.value}")


@dataclass(frozen=True, slots=True)
class Fact:
    """What is known of a terminal now. `exists`: it is still an enrolled slot; `build`, `hung` and since when
    its page runs are as it reported them at `reported_at` (ms); no build before its first report."""

    exists: bool
    connected: bool
    build: str | None = None
    hung: int = 0
    reported_at: int = 0
    started_at: int = 0


NOBODY = Fact(exists=False, connected=False)


@dataclass(frozen=True, slots=True)
class Member:
    """One terminal. `before`: the build it was wished to run earlier, None: none; `told_at`: when it was
    wished to run this one (None: not, or called back); `was_there`: it was connected at some time since;
    `lost_at`: since when it is away; `hung_before`: its count of hangs when it was told."""

    terminal: str
    stage: int
    outcome: Outcome = Outcome.WAITING
    before: str | None = None
    told_at: int | None = None
    was_there: bool = False
    lost_at: int | None = None
    hung_before: int | None = None


@dataclass(frozen=True, slots=True)
class RollOut:
    """RollOut of the API with its members. `well_since`: since when all of the stage run the build."""

    build: str
    from_build: str
    stages: tuple[str, ...]
    members: Mapping[str, Member]
    advance_after_s: int | None
    started_at: int
    staff: str
    state: State = State.RUNNING
    reason: str | None = None
    stage: int = 0
    well_since: int | None = None
    to_all: bool = False
    id: int = 0

    def of_stage(self, stage: int) -> list[Member]:
        return [member for member in self.members.values() if member.stage == stage]


@dataclass(frozen=True, slots=True)
class Step:
    """What follows: the roll-out as it is now, and the wishes to set: terminal → build or None."""

    rollout: RollOut
    wishes: Mapping[str, str | None]


Facts = Callable[[str], Fact]
WishOf = Callable[[str], str | None]


def halt(rollout: RollOut, reason: str | None = None) -> Step:
    """Tell nobody further, call back those that have not updated yet. Raises NotNow."""
    state = _next(rollout, Event.HALT)
    back = {
        member.terminal: _earlier(rollout, member)
        for member in rollout.members.values()
        if member.told_at is not None and member.outcome is Outcome.WAITING
    }
    members = {
        name: replace(member, told_at=None, was_there=False, lost_at=None, hung_before=None)
        if name in back
        else member
        for name, member in rollout.members.items()
    }
    return Step(replace(rollout, state=state, reason=reason, members=members, well_since=None), back)


def resume(rollout: RollOut) -> Step:
    """Go on where it was halted; those that failed are left as they are. Raises NotNow."""
    return Step(replace(rollout, state=_next(rollout, Event.RESUME), reason=None), {})


def advance(rollout: RollOut) -> Step:
    """Go to the next stage, whatever the state of this one; after the last one it is done. Raises NotNow."""
    if rollout.stage + 1 >= len(rollout.stages):
        return finish(rollout)
    state = _next(rollout, Event.ADVANCE)
    return Step(replace(rollout, state=state, stage=rollout.stage + 1, well_since=None), {})


def finish(rollout: RollOut) -> Step:
    """Every stage has been gone through. Those that wait keep the wish. Raises NotNow."""
    return Step(replace(rollout, state=_next(rollout, Event.FINISH), well_since=None), {})


def rollback(rollout: RollOut) -> Step:
    """Wish of everyone who was told what they ran before. Raises NotNow."""
    state = _next(rollout, Event.ROLLBACK)
    back = {
        member.terminal: _earlier(rollout, member)
        for member in rollout.members.values()
        if member.told_at is not None
    }
    return Step(replace(rollout, state=state, well_since=None), back)


def refused(rollout: RollOut, terminal: str) -> Step:
    """A terminal says that it cannot update."""
    member = rollout.members.get(terminal)
    if rollout.state is not State.RUNNING or member is None or member.told_at is None:
        return Step(rollout, {})
    if member.outcome is not Outcome.WAITING:
        return Step(rollout, {})
    failed = {**rollout.members, terminal: replace(member, outcome=Outcome.FAILED)}
    return halt(replace(rollout, members=failed), TERMINAL_FAILED)


def step(rollout: RollOut, facts: Facts, wish_of: WishOf, now: int) -> Step:
    """Look at the members, tell the next ones, halt, advance or finish. `now` in ms; some once a second.

    `wish_of`: what a terminal is wished to run now, to be restored by a rollback.
    """
    if rollout.state is not State.RUNNING:
        return Step(rollout, {})
    members = {
        name: _look(member, facts(name), rollout.build, now) for name, member in rollout.members.items()
    }
    fresh = any(
        member.outcome is Outcome.FAILED and rollout.members[name].outcome is not Outcome.FAILED
        for name, member in members.items()
    )
    rollout = replace(rollout, members=members)
    if fresh:
        return halt(rollout, TERMINAL_FAILED)
    wishes = _tell(rollout, members, facts, wish_of, now)
    rollout = replace(rollout, members=members)
    here = [
        member
        for member in members.values()
        if member.stage <= rollout.stage and facts(member.terminal).exists
    ]
    well = all(member.outcome is Outcome.UPDATED for member in here)
    well_since = (rollout.well_since if rollout.well_since is not None else now) if well else None
    rollout = replace(rollout, well_since=well_since)
    if well_since is None or not _may_go_on(rollout, well_since, now):
        return Step(rollout, wishes)
    return Step(advance(rollout).rollout, wishes)


def _may_go_on(rollout: RollOut, well_since: int, now: int) -> bool:
    last = rollout.stage + 1 >= len(rollout.stages)
    if rollout.advance_after_s is None:
        return last  # nothing is left for a hand to decide
    return now - well_since >= rollout.advance_after_s * 1000


def _look(member: Member, fact: Fact, build: str, now: int) -> Member:
    """What has become of a member that was told."""
    told_at = member.told_at
    if told_at is None or not fact.exists:
        return member
    if fact.reported_at > told_at:
        if member.hung_before is None:
            member = replace(member, hung_before=fact.hung)
        elif fact.hung > member.hung_before:
            return replace(member, outcome=Outcome.FAILED, lost_at=None, hung_before=fact.hung)
    if member.outcome is Outcome.UPDATED:
        return member
    if fact.connected:
        # One that had stayed away too long and is back on the build is well after all.
        runs_it = fact.build == build and (member.outcome is Outcome.WAITING or member.lost_at is not None)
        if not runs_it and _fell_back(member, fact, told_at, now):
            return replace(member, outcome=Outcome.FAILED, was_there=True, lost_at=now)
        outcome = Outcome.UPDATED if runs_it else member.outcome
        waiting = member.outcome is Outcome.WAITING
        return replace(
            member, outcome=outcome, was_there=True, lost_at=None if runs_it or waiting else member.lost_at
        )
    if member.outcome is Outcome.FAILED or not member.was_there:
        return member
    lost_at = now if member.lost_at is None else member.lost_at
    outcome = Outcome.FAILED if now - lost_at >= AWAY_MS else member.outcome
    return replace(member, lost_at=lost_at, outcome=outcome)


def _fell_back(member: Member, fact: Fact, told_at: int, now: int) -> bool:
    """A page that started after it was told and is what it was: the new one did not come up and was given up,
    or it has not been tried for a time in which it should have been."""
    return (
        member.outcome is Outcome.WAITING
        and fact.reported_at > told_at
        and told_at < fact.started_at <= now - AWAY_MS
    )


def _tell(
    rollout: RollOut, members: dict[str, Member], facts: Facts, wish_of: WishOf, now: int
) -> dict[str, str | None]:
    wishes: dict[str, str | None] = {}
    for name, member in list(members.items()):
        if len(wishes) >= TELL_A_STEP:
            break
        fact = facts(name)
        if member.stage > rollout.stage or member.told_at is not None or not fact.exists:
            continue
        if member.outcome is not Outcome.WAITING:
            continue
        wishes[name] = rollout.build
        members[name] = replace(
            member,
            before=wish_of(name),
            told_at=now,
            was_there=fact.connected,
            hung_before=fact.hung if fact.build is not None else None,
        )
    return wishes


def _earlier(rollout: RollOut, member: Member) -> str:
    """The build to go back to, by its name also where none was wished: one that is away now, and has the new
    build already, will find it when it comes."""
    return member.before if member.before is not None else rollout.from_build


def _next(rollout: RollOut, event: Event) -> State:
    state = TRANSITIONS[rollout.state].get(event)
    if state is None:
        raise NotNow(rollout.state, event)
    return state

"""The life of one call: which facts count, and what they make of it (CF15 to CF27).

A call is its `placed`; grouping calls into rows, order and escalation are calls.py and escalation.py.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from ward_sync.directory import Directory
from ward_sync.facts import Act, HeardFact
from ward_sync.tones import TONES

# A talk this short was none: no audio passed (CF22).
REAL_TALK_MS: Final = 2_000
# A talk cannot be longer than from its answer to its end; clocks differ this much (CF22).
TALK_SLACK_MS: Final = 5_000
# What stands at a patient: its hang-up closes only what it placed, never a room-mate's call (CF25).
_PATIENT_KINDS: Final = frozenset({"bedside", "call_point"})


class State(IntEnum):
    """How far an open call has come, least advanced first."""

    WAITING = 0
    TAKEN = 1
    TALKING = 2
    ATTENDED = 3


@dataclass(frozen=True, slots=True)
class Life:
    """One call at one time. `closing` is the fact that ended it, None while it is open.

    `ring_from`: since when it rings (ms, first sight or end of the reminder), None when it does not;
    `supports`: facts a strict clear of it may rest on, newest last; `talks`: real `ended` id → its answer,
    one of the same terminal where there is one;
    `declined_by`: PDAs to leave out; `received_by`: stations that have it.
    """

    call: HeardFact
    closing: HeardFact | None
    state: State
    ring_from: int | None
    received: HeardFact | None
    taken: HeardFact | None
    talking: HeardFact | None
    attended: HeardFact | None
    supports: tuple[HeardFact, ...]
    talks: Mapping[str, HeardFact]
    declined_by: frozenset[str]
    received_by: frozenset[str]


def order_at(fact: HeardFact) -> int:
    """Return the time that orders the fact: `at`, or when it was heard if its clock is off (CF17)."""
    body = fact.body
    if fact.heard_at is not None and (body.clock == "own" or body.at > fact.heard_at):
        return fact.heard_at
    return body.at


def order_key(fact: HeardFact) -> tuple[int, str]:
    """Return the total order of facts: (order time, id)."""
    return order_at(fact), fact.id


def first_sight(fact: HeardFact) -> int:
    """Return when the hub took the fact, else when it was first seen here (ms)."""
    return fact.seen_at if fact.heard_at is None else fact.heard_at


def effective_since(fact: HeardFact) -> int:
    """Return from when the fact has effect: never later than its first sight, whatever its clock (CF18)."""
    return first_sight(fact) if fact.body.clock == "own" else min(fact.body.at, first_sight(fact))


def merge(facts: Iterable[HeardFact]) -> dict[str, HeardFact]:
    """Return one fact an id: smallest heard_at, first seen, verified when any copy is (CF15).

    Whether a press was missed is what the earliest hub said.
    """
    merged: dict[str, HeardFact] = {}
    for fact in facts:
        held = merged.get(fact.id)
        merged[fact.id] = fact if held is None else _merge_two(held, fact)
    return merged


def _merge_two(one: HeardFact, other: HeardFact) -> HeardFact:
    if one.heard_at is None or other.heard_at is None:
        heard_at = other.heard_at if one.heard_at is None else one.heard_at
    else:
        heard_at = min(one.heard_at, other.heard_at)
    return HeardFact(
        one.id,
        one.body,
        heard_at,
        min(one.seen_at, other.seen_at),
        one.verified or other.verified,
        (one.missed and one.heard_at == heard_at) or (other.missed and other.heard_at == heard_at),
    )


def lives(facts: Iterable[HeardFact], directory: Directory, now: int) -> list[Life]:
    """Return every call among the facts with what they make of it at `now` (ms), in no particular order."""
    merged = merge(facts)
    acts: dict[str, list[HeardFact]] = defaultdict(list)
    for fact in merged.values():
        # An act counts only once it is verified (CF16); a press alarms either way.
        if fact.verified and fact.body.act is not Act.PLACED:
            for call in fact.body.calls:
                acts[call].append(fact)
    return [
        _live(fact, acts.get(fact.id, ()), directory, now)
        for fact in merged.values()
        if fact.body.act is Act.PLACED
    ]


def _live(call: HeardFact, named: Iterable[HeardFact], directory: Directory, now: int) -> Life:
    acts: dict[Act, list[HeardFact]] = defaultdict(list)
    for fact in sorted(named, key=order_key):
        if fact.body.ward == call.body.ward and fact.body.room == call.body.room:
            acts[fact.body.act].append(fact)
    talks = _real_talks(acts)
    supports = tuple(
        sorted(acts[Act.ATTENDED] + [fact for fact in acts[Act.ENDED] if fact.id in talks], key=order_key)
    )
    closing = _closing(call, acts, {fact.id for fact in supports}, talks, directory)
    taken = taker(acts, talks)
    talking = _talk(acts, directory, now)
    attended = _last(acts[Act.ATTENDED])
    state = (
        State.ATTENDED if attended else State.TALKING if talking else State.TAKEN if taken else State.WAITING
    )
    ring_from = None if closing else _ring_from(call, state, taken, directory, now)
    return Life(
        call=call,
        closing=closing,
        state=state,
        ring_from=ring_from,
        received=_last(acts[Act.RECEIVED]),
        taken=taken,
        talking=talking,
        attended=attended,
        supports=supports,
        talks=talks,
        declined_by=_declined(acts[Act.DECLINED], state, ring_from),
        received_by=frozenset(fact.body.terminal for fact in acts[Act.RECEIVED]),
    )


def _last(facts: list[HeardFact]) -> HeardFact | None:
    return facts[-1] if facts else None


def _real_talks(acts: Mapping[Act, list[HeardFact]]) -> dict[str, HeardFact]:
    """Return the answer of each `ended` that was a real talk: the first that makes it one (CF22).

    An answer of the same terminal goes before others': by it the `ended` counts whatever becomes of the
    terminal (CF25). An answer that arrives late makes more talks real and never one less.
    """
    found: dict[str, HeardFact] = {}
    for ended in acts.get(Act.ENDED, ()):
        talk_ms = ended.body.talk_ms or 0
        if talk_ms < REAL_TALK_MS:
            continue
        making = [
            answered for answered in acts.get(Act.ANSWERED, ()) if _makes_talk(answered, ended, talk_ms)
        ]
        if making:
            own = (fact for fact in making if fact.body.terminal == ended.body.terminal)
            found[ended.id] = next(own, making[0])
    return found


def _makes_talk(answered: HeardFact, ended: HeardFact, talk_ms: int) -> bool:
    """Return whether so long a talk can lie between the two: by their order, or by their one clock (CF22).

    A hub that hears both at once, after a cut, cannot tell how long they are apart; who made both can.
    """
    if (
        order_key(answered) < order_key(ended)
        and talk_ms <= order_at(ended) - order_at(answered) + TALK_SLACK_MS
    ):
        return True
    same = answered.body.terminal == ended.body.terminal
    apart_ms = ended.body.at - answered.body.at
    return same and apart_ms > 0 and talk_ms <= apart_ms + TALK_SLACK_MS


def _closing(
    call: HeardFact,
    acts: Mapping[Act, list[HeardFact]],
    supports: set[str],
    talks: Mapping[str, HeardFact],
    directory: Directory,
) -> HeardFact | None:
    """Return the first fact that ends the call (CF23 to CF26)."""
    closing = [fact for fact in acts.get(Act.CANCELLED, ()) if fact.body.terminal == call.body.terminal]
    closing += [fact for fact in acts.get(Act.CLEARED, ()) if _clears(fact, call, supports, directory)]
    closing += [
        fact for fact in acts.get(Act.ENDED, ()) if _hangs_up(fact, call, talks.get(fact.id), directory)
    ]
    return min(closing, key=order_key, default=None)


def _hangs_up(fact: HeardFact, call: HeardFact, answer: HeardFact | None, directory: Directory) -> bool:
    """Return whether an `ended` closes the call: after a real talk, and not a room-mate's (CF25).

    `answer` makes it a real talk; None when it was none.
    """
    if answer is None:
        return False
    terminal = directory.terminals.get(fact.body.terminal)
    staffs = terminal is not None and terminal.kind not in _PATIENT_KINDS
    party = fact.body.terminal in (call.body.terminal, answer.body.terminal)
    return (party or staffs) and _policy(fact, call, directory) == "tender"


def _clears(fact: HeardFact, call: HeardFact, supports: set[str], directory: Directory) -> bool:
    at_source = fact.body.terminal == call.body.terminal
    if fact.body.way == "source" and not at_source:
        return False
    return (
        at_source
        or _policy(fact, call, directory) == "tender"
        or any(name in supports for name in fact.body.rests_on or ())
    )


def _policy(fact: HeardFact, call: HeardFact, directory: Directory) -> str | None:
    """Return the policy that holds for the fact on this call (CF25).

    What the hub judged stays so, even if the ward's switch is turned later. It has not judged a clear
    nobody has told it of, nor one of a call it heard of only after the clear.
    """
    judged = fact.heard_at is not None and (call.heard_at is None or call.heard_at <= fact.heard_at)
    return fact.body.policy if judged else directory.policy(call.body.type or "")


def _next_end(answered: HeardFact, acts: Mapping[Act, list[HeardFact]]) -> HeardFact | None:
    """Return the first `ended` that ends the answer (CF21)."""
    at = order_at(answered)
    ends = (fact for fact in acts.get(Act.ENDED, ()) if order_at(fact) >= at)
    return next((fact for fact in ends if _ends(fact, answered, acts)), None)


def _ends(ended: HeardFact, answered: HeardFact, acts: Mapping[Act, list[HeardFact]]) -> bool:
    """Return whether the answer is the terminal's own, or it has none before its `ended` (CF21).

    Of two who answered one loses and hangs up: that must not end the other's talk.
    """
    terminal = ended.body.terminal
    return answered.body.terminal == terminal or not any(
        own.body.terminal == terminal and order_at(own) <= order_at(ended)
        for own in acts.get(Act.ANSWERED, ())
    )


def _talk(acts: Mapping[Act, list[HeardFact]], directory: Directory, now: int) -> HeardFact | None:
    """Return the answer of a talk that runs: nobody ended it, and it is younger than the reminder (CF21)."""
    for answered in reversed(acts.get(Act.ANSWERED, ())):
        running = _next_end(answered, acts) is None
        if running and now - effective_since(answered) < directory.ward.reminder_ms:
            return answered
    return None


def taker(acts: Mapping[Act, list[HeardFact]], talks: Mapping[str, HeardFact]) -> HeardFact | None:
    """Return the newest fact by which someone has taken the call (CF20, CF22).

    An answer takes it too, unless its talk ended before it was one; a later decline by the same terminal
    gives it back.
    """
    answers = [
        fact
        for fact in acts.get(Act.ANSWERED, ())
        if (end := _next_end(fact, acts)) is None or end.id in talks
    ]
    takers = [
        fact
        for fact in [*acts.get(Act.ACKNOWLEDGED, ()), *answers]
        if not any(
            declined.body.terminal == fact.body.terminal and order_at(declined) >= order_at(fact)
            for declined in acts.get(Act.DECLINED, ())
        )
    ]
    return max(takers, key=order_key, default=None)


def _ring_from(
    call: HeardFact, state: State, taken: HeardFact | None, directory: Directory, now: int
) -> int | None:
    """Return since when the call rings (CF28, CF29), None when it does not at `now`."""
    seen = first_sight(call)
    if call.missed:
        # Once: one repetition of the low tone.
        return seen if state is State.WAITING and now - seen < TONES["low"].repeat_ms else None
    if state is State.WAITING:
        return seen
    if state is State.TAKEN and taken is not None:
        due = effective_since(taken) + directory.ward.reminder_ms
        return due if now >= due else None
    return None


def _declined(declined: list[HeardFact], state: State, ring_from: int | None) -> frozenset[str]:
    """Return who has declined; a call that rings anew asks those again who declined before (CF33)."""
    return frozenset(
        fact.body.terminal
        for fact in declined
        if state is not State.TAKEN or ring_from is None or effective_since(fact) >= ring_from
    )

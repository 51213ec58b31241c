"""Which facts leave a calls document, and which must come back when a late copy does (CF43, CF44).

The hub keeps ids and closing facts for a year; terminals keep theirs for 7 days.
"""

from collections.abc import Iterable
from typing import Final

from ward_sync.call_life import Life, first_sight, lives, merge
from ward_sync.directory import Directory
from ward_sync.facts import Act, HeardFact

KEPT_AFTER_CLOSE_MS: Final = 600_000
# An act on a call that no hub ever heard of does not stay for ever.
KEPT_WITHOUT_CALL_MS: Final = 86_400_000


def leaving(facts: Iterable[HeardFact], directory: Directory, now: int) -> frozenset[str]:
    """Return the ids of the facts that leave the calls document at `now` (ms).

    A call leaves 10 min after it was closed; an act leaves with the last call it names.
    """
    merged = merge(facts)
    found = {life.call.id: life for life in lives(merged.values(), directory, now)}
    gone = {
        call
        for call, life in found.items()
        if life.closing is not None and now - _closed_at(life, merged) >= KEPT_AFTER_CLOSE_MS
    }
    acts = {
        fact.id
        for fact in merged.values()
        if fact.body.act is not Act.PLACED
        and all(
            call in gone or (call not in found and now - first_sight(fact) >= KEPT_WITHOUT_CALL_MS)
            for call in fact.body.calls
        )
    }
    return frozenset(gone | acts)


def closing_facts(facts: Iterable[HeardFact], call: str, directory: Directory, now: int) -> tuple[str, ...]:
    """Return the ids of the facts that close a call for whoever still holds it open; none while it is open.

    The placed, the closing act, and what a strict clear rests on; of a talk, also one that closes the call
    itself, its answer.
    """
    named = [fact for fact in facts if fact.id == call or call in fact.body.calls]
    for life in lives(named, directory, now):
        if life.call.id == call and life.closing is not None:
            rests_on = set(life.closing.body.rests_on or ())
            supports = {fact.id for fact in life.supports if fact.id in rests_on}
            ends = supports | {life.closing.id}
            answers = {life.talks[name].id for name in ends if name in life.talks}
            return tuple(sorted({call, life.closing.id} | supports | answers))
    return ()


def _closed_at(life: Life, facts: dict[str, HeardFact]) -> int:
    """Return when the last fact the end of the call needs was first seen."""
    if life.closing is None:
        return 0
    needed = [life.call, life.closing]
    rests_on = life.closing.body.rests_on or ()
    needed += [facts[name] for name in rests_on if name in facts]
    needed += [life.talks[name] for name in (*rests_on, life.closing.id) if name in life.talks]
    return max(first_sight(fact) for fact in needed)

"""Call records of the journal (CALL-06), from the same facts and the same rules as the list (CF42).

A record keeps both who was first to take the call and who had it last (CF47). Pure; storing and querying
records is the hub's.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from ward_sync.call_life import Life, lives, merge, order_at, order_key, taker
from ward_sync.directory import Directory
from ward_sync.facts import Act, HeardFact, source_of


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRecord:
    """One call: when, who, how long it waited, how it was dealt with. Times in ms, by order time.

    `…_by` is the staff id, or the terminal's where nobody was signed in. `waited_ms` runs from the press to
    the first acknowledgement, answer, presence or end; None while there is none of them. `acknowledged_by`
    was first, `taken_by` had it last before it was over (None: nobody, or it was given back).
    """

    id: str
    ward: str
    room: str | None
    bed: str | None
    source: str
    type: str
    purpose: str | None
    at: int
    approx: bool
    heard_at: int | None
    received_at: int | None
    acknowledged_at: int | None
    acknowledged_by: str | None
    taken_by: str | None
    attended_at: int | None
    attended_by: str | None
    talk_ms: int | None
    closed_at: int | None
    closed_by: str | None
    closed_how: str | None
    way: str | None
    waited_ms: int | None
    missed: bool


def records(facts: Iterable[HeardFact], directory: Directory | None = None, now: int = 0) -> list[CallRecord]:
    """Return one record a call, oldest first.

    The directory decides what no hub has judged (CF25), and whose hang-up ends a call.
    """
    merged = merge(facts)
    acts: dict[str, list[HeardFact]] = defaultdict(list)
    for fact in sorted(merged.values(), key=order_key):
        if fact.verified and fact.body.act is not Act.PLACED:
            for call in fact.body.calls:
                acts[call].append(fact)
    found = sorted(
        lives(merged.values(), directory or Directory(), now), key=lambda life: order_key(life.call)
    )
    return [_record(life, acts.get(life.call.id, [])) for life in found]


def _record(life: Life, named: list[HeardFact]) -> CallRecord:
    body = life.call.body
    own = [fact for fact in named if (fact.body.ward, fact.body.room) == (body.ward, body.room)]

    def first(*acts: Act) -> HeardFact | None:
        return next((fact for fact in own if fact.body.act in acts), None)

    received = first(Act.RECEIVED)
    acknowledged = first(Act.ACKNOWLEDGED, Act.ANSWERED)
    attended = first(Act.ATTENDED)
    talks = [fact.body.talk_ms or 0 for fact in own if fact.body.act is Act.ENDED]
    closing = life.closing
    dealt = [order_at(fact) for fact in (acknowledged, attended, closing) if fact is not None]
    kind, name = source_of(body.source or "")
    return CallRecord(
        id=life.call.id,
        ward=body.ward,
        room=body.room,
        bed=name if kind == "bed" else None,
        source=body.source or "",
        type=body.type or "",
        purpose=body.purpose,
        at=body.at,
        approx=body.clock == "own",
        heard_at=life.call.heard_at,
        received_at=_at(received),
        acknowledged_at=_at(acknowledged),
        acknowledged_by=_by(acknowledged),
        taken_by=_by(_last_taker(life, own)),
        attended_at=_at(attended),
        attended_by=_by(attended),
        # Both legs may report the same talk.
        talk_ms=max(talks, default=None),
        closed_at=_at(closing),
        closed_by=_by(closing),
        closed_how=None if closing is None else closing.body.act.value,
        way=None if closing is None else closing.body.way,
        waited_ms=max(0, min(dealt) - order_at(life.call)) if dealt else None,
        missed=life.call.missed,
    )


def _last_taker(life: Life, own: list[HeardFact]) -> HeardFact | None:
    """Whom the row named when it went: what is ordered after the end changes nothing about that."""
    acts: dict[Act, list[HeardFact]] = defaultdict(list)
    for fact in own:
        if life.closing is None or order_key(fact) <= order_key(life.closing):
            acts[fact.body.act].append(fact)
    return taker(acts, life.talks)


def _at(fact: HeardFact | None) -> int | None:
    return None if fact is None else order_at(fact)


def _by(fact: HeardFact | None) -> str | None:
    return None if fact is None else fact.body.staff or fact.body.terminal

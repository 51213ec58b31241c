"""The fold: facts, directory, presence and now make the call list (CF15 to CF37). Pure and total.

The same function stands in pwa/src/core/calls/fold.ts; sync/vectors/folds.json holds both to one result.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from ward_sync.call_life import Life, State, lives, order_at, order_key
from ward_sync.directory import CallType, Directory
from ward_sync.escalation import Asking, escalate
from ward_sync.facts import MAX_RESTS_ON, HeardFact, source_of
from ward_sync.presence import Presence
from ward_sync.supervision import Trouble, troubles

_CLASSES: Final = {"code": 0, "urgent": 1, "routine": 3, "service": 4}
_PRIORITY_PATIENT_CLASS: Final = 2
SERVICE_CLASS: Final = 4


@dataclass(frozen=True, slots=True)
class ActMark:
    """Which fact, of which terminal and person, when (order time, ms)."""

    fact: str
    terminal: str
    staff: str | None
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRow:
    """One row of the call list: the open calls of one source and type. Times in ms.

    `id`, `at`, `order_at`, `approx`, `terminal` are the oldest press's; `terminals[i]` placed `calls[i]`;
    `class_`: 0 code, 1 urgent, 2 special or first-level patient, 3 routine, 4 service; `heard_at` is None
    until the hub has every press; `supported`: a strict clear that rests on `rests_on` would close the row.
    """

    id: str
    calls: tuple[str, ...]
    terminals: tuple[str, ...]
    ward: str
    room: str | None
    source: str
    bed: str | None
    type: str
    purpose: str | None
    to: str | None
    terminal: str
    state: str
    class_: int
    tone: str
    light: str
    at: int
    approx: bool
    order_at: int
    newest_at: int
    count: int
    heard_at: int | None
    verified: bool
    missed: bool
    ringing: bool
    level: int
    asked: tuple[str, ...]
    declined_by: tuple[str, ...]
    received: ActMark | None
    taken: ActMark | None
    talking: ActMark | None
    attended: ActMark | None
    policy: str
    rests_on: tuple[str, ...]
    supported: bool


@dataclass(frozen=True, slots=True)
class ClosedCall:
    """A call that is over: the act that closed it (cleared, cancelled, ended), its way, and whose it was."""

    id: str
    act: str
    way: str | None
    by: ActMark


@dataclass(frozen=True, slots=True)
class Board:
    """What every screen draws from: rows in list order (A9), troubles by key, calls that are over by id."""

    rows: tuple[CallRow, ...]
    troubles: tuple[Trouble, ...]
    closed: dict[str, ClosedCall]


def fold(facts: Iterable[HeardFact], directory: Directory, presence: Presence | None, now: int) -> Board:
    """Return the board that the facts make at `now` (ms). Order and repetition of facts do not matter."""
    rows: dict[tuple[str, str | None, str, str], list[Life]] = defaultdict(list)
    closed: dict[str, ClosedCall] = {}
    for life in lives(facts, directory, now):
        body = life.call.body
        if life.closing is None:
            rows[(body.ward, body.room, body.source or "", body.type or "")].append(life)
        else:
            act = life.closing.body
            closed[life.call.id] = ClosedCall(life.call.id, act.act.value, act.way, _mark(life.closing))
    made = [_row(group, directory, now) for group in rows.values()]
    return Board(
        rows=tuple(sorted(made, key=lambda row: (row.class_, row.order_at, row.id))),
        troubles=troubles(directory, presence, now),
        closed=closed,
    )


def _row(group: list[Life], directory: Directory, now: int) -> CallRow:
    group.sort(key=lambda life: order_key(life.call))
    oldest = group[0].call
    body = oldest.body
    call_type = directory.call_type(body.type or "")
    source = body.source or ""
    kind, name = source_of(source)
    bed = name if kind == "bed" else None
    state = min(life.state for life in group)
    missed = all(life.call.missed for life in group)
    ringing = [life for life in group if life.ring_from is not None]
    # A late copy of an older press must not take an escalation back: the longest ringing call counts.
    loud = [life.ring_from for life in ringing if life.ring_from is not None and not life.call.missed]
    heard = [life.call.heard_at for life in group]
    to = _newest(life.call.body.to for life in group)
    declined_by = frozenset.intersection(*(life.declined_by for life in ringing or group))
    level, asked = escalate(
        Asking(
            source=source,
            room=body.room,
            to=to,
            priority=call_type.priority,
            ring_from=min(
                loud or [life.ring_from for life in ringing if life.ring_from is not None], default=None
            ),
            escalates=bool(loud),
            declined_by=declined_by,
            received_by=frozenset.intersection(*(life.received_by for life in ringing or group)),
        ),
        directory,
        now,
    )
    received = [life.received for life in group]
    rests_on = {life.supports[-1].id for life in group if life.supports}
    in_order = sorted(group, key=lambda life: life.call.id)
    return CallRow(
        id=oldest.id,
        calls=tuple(life.call.id for life in in_order),
        terminals=tuple(life.call.body.terminal for life in in_order),
        ward=body.ward,
        room=body.room,
        source=source,
        bed=bed,
        type=call_type.id,
        purpose=_newest(life.call.body.purpose for life in group),
        to=to,
        terminal=body.terminal,
        state=state.name.lower(),
        class_=_class(call_type, bed, directory),
        tone="low" if missed else call_type.tone,
        light=call_type.light,
        at=body.at,
        approx=body.clock == "own",
        order_at=order_at(oldest),
        newest_at=max(order_at(life.call) for life in group),
        count=len(group),
        heard_at=None if None in heard else max(at for at in heard if at is not None),
        verified=all(life.call.verified for life in group),
        missed=missed,
        ringing=bool(ringing),
        level=level,
        asked=asked,
        declined_by=tuple(sorted(declined_by)),
        received=None if None in received else _newest_mark(received),
        taken=_newest_mark(life.taken for life in group) if state >= State.TAKEN else None,
        talking=_newest_mark(life.talking for life in group) if state >= State.TALKING else None,
        attended=_newest_mark(life.attended for life in group) if state >= State.ATTENDED else None,
        policy=directory.policy(call_type.id),
        rests_on=tuple(sorted(rests_on))[:MAX_RESTS_ON],
        supported=all(life.supports for life in group) and len(rests_on) <= MAX_RESTS_ON,
    )


def _class(call_type: CallType, bed: str | None, directory: Directory) -> int:
    if call_type.priority == "routine" and bed is not None:
        entry = directory.beds.get(bed)
        if entry is not None and entry.priority in ("special", "first"):
            return _PRIORITY_PATIENT_CLASS
    return _CLASSES[call_type.priority]


def _newest(values: Iterable[str | None]) -> str | None:
    """Return the last value there is; the calls come oldest first."""
    newest = None
    for value in values:
        newest = value if value is not None else newest
    return newest


def _newest_mark(facts: Iterable[HeardFact | None]) -> ActMark | None:
    newest = max((fact for fact in facts if fact is not None), key=order_key, default=None)
    return None if newest is None else _mark(newest)


def _mark(fact: HeardFact) -> ActMark:
    return ActMark(fact.id, fact.body.terminal, fact.body.staff, order_at(fact))

"""Whole histories of a ward's calls, from a tape of bytes: presses, acts, cuts, neighbours, late delivery,
repetition, regrouping, revocation, the ward's switch, retention. And what must hold at their end.

A hub and eight terminals, each with its own facts. The tape decides; the same tape makes the same history, so
that Hypothesis can shrink it and loadtests/histories.py can run many.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from ward_sync.call_life import lives, order_at, order_key
from ward_sync.calls import Board, CallRow, fold
from ward_sync.directory import Directory, parse_directory
from ward_sync.entitlement import judge
from ward_sync.facts import Act, FactBody, HeardFact, Json, encode_body, fact_id
from ward_sync.placing import may, may_place
from ward_sync.retention import closing_facts, leaving

from tests.helpers.calls import T0, ward_roots

T = TypeVar("T")

ROOMS = {"bed-b01": "r01", "bed-b02": "r01", "door-r01": "r01", "bed-b03": "r02"}
NAMES = (*ROOMS, "station-main", "station-vice", "pda-01", "whiteboard")
SOURCES: dict[str, tuple[tuple[str, str], ...]] = {
    "bed-b01": (("bed:b01", "patient"), ("bed:b01", "emergency")),
    "bed-b02": (("bed:b02", "patient"), ("bed:b02", "dressing")),
    "bed-b03": (("bed:b03", "patient"), ("bed:b03", "emergency")),
    "door-r01": (("bathroom:r01", "bathroom"), ("room:r01", "code")),
    "pda-01": (("room:r02", "staff_assist"), ("bed:b01", "staff_assist")),
    "station-main": (("terminal:station-main", "station"),),
}
SOURCE_ROOM = {"room:r02": "r02", "bed:b01": "r01", "terminal:station-main": None}
# What closes stands twice: most calls end.
ACTS = (*(name for name in Act if name is not Act.PLACED), Act.CLEARED, Act.ATTENDED)


class Tape:
    """Decisions from bytes; zeros once they run out."""

    def __init__(self, data: bytes) -> None:
        self._bytes = iter(data)
        self.ended = not data

    def below(self, bound: int) -> int:
        """Return a number from 0 to bound - 1 (bound at most 256)."""
        value = next(self._bytes, None)
        self.ended = value is None
        return (value or 0) % bound

    def pick(self, choices: Sequence[T]) -> T:
        """Return one of the choices."""
        return choices[self.below(len(choices))]


@dataclass
class Side:
    """A terminal: every copy of every fact that reached it, and whether it has its hub."""

    name: str
    online: bool = True
    facts: list[HeardFact] = field(default_factory=list)
    skew_ms: int = 0

    def reads(self, fact: HeardFact) -> bool:
        """Bedsides and doors read their own room only."""
        room = ROOMS.get(self.name)
        return room is None or fact.body.room == room

    def unheard(self) -> list[HeardFact]:
        """Return one copy of each fact that no hub has named yet."""
        heard = {fact.id for fact in self.facts if fact.heard_at is not None}
        return list({fact.id: fact for fact in self.facts if fact.id not in heard}.values())


class History:
    """One history: `run` plays the tape, `heal` joins everyone, `check` says what must hold."""

    def __init__(self, tape: Tape) -> None:
        self.tape = tape
        self.now = T0
        self.roots = ward_roots()
        self.sides = {name: Side(name) for name in NAMES}
        self.store: dict[str, HeardFact] = {}
        self.document: set[str] = set()
        self.refused: set[str] = set()
        self.over: set[str] = set()
        self.steps = (
            self.press, self.press, self.act, self.act, self.act, self.act, self.cut, self.join, self.meet,
            self.wait, self.wait_long, self.regroup, self.switch, self.revoke, self.prune, self.repeat,
            self.skew,
        )  # fmt: skip
        self.parsed: Directory | None = None

    @property
    def directory(self) -> Directory:
        """The directory as everyone has it; parsed once a change."""
        if self.parsed is None:
            self.parsed = parse_directory(self.roots)
        return self.parsed

    def run(self, most: int = 60) -> None:
        """Play the tape to its end, at most so many steps."""
        for _ in range(most):
            step = self.tape.pick(self.steps)
            if self.tape.ended:
                return
            step()
            self.now += 1 + 40 * self.tape.below(64)

    def board(self, side: Side) -> Board:
        """Return what a terminal sees."""
        return fold(side.facts, self.directory, None, self.now)

    def hub_board(self) -> Board:
        """Return what all the hub ever took amounts to."""
        return fold(self.store.values(), self.directory, None, self.now)

    def press(self) -> None:
        """A terminal places a call of its own."""
        side = self.sides[self.tape.pick(tuple(SOURCES))]
        source, call_type = self.tape.pick(SOURCES[side.name])
        if may_place(self.board(side), source, call_type, self.now) or self.tape.below(4) == 0:
            room = ROOMS.get(side.name, SOURCE_ROOM.get(source))
            self.make(side, act=Act.PLACED, source=source, type=call_type, room=room)

    def act(self) -> None:
        """A terminal acts on a row it sees; one in eight times on what it has no right to."""
        side = self.sides[self.tape.pick(NAMES)]
        rows = self.board(side).rows
        if not rows:
            return
        row = self.tape.pick(rows)
        honest = self.tape.below(8) > 0
        offered = [name for name in ACTS if not honest or may(name, row, side.name, self.directory)]
        if not offered:
            return
        # A strict row that somebody has come to is cleared half of the time.
        ready = (
            row.policy == "strict" and row.supported and Act.CLEARED in offered and self.tape.below(2) == 0
        )
        # Of two who talk, or think they do, one hangs up.
        talks = row.state == "talking" and Act.ENDED in offered and self.tape.below(2) == 0
        name = Act.CLEARED if ready else Act.ENDED if talks else self.tape.pick(offered)
        self.make(
            side, act=name, room=row.room, calls=self.named(row, honest), **self.claims(name, row, side)
        )

    def named(self, row: CallRow, honest: bool) -> tuple[str, ...]:
        """An act names every call of the row; a dishonest one some of it, or of others."""
        if honest:
            return row.calls
        known = sorted(fact.id for fact in self.store.values() if fact.body.act is Act.PLACED)
        return tuple(sorted({row.calls[0], *known[: self.tape.below(3)]}))

    def claims(self, name: Act, row: CallRow, side: Side) -> dict[str, Any]:
        """Return what a clear or a hang-up says beside its calls."""
        if name is Act.ENDED:
            return {"policy": row.policy, "talk_ms": self.tape.pick((0, 1_999, 2_000, 5_000, 60_000))}
        if name is not Act.CLEARED:
            return {}
        own = side.name in row.terminals and (side.name in ROOMS)
        return {
            "policy": self.tape.pick((row.policy, row.policy, "tender", "strict")),
            "way": "source" if own else "remote",
            "rests_on": row.rests_on or None,
        }

    def make(self, side: Side, **keys: Any) -> None:
        """A terminal makes a fact, keeps it, and sends it at once if it has its hub."""
        own = side.skew_ms != 0
        body = FactBody(
            at=self.now + side.skew_ms,
            clock="own" if own else "hub",
            nonce=f"{self.tape.below(256):016x}",
            terminal=side.name,
            ward="thoracic",
            **keys,
        )
        fact = HeardFact(fact_id(encode_body(body)), body, None, self.now, True)
        side.facts.append(fact)
        if side.online and self.tape.below(8) > 0:
            self.take(fact)

    def take(self, fact: HeardFact) -> None:
        """The hub takes a fact or refuses it, and tells whoever is there."""
        if fact.id in self.refused:
            return self.tell_refused(fact.id)
        if fact.id not in self.store:
            known = [self.store[call] for call in fact.body.calls if call in self.store]
            types = {call.id: call.body.type or "" for call in known}
            if judge(fact.body, self.directory, types) is not None:
                self.refused.add(fact.id)
                return self.tell_refused(fact.id)
            late = self.now - fact.body.at > 3_600_000
            # The hub verifies for itself, whatever a neighbour could.
            taken = HeardFact(
                fact.id, fact.body, self.now, self.now, True, missed=late and self.tape.below(2) == 0
            )
            self.store[fact.id] = taken
            self.document.add(fact.id)
            # Its closing facts may have come, and gone, before it.
            if fact.body.act is Act.PLACED:
                closing = closing_facts(self.store.values(), fact.id, self.directory, self.now)
                self.document.update(closing)
                # An act may have left the document before the press it names came: as CallService does.
                self.document.update(known.id for known in self.store.values() if fact.id in known.body.calls)
        for name in sorted(self.document | {fact.id}):
            if name == fact.id or fact.id in self.store[name].body.calls:
                self.tell(self.store[name])
        return None

    def tell(self, fact: HeardFact) -> None:
        """Fan-out to the terminals that are there."""
        for side in self.sides.values():
            if side.online and side.reads(fact):
                side.facts.append(replace(fact, seen_at=self.now))

    def tell_refused(self, name: str) -> None:
        """A refused fact counts nowhere that has heard so."""
        for side in self.sides.values():
            if side.online:
                side.facts = [fact for fact in side.facts if fact.id != name]

    def cut(self) -> None:
        """A terminal loses its hub."""
        self.sides[self.tape.pick(NAMES)].online = False

    def join(self) -> None:
        """A terminal comes back, and may be cut while it sends."""
        side = self.sides[self.tape.pick(NAMES)]
        self.rejoin(side, at_most=self.tape.pick((1, 2, 64, 64)))

    def rejoin(self, side: Side, at_most: int = 1_000) -> None:
        """Send what no hub has named, read the document, ask for what closed the calls still open here."""
        side.online = True
        waiting = side.unheard()
        if self.tape.below(2):
            waiting.reverse()
        for fact in waiting[:at_most]:
            self.take(fact)
        if len(waiting) > at_most:
            side.online = False
            return
        heard = {fact.id for fact in side.facts if fact.heard_at is not None}
        joined = [self.store[name] for name in sorted(self.document - heard)]
        side.facts += [replace(fact, seen_at=self.now) for fact in joined if side.reads(fact)]
        for life in lives(side.facts, self.directory, self.now):
            if life.closing is None and life.call.id not in self.document:
                for name in closing_facts(self.store.values(), life.call.id, self.directory, self.now):
                    side.facts.append(replace(self.store[name], seen_at=self.now))

    def meet(self) -> None:
        """Two neighbours exchange what they hold; a copy may be one that could not be verified."""
        one, other = (self.sides[self.tape.pick(NAMES)] for _ in range(2))
        verified = self.tape.below(4) > 0
        for giver, taker in ((one, other), (other, one)):
            copies = [
                replace(fact, heard_at=None, missed=False, seen_at=self.now, verified=verified)
                for fact in giver.facts
                if taker.reads(fact)
            ]
            taker.facts.extend(copy for copy in copies if copy.id not in self.refused or not taker.online)

    def wait(self) -> None:
        """Seconds to minutes pass."""
        self.now += self.tape.pick((3_000, 31_000, 61_000, 121_000, 181_000))

    def wait_long(self) -> None:
        """Long enough for retention, or for a missed call."""
        self.now += self.tape.pick((601_000, 3_700_000, 90_000_000))

    def regroup(self) -> None:
        """Beds and nurses change their group; a bed changes its priority."""
        beds: list[Json] = ["b01", "b02", "b03", "b04"]
        cut = self.tape.below(5)
        self.change("groups", "east", beds=beds[:cut])
        self.change("groups", "west", beds=beds[cut:])
        self.change("beds", "b02", priority=self.tape.pick(("special", "routine")))

    def switch(self) -> None:
        """The ward's switch is turned."""
        ward = self.roots["ward"]
        assert isinstance(ward, dict)
        self.roots["ward"] = {**ward, "all_tender": not ward["all_tender"]}
        self.parsed = None

    def revoke(self) -> None:
        """A terminal's key is revoked, or it is enrolled again."""
        name = self.tape.pick(("pda-01", "station-vice", "bed-b02"))
        state = "active" if self.directory.terminals[name].state == "revoked" else "revoked"
        self.change("terminals", name, state=state)

    def change(self, root: str, name: str, **values: Json) -> None:
        """The directory changes, as the hub writes it."""
        entries = self.roots[root]
        assert isinstance(entries, dict)
        entry = entries[name]
        assert isinstance(entry, dict)
        self.roots[root] = {**entries, name: {**entry, **values}}
        self.parsed = None

    def prune(self) -> None:
        """Facts of closed calls leave the document; no call that was over may be open again."""
        self.check_over()
        held = [self.store[name] for name in self.document]
        self.document -= leaving(held, self.directory, self.now)

    def repeat(self) -> None:
        """A terminal sends again what the hub has named."""
        side = self.sides[self.tape.pick(NAMES)]
        if side.online:
            for fact in side.facts[: self.tape.below(6)]:
                self.take(replace(fact, heard_at=None))

    def skew(self) -> None:
        """A terminal's clock jumps, or is right again."""
        self.sides[self.tape.pick(NAMES)].skew_ms = self.tape.pick((0, 0, 5_000, -90_000, -7_200_000))

    def heal(self) -> None:
        """Everyone comes back and stays until all is told."""
        for _ in range(2):
            for side in self.sides.values():
                self.rejoin(side)

    def check_over(self) -> None:
        """What was over at the hub stays over (A5).

        Of calls the hub heard of after their clear the directory decides (CF25): they may turn with it.
        """
        board = self.hub_board()
        assert self.over <= board.closed.keys(), "a call came back"
        for name, closed in board.closed.items():
            if heard_at(self.store[name]) <= heard_at(self.store[closed.by.fact]):
                self.over.add(name)

    def check(self) -> None:
        """Raise AssertionError unless no call is lost, back, or removed unnamed, and all lists are equal."""
        self.check_over()
        board = self.hub_board()
        placed = {fact.id for fact in self.store.values() if fact.body.act is Act.PLACED}
        listed = [call for row in board.rows for call in row.calls]
        assert len(listed) == len(set(listed)), "a call stands in two rows"
        assert set(listed) | board.closed.keys() == placed, "a call was lost"
        assert set(listed) == placed - expected_over(self.store, self.directory), "over is not what was done"
        for name, closed in board.closed.items():
            assert name in self.store[closed.by.fact].body.calls, "a clear removed a press it did not name"
        for side in self.sides.values():
            room = ROOMS.get(side.name)
            expected = tuple(row for row in board.rows if room is None or row.room == room)
            assert self.board(side).rows == expected, f"{side.name} shows another list"
        pda = self.sides["pda-01"]
        backwards = fold(pda.facts[::-1], self.directory, None, self.now)
        assert backwards == self.board(pda), "the order of facts matters"


def heard_at(fact: HeardFact) -> int:
    """Return when the hub took it."""
    assert fact.heard_at is not None
    return fact.heard_at


def expected_over(facts: dict[str, HeardFact], directory: Directory) -> set[str]:
    """Return the calls that are over, said once more and plainly (CF19 to CF26)."""
    over = set()
    for fact in facts.values():
        body = fact.body
        for name in body.calls:
            call = facts.get(name)
            if call is None or call.body.act is not Act.PLACED or call.body.room != body.room:
                continue
            own = call.body.terminal == body.terminal
            judged = heard_at(call) <= heard_at(fact)
            tender = (body.policy if judged else directory.policy(call.body.type or "")) == "tender"
            closes = (
                (body.act is Act.CANCELLED and own)
                or (body.act is Act.ENDED and tender and hangs_up(facts, fact, call, directory))
                or (
                    body.act is Act.CLEARED
                    and (own or body.way != "source")
                    and (own or tender or any(supports(facts, rest, call) for rest in body.rests_on or ()))
                )
            )
            if closes:
                over.add(name)
    return over


def supports(facts: dict[str, HeardFact], name: str, call: HeardFact) -> bool:
    """Whether a strict clear of the call may rest on the fact."""
    fact = facts.get(name)
    if fact is None or call.id not in fact.body.calls or fact.body.room != call.body.room:
        return False
    real = fact.body.act is Act.ENDED and bool(answerers(facts, fact, call))
    return real or fact.body.act is Act.ATTENDED


def answerers(facts: dict[str, HeardFact], ended: HeardFact, call: HeardFact) -> set[str]:
    """The terminals whose answer makes the `ended` a real talk about the call; none when it was none."""
    return {
        answered.body.terminal
        for answered in facts.values()
        if answered.body.act is Act.ANSWERED
        and call.id in answered.body.calls
        and answered.body.room == call.body.room
        and order_key(answered) < order_key(ended)
        and 2_000 <= (ended.body.talk_ms or 0) <= order_at(ended) - order_at(answered) + 5_000
    }


def hangs_up(facts: dict[str, HeardFact], ended: HeardFact, call: HeardFact, directory: Directory) -> bool:
    """Whether an `ended` was a real talk about the call, of someone whose hang-up counts."""
    answered = answerers(facts, ended, call)
    terminal = ended.body.terminal
    counts = terminal == call.body.terminal or terminal in answered or of_staff(terminal, directory)
    return bool(answered) and counts


def of_staff(terminal: str, directory: Directory) -> bool:
    """Whether the directory knows the terminal, and as none of a patient's."""
    entry = directory.terminals.get(terminal)
    return entry is not None and entry.kind not in ("bedside", "call_point")


def play(data: bytes) -> History:
    """Play a tape, heal, check; return the history."""
    history = History(Tape(data))
    history.run()
    history.heal()
    history.check()
    return history

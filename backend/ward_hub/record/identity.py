"""Who a stay is of: its patient's numbers and particulars, from its messages and from changes of identity.

Like places, they follow from all that was said, in the order in which it happened, so messages may come in
any order: a stay keeps what its own messages said apart from what follows of merges and corrections. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import assert_never

from ward_hub.documents.port import Json
from ward_hub.record.encounter import Encounter, Instant, Own, Said

PERSON = frozenset(("name", "sex", "birth_date", "allergies", "no_known_allergy"))
"""Particulars that are the patient's and not the stay's."""


class ChangeKind(StrEnum):
    """`person`: particulars of whoever has the numbers (A28, A31); `merge`: who had `prior` is who has
    `surviving` (A34, A40); `renumber`: `prior` was replaced (A47); `move`: the stay is another's (A44)."""

    PERSON = "person"
    MERGE = "merge"
    RENUMBER = "renumber"
    MOVE = "move"


@dataclass(frozen=True, slots=True)
class IdentityChange:
    """One change, said at `at` (ms) by the message `arrived`. `visit`: the stay's number, of a move only."""

    kind: ChangeKind
    at: int
    arrived: int
    surviving: tuple[str, ...]
    prior: tuple[str, ...] = ()
    visit: str | None = None
    particulars: Mapping[str, Json] = field(default_factory=dict)

    @property
    def instant(self) -> Instant:
        return (self.at, self.arrived)

    @property
    def numbers(self) -> frozenset[str]:
        return frozenset((*self.prior, *self.surviving))

    def same_event(self, other: IdentityChange) -> bool:
        """Whether both tell one change, whichever messages brought them."""
        return replace(self, arrived=0) == replace(other, arrived=0)


def identify(encounter: Encounter, changes: Iterable[IdentityChange]) -> Encounter:
    """Return the stay with the numbers and the person that follow from its own messages and the changes."""
    held = dict(encounter.own.numbers)
    person = dict(encounter.own.said)
    for change in sorted(changes, key=lambda one: one.instant):
        if not _take(change, encounter.visit, held):
            continue
        for name, value in change.particulars.items():
            said = person.get(name)
            if said is None or (said.at, said.arrived) < change.instant:
                person[name] = Said(change.at, change.arrived, value)
    particulars = {name: said for name, said in encounter.particulars.items() if name not in PERSON}
    return replace(encounter, identifiers=tuple(held), particulars={**particulars, **person})


def resolve(
    identifiers: Iterable[str], at: int, visit: str, changes: Iterable[IdentityChange]
) -> frozenset[str]:
    """Return what numbers that a message named at `at` (ms) come to now."""
    own = Own(dict.fromkeys(identifiers, at), {})
    later = [change for change in changes if change.at >= at]
    return frozenset(identify(Encounter("", visit, own=own), later).identifiers)


def _take(change: IdentityChange, visit: str, held: dict[str, int]) -> bool:
    """Let a change have its effect on the numbers held; whether it is about them at all."""
    had = bool(set(change.prior) & held.keys())
    match change.kind:
        case ChangeKind.PERSON:
            pass
        case ChangeKind.MERGE:
            # The old number stays known: nobody else will ever have it, and late messages still name it.
            if had:
                _add(held, change)
        case ChangeKind.RENUMBER:
            if had:
                for number in change.prior:
                    if held.get(number, change.at + 1) <= change.at:
                        del held[number]
                _add(held, change)
        case ChangeKind.MOVE:
            if visit != change.visit:
                return False
            for number in [number for number, at in held.items() if at <= change.at]:
                del held[number]
            _add(held, change)
        case _:
            assert_never(change.kind)
    return had or bool(set(change.surviving) & held.keys())


def _add(held: dict[str, int], change: IdentityChange) -> None:
    for number in change.surviving:
        held.setdefault(number, change.at)

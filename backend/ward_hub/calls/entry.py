"""How an accepted fact lies in the log and in a calls document: wire text, when it was heard, if missed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ward_sync.facts import HeardFact, WireFact, decode_wire

from ward_hub.log.port import Record, RecordKind


@dataclass(frozen=True, slots=True)
class Entry:
    """A fact the hub has taken. `heard_at` in ms; `missed`: over an hour late, its terminal heard since.

    `staff_verified`: the person it names, if any, was signed in at its terminal.
    """

    wire: str
    fact: WireFact
    heard_at: int
    missed: bool
    staff_verified: bool = True

    @property
    def id(self) -> str:
        return self.fact.id

    @property
    def heard(self) -> HeardFact:
        """The fact as the fold reads it."""
        return HeardFact(self.fact.id, self.fact.body, self.heard_at, self.heard_at, True, self.missed)

    def to_item(self) -> list[Any]:
        """The item of a calls document's `facts` array: [wire, heard_at, missed as 0 or 1], and a fourth, 1,
        when the person it names is not verified (CF45)."""
        return [self.wire, self.heard_at, int(self.missed), *self._mark()]

    def to_record(self, document: str) -> Record:
        body = self.fact.body
        payload = json.dumps([self.wire, int(self.missed), *self._mark()]).encode("ascii")
        return Record(
            document, RecordKind.FACT, payload, self.heard_at, body.terminal, body.staff, self.fact.id
        )

    def _mark(self) -> list[int]:
        return [] if self.staff_verified else [1]


def read_item(item: Sequence[Any]) -> Entry:
    """Read an item of a calls document. pycrdt hands whole numbers over as floats."""
    wire, heard_at, missed, *unverified = item
    return Entry(wire, decode_wire(wire), int(heard_at), bool(missed), not any(unverified))


def read_record(record: Record) -> Entry:
    """Read a FACT record of the log."""
    wire, missed, *unverified = json.loads(record.payload)
    return Entry(wire, decode_wire(wire), record.at, bool(missed), not any(unverified))

"""How many presses a terminal may make: enough for every hand, too few to fill the hub with (CF46).

The first press of a source and type is never refused, whoever made it and how fast: only a press that would
join a row that rings already. So no alarm is lost to the limit, only its repetition.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from ward_sync.call_life import lives
from ward_sync.directory import Directory
from ward_sync.facts import Act, FactBody, HeardFact, source_of
from ward_sync.placing import MAX_OPEN

from ward_hub.calls.entry import read_item
from ward_hub.talk.rate import TokenBuckets

BURST, PER_S = 30, 1.0
"""A terminal that was cut off for a shift brings some twenty presses at once; a hand makes one in two seconds
at most (CF38)."""
UNKNOWN = "?"
"""What the directory does not know counts together: else each invented type would be a first one."""

RowKey = tuple[str, str]


def row_key(body: FactBody, directory: Directory) -> RowKey:
    """Source and type of a press as far as the directory knows them."""
    source, type_ = body.source or "", body.type or ""
    kind, name = source_of(source)
    if kind == "bed" and name not in directory.beds:
        source = f"bed:{UNKNOWN}"
    return source, type_ if type_ in directory.call_types else UNKNOWN


class PressLimit:
    """The presses of all terminals."""

    def __init__(self) -> None:
        self._buckets = TokenBuckets(BURST, PER_S)

    def in_time(self, terminal: str, now: int) -> bool:
        """Count one press of the terminal's; whether it is within its pace."""
        return self._buckets.take(terminal, 1, now) == 1


class OpenPresses:
    """The presses open in one document while one frame of facts is taken.

    `items`: those of the document; they are read only when somebody comes near a limit.
    """

    def __init__(
        self, limit: PressLimit, items: Sequence[Sequence[Any]], directory: Directory, now: int
    ) -> None:
        self._limit = limit
        self._items = items
        self._directory = directory
        self._now = now
        self._fresh: list[HeardFact] = []
        self._before: list[HeardFact] | None = None
        self._open: Counter[RowKey] | None = None

    def is_too_many(self, body: FactBody) -> bool:
        """Whether 20 presses of its row are open, or one is and the terminal is too fast."""
        in_time = self._limit.in_time(body.terminal, self._now)
        if in_time and len(self._items) + len(self._fresh) < MAX_OPEN:
            return False
        same = self._count()[row_key(body, self._directory)]
        return same >= MAX_OPEN or (not in_time and same > 0)

    def took(self, fact: HeardFact) -> None:
        """The frame brought this fact, and it is taken."""
        self._fresh.append(fact)
        if self._open is not None and fact.body.act is Act.PLACED:
            self._open[row_key(fact.body, self._directory)] += 1
        else:
            self._open = None  # an act may have closed what was open

    def _count(self) -> Counter[RowKey]:
        if self._before is None:
            self._before = [read_item(item).heard for item in self._items]
        if self._open is None:
            facts = [*self._before, *self._fresh]
            self._open = Counter(
                row_key(life.call.body, self._directory)
                for life in lives(facts, self._directory, self._now)
                if life.closing is None
            )
        return self._open

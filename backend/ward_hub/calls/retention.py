"""What a calls document may let go: the facts of calls that have been over for ten minutes. Pure.

The log keeps every fact, so a late copy is known again and never brings a call back.
"""

from __future__ import annotations

from collections.abc import Iterable

from ward_sync.calls import fold
from ward_sync.directory import Directory

from ward_hub.calls.entry import Entry

KEPT_MS = 10 * 60 * 1000
"""A terminal that was cut off this long still finds the closing in the document; later it asks (`open`)."""


def removable(entries: Iterable[Entry], directory: Directory, now: int) -> frozenset[str]:
    """Return the ids of facts that no reader needs any more.

    A fact goes when every call it concerns is over, or not here, and all facts of those calls have been heard
    for `KEPT_MS`: an act never outlives, nor is outlived by, a call it names that is still open.
    """
    held = {entry.id: entry for entry in entries}
    board = fold([entry.heard for entry in held.values()], directory, None, now)
    open_calls = {call for row in board.rows for call in row.calls}
    recent = now - KEPT_MS
    busy = set(open_calls)
    for entry in held.values():
        if entry.heard_at > recent:
            busy |= _concerns(entry)
    # A fact that names a busy call and an old one keeps the old one's facts too.
    growing = True
    while growing:
        touched = {call for e in held.values() if _concerns(e) & busy for call in _concerns(e)}
        growing = not touched <= busy
        busy |= touched
    return frozenset(entry.id for entry in held.values() if not _concerns(entry) & busy)


def _concerns(entry: Entry) -> set[str]:
    """The calls a fact is about; a `placed` is about itself."""
    return set(entry.fact.body.calls) or {entry.id}

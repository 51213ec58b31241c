"""Checking the call facts of a log: that each can be read, and that no open call is missing where it rings.

What left its document because its call is over is where it should be: in the log alone. Whether an act really
ended its call depends on the directory of that time, which is not here: a call that any act of ending names
counts as over.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from typing import Any, Protocol

from pycrdt import Array, Doc
from ward_sync.facts import Act, Reason

from ward_hub.calls.entry import Entry, read_item, read_record
from ward_hub.documents import names
from ward_hub.log.check import Readable
from ward_hub.log.port import BEGINNING, Finding, LogDamaged, Record, RecordKind, Severity

_ENDS = frozenset({Act.CLEARED, Act.CANCELLED, Act.ENDED})
_CALLS = frozenset({names.DocumentKind.ROOM_CALLS, names.DocumentKind.WARD_CALLS})
PLACE = "call facts"


class KnowsFacts(Readable, Protocol):
    """What is read of a log for this check; see log/port.py."""

    async def known(self, keys: Sequence[str]) -> dict[str, Record]: ...


class _Document:
    """What the log says of one calls document."""

    def __init__(self) -> None:
        self.placed: set[str] = set()
        self.over: set[str] = set()
        self.acts: dict[str, tuple[str, ...]] = {}

    def add(self, entry: Entry) -> None:
        body = entry.fact.body
        if body.act is Act.PLACED:
            self.placed.add(entry.id)
            return
        self.acts[entry.id] = body.calls
        if body.act in _ENDS:
            self.over.update(body.calls)


async def check_facts(log: KnowsFacts) -> AsyncIterator[Finding]:
    """Read every fact and every calls document and yield what is wrong."""
    documents: defaultdict[str, _Document] = defaultdict(_Document)
    try:
        async for _, record in log.read(BEGINNING):
            if record.kind is not RecordKind.UPDATE:
                for finding in _check_record(record, documents):
                    yield finding
            elif (name := names.parse_document(record.document)) is not None and name.kind in _CALLS:
                documents[record.document]  # to be looked at, even without a fact
    except LogDamaged:
        # That check found it, and says where.
        yield Finding(Severity.DAMAGE, PLACE, "not all can be read: what the rest says is not known")
        return
    for name_of, document in documents.items():
        try:
            updates = await log.load(name_of)
        except LogDamaged:
            continue
        entries, unread = _entries(updates)
        if unread:
            yield Finding(Severity.DAMAGE, PLACE, f"{unread} items cannot be read", name_of)
        for finding in _compare(name_of, document, {entry.id for entry in entries}):
            yield finding
        known = await log.known([entry.id for entry in entries])
        gone = sum(entry.id not in known or known[entry.id].kind is not RecordKind.FACT for entry in entries)
        if gone:
            what = f"{gone} facts stand in the document and have no record: journal and receipts lack them"
            yield Finding(Severity.DAMAGE, PLACE, what, name_of)


def _check_record(record: Record, documents: defaultdict[str, _Document]) -> list[Finding]:
    def damage(what: str) -> list[Finding]:
        return [Finding(Severity.DAMAGE, f"{record.kind.value} {record.key}", what, record.document)]

    if record.kind is RecordKind.REFUSED:
        known = {reason.value.encode() for reason in Reason}
        return [] if record.payload in known else damage("names no reason for which facts are refused")
    try:
        entry = read_record(record)
    except (ValueError, TypeError) as error:
        return damage(f"cannot be read: {type(error).__name__}")
    if entry.id != record.key:
        return damage("is kept under another id than its own")
    body = entry.fact.body
    if names.calls(body.ward, body.room) != record.document:
        return damage("belongs to another document")
    documents[record.document].add(entry)
    return []


def _compare(name: str, document: _Document, here: set[str]) -> list[Finding]:
    open_calls = document.placed - document.over
    findings = []
    if lost := len(open_calls - here):
        what = f"{lost} calls that nobody ended are not in the document: they ring nowhere"
        findings.append(Finding(Severity.DAMAGE, PLACE, what, name))
    acts = sum(fact not in here and not open_calls.isdisjoint(calls) for fact, calls in document.acts.items())
    if acts:
        what = f"{acts} acts on open calls are not in the document"
        findings.append(Finding(Severity.DAMAGE, PLACE, what, name))
    return findings


def _entries(updates: Sequence[bytes]) -> tuple[list[Entry], int]:
    """Return the items of a calls document that can be read, and how many cannot."""
    doc: Doc[Any] = Doc()
    for update in updates:
        try:
            doc.apply_update(update)
        except ValueError:
            continue  # the log's own check tells
    entries: list[Entry] = []
    unread = 0
    for item in doc.get("facts", type=Array):
        try:
            entries.append(read_item(item))
        except (ValueError, TypeError):
            unread += 1
    return entries, unread

"""Checking what a log holds: that its updates can be read and applied. For every adapter's `check`.

Checksums, files and places are the adapter's own; what facts say is calls/check.py.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any, Protocol

from pycrdt import Doc
from ward_sync.errors import RemoteProtocolError
from ward_sync.update import UpdateShape, parse_update

from ward_hub.log.port import BEGINNING, Cursor, Finding, LogDamaged, Record, RecordKind, Severity
from ward_hub.log.snapshot import apply_waiting

NO_LIMIT = 2**32
"""Structs of one snapshot: it holds what thousands of updates brought, each within its own limit."""


class Readable(Protocol):
    """What is read of a log for a check; see log/port.py."""

    async def load(self, document: str) -> list[bytes]: ...

    def read(
        self, after: Cursor, kinds: frozenset[RecordKind] | None = None
    ) -> AsyncIterator[tuple[Cursor, Record]]: ...


async def check_records(log: Readable, documents: Iterable[str] = ()) -> AsyncIterator[Finding]:
    """Read every record, load every document and yield what is wrong; one finding ends no other's check.

    `documents`: those that the adapter knows of beside the ones whose updates `read` yields: where a snapshot
    has replaced all of them.
    """
    found = dict.fromkeys(documents)
    try:
        async for _, record in log.read(BEGINNING):
            if record.kind is RecordKind.UPDATE:
                found.setdefault(record.document)
    except LogDamaged as error:
        yield Finding(Severity.DAMAGE, "records", f"{error}: what comes after it was not looked at")
    for document in found:
        try:
            updates = await log.load(document)
        except LogDamaged as error:
            yield Finding(Severity.DAMAGE, "updates", str(error), document)
            continue
        for finding in await asyncio.to_thread(check_document, document, updates):
            yield finding


def check_document(document: str, updates: Sequence[bytes]) -> list[Finding]:
    """Return what is wrong with the updates of a document, the first of them perhaps a snapshot.

    DAMAGE: one that cannot be read or applied. NOTICE: some that wait for others; their author still has
    those, or nobody does.
    """
    doc: Doc[Any] = Doc()
    shapes: list[tuple[bytes, UpdateShape]] = []
    findings: list[Finding] = []
    for number, update in enumerate(updates, start=1):
        place = f"update {number} of {len(updates)}"
        try:
            shapes.append((update, parse_update(update, NO_LIMIT)))
            doc.apply_update(update)
        except (RemoteProtocolError, ValueError) as error:
            findings.append(Finding(Severity.DAMAGE, place, f"cannot be read: {error}", document))
    if waiting := apply_waiting(doc, shapes):
        what = f"{len(waiting)} of {len(updates)} updates name what is not there: they wait for it"
        findings.append(Finding(Severity.NOTICE, "updates", what, document))
    return findings

"""What is wrong with a SQLite log: its file, its checksums, records that are missing, updates that cannot be
applied. Nothing here writes.

Row by row and without regard to the indexes, so that one damaged row hides no other.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import AsyncIterator, Iterator
from functools import partial

from ward_hub.log import sqlite_rows as rows
from ward_hub.log.check import check_document
from ward_hub.log.port import Finding, LogDamaged, Severity
from ward_hub.log.sqlite_jobs import Worker

_PAGE = 2_000


async def check_rows(worker: Worker) -> AsyncIterator[Finding]:
    """Check everything that the worker's connection can read; see the module."""
    for finding in await worker.run(_check_file):
        yield finding
    documents: dict[str, None] = {}
    last: int | None = 0
    while last is not None:
        try:
            findings, names, last = await worker.run(partial(_check_page, after=last))
        except LogDamaged as error:
            yield Finding(Severity.DAMAGE, "records", f"cannot be read on from record {last}: {error}")
            return
        documents.update(dict.fromkeys(names))
        for finding in findings:
            yield finding
    snapshots, damaged = await worker.run(_check_snapshots)
    for finding in damaged:
        yield finding
    documents.update(dict.fromkeys(snapshots))
    for finding in await worker.run(_check_count):
        yield finding
    for document in documents:
        for finding in await worker.run(partial(_check_updates, document=document)):
            yield finding


def _check_file(connection: sqlite3.Connection) -> list[Finding]:
    try:
        said = [str(row[0]) for row in connection.execute("PRAGMA integrity_check(100)")]
    except sqlite3.DatabaseError as error:
        return [Finding(Severity.DAMAGE, "file", str(error))]
    return [Finding(Severity.DAMAGE, "file", text) for text in said if text != "ok"]


def _check_page(
    connection: sqlite3.Connection, after: int
) -> tuple[list[Finding], dict[str, None], int | None]:
    """Check the next records by their checksums; returns (findings, documents of updates, last seq)."""
    findings: list[Finding] = []
    names: dict[str, None] = {}
    with _any_text(connection):
        found = connection.execute(
            f"SELECT {rows.COLUMNS} FROM record WHERE seq > ? ORDER BY seq LIMIT {_PAGE}",  # noqa: S608
            (after,),
        ).fetchall()
    for row in found:
        try:
            _, record = rows.record_of(row)
        except LogDamaged:
            document = row[1] if isinstance(row[1], str) else None
            findings.append(
                Finding(Severity.DAMAGE, f"record {row[0]}", "its checksum does not match", document)
            )
            if row[2] == "update" and document is not None:
                names.setdefault(document)
        else:
            if record.kind.value == "update":
                names.setdefault(record.document)
    return findings, names, found[-1][0] if len(found) == _PAGE else None


@contextlib.contextmanager
def _any_text(connection: sqlite3.Connection) -> Iterator[None]:
    """Read text that is no UTF-8 too: a flipped bit may have made it so, and its checksum tells."""
    connection.text_factory = lambda data: data.decode("utf-8", "backslashreplace")
    try:
        yield
    finally:
        connection.text_factory = str


def _check_snapshots(connection: sqlite3.Connection) -> tuple[list[str], list[Finding]]:
    findings: list[Finding] = []
    names: list[str] = []
    with _any_text(connection):
        found = connection.execute("SELECT document, seq, payload, sum FROM snapshot")
        for row in found:
            names.append(row[0])
            try:
                rows.check_snapshot(row)
            except LogDamaged:
                findings.append(Finding(Severity.DAMAGE, "snapshot", "its checksum does not match", row[0]))
    return names, findings


def _check_count(connection: sqlite3.Connection) -> list[Finding]:
    """Numbers have no gaps: whatever is neither there nor counted as replaced is missing."""
    connection.execute("BEGIN")
    try:
        (replaced,) = connection.execute("SELECT records FROM compacted").fetchone() or (None,)
        (there,) = connection.execute("SELECT count(*) FROM record").fetchone()
        last = rows.last_seq(connection)
    except sqlite3.OperationalError:
        return []  # an earlier file that no hub has opened since: nothing is counted there
    finally:
        connection.execute("COMMIT")
    if replaced is None:
        return [Finding(Severity.DAMAGE, "compacted", "the count of replaced records is gone")]
    missing = last - there - replaced
    if missing == 0:
        return []
    what = f"{missing} records are missing" if missing > 0 else f"{-missing} records too many"
    return [Finding(Severity.DAMAGE, "records", what)]


def _check_updates(connection: sqlite3.Connection, document: str) -> list[Finding]:
    """Apply what can be read of a document; damaged records have been told of."""
    updates: list[bytes] = []
    last = 0
    try:
        if (snapshot := rows.snapshot_of(connection, document)) is not None:
            last, payload = snapshot
            updates.append(payload)
    except LogDamaged:
        # Without it everything that builds on it waits: nothing more can be said.
        return []
    with _any_text(connection):
        for row in rows.update_rows(connection, document, last):
            try:
                updates.append(rows.record_of(row)[1].payload)
            except LogDamaged:
                continue
    return check_document(document, updates)

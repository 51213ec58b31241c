"""How records lie in the SQLite log: tables, checksums, and the queries that read them.

Every function works on a connection and raises LogDamaged where a checksum does not match.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from zlib import crc32

from ward_hub.log.port import LogDamaged, Record, RecordKind

SCHEMA = """
CREATE TABLE IF NOT EXISTS record (
  seq INTEGER PRIMARY KEY, document TEXT NOT NULL, kind TEXT NOT NULL, payload BLOB NOT NULL,
  at INTEGER NOT NULL, terminal TEXT, staff TEXT, key TEXT, sum INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS record_update ON record (document, seq) WHERE kind = 'update';
CREATE INDEX IF NOT EXISTS record_key ON record (key) WHERE key IS NOT NULL;
CREATE TABLE IF NOT EXISTS snapshot (
  document TEXT PRIMARY KEY, seq INTEGER NOT NULL, payload BLOB NOT NULL, sum INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS compacted (records INTEGER NOT NULL);
INSERT INTO compacted SELECT (SELECT max(coalesce((SELECT max(seq) FROM record), 0),
  coalesce((SELECT max(seq) FROM snapshot), 0))) - (SELECT count(*) FROM record)
  WHERE NOT EXISTS (SELECT 1 FROM compacted);
"""
"""`compacted`: how many records snapshots have replaced. Numbers are given without gaps, so what neither is
there nor was replaced is missing. A file from before it is counted as it is found."""

INSERT = "INSERT INTO record VALUES (?,?,?,?,?,?,?,?,?)"
COLUMNS = "seq, document, kind, payload, at, terminal, staff, key, sum"
READ_PAGE = 500

_EVERY_COLUMN = 2 << 32
"""Mark of checksums over every column; sums of earlier files leave out seq, terminal and staff."""

Row = tuple[Any, ...]


def connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=5.0)


def row_of(seq: int, record: Record) -> Row:
    """The row of a record, its checksum last."""
    r = record
    columns = (seq, r.document, r.kind.value, r.payload, r.at, r.terminal, r.staff, r.key)
    return (*columns, _sum(*columns))


def record_of(row: Row) -> tuple[int, Record]:
    """Return (seq, record). Raises LogDamaged when the checksum does not match the columns."""
    seq, document, kind, payload, at, terminal, staff, key, checksum = row
    try:
        if checksum >> 32:
            sound = _sum(seq, document, kind, payload, at, terminal, staff, key) == checksum
        else:
            sound = _old_sum(document, kind, payload, at, key) == checksum
    except TypeError:  # a column of another type than the table says
        sound = False
    if not sound:
        raise LogDamaged(f"record {seq} of {document!r}: its checksum does not match")
    return seq, Record(document, RecordKind(kind), payload, at, terminal, staff, key)


def snapshot_row(document: str, seq: int, payload: bytes) -> Row:
    """The row of a snapshot that stands for all updates up to `seq`."""
    return document, seq, payload, _old_sum(document, "snapshot", payload, seq, None)


def snapshot_of(connection: sqlite3.Connection, document: str) -> tuple[int, bytes] | None:
    """Return (last seq it stands for, update), or None where there is none."""
    row = connection.execute(
        "SELECT document, seq, payload, sum FROM snapshot WHERE document = ?", (document,)
    ).fetchone()
    if row is None:
        return None
    check_snapshot(row)
    return row[1], row[2]


def check_snapshot(row: Row) -> None:
    """Raises LogDamaged when the checksum of a row of `snapshot` does not match."""
    document, seq, payload, checksum = row
    try:
        sound = _old_sum(document, "snapshot", payload, seq, None) == checksum
    except TypeError:
        sound = False
    if not sound:
        raise LogDamaged(f"snapshot of {document!r}: its checksum does not match")


def load(connection: sqlite3.Connection, document: str) -> list[bytes]:
    """Return the updates of a document, a snapshot first."""
    updates: list[bytes] = []
    last = 0
    connection.execute("BEGIN")
    try:
        if (snapshot := snapshot_of(connection, document)) is not None:
            last, payload = snapshot
            updates.append(payload)
        updates += [record_of(row)[1].payload for row in update_rows(connection, document, last)]
    finally:
        connection.execute("COMMIT")
    return updates


def update_rows(connection: sqlite3.Connection, document: str, after: int) -> sqlite3.Cursor:
    """The rows of a document's updates after a seq, oldest first."""
    return connection.execute(
        f"SELECT {COLUMNS} FROM record WHERE kind = 'update' AND document = ? AND seq > ? ORDER BY seq",  # noqa: S608
        (document, after),
    )


def known(connection: sqlite3.Connection, keys: Sequence[str]) -> dict[str, Record]:
    """Return the records of these keys, a FACT before a REFUSED, then the first (log/port.py)."""
    found: dict[str, Record] = {}
    for start in range(0, len(keys), 500):
        part = keys[start : start + 500]
        marks = ",".join("?" * len(part))
        query = f"SELECT {COLUMNS} FROM record WHERE key IN ({marks}) ORDER BY kind = 'refused', seq"  # noqa: S608
        for row in connection.execute(query, part):
            _, record = record_of(row)
            if record.key is not None:
                found.setdefault(record.key, record)
    return found


def page(connection: sqlite3.Connection, after: int, kinds: Sequence[str]) -> list[tuple[int, Record]]:
    """Return the next READ_PAGE records of these kinds after a seq."""
    marks = ",".join("?" * len(kinds))
    query = f"SELECT {COLUMNS} FROM record WHERE seq > ? AND kind IN ({marks}) ORDER BY seq LIMIT {READ_PAGE}"  # noqa: S608
    return [record_of(row) for row in connection.execute(query, (after, *kinds))]


def last_seq(connection: sqlite3.Connection) -> int:
    """The highest number given so far; 0 in an empty log."""
    found: int = connection.execute(
        "SELECT max(coalesce((SELECT max(seq) FROM record), 0), coalesce((SELECT max(seq) FROM snapshot), 0))"
    ).fetchone()[0]
    return found


def _sum(
    seq: int,
    document: str,
    kind: str,
    payload: bytes,
    at: int,
    terminal: str | None,
    staff: str | None,
    key: str | None,
) -> int:
    texts = "\0".join("" if text is None else f"={text}" for text in (terminal, staff, key))
    return _EVERY_COLUMN | crc32(payload, crc32(f"{seq}\0{at}\0{kind}\0{document}\0{texts}".encode()))


def _old_sum(document: str, kind: str, payload: bytes, at: int, key: str | None) -> int:
    return crc32(payload, crc32(f"{document}\0{kind}\0{at}\0{key}".encode()))

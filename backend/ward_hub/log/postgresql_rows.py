"""What the log keeps in PostgreSQL as rows: statements, checksums, records to rows and back.

The tables are made by postgresql_writer.py.
"""

from __future__ import annotations

import re
from typing import Any
from zlib import crc32

from ward_hub.log.port import LogDamaged, LogUnavailable, Record, RecordKind

READ_PAGE = 500

_SURROGATE = re.compile("[\ud800-\udfff]")
COLUMNS = "seq, document, kind, payload, at, terminal, staff, key, sum"
INSERT = """
INSERT INTO wardline_log.record (document, kind, payload, at, terminal, staff, key, sum)
SELECT document, kind, payload, at, terminal, staff, key, sum
FROM unnest($1::text[], $2::text[], $3::bytea[], $4::bigint[], $5::text[], $6::text[], $7::text[],
    $8::bigint[])
  WITH ORDINALITY AS new (document, kind, payload, at, terminal, staff, key, sum, place)
ORDER BY place
"""
LOAD = f"""
SELECT seq, document, 'snapshot' AS kind, payload, 0 AS at,
  NULL AS terminal, NULL AS staff, NULL AS key, sum
FROM wardline_log.snapshot WHERE document = $1
UNION ALL
SELECT {COLUMNS} FROM wardline_log.record
WHERE kind = 'update' AND document = $1
  AND seq > coalesce((SELECT seq FROM wardline_log.snapshot WHERE document = $1), 0)
ORDER BY seq
"""  # noqa: S608 - a constant
KNOWN = f"""
SELECT DISTINCT ON (key) {COLUMNS} FROM wardline_log.record
WHERE key = ANY($1::text[]) ORDER BY key, kind = 'refused', seq
"""  # noqa: S608
PAGE = f"""
SELECT {COLUMNS} FROM wardline_log.record
WHERE seq > $1 AND kind = ANY($2::text[]) ORDER BY seq LIMIT {READ_PAGE}
"""  # noqa: S608
SNAPSHOT = """
INSERT INTO wardline_log.snapshot (document, seq, payload, sum) VALUES ($1, $2, $3, $4)
ON CONFLICT (document) DO UPDATE SET seq = excluded.seq, payload = excluded.payload, sum = excluded.sum
"""
REPLACED = "DELETE FROM wardline_log.record WHERE kind = 'update' AND document = $1 AND seq <= $2"


def checksum(
    document: str,
    kind: str,
    payload: bytes,
    at: int,
    terminal: str | None,
    staff: str | None,
    key: str | None,
) -> int:
    return crc32(payload, crc32(f"{document}\0{kind}\0{at}\0{terminal}\0{staff}\0{key}".encode()))


def row_of(record: Record) -> tuple[Any, ...]:
    r = record
    for text in (r.document, r.terminal, r.staff, r.key):
        if text is not None and ("\0" in text or (not text.isascii() and _SURROGATE.search(text))):
            raise LogUnavailable("a record cannot be stored: expected text of Unicode characters without NUL")
    found = checksum(r.document, r.kind.value, r.payload, r.at, r.terminal, r.staff, r.key)
    return r.document, r.kind.value, r.payload, r.at, r.terminal, r.staff, r.key, found


def verify(row: Any) -> None:
    _, document, kind, payload, at, terminal, staff, key, expected = row
    if checksum(document, kind, payload, at, terminal, staff, key) != expected:
        raise LogDamaged(f"{kind} {row['seq']} of {document}")


def record_of(row: Any) -> tuple[int, Record]:
    verify(row)
    seq, document, kind, payload, at, terminal, staff, key, _ = row
    return seq, Record(document, RecordKind(kind), payload, at, terminal, staff, key)

"""What stands in the log's documents in CouchDB: records with a checksum, and back.

Payloads are base64 in the body; those of a large append are an attachment, because a body ends at 8 MB.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Sequence
from typing import Any
from zlib import crc32

from ward_hub.log.couch.names import UpdateId, fact_id
from ward_hub.log.port import LogDamaged, Record, RecordKind

Json = dict[str, Any]

VERSION = 1
INLINE_BYTES = 4_000_000
"""Payloads of one append above this are attached: in base64 they come near `max_document_size`, 8,000,000."""
ATTACHMENT = "payloads"
ROW_BYTES = 200
"""What a document weighs in a request beside its payloads, about."""


def dumps(value: Any) -> str:
    """JSON as it is sent."""
    return json.dumps(value, separators=(",", ":"))


def encode_update(name: UpdateId, document: str, records: Sequence[Record]) -> Json:
    """Return the document that holds all records of one append to one Yjs document."""
    body: Json = {"_id": str(name), "v": VERSION, "doc": document, "sum": _sum(document, records)}
    if sum(len(record.payload) for record in records) <= INLINE_BYTES:
        body["records"] = [_row(record, _text(record.payload)) for record in records]
        return body
    body["records"] = [_row(record, len(record.payload)) for record in records]
    body["_attachments"] = attach(ATTACHMENT, b"".join(record.payload for record in records))
    return body


def encode_void(name: UpdateId, document: str) -> Json:
    """Return the document that closes a gap in a start's counters: what was to stand there comes no more."""
    return encode_update(name, document, ())


def encode_fact(record: Record) -> Json:
    """Return the document that holds a FACT or REFUSED record by its key."""
    return {
        "_id": fact_id(record.kind, record.key or ""),
        "v": VERSION,
        "doc": record.document,
        "record": _row(record, _text(record.payload)),
        "sum": _sum(record.document, (record,)),
    }


def payloads_are_attached(body: Json) -> bool:
    """Whether `decode_update` wants the attachment too."""
    return ATTACHMENT in body.get("_attachments", ())


def decode_update(body: Json, attached: bytes = b"") -> tuple[Record, ...]:
    """Return the records of an update document. Raises LogDamaged."""
    return _decode(body, "records", attached)


def decode_fact(body: Json) -> Record:
    """Return the record of a fact's document. Raises LogDamaged."""
    (record,) = _decode({**body, "records": [body.get("record")]}, "record", b"")
    return record


def same(mine: Json, stored: Json) -> bool:
    """Whether a document that is already there is the one that was to be written."""
    return all(mine[field] == stored.get(field) for field in ("v", "doc", "records", "sum"))


def weigh(body: Json) -> int:
    """Return how many bytes a document takes in a request, about."""
    rows = body.get("records") or [body.get("record") or ()]
    attached = body.get("_attachments", {}).get(ATTACHMENT, {}).get("data", "")
    return ROW_BYTES + len(attached) + sum(len(part) for row in rows for part in row if isinstance(part, str))


def attach(name: str, content: bytes) -> Json:
    """Return `_attachments` with one attachment, stored in the same request as its document."""
    return {name: {"content_type": "application/octet-stream", "data": _text(content)}}


def checksum(head: Any, content: bytes) -> int:
    """CRC-32 over a head of strings and numbers and over bytes."""
    return crc32(content, crc32(dumps(head).encode()))


def _sum(document: str, records: Sequence[Record]) -> int:
    rows = [_row(record, len(record.payload)) for record in records]
    return checksum([document, rows], b"".join(record.payload for record in records))


def _row(record: Record, payload: str | int) -> list[Any]:
    return [record.kind.value, payload, record.at, record.terminal, record.staff, record.key]


def _text(content: bytes) -> str:
    return b64encode(content).decode("ascii")


def _decode(body: Json, field: str, attached: bytes) -> tuple[Record, ...]:
    place = str(body.get("_id"))
    if body.get("v") != VERSION:
        raise LogDamaged(f"{place}: expected version {VERSION}, got {str(body.get('v'))[:20]}")
    try:
        document = body["doc"]
        records: list[Record] = []
        for kind, payload, at, terminal, staff, key in body["records"]:
            if isinstance(payload, int):
                content, attached = attached[:payload], attached[payload:]
            else:
                content = b64decode(payload, validate=True)
            records.append(Record(document, RecordKind(kind), content, at, terminal, staff, key))
    except (KeyError, TypeError, ValueError, Base64Error) as error:
        raise LogDamaged(f"{place}: {field} cannot be read ({type(error).__name__})") from None
    if _sum(document, records) != body.get("sum"):
        raise LogDamaged(f"{place}: the checksum does not match")
    return tuple(records)

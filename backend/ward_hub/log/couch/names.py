"""Ids of the log's documents in CouchDB. What stands in them is left to documents.py.

    d.{name}:u:{hub}-{boot}:{counter}   what one append stored of one Yjs document, written once
    d.{name}:s                          the snapshot of that Yjs document
    k{two hex digits}:f|r:{key}         a fact that was taken or refused, by its key
    lease:{name}                        a lease
    meta:log                            which log this is

Before the first colon stands the partition: all of one Yjs document lies on one shard, in its own order.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from ward_hub.log.port import RecordKind

META = "meta:log"
LONGEST = 200
"""Longer names are hashed, so that an id stays well below what fits into a request line."""
_PLAIN = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-")
_UPDATE = re.compile(r"([dh]\.[^:]*):u:([A-Za-z0-9.-]+):([0-9]{12})")
_HUB = re.compile(r"[A-Za-z0-9.-]{1,64}")


@dataclass(frozen=True, slots=True, order=True)
class UpdateId:
    """Which append: the `counter`th (from 1) that a start of a hub (`boot`) stored of this document."""

    partition: str
    boot: str
    counter: int

    def __str__(self) -> str:
        return f"{self.partition}:u:{self.boot}:{self.counter:012d}"


def boot_name(hub: str, started: int, salt: str) -> str:
    """Return the name of one start of a hub: unique, and of one hub the later start sorts behind.

    `started` in ms; `salt`: hex digits nobody else has. Raises ValueError for a name that is none.
    """
    if not _HUB.fullmatch(hub):
        raise ValueError(
            f"name of a hub: expected 1 to 64 letters, digits, dots and hyphens, got {hub[:80]!r}"
        )
    return f"{hub}-{started:011x}{salt}"


def hub_of(boot: str) -> str:
    """Return the hub that a start belongs to."""
    return boot.rpartition("-")[0]


def encode(name: str) -> str:
    """Return the name in letters, digits and `._-~=`: `/` becomes `~`, other bytes of it `=XX`."""
    return "".join(
        chr(byte) if byte in _PLAIN else "~" if byte == 0x2F else f"={byte:02X}" for byte in name.encode()
    )


def partition_of(document: str) -> str:
    """Return the partition of a Yjs document; never one of `k…`, `lease` or `meta`."""
    encoded = encode(document)
    return f"d.{encoded}" if len(encoded) <= LONGEST else f"h.{sha256(document.encode()).hexdigest()}"


def parse_update_id(text: str) -> UpdateId | None:
    """Return what an id says, None if it is not that of an update document."""
    match = _UPDATE.fullmatch(text)
    return UpdateId(match[1], match[2], int(match[3])) if match else None


def snapshot_id(partition: str) -> str:
    return f"{partition}:s"


def fact_id(kind: RecordKind, key: str) -> str:
    """Return the id under which the first fact of that key and kind is kept."""
    encoded = encode(key)
    digest = sha256(key.encode()).hexdigest()
    name = encoded if len(encoded) <= LONGEST else f"={digest}"
    return f"k{digest[:2]}:{'f' if kind is RecordKind.FACT else 'r'}:{name}"


def is_fact_id(text: str, kinds: frozenset[RecordKind]) -> bool:
    """Whether an id is that of a fact of these kinds."""
    start, _, rest = text.partition(":")
    kind = {"f": RecordKind.FACT, "r": RecordKind.REFUSED}.get(rest[:1])
    return len(start) == 3 and start[0] == "k" and rest[1:2] == ":" and kind in kinds


def lease_id(name: str) -> str:
    return f"lease:{encode(name)}"


def updates_of(partition: str, boot: str) -> tuple[str, str]:
    """Return the first and last key between which all update documents of a start lie."""
    return f"{partition}:u:{boot}:", f"{partition}:u:{boot};"


def updates_up_to(partition: str, boot: str, counter: int) -> tuple[str, str]:
    """Return the keys between which the first `counter` update documents of a start lie."""
    return f"{partition}:u:{boot}:", f"{partition}:u:{boot}:{counter:012d}"


def updates_above(partition: str, covers: Mapping[str, int]) -> Sequence[tuple[str, str]]:
    """Return the ranges of keys of all update documents above those that a snapshot covers."""
    first, last = f"{partition}:u:", f"{partition}:u;"
    ranges: list[tuple[str, str]] = []
    # as the ids sort: "a-10:" stands before "a-1:"
    for boot, counter in sorted(covers.items(), key=lambda start: f"{start[0]}:"):
        ranges.append((first, f"{partition}:u:{boot}:"))
        first = f"{partition}:u:{boot}:{counter + 1:012d}"
    return [*ranges, (first, last)]

"""Frames as `ward_sync` reads them, each different one once.

What a hub sends to a ward is the same bytes many times.
"""

from __future__ import annotations

import re
from functools import lru_cache

from ward_sync.codec import decode
from ward_sync.facts import FactError, decode_wire
from ward_sync.messages import Frame

MARK = re.compile(rb"~([a-z0-9-]+)\.(\d+)~")
"""(writer, number) in text that a play wrote into a document."""
_TEXT = re.compile(rb"w([\x80-\xff])([\x01-\x2b])")
"""A text of 128 to 5,631 bytes in a Yjs update: lib0's type byte and the length in two bytes."""

read = lru_cache(maxsize=1 << 15)(decode)
"""`decode` with a memory. Raises RemoteProtocolError."""


def read_frame(payload: bytes) -> Frame:
    """Read one frame of the hub. Raises RemoteProtocolError."""
    return read(payload)


@lru_cache(maxsize=1 << 14)
def facts_in(update: bytes) -> tuple[str, ...]:
    """Return the ids of the facts whose signed text stands in an update of a calls document."""
    found = []
    for match in _TEXT.finditer(update):
        size = (match[1][0] & 0x7F) | match[2][0] << 7
        text = update[match.end() : match.end() + size]
        try:
            found.append(decode_wire(text.decode("ascii")).id)
        except (FactError, UnicodeDecodeError):
            continue
    return tuple(found)


@lru_cache(maxsize=1 << 14)
def marks_in(update: bytes) -> tuple[tuple[str, int], ...]:
    """Return the marks of the text in an update."""
    return tuple((writer.decode(), int(number)) for writer, number in MARK.findall(update))

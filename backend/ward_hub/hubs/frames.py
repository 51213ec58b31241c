"""What hubs say to each other over a link: JSON, one object a message. Rules MH5 to MH8 of sync/SPEC.md.

A link goes one way: over it a hub tells another what happens at its own terminals. What a newer version says
beyond this is passed over, so that the old and the new one can stand beside each other.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ward_sync.awareness import Entry

from ward_hub.access.port import Principal
from ward_hub.doc_rooms.elsewhere import Held

VERSION = 1
MAX_HELLO_BYTES = 4_096
"""Before a hub has proved itself it may say so much, and no more than that."""
MAX_FRAME_BYTES = 16 * 2**20
"""The first message holds everyone's presence: 3,300 terminals of some 400 bytes are 1.3 MB."""

_PLACE = ("terminal", "kind", "ward", "room", "bed")

Presence = Mapping[str, Sequence[Held]]
"""Document → what is announced there."""


class Malformed(Exception):
    """Not what a hub of this installation says."""


def encode(kind: str, **values: object) -> bytes:
    return json.dumps({"t": kind, **values}, ensure_ascii=False, separators=(",", ":")).encode()


def parse(data: bytes | str) -> tuple[str, dict[str, Any]]:
    """Return the kind and the values of a message. Raises Malformed."""
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        raise Malformed("expected a JSON object") from None
    kind = value.get("t") if isinstance(value, dict) else None
    if not isinstance(kind, str):
        raise Malformed("expected a JSON object with a text t")
    return kind, value


def text(value: Mapping[str, Any], key: str, most: int = 1_024) -> str:
    """Raises Malformed when the value has no such text."""
    found = value.get(key)
    if not isinstance(found, str) or len(found) > most:
        raise Malformed(f"expected {key} to be a text of at most {most} characters")
    return found


def held_to_json(entries: Sequence[Held]) -> list[list[object]]:
    return [[held.entry.client, held.entry.clock, held.entry.state, held.terminal] for held in entries]


def held_from_json(value: object) -> list[Held]:
    """Raises Malformed."""
    if not isinstance(value, list):
        raise Malformed("expected a list of entries")
    found = []
    for item in value:
        match item:
            case [int(client), int(clock), str(state), str(terminal)]:
                found.append(Held(Entry(client, clock, state), terminal))
            case _:
                raise Malformed("expected [client, clock, state, terminal]")
    return found


def presence_from_json(value: object) -> dict[str, list[Held]]:
    """Raises Malformed."""
    if not isinstance(value, dict):
        raise Malformed("expected entries by document")
    return {str(document): held_from_json(entries) for document, entries in value.items()}


def place_of(principal: Principal) -> dict[str, str | None]:
    """Who speaks, without what it may: that its own hub has judged."""
    return {name: getattr(principal, name) for name in _PLACE}


def principal_at(value: object) -> Principal:
    """Raises Malformed."""
    if not isinstance(value, dict):
        raise Malformed("expected who speaks")
    terminal, kind, ward = (text(value, name) for name in ("terminal", "kind", "ward"))
    room, bed = (text(value, name) if value.get(name) is not None else None for name in ("room", "bed"))
    return Principal(terminal, kind, ward, room, bed, None, None, 0)


def names_from_json(value: object) -> list[str]:
    """Raises Malformed."""
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise Malformed("expected a list of names")
    return value

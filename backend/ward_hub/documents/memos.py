"""What a ward's memos of a month may hold (MEMO-01..04): the mirror of pwa/src/core/documents/memos.ts."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable
from typing import Any

from pycrdt import Doc

from ward_hub.access.port import Principal
from ward_hub.documents.names import ID
from ward_hub.documents.roots import read_list, read_map, read_text, utf16_length, whole

MEMO_TEXT_MAX = 4_000
"""UTF-16 units: more than a board can show."""
EVENTS_MAX = 20_000
"""A busy ward writes some 20 lines a day."""
TEXT_TOTAL_MAX = 1_000_000
NAME_MAX = 64

EVENTS = "events"
CARRIED = "carried"
"""Root map, the hub's alone: memo → mark of the text it brought from the month before (memo_months.py)."""
_TEXT = re.compile(rf"text:({ID})")
_ID = re.compile(ID)
_SEEN = re.compile(r"\d{1,4}:[0-9a-f]{8}")
_KEYS = {"memo", "field", "value", "at", "staff", "staff_name", "verified"}


def _value_fits(field: object, value: object) -> bool:
    match field:
        case "created":
            return value is True
        case "red":
            return isinstance(value, bool)
        case "expires":
            instant = whole(value)
            return instant is not None and instant >= 0
        case "deleted":
            return value is False or (isinstance(value, str) and _SEEN.fullmatch(value) is not None)
        case _:
            return False


def _event_fits(event: object) -> bool:
    if not isinstance(event, dict) or set(event) != _KEYS:
        return False
    at, staff, name = whole(event["at"]), event["staff"], event["staff_name"]
    return (
        isinstance(event["memo"], str)
        and _ID.fullmatch(event["memo"]) is not None
        and _value_fits(event["field"], event["value"])
        and at is not None
        and at >= 0
        and (staff is None or (isinstance(staff, str) and _ID.fullmatch(staff) is not None))
        and isinstance(name, str)
        and utf16_length(name) <= NAME_MAX
        and isinstance(event["verified"], bool)
    )


NameOf = Callable[[str, str], str | None]
"""(ward, staff id) → the person's name in the directory, or None."""

SignedIn = Callable[[str], str | None]
"""Terminal → the staff id of whoever is signed in at it now, or None."""


def checker(
    name_of: NameOf, signed_in: SignedIn | None = None
) -> Callable[[Doc[Any], Doc[Any], Principal], str | None]:
    """Return the check of a terminal's write: why it is refused, or None.

    Entries are only added. An author counts as verified only when the hub takes the entry in that person's
    own session, under their own name: nobody else may add an entry that says so. What is written while cut
    off is written unverified.
    """

    def check(before: Doc[Any], after: Doc[Any], who: Principal) -> str | None:
        reason = validate(after)
        if reason is not None:
            return reason
        held, now = _entries(before), _entries(after)
        if held - now:
            return "entry_removed"
        if read_map(before, CARRIED) != read_map(after, CARRIED):
            return "not_yours"
        for text in now - held:
            event = json.loads(text)
            person = who.staff if signed_in is None else signed_in(who.terminal)
            if event["verified"] and not _own(event, person, who.ward, name_of):
                return "not_verified"
        return None

    return check


def _own(event: Any, person: str | None, ward: str, name_of: NameOf) -> bool:
    """Whether the entry is by the person signed in at the terminal that sends it."""
    staff = event["staff"]
    return staff is not None and staff == person and event["staff_name"] == name_of(ward, staff)


def _entries(doc: Doc[Any]) -> Counter[str]:
    return Counter(json.dumps(event, sort_keys=True) for event in read_list(doc, EVENTS) or [])


def validate(doc: Doc[Any]) -> str | None:
    """Return why a document of this content is refused, or None when it is well formed."""
    events: list[Any] = []
    total = 0
    for root in doc.keys():  # noqa: SIM118  (a Doc is not its own iterator)
        if root == EVENTS:
            found = read_list(doc, root)
            if found is None:
                return "wrong_type"
            events = found
        elif root == CARRIED:
            if read_map(doc, root) is None:
                return "wrong_type"
        elif _TEXT.fullmatch(root):
            text = read_text(doc, root)
            if text is None:
                return "wrong_type"
            if utf16_length(text) > MEMO_TEXT_MAX:
                return "text_too_long"
            total += utf16_length(text)
        else:
            return "unknown_root"
    if len(events) > EVENTS_MAX or total > TEXT_TOTAL_MAX:
        return "too_large"
    if not all(_event_fits(event) for event in events):
        return "malformed_event"
    return None

"""Which PDA is to be told of which row of calls now. Pure: board, directory and whose screen is open decide.

Whom a call concerns, the fold says (`asked`: duty, groups, escalation); nobody else is ever told. When and
how a notice goes out and comes back is notices.py.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Set
from dataclasses import dataclass

from ward_sync.calls import Board, CallRow
from ward_sync.directory import Directory
from ward_sync.facts import Json

from ward_hub.directory.model import Ward
from ward_hub.push import words
from ward_hub.push.words import Language

MAX_NOTICES = 20
"""Notices a PDA has at once: the most important rows; a longer list is read on the screen."""
MAX_CALLS = 8
"""Presses of a row that a notice names, so that an act finds the row although its oldest press is over."""
_URGENT_CLASS = 1
"""Classes 0 and 1, code and urgent (A9)."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A notice a PDA should have. `tag` names the row for as long as it lives and is the push's Topic;
    `mark` changes whenever the row rings anew; `content` is plain JSON and holds no name."""

    tag: str
    mark: str
    urgent: bool
    content: Mapping[str, Json]


def tag_of(row: CallRow) -> str:
    """Return the row's name in notices and Topics: 22 characters of base64url (RFC 8030, 5.4: at most 32)."""
    key = "|".join((row.ward, row.room or "", row.source, row.type))
    return base64.urlsafe_b64encode(hashlib.sha256(key.encode()).digest()[:16]).rstrip(b"=").decode()


def mark_of(row: CallRow) -> str:
    """Return which ringing of the row this is: another press, or a reminder after it was taken (A12)."""
    return f"taken:{row.taken.fact}" if row.taken is not None else f"waiting:{row.newest_at}"


def concerns(row: CallRow, pda: str) -> bool:
    """Whether the row asks this PDA now: as the phone's own list, `screens/pda/mine.ts` (asked)."""
    return (row.ringing or row.state == "waiting") and pda in row.asked


def wanted(
    board: Board,
    directory: Directory,
    ward: Ward,
    call_types: Mapping[str, Json],
    languages: Mapping[str, Language],
    on_screen: Set[str],
) -> dict[str, dict[str, Wanted]]:
    """Return the notices each PDA of the ward should have now: PDA → tag → notice.

    `languages`: the PDAs that can be pushed to, with their language; `on_screen`: those whose page is open
    and visible, which need none.
    """
    found: dict[str, dict[str, Wanted]] = {}
    for pda, language in languages.items():
        entry = directory.terminals.get(pda)
        if entry is None or entry.kind != "pda" or entry.state != "active":
            continue
        rows = [] if pda in on_screen else [row for row in board.rows if concerns(row, pda)]
        found[pda] = {
            notice.tag: notice
            for notice in (_notice(row, ward, call_types, language) for row in rows[:MAX_NOTICES])
        }
    return found


def _notice(row: CallRow, ward: Ward, call_types: Mapping[str, Json], language: Language) -> Wanted:
    tag = tag_of(row)
    urgent = row.class_ <= _URGENT_CLASS
    calls: list[Json] = [*dict.fromkeys((row.id, *row.calls))]
    content: dict[str, Json] = {
        "do": "show",
        "tag": tag,
        "language": language,
        "title": words.title(row, ward, call_types, language),
        "body": words.body(row, language),
        "urgent": urgent,
        "at": row.at,
        "calls": calls[:MAX_CALLS],
    }
    return Wanted(tag, mark_of(row), urgent, content)

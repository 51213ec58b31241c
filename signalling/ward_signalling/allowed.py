"""Which terminals meet: mesh links, talks, who dials, and a terminal's link plan. Rules SG8 to SG10.

Both entries come from one ward's directory; the hub's media relay is the party `hub`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from ward_sync.directory import Directory, TerminalEntry

from ward_signalling.messages import HUB_PARTY

# Of one room only: a door's bedsides hear its bathroom, a bed is answered from its own door.
_ROOM_PAIRS: Final = frozenset({frozenset({"bedside", "door"})})
_MESH_PAIRS: Final = frozenset(
    frozenset(pair)
    for pair in (
        ("bedside", "station"),
        ("door", "station"),
        ("door", "corridor"),
        ("door", "whiteboard"),
        ("station",),
        ("station", "pda"),
        ("station", "corridor"),
        ("station", "whiteboard"),
    )
)
_TALK_PAIRS: Final = frozenset(
    frozenset(pair)
    for pair in (
        ("bedside", "station"),
        ("bedside", "pda"),
        ("door", "station"),
        ("station",),
        ("station", "pda"),
        ("door", "pda"),
    )
)
_HUB_KINDS: Final = frozenset({"station", "bedside", "door", "corridor"})
_RANK: Final[Mapping[str, int]] = {
    kind: rank for rank, kind in enumerate(("station", "door", "corridor", "whiteboard", "pda", "bedside"))
}


def mesh_pair(a: TerminalEntry, b: TerminalEntry) -> bool:
    """Whether the two hold a link (SG8)."""
    return _meet(a, b, _MESH_PAIRS)


def talk_pair(a: TerminalEntry, b: TerminalEntry) -> bool:
    """Whether the two may talk (SG8)."""
    return _meet(a, b, _TALK_PAIRS)


def hub_pair(terminal: TerminalEntry, directory: Directory) -> bool:
    """Whether the ward has a media relay that may meet the terminal (SG9)."""
    return (
        directory.ward.relay_key is not None
        and terminal.id != HUB_PARTY
        and terminal.state == "active"
        and terminal.kind in _HUB_KINDS
    )


def allowed(a: str, b: str, directory: Directory) -> bool:
    """Whether the two may signal to each other (SG8, SG9); the same either way round."""
    if HUB_PARTY in (a, b):
        terminal = directory.terminals.get(b if a == HUB_PARTY else a)
        return a != b and terminal is not None and hub_pair(terminal, directory)
    one, other = directory.terminals.get(a), directory.terminals.get(b)
    if one is None or other is None:
        return False
    return mesh_pair(one, other) or talk_pair(one, other)


def dials(a: TerminalEntry, b: TerminalEntry) -> bool:
    """Whether `a` dials the link of the two (SG10). Raises KeyError for a kind that holds no links."""
    return (_RANK[a.kind], a.id) < (_RANK[b.kind], b.id)


def planned(terminal: str, directory: Directory) -> tuple[str, ...]:
    """Return whom the terminal holds links with, sorted (SG10); for one that is unknown nobody."""
    own = directory.terminals.get(terminal)
    if own is None:
        return ()
    return tuple(sorted(other.id for other in directory.terminals.values() if mesh_pair(own, other)))


def _meet(a: TerminalEntry, b: TerminalEntry, pairs: frozenset[frozenset[str]]) -> bool:
    kinds = frozenset({a.kind, b.kind})
    return (
        a.id != b.id
        and a.state == "active"
        and b.state == "active"
        and (kinds in pairs or (kinds in _ROOM_PAIRS and a.room is not None and a.room == b.room))
    )

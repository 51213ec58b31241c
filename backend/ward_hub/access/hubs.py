"""Other hubs as principals: what a ward hub may at the hospital's hub, and that one at the ward hub.

A hub is no terminal. It stands in no ward, nobody signs in at it, and the rules of terminals are never asked
about it. Which hubs there are, `upstream/` knows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from ward_hub.access.port import Access, Principal
from ward_hub.access.view import WardView
from ward_hub.documents.names import DocumentKind, DocumentName

WARD_HUB = "hub"
"""Kind of a ward hub, as the hospital's hub sees it."""
UPSTREAM = "upstream"
"""Kind of the hospital's hub, as a ward hub sees it. No token says it."""
KINDS = frozenset({WARD_HUB, UPSTREAM})

BOTH_WAYS = frozenset({DocumentKind.MEMOS, DocumentKind.HANDOVER, DocumentKind.NOTES})
"""What people write: a ward hub brings it up as well."""
CALLS = frozenset({DocumentKind.ROOM_CALLS, DocumentKind.WARD_CALLS})
OF_STAYS = frozenset({DocumentKind.CARD, DocumentKind.CLINICAL, DocumentKind.NOTES})

_NOTHING = Access()
_READ = Access(read=True)
_BRING = Access(read=True, write=True, vouched=True)
_FROM_ABOVE = Access(read=True, write=True, announce=True, vouched=True)


@dataclass(frozen=True, slots=True)
class OtherHub:
    """`name`: as principals carry it, `hub:ID`, which no terminal can be called; `key`: raw P-256 point."""

    name: str
    kind: str
    wards: frozenset[str]
    key: bytes | None = None

    def principal(self, expires_at: int) -> Principal:
        return Principal(self.name, self.kind, "", None, None, None, None, expires_at, self.wards)


class OtherHubs(Protocol):
    """The hubs this one speaks with, as they are now."""

    def find(self, name: str) -> OtherHub | None:
        """Return the hub that is known by this name; None also for one that was revoked."""
        ...


class _None:
    def find(self, name: str) -> OtherHub | None:
        return None


NO_OTHER_HUBS: OtherHubs = _None()


def access(principal: Principal, name: DocumentName, view: WardView) -> Access:
    """What another hub may do with a document. Rule UP2."""
    if principal.kind == UPSTREAM:
        return _FROM_ABOVE
    if name.kind is DocumentKind.HOSPITAL_SETTINGS:
        return _READ
    if name.kind in OF_STAYS:
        if not _lies_in(principal.wards, name, view):
            return _NOTHING
    elif name.ward not in principal.wards:
        return _NOTHING
    if name.kind is DocumentKind.PRESENCE:
        return Access(read=True, announce=True)
    if name.kind in CALLS:
        return Access(read=True, facts=True)
    return _BRING if name.kind in BOTH_WAYS else _READ


def _lies_in(wards: frozenset[str], name: DocumentName, view: WardView) -> bool:
    """The stay lies in a bed of the wards, or, for what is written late, left one of them not long ago."""
    stay = name.stay or ""
    if any(place.ward in wards for place in view.stays.get(stay, frozenset())):
        return True
    return name.kind is DocumentKind.NOTES and view.departed.get(stay) in wards

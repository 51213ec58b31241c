"""Who may what, as one table of rules: pure, and nothing is allowed that no rule names.

Rights belong to a document (design: Documents). A rule takes (principal, name, view) and returns what the
principal may; the gate has already made sure that the principal is what the directory says.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date

from ward_hub.access import hubs
from ward_hub.access.port import Access, Principal
from ward_hub.access.view import WardView
from ward_hub.directory.model import Role, TerminalKind
from ward_hub.documents.names import DocumentKind, DocumentName

Rule = Callable[[Principal, DocumentName, WardView], Access]

NOTHING = Access()
READ = Access(read=True)
READ_WRITE = Access(read=True, write=True)
READ_FACTS = Access(read=True, facts=True)
READ_ANNOUNCE = Access(read=True, announce=True)
ANNOUNCE = Access(announce=True)

_CLINICAL_ROLES = frozenset({Role.NURSE, Role.HEAD_NURSE, Role.DOCTOR})

_WARD_SCREENS = (
    TerminalKind.STATION,
    TerminalKind.DOOR,
    TerminalKind.CORRIDOR,
    TerminalKind.WHITEBOARD,
    TerminalKind.PDA,
)
"""Terminals that know the whole ward: all but those of one bed or one cord."""


def access(principal: Principal, name: DocumentName, view: WardView) -> Access | None:
    """Return what the principal may do with the document, None when that is nothing or it cannot exist."""
    if not _exists(name, view):
        return None
    # A hub is no terminal: none of the rules below is ever asked about one.
    rule = hubs.access if principal.kind in hubs.KINDS else RULES[name.kind]
    allowed = rule(principal, name, view)
    return None if allowed == NOTHING else allowed


def _exists(name: DocumentName, view: WardView) -> bool:
    """Names of places that are not in the directory make no documents, however well they are formed."""
    if name.ward is not None and name.ward not in view.wards:
        return False
    if name.room is not None and (name.ward, name.room) not in view.rooms:
        return False
    if name.bed is not None and (name.ward, name.bed) not in view.beds:
        return False
    return name.date is None or _is_date(name.date)


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def _is(principal: Principal, *kinds: TerminalKind) -> bool:
    return principal.kind in kinds


def _of_ward(principal: Principal, name: DocumentName) -> bool:
    return principal.ward == name.ward


def _has_staff(principal: Principal) -> bool:
    """A nurse or doctor is signed in. Engineers see devices, never patients."""
    return principal.staff is not None and principal.role in _CLINICAL_ROLES


def _receives_calls_of(principal: Principal, name: DocumentName, view: WardView) -> bool:
    """A station that the ward's call groups or hosting plan name has its call rights, whichever its ward."""
    return (
        _is(principal, TerminalKind.STATION)
        and name.ward is not None
        and name.ward in view.call_wards.get(principal.terminal, ())
    )


def _hospital_settings(principal: Principal, name: DocumentName, view: WardView) -> Access:
    return READ


def _ward_settings(principal: Principal, name: DocumentName, view: WardView) -> Access:
    if _of_ward(principal, name):
        return READ
    if _receives_calls_of(principal, name, view):
        return READ
    return NOTHING


def _directory(principal: Principal, name: DocumentName, view: WardView) -> Access:
    if _receives_calls_of(principal, name, view):
        return READ
    if not _of_ward(principal, name):
        return NOTHING
    if _is(principal, *_WARD_SCREENS):
        return READ
    return NOTHING


def _bed_directory(principal: Principal, name: DocumentName, view: WardView) -> Access:
    if not _of_ward(principal, name):
        return NOTHING
    if not _is(principal, TerminalKind.BEDSIDE):
        return NOTHING
    if principal.bed != name.bed:
        return NOTHING
    return READ


def _presence(principal: Principal, name: DocumentName, view: WardView) -> Access:
    if _receives_calls_of(principal, name, view):
        return READ
    if not _of_ward(principal, name):
        return NOTHING
    if _is(principal, TerminalKind.BEDSIDE, TerminalKind.CALL_POINT):
        return ANNOUNCE
    if _is(principal, *_WARD_SCREENS):
        return READ_ANNOUNCE
    return NOTHING


def _room_calls(principal: Principal, name: DocumentName, view: WardView) -> Access:
    if _receives_calls_of(principal, name, view):
        return READ_FACTS
    if not _of_ward(principal, name):
        return NOTHING
    if _is(principal, TerminalKind.STATION, TerminalKind.WHITEBOARD, TerminalKind.PDA):
        return READ_FACTS
    if _is(principal, TerminalKind.CORRIDOR):
        return READ
    if principal.room == name.room:
        return READ_FACTS
    return NOTHING


def _ward_calls(principal: Principal, name: DocumentName, view: WardView) -> Access:
    if _receives_calls_of(principal, name, view):
        return READ_FACTS
    if not _of_ward(principal, name):
        return NOTHING
    if _is(principal, TerminalKind.STATION, TerminalKind.WHITEBOARD, TerminalKind.PDA):
        return READ_FACTS
    if _is(principal, TerminalKind.CORRIDOR):
        return READ
    return NOTHING


def _beds(principal: Principal, name: DocumentName, view: WardView) -> Access:
    return READ if _of_ward(principal, name) and _sees_patients(principal) else NOTHING


def _sees_patients(principal: Principal) -> bool:
    """The station stands where only staff are; a PDA lies about, so it needs a person signed in."""
    if _is(principal, TerminalKind.STATION):
        return True
    return _is(principal, TerminalKind.PDA) and _has_staff(principal)


def _writes_as_staff(principal: Principal) -> bool:
    return _is(principal, TerminalKind.STATION, TerminalKind.PDA) and _has_staff(principal)


def _in_ward(principal: Principal, name: DocumentName, view: WardView) -> bool:
    """The stay lies in a bed of the principal's ward."""
    places = view.stays.get(name.stay or "", frozenset())
    return any(place.ward == principal.ward for place in places)


def _in_own_bed(principal: Principal, name: DocumentName, view: WardView) -> bool:
    places = view.stays.get(name.stay or "", frozenset())
    return any((place.ward, place.bed) == (principal.ward, principal.bed) for place in places)


def _card(principal: Principal, name: DocumentName, view: WardView) -> Access:
    if _is(principal, TerminalKind.BEDSIDE) and _in_own_bed(principal, name, view):
        return READ
    if _sees_patients(principal) and _in_ward(principal, name, view):
        return READ
    return NOTHING


def _clinical(principal: Principal, name: DocumentName, view: WardView) -> Access:
    return READ if _sees_patients(principal) and _in_ward(principal, name, view) else NOTHING


def _notes(principal: Principal, name: DocumentName, view: WardView) -> Access:
    if not _writes_as_staff(principal):
        return NOTHING
    if _in_ward(principal, name, view):
        return READ_WRITE
    if view.departed.get(name.stay or "") == principal.ward:
        return READ_WRITE  # late notes, taken for 72 h
    return NOTHING


def _door(principal: Principal, name: DocumentName, view: WardView) -> Access:
    if not _of_ward(principal, name):
        return NOTHING
    if not _is(principal, TerminalKind.DOOR):
        return NOTHING
    if principal.room != name.room:
        return NOTHING
    return READ


def _board(principal: Principal, name: DocumentName, view: WardView) -> Access:
    return READ if _of_ward(principal, name) and _is(principal, TerminalKind.WHITEBOARD) else NOTHING


def _memos(principal: Principal, name: DocumentName, view: WardView) -> Access:
    if not _of_ward(principal, name):
        return NOTHING
    if _is(principal, TerminalKind.WHITEBOARD):
        return READ_WRITE
    if _writes_as_staff(principal):
        return READ_WRITE
    if _is(principal, TerminalKind.STATION):
        return READ
    return NOTHING


def _handover(principal: Principal, name: DocumentName, view: WardView) -> Access:
    if not _of_ward(principal, name):
        return NOTHING
    if _writes_as_staff(principal):
        return READ_WRITE
    if _sees_patients(principal):
        return READ
    return NOTHING


def _device(principal: Principal, name: DocumentName, view: WardView) -> Access:
    if not _of_ward(principal, name):
        return NOTHING
    return READ if principal.terminal == name.terminal else NOTHING


def _reach(principal: Principal, name: DocumentName, view: WardView) -> Access:
    if not _of_ward(principal, name):
        return NOTHING
    return READ if _is(principal, TerminalKind.STATION, TerminalKind.PDA) else NOTHING


RULES: Mapping[DocumentKind, Rule] = {
    DocumentKind.HOSPITAL_SETTINGS: _hospital_settings,
    DocumentKind.WARD_SETTINGS: _ward_settings,
    DocumentKind.DIRECTORY: _directory,
    DocumentKind.BED_DIRECTORY: _bed_directory,
    DocumentKind.PRESENCE: _presence,
    DocumentKind.ROOM_CALLS: _room_calls,
    DocumentKind.WARD_CALLS: _ward_calls,
    DocumentKind.BEDS: _beds,
    DocumentKind.CARD: _card,
    DocumentKind.CLINICAL: _clinical,
    DocumentKind.NOTES: _notes,
    DocumentKind.DOOR: _door,
    DocumentKind.BOARD: _board,
    DocumentKind.MEMOS: _memos,
    DocumentKind.HANDOVER: _handover,
    DocumentKind.DEVICE: _device,
    DocumentKind.REACH: _reach,
}

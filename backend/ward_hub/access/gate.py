"""The ward's gate: tokens, sessions and the directory of this moment, asked through `access/port.py` only.

A token says who came; what they may follows from the directory now. So a terminal that was revoked, replaced
or moved has lost its rights before its token has expired.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache

from ward_hub.access import hubs, policy
from ward_hub.access.port import Access, AccessRefused, Principal
from ward_hub.access.view import WardView, view_of
from ward_hub.directory.current import CurrentDirectory
from ward_hub.directory.model import Staff, Terminal, TerminalState
from ward_hub.documents.memo_months import READ_MONTHS, WRITTEN_MONTHS, month_of, months_before
from ward_hub.documents.names import DocumentName, parse_document
from ward_hub.identity.errors import IdentityRefused, TokenExpired
from ward_hub.identity.sessions import StaffSessions
from ward_hub.identity.tokens import Claims, Tokens, key_mark

KEPT_DAYS, AHEAD_DAYS = 400, 8
"""Handovers of other days: a year back for whoever looks something up, a week ahead for whoever plans."""
_DAY_MS = 24 * 3_600_000
_parse_document = lru_cache(maxsize=4096)(parse_document)
"""The gate is asked at every frame of facts; a ward has some 150 names."""


class WardGate:
    """Implements `Gate` for the real ward.

    `departed` maps stays that left to their last ward; its owner, the feed, removes them in time. It is read
    live.
    """

    def __init__(
        self,
        tokens: Tokens,
        sessions: StaffSessions,
        current: CurrentDirectory,
        clock: Callable[[], int],
        departed: Mapping[str, str] | None = None,
        other_hubs: hubs.OtherHubs = hubs.NO_OTHER_HUBS,
    ) -> None:
        self._tokens = tokens
        self._sessions = sessions
        self._current = current
        self._clock = clock
        self._departed: Mapping[str, str] = {} if departed is None else departed
        self._other_hubs = other_hubs
        self._view: WardView | None = None
        self._view_version = -1

    def authenticate(self, token: str) -> Principal:
        """Return whose token this is.

        Raises AccessRefused: `expired` for one that was ours and is over, or whose session is (a new one
        helps), `revoked`, and `permission-denied` for what is none of ours: who tries tokens out hears the
        words that a document hears which there is not (AU3), and never how near they came.
        """
        try:
            claims = self._tokens.read(token, self._clock())
        except TokenExpired as over:
            raise AccessRefused("expired") from over
        except IdentityRefused as refused:
            raise AccessRefused("permission-denied") from refused
        if not self._current.loaded:
            raise AccessRefused("expired")
        if claims.kind == hubs.WARD_HUB:
            return self._hub(claims)
        terminal = self._active(claims.terminal)
        if terminal is None:
            raise AccessRefused("revoked")
        if terminal.public_key is None or claims.key != key_mark(terminal.public_key):
            raise AccessRefused("revoked")
        if claims.staff is not None and not self._session_is_open(claims):
            raise AccessRefused("expired")
        person = self._person(claims.staff, terminal.id)
        return Principal(
            terminal=terminal.id,
            kind=terminal.kind.value,
            ward=terminal.ward,
            room=terminal.room,
            bed=terminal.bed,
            staff=claims.staff,
            # As it is now: a role that was taken away must not last as long as the session.
            role=person.role.value if person else None,
            expires_at=claims.expires_at,
        )

    def access(self, principal: Principal, document: str) -> Access:
        """Return what the principal may do with the document now. Raises AccessRefused.

        The terminal keeps its own rights beyond the token's end, for calls never wait for a sign-in; a
        person's rights end with their session.
        """
        if principal.kind in hubs.KINDS:
            return self._access_of_hub(principal, document)
        terminal = self._active(principal.terminal)
        if terminal is None:
            raise AccessRefused("revoked")
        if not _stands_where_it_stood(principal, terminal):
            raise AccessRefused("permission-denied")
        name = _parse_document(document)
        if name is None or not self._is_near(name):
            raise AccessRefused("permission-denied")
        if principal.staff is not None:
            person = self._person(principal.staff, principal.terminal)
            if person is None or not self._is_signed_in(principal):
                principal = replace(principal, staff=None, role=None)
            elif person.role != principal.role:
                principal = replace(principal, role=person.role.value)
        allowed = policy.access(principal, name, self._current_view())
        if allowed is None:
            raise AccessRefused("permission-denied")
        if name.month is not None and name.month not in self._months(WRITTEN_MONTHS):
            return replace(allowed, write=False)
        return allowed

    def _hub(self, claims: Claims) -> Principal:
        known = self._other_hubs.find(claims.terminal)
        if known is None or known.key is None or claims.key != key_mark(known.key):
            raise AccessRefused("revoked")
        return known.principal(claims.expires_at)

    def _access_of_hub(self, principal: Principal, document: str) -> Access:
        """As `access`, for another hub: its wards are those it has now."""
        known = self._other_hubs.find(principal.terminal)
        if known is None or known.kind != principal.kind:
            raise AccessRefused("revoked")
        name = _parse_document(document)
        if name is None or not self._is_near(name):
            raise AccessRefused("permission-denied")
        allowed = policy.access(known.principal(principal.expires_at), name, self._current_view())
        if allowed is None:
            raise AccessRefused("permission-denied")
        return allowed

    def _is_near(self, name: DocumentName) -> bool:
        """Days far away have no documents: each name that is opened is a document kept for ever."""
        if name.month is not None:
            return name.month in self._months(READ_MONTHS)
        if name.date is None:
            return True
        try:
            day = datetime.fromisoformat(name.date).replace(tzinfo=UTC)
        except ValueError:
            return False
        away_ms = day.timestamp() * 1000 - self._clock()
        return -KEPT_DAYS * _DAY_MS <= away_ms <= AHEAD_DAYS * _DAY_MS

    def _months(self, count: int) -> list[str]:
        """The last months, and the one that some terminal's clock may already be in."""
        now = self._clock()
        return [*months_before(month_of(now), count), month_of(now + AHEAD_DAYS * _DAY_MS)]

    def _active(self, terminal_id: str) -> Terminal | None:
        terminal = self._current.terminal(terminal_id)
        return terminal if terminal and terminal.state is TerminalState.ACTIVE else None

    def _session_is_open(self, claims: Claims) -> bool:
        session = self._sessions.at(claims.terminal, self._clock())
        return (
            session is not None
            and session.id == claims.session
            and self._is_employed(claims.staff, session.terminal)
        )

    def _is_signed_in(self, principal: Principal) -> bool:
        session = self._sessions.at(principal.terminal, self._clock())
        return (
            session is not None
            and session.staff == principal.staff
            and self._is_employed(principal.staff, principal.terminal)
        )

    def _is_employed(self, staff: str | None, terminal_id: str) -> bool:
        person = self._person(staff, terminal_id)
        return person is not None and person.active

    def _person(self, staff: str | None, terminal_id: str) -> Staff | None:
        terminal = self._current.terminal(terminal_id)
        ward = self._current.model.wards.get(terminal.ward) if terminal else None
        return ward.staff.get(staff or "") if ward else None

    def _current_view(self) -> WardView:
        if self._view is None or self._view_version != self._current.version:
            self._view_version = self._current.version
            self._view = view_of(self._current.model, self._current.occupancy, self._departed, self._clock())
        return self._view


def _stands_where_it_stood(principal: Principal, terminal: Terminal) -> bool:
    return (principal.kind, principal.ward, principal.room, principal.bed) == (
        terminal.kind.value,
        terminal.ward,
        terminal.room,
        terminal.bed,
    )

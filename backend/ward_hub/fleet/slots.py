"""Who fills a terminal's slot: a one-time address to enrol a device, or to replace it; its key taken away.

An active terminal keeps its key until the device that replaces it uses the address.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from ward_hub.audit.port import AuditAction, AuditEntry, AuditTrail
from ward_hub.db.engine import Database
from ward_hub.directory.model import Terminal, TerminalState
from ward_hub.directory.store import revoke_terminal
from ward_hub.identity.enrolment import CODE_LIFE_MS, end_codes, make_code
from ward_hub.office.port import OfficePrincipal

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Invitation:
    """The code is shown once. `url` is what the device opens; `expires_at` in ms."""

    code: str
    url: str
    expires_at: int


class Slots:
    """Enrolment and revocation from the back office. `changed`: the directory was written (projector)."""

    def __init__(
        self,
        database: Database,
        audit: AuditTrail,
        changed: Callable[[], Awaitable[None]],
        clock: Callable[[], int],
    ) -> None:
        self._database = database
        self._audit = audit
        self._changed = changed
        self._clock = clock

    async def invite(self, who: OfficePrincipal, terminal: Terminal, base_url: str) -> Invitation:
        """Return a new one-time address for the slot; those made before end. Raises UnknownTerminal."""
        now = self._clock()
        async with self._database.session.begin() as session:
            code = await make_code(session, terminal.id, now)
            replaces = terminal.state is TerminalState.ACTIVE
            await self._audit.add(
                session, self._entry(AuditAction.ENROL_CODE, who, terminal, replaces=replaces)
            )
        url = f"{base_url.rstrip('/')}/t/{terminal.kind.value}/{terminal.id}/#enrol={code}"
        return Invitation(code, url, now + CODE_LIFE_MS)

    async def revoke(self, who: OfficePrincipal, terminal: Terminal, reason: str) -> bool:
        """Take the terminal's key away and cut its sockets; returns whether it had a key.

        Its open calls stay: they are the bed's, not the device's. Raises UnknownTerminal.
        """
        now = self._clock()
        async with self._database.session.begin() as session:
            had_key = await revoke_terminal(session, terminal.id, now)
            await end_codes(session, terminal.id, now)
            await self._audit.add(session, self._entry(AuditAction.REVOKE, who, terminal, reason=reason))
        log.info("terminal %s revoked by %s", terminal.id, who.staff)
        await self._changed()
        return had_key

    def _entry(
        self, action: AuditAction, who: OfficePrincipal, terminal: Terminal, **detail: str | bool
    ) -> AuditEntry:
        return AuditEntry(
            action,
            "ok",
            staff=who.staff,
            terminal=terminal.id,
            ward=terminal.ward,
            subject=terminal.id,
            address=who.address,
            detail=detail,
        )

"""What a command leaves in the audit trail: it was run on the hub's machine, and by which user of it."""

from __future__ import annotations

import getpass

from sqlalchemy.ext.asyncio import AsyncSession

from ward_hub.audit.book import append
from ward_hub.audit.port import AuditAction, AuditEntry
from ward_hub.documents.port import Json


async def leave_line(
    session: AsyncSession,
    action: AuditAction,
    command: str,
    now: int,
    *,
    subject: str,
    terminal: str | None = None,
    ward: str | None = None,
) -> None:
    """Write the line in the command's transaction. `command`: the sub-command's name."""
    detail: dict[str, Json] = {"command": f"ward-hub {command}", "user": _user()}
    entry = AuditEntry(action, "ok", terminal=terminal, ward=ward, subject=subject, detail=detail)
    await append(session, entry, now)


def _user() -> str | None:
    """The login name; none where the machine knows no users, as in a container."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return None

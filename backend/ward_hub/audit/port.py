"""The audit trail: who did what, when, to what, from where, and with which result (OPS-04, A23).

Lines are only added; each carries a hash over itself and the one before it, so that a line that was changed
or taken away shows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, Protocol

from sqlalchemy.ext.asyncio import AsyncSession

from ward_hub.documents.port import Json


class AuditAction(StrEnum):
    SIGN_IN = "sign_in"
    SIGN_OUT = "sign_out"
    PASSWORD = "password"  # noqa: S105  a password or PIN was set
    SESSION_END = "session_end"
    ENROL = "enrol"
    ENROL_CODE = "enrol_code"
    REVOKE = "revoke"
    CHANGE = "change"
    UNDO = "undo"
    IMPORT = "import"
    EXPORT = "export"
    FLEET_COMMAND = "fleet_command"
    RELEASE = "release"
    ROLL_OUT = "roll_out"
    LIVE_VIEW = "live_view"
    RECORDING = "recording"
    FEED_REPAIR = "feed_repair"
    CALL_POINT_KEY = "call_point_key"
    CALL_POINT_REFUSED = "call_point_refused"


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One line to be written. `staff`, `terminal`, `ward`, `subject` are ids; `detail` names no patient."""

    action: AuditAction
    result: Literal["ok", "refused", "failed"]
    staff: str | None = None
    terminal: str | None = None
    ward: str | None = None
    subject: str | None = None
    address: str | None = None
    detail: Mapping[str, Json] = field(default_factory=dict)


class AuditTrail(Protocol):
    """Takes lines; what raises in `add` undoes the caller's transaction, so that nothing happens unseen."""

    async def add(self, session: AsyncSession, entry: AuditEntry) -> None:
        """Write the line in the caller's transaction."""
        ...

    async def record(self, entry: AuditEntry) -> None:
        """Write the line in a transaction of its own."""
        ...

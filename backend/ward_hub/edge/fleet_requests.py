"""What the routes of fleet control share: strict fields, sight, and refusals that are noted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse

from ward_hub.access.port import AccessRefused
from ward_hub.audit.port import AuditAction, AuditEntry, AuditTrail
from ward_hub.documents.port import Json
from ward_hub.edge.errors import WardError
from ward_hub.fleet.service import Fleet
from ward_hub.office.port import OfficePrincipal, Permission

_HEADERS = {"cache-control": "no-store"}
FLEET = (Permission.FLEET_CONTROL, Permission.FLEET_RELEASE, Permission.FLEET_VIEW)
"""Whoever holds one of these sees releases, roll-outs and schedules."""


def in_sight(fleet: Fleet, who: OfficePrincipal) -> Callable[[str], bool]:
    """Whether a terminal is in their sight; one that is no longer there is for those of all wards."""

    def shown(terminal_id: str) -> bool:
        terminal = fleet.current.terminal(terminal_id)
        return who.sees(terminal.ward if terminal else None)

    return shown


async def note_refusal(
    audit: AuditTrail, who: OfficePrincipal, action: AuditAction, detail: dict[str, Json]
) -> None:
    """Leave a line about what somebody wanted and was not let."""
    await audit.record(
        AuditEntry(action, "refused", staff=who.staff, ward=who.ward, address=who.address, detail=detail)
    )


def expect_fields(body: dict[str, Any], expected: set[str]) -> None:
    if body.keys() != expected:
        raise WardError("malformed", f"Expected exactly the fields {', '.join(sorted(expected))}.")


def only(request: Request, known: set[str]) -> None:
    names = [name for name, _ in request.query_params.multi_items()]
    if len(names) != len(set(names)) or set(names) - known:
        raise WardError("malformed", f"Expected no parameters but {', '.join(sorted(known))}, once.")


def any_of(who: OfficePrincipal, *permissions: Permission) -> None:
    if not any(map(who.may, permissions)):
        raise AccessRefused("permission-denied")


def answer(value: Json | list[dict[str, Json]]) -> JSONResponse:
    return JSONResponse(value, headers=_HEADERS)

"""The audit trail in the back office (OPS-04, A23): for the audit administrator alone.

GET /api/office/audit?from&to&staff&action&ward&text&before&limit&format=json|csv|xlsx&lang=zh|en
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import tzinfo

from sqlalchemy import select
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ward_hub.audit.book import AuditBook
from ward_hub.audit.chain import AuditSearch
from ward_hub.audit.export import AUDIT_COLUMNS, audit_rows, line_json
from ward_hub.audit.port import AuditAction, AuditEntry
from ward_hub.audit.tables import AuditRow
from ward_hub.db.engine import Database
from ward_hub.directory.tables import StaffRow
from ward_hub.edge.errors import answering
from ward_hub.edge.office_port import OfficeDoor
from ward_hub.edge.office_queries import MAX_EXPORTED, Query, file_response
from ward_hub.office.port import Permission

MAX_LISTED, LISTED = 500, 100
_KNOWN = frozenset({"from", "to", "staff", "action", "ward", "text", "before", "limit", "format", "lang"})


@dataclass(frozen=True, slots=True)
class OfficeAudit:
    """What the route needs. `zone`: the hospital's time zone now; `clock` gives ms."""

    door: OfficeDoor
    database: Database
    audit: AuditBook
    zone: Callable[[], tzinfo]
    clock: Callable[[], int]


def office_audit_routes(services: OfficeAudit) -> list[Route]:
    """The route, ready to be mounted at the root."""

    async def lines(request: Request) -> Response:
        who = await services.door.who(request)
        query = Query(request, _KNOWN)
        form, lang = query.form(), query.lang()
        wanted = AuditSearch(
            from_ms=query.instant("from"),
            to_ms=query.instant("to"),
            staff=query.id("staff"),
            action=query.one_of("action", [one.value for one in AuditAction]),
            ward=query.id("ward"),
            text=query.text("text"),
            before=query.instant("before"),
        )
        limit = query.number("limit", 1, MAX_LISTED, LISTED)
        who.require(Permission.AUDIT_READ, wanted.ward)
        if form == "json":
            rows, more = await services.audit.search(wanted, limit)
            names = await staff_names(services.database, rows)
            return JSONResponse(
                {"lines": [line_json(row, names) for row in rows], "more": more},
                headers={"Cache-Control": "no-store"},
            )
        who.require(Permission.AUDIT_EXPORT, wanted.ward)
        rows, more = await services.audit.search(wanted, MAX_EXPORTED[form])
        await services.audit.record(
            AuditEntry(
                AuditAction.EXPORT,
                "ok",
                staff=who.staff,
                ward=wanted.ward,
                subject="audit",
                address=who.address,
                detail={"format": form, "lines": len(rows), "more": more},
            )
        )
        names = await staff_names(services.database, rows)
        name = f"audit-{services.clock()}"
        table = audit_rows(rows, names)
        return await file_response(form, name, AUDIT_COLUMNS, table, services.zone(), lang, more)

    return [Route("/api/office/audit", answering(lines, services.clock), methods=["GET"])]


async def staff_names(database: Database, rows: Iterable[AuditRow]) -> dict[str, str]:
    """Names of those whom the lines tell of, as they are called now."""
    told = {row.staff for row in rows if row.staff is not None}
    async with database.session() as session:
        people = await session.execute(select(StaffRow.id, StaffRow.name))
        return {person.id: person.name for person in people if person.id in told}

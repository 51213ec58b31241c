"""The call journal in the back office (CALL-06): across the wards a person sees, and as a file.

GET /api/office/journal?ward&from&to&bed&type&format=json|csv|xlsx&lang=zh|en   times in ms since the epoch
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import tzinfo

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ward_hub.audit.port import AuditAction, AuditEntry, AuditTrail
from ward_hub.calls.export import CALL_COLUMNS, call_rows, to_json_line
from ward_hub.calls.journal import Journal, select_calls
from ward_hub.db.engine import Database
from ward_hub.edge.errors import WardError, answering
from ward_hub.edge.office_port import OfficeDoor
from ward_hub.edge.office_queries import LONGEST_SPAN_MS, MAX_EXPORTED, Query, file_response
from ward_hub.office.port import Permission

DAYS_SHOWN_MS = 30 * 86_400_000
"""What is shown when nobody says from when (CALL-06)."""
MAX_LISTED = 5_000
_KNOWN = frozenset({"ward", "from", "to", "bed", "type", "format", "lang"})


@dataclass(frozen=True, slots=True)
class OfficeJournal:
    """What the route needs. `zone`: the hospital's time zone now; `clock` gives ms."""

    door: OfficeDoor
    database: Database
    journal: Journal
    audit: AuditTrail
    zone: Callable[[], tzinfo]
    clock: Callable[[], int]


def office_journal_routes(services: OfficeJournal) -> list[Route]:
    """The route, ready to be mounted at the root."""

    async def calls(request: Request) -> Response:
        who = await services.door.who(request)
        query, now = Query(request, _KNOWN), services.clock()
        ward = query.id("ward") or who.ward
        form, lang = query.form(), query.lang()
        who.require(Permission.JOURNAL_READ, ward)
        if form != "json":
            who.require(Permission.JOURNAL_EXPORT, ward)
        to_ms = query.instant("to")
        to_ms = now + 1 if to_ms is None else to_ms
        from_ms = query.instant("from")
        from_ms = max(to_ms - DAYS_SHOWN_MS, 0) if from_ms is None else from_ms
        if not 0 < to_ms - from_ms <= LONGEST_SPAN_MS:
            raise WardError("malformed", "Expected to to be after from, by three years at most.")
        bed, type_ = query.id("bed"), query.id("type")
        await services.journal.catch_up()
        most = MAX_LISTED if form == "json" else MAX_EXPORTED[form]
        async with services.database.session() as session:
            wanted = select_calls(ward, from_ms, to_ms, bed, type_).limit(most + 1)
            # In pieces, between which the hub does other work: calls do not wait for an export.
            found = await session.stream_scalars(wanted.execution_options(yield_per=500))
            lines = [line async for line in found]
        more, lines = len(lines) > most, lines[:most]
        if form == "json":
            return JSONResponse(
                {"calls": [to_json_line(line) for line in lines], "more": more},
                headers={"Cache-Control": "no-store"},
            )
        await services.audit.record(
            AuditEntry(
                AuditAction.EXPORT,
                "ok",
                staff=who.staff,
                ward=ward,
                subject="journal",
                address=who.address,
                detail={
                    "format": form,
                    "from": from_ms,
                    "to": to_ms,
                    "bed": bed,
                    "type": type_,
                    "lines": len(lines),
                    "more": more,
                },
            )
        )
        name = f"calls-{ward or 'all'}-{from_ms}"
        rows = call_rows(lines)
        return await file_response(form, name, CALL_COLUMNS, rows, services.zone(), lang, more)

    return [Route("/api/office/journal", answering(calls, services.clock), methods=["GET"])]

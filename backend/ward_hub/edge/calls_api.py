"""The call journal over HTTP (CALL-06): for stations and PDAs of the ward.

GET /api/wards/{ward}/calls?from&to&bed&type&format=json|csv&lang=zh|en   times in ms since the epoch; in CSV
                                                                          in the hospital's time zone
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import tzinfo

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ward_hub.access.port import Gate
from ward_hub.calls.export import to_csv, to_json
from ward_hub.calls.journal import Journal
from ward_hub.directory.hosting_rules import zone_of
from ward_hub.documents.names import ID
from ward_hub.edge.errors import WardError, answering
from ward_hub.edge.identity_api import bearer
from ward_hub.office.export import Lang

READERS = frozenset({"station", "pda"})
FORMATS = frozenset({"json", "csv"})
LONGEST_SPAN_MS = 366 * 24 * 60 * 60 * 1000


def calls_routes(
    gate: Gate,
    journal: Journal,
    clock: Callable[[], int],
    zone: Callable[[], tzinfo] = lambda: zone_of({}),
) -> list[Route]:
    """The routes, ready to be mounted at the root. `zone`: the hospital's time zone now."""

    async def calls(request: Request) -> Response:
        principal = bearer(request, gate)
        ward = request.path_params["ward"]
        if principal.kind not in READERS or principal.ward != ward:
            raise WardError("forbidden")
        unknown = set(request.query_params) - {"from", "to", "bed", "type", "format", "lang"}
        if unknown:
            raise WardError("malformed", f"Unknown parameter {min(unknown)[:40]}.")
        from_ms, to_ms = _instant(request, "from"), _instant(request, "to")
        if not 0 < to_ms - from_ms <= LONGEST_SPAN_MS:
            raise WardError("malformed", "Expected to to be after from, by 366 days at most.")
        form = request.query_params.get("format", "json")
        if form not in FORMATS:
            raise WardError("malformed", "Expected format to be json or csv.")
        lang = language(request)
        lines = await journal.list_calls(ward, from_ms, to_ms, _id(request, "bed"), _id(request, "type"))
        if form == "json":
            return Response(to_json(lines), media_type="application/json", headers=_HEADERS)
        name = f'attachment; filename="calls-{ward}-{from_ms}.csv"'
        return Response(
            to_csv(lines, zone(), lang),
            media_type="text/csv",
            headers={**_HEADERS, "content-disposition": name},
        )

    return [Route("/api/wards/{ward}/calls", answering(calls, clock))]


def language(request: Request) -> Lang:
    """What `lang` says, Chinese where it says nothing. Raises WardError(`malformed`)."""
    lang = request.query_params.get("lang", "zh")
    if lang not in ("zh", "en"):
        raise WardError("malformed", "Expected lang to be zh or en.")
    return "zh" if lang == "zh" else "en"


_HEADERS = {"cache-control": "no-store", "x-content-type-options": "nosniff"}


def _instant(request: Request, name: str) -> int:
    text = request.query_params.get(name, "")
    if not re.fullmatch(r"\d{1,15}", text, re.ASCII):
        raise WardError("malformed", f"Expected {name} in ms since the epoch.")
    return int(text)


def _id(request: Request, name: str) -> str | None:
    text = request.query_params.get(name)
    if text is not None and not re.fullmatch(ID, text):
        raise WardError("malformed", f"Expected {name} to be an id.")
    return text

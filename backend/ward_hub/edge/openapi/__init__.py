"""The HTTP interface described by hand: every operation under /api and /push, who may, and every answer.

One table a part (`for_*.py`), shapes in `schemas.py`. A test holds it against the routes of the built hub.
"""

from __future__ import annotations

from ward_hub import __version__
from ward_hub.documents.port import Json
from ward_hub.edge.openapi import for_fleet, for_office, for_terminals, for_ward_hubs
from ward_hub.edge.openapi.operation import Operation
from ward_hub.edge.openapi.schemas import PATH_SCHEMAS, SCHEMAS

OPERATIONS: tuple[Operation, ...] = (
    *for_terminals.OPERATIONS,
    *for_office.OPERATIONS,
    *for_fleet.OPERATIONS,
    *for_ward_hubs.OPERATIONS,
)


def document() -> dict[str, Json]:
    """The OpenAPI 3.1 document. `x-who` of an operation: a permission of the back office, or words."""
    paths: dict[str, dict[str, Json]] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method.lower()] = operation.json(PATH_SCHEMAS)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Wardline hub",
            "version": __version__,
            "description": "Every refusal is a Refusal with a code; times are ms since the epoch.",
        },
        "paths": dict(paths),
        "components": {
            "schemas": dict(SCHEMAS),
            "securitySchemes": {
                "terminal": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A terminal's token, with or without a person in it.",
                },
                "office": {"type": "apiKey", "in": "cookie", "name": "wardline_office"},
            },
        },
    }

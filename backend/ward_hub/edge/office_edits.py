"""Edits and changes on the wire: read strictly, answered as the back office's types have them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request

from ward_hub.documents.names import ID
from ward_hub.edge.errors import WardError
from ward_hub.office.port import Edit, Entity
from ward_hub.office.tables import ChangeRow

MAX_EDITS = 500
MAX_CHARS = 500
_EDIT = frozenset({"entity", "ward", "id", "before", "after"})


def parse_edits(body: Mapping[str, Any]) -> tuple[list[Edit], str]:
    """Return the edits and the note of a change. Raises WardError(`malformed`); values are not looked at."""
    if body.keys() != {"note", "edits"}:
        raise WardError("malformed", "Expected exactly the fields edits, note.")
    note, edits = body["note"], body["edits"]
    if not isinstance(note, str):
        raise WardError("malformed", "Expected note to be a string.")
    if not isinstance(edits, list) or not 0 < len(edits) <= MAX_EDITS:
        raise WardError("malformed", f"Expected edits to be a list of 1 to {MAX_EDITS}.")
    return [_parse_edit(edit, index) for index, edit in enumerate(edits)], note


def _parse_edit(value: object, index: int) -> Edit:
    where = f"edits[{index}]"
    if not isinstance(value, dict) or value.keys() != _EDIT:
        raise WardError("malformed", f"Expected {where} to have exactly {', '.join(sorted(_EDIT))}.")
    entity, ward, before, after = value["entity"], value["ward"], value["before"], value["after"]
    if not isinstance(entity, str) or entity not in {one.value for one in Entity}:
        raise WardError("malformed", f"Expected {where}.entity to be one of {', '.join(Entity)}.")
    for name, one in (("ward", ward), ("id", value["id"])):
        allowed = one is None if not isinstance(one, str) else len(one) <= MAX_CHARS
        if not allowed or (one is None and name == "id"):
            raise WardError("malformed", f"Expected {where}.{name} to be a string.")
    for name, one in (("before", before), ("after", after)):
        if one is not None and not isinstance(one, dict):
            raise WardError("malformed", f"Expected {where}.{name} to be an object or null.")
    if before is None and after is None:
        raise WardError("malformed", f"Expected {where} to have a before or an after.")
    return Edit(Entity(entity), ward, value["id"], before, after)


def change_json(row: ChangeRow) -> dict[str, Any]:
    """A change as GET changes answers it. What a station did with nobody signed in has no staff."""
    return {
        "id": row.id,
        "at": row.at,
        "staff": row.staff or "",
        "staff_name": row.staff_name,
        "ward": row.ward,
        "note": row.note,
        "undoes": row.undoes,
        "undone_by": row.undone_by,
        "edits": row.edits,
    }


def query(request: Request, *names: str) -> dict[str, str]:
    """The request's parameters. Raises WardError(`malformed`) for one not among the names, or given twice."""
    given = request.query_params.multi_items()
    for name, _ in given:
        if name not in names:
            raise WardError("malformed", f"Unknown parameter {name[:40]}.")
    if len({name for name, _ in given}) != len(given):
        raise WardError("malformed", "Expected each parameter once.")
    return dict(given)


def path_id(request: Request, name: str) -> str:
    """An id in the path. Raises WardError(`not_found`) for what cannot be one."""
    text: str = request.path_params[name]
    if not re.fullmatch(ID, text):
        raise WardError("not_found")
    return text


def ward_of(given: Mapping[str, str]) -> str | None:
    """The parameter `ward`. Raises WardError(`malformed`) for what cannot be an id."""
    ward = given.get("ward")
    if ward is not None and not re.fullmatch(ID, ward):
        raise WardError("malformed", "Expected ward to be an id.")
    return ward


def whole(given: Mapping[str, str], name: str, otherwise: int | None, most: int) -> int | None:
    """A whole number from 1 to `most`. Raises WardError(`malformed`)."""
    text = given.get(name)
    if text is None:
        return otherwise
    if text.isascii() and text.isdecimal() and len(text) <= 15 and 0 < int(text) <= most:
        return int(text)
    raise WardError("malformed", f"Expected {name} to be a whole number from 1 to {most}.")

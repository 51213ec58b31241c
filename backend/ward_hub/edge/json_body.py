"""Small JSON bodies, read strictly: limited size, exactly the named fields, each a string of known length."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request

from ward_hub.edge.errors import WardError

MAX_BODY_BYTES = 16 * 1024


async def read_fields(request: Request, fields: Mapping[str, int]) -> dict[str, str]:
    """Return the body's fields; `fields` names every one with the most characters it may have.

    Raises WardError: `too_large`, `malformed` (not UTF-8 JSON, not an object, a field missing, unknown,
    twice, empty, too long, or not a string).
    """
    value = _parse(await read_body(request))
    if not isinstance(value, dict):
        raise WardError("malformed", "Expected a JSON object.")
    if value.keys() != fields.keys():
        raise WardError("malformed", f"Expected exactly the fields {', '.join(sorted(fields))}.")
    for name, max_chars in fields.items():
        text = value[name]
        if not isinstance(text, str) or not 0 < len(text) <= max_chars or not _is_text(text):
            raise WardError("malformed", f"Expected {name} to be a string of 1 to {max_chars} characters.")
    return value


async def read_body(request: Request) -> bytes:
    """Return the body. Raises WardError(`too_large`) without reading further than MAX_BODY_BYTES."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise WardError("too_large", f"Expected at most {MAX_BODY_BYTES} bytes.")
    return bytes(body)


def _parse(body: bytes) -> Any:
    try:
        return json.loads(body.decode("utf-8"), object_pairs_hook=_once, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise WardError("malformed", "Expected JSON in UTF-8.") from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a field stands twice")
    return value


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _is_text(text: str) -> bool:
    """Without lone surrogates and NUL, which neither UTF-8 nor PostgreSQL can hold."""
    return "\0" not in text and not any("\ud800" <= c <= "\udfff" for c in text)

"""Bodies of requests, read strictly and with a limit: small ones field by field, whole objects, uploads."""

from __future__ import annotations

import json
from collections.abc import Mapping
from math import isfinite
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


async def read_json(request: Request, max_bytes: int) -> dict[str, Any]:
    """Return the body, a JSON object; what its fields hold, the caller checks.

    Raises WardError: `too_large`, `malformed` (not UTF-8 JSON, not an object, a field twice, NaN, a text that
    no store can hold).
    """
    value = _parse(await read_upload(request, max_bytes))
    if not isinstance(value, dict):
        raise WardError("malformed", "Expected a JSON object.")
    if not _all_text(value):
        raise WardError("malformed", "Expected texts without NUL and lone surrogates.")
    return value


async def read_body(request: Request) -> bytes:
    """Return the body. Raises WardError(`too_large`) without reading further than MAX_BODY_BYTES."""
    return await read_upload(request, MAX_BODY_BYTES)


async def read_upload(request: Request, max_bytes: int) -> bytes:
    """Return the body. Raises WardError(`too_large`) when it says it is longer, or once it is."""
    said = request.headers.get("content-length", "")
    if said.isdecimal() and int(said[:20]) > max_bytes:
        raise WardError("too_large", f"Expected at most {max_bytes} bytes, got {said[:20]}.")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > max_bytes:
            raise WardError("too_large", f"Expected at most {max_bytes} bytes.")
    return bytes(body)


def _parse(body: bytes) -> Any:
    try:
        return json.loads(
            body.decode("utf-8"),
            object_pairs_hook=_once,
            parse_constant=_no_constant,
            parse_float=_finite,
        )
    except (ValueError, RecursionError) as error:
        raise WardError("malformed", "Expected JSON in UTF-8.") from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a field stands twice")
    return value


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


def _finite(text: str) -> float:
    value = float(text)
    if not isfinite(value):
        raise ValueError("a number is too large")
    return value


def _is_text(text: str) -> bool:
    """Without lone surrogates and NUL, which neither UTF-8 nor PostgreSQL can hold."""
    return "\0" not in text and not any("\ud800" <= c <= "\udfff" for c in text)


def _all_text(value: Any) -> bool:
    """Whether every key and text in it can be stored. Not recursive: depth is the sender's choice."""
    left = [value]
    while left:
        one = left.pop()
        if isinstance(one, dict):
            left.extend(one)
            left.extend(one.values())
        elif isinstance(one, list):
            left.extend(one)
        elif isinstance(one, str) and not _is_text(one):
            return False
    return True

"""What a call point can say, and its bytes read strictly. Whether it may say it is others' business."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

MAX_BODY_BYTES = 4096

_TYPE = re.compile(r"[a-z0-9][a-z0-9._-]{0,47}")
_FIELDS = frozenset({"event", "nonce", "type", "at"})
_LATEST = 2**53 - 1


class PointEvent(StrEnum):
    """`pressed` and `cancelled` are the latch, `fault` and `ok` its line, `alive` that all is as it was."""

    PRESSED = "pressed"
    CANCELLED = "cancelled"
    FAULT = "fault"
    OK = "ok"
    ALIVE = "alive"


@dataclass(frozen=True, slots=True)
class Said:
    """One event. `type`: call type, None for the point's usual one; `at`: when it happened by the device's
    own clock (ms), None for now."""

    event: PointEvent
    type: str | None = None
    at: int | None = None


def parse_said(body: bytes) -> tuple[Said, str]:
    """Return what a request's body says, and the nonce in it.

    Raises ValueError: what was expected. Nothing of the body is in its text.
    """
    if len(body) > MAX_BODY_BYTES:
        raise ValueError(f"Expected at most {MAX_BODY_BYTES} bytes.")
    try:
        value = json.loads(body.decode("utf-8"), object_pairs_hook=_once)
    except (ValueError, RecursionError):
        raise ValueError("Expected a JSON object in UTF-8, no field twice.") from None
    if not isinstance(value, dict) or not {"event", "nonce"} <= value.keys() <= _FIELDS:
        raise ValueError("Expected event and nonce, and at most type and at beside them.")
    event, nonce, kind, at = value["event"], value["nonce"], value.get("type"), value.get("at")
    if not isinstance(event, str) or event not in PointEvent.__members__.values():
        raise ValueError(f"Expected event to be one of {', '.join(PointEvent)}.")
    if not isinstance(nonce, str):
        raise ValueError("Expected nonce to be a string.")
    if kind is not None and not (isinstance(kind, str) and _TYPE.fullmatch(kind)):
        raise ValueError("Expected type to be the id of a call type.")
    if at is not None and not (type(at) is int and 0 < at <= _LATEST):
        raise ValueError("Expected at in ms since the epoch.")
    return Said(PointEvent(event), kind, at), nonce


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        raise ValueError("a field stands twice")
    return value

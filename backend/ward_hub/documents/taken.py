"""Tells who wrote when a check lets a write through: a hand at a shared screen that types is still there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pycrdt import Doc

from ward_hub.access.port import Principal

Check = Callable[[Doc[Any], Doc[Any], Principal], str | None]


def telling(check: Check, taken: Callable[[Principal], None]) -> Check:
    """Return the check, which calls `taken` for every write that it does not refuse."""

    def told(before: Doc[Any], after: Doc[Any], who: Principal) -> str | None:
        reason = check(before, after, who)
        if reason is None:
            taken(who)
        return reason

    return told

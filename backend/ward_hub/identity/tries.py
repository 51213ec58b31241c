"""Counts failures per key within a window, in bounded memory: what slows down guessing."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

from ward_hub.identity.errors import IdentityCode, IdentityRefused

MAX_KEYS = 10_000
"""Keys remembered at once; the one untouched longest is forgotten first."""


@dataclass(slots=True)
class _Window:
    began_at: int
    failures: int


class FailureLimit:
    """At most `limit` failures per key in `window_ms`; successes cost nothing.

    A whole ward that joins after a power cut succeeds and is never slowed, even behind one proxy address.
    """

    def __init__(self, limit: int, window_ms: int) -> None:
        self._limit = limit
        self._window_ms = window_ms
        self._windows: OrderedDict[str, _Window] = OrderedDict()

    def check(self, key: str, now: int) -> None:
        """Raises IdentityRefused(TOO_MANY_TRIES) while the key has used up its failures."""
        window = self._windows.get(key)
        if window is None:
            return
        if now - window.began_at >= self._window_ms:
            del self._windows[key]
        elif window.failures >= self._limit:
            raise IdentityRefused(IdentityCode.TOO_MANY_TRIES, window.began_at + self._window_ms)

    def failed(self, key: str, now: int) -> None:
        """Count one failure."""
        window = self._windows.get(key)
        if window is None or now - window.began_at >= self._window_ms:
            self._windows[key] = window = _Window(now, 0)
        window.failures += 1
        self._windows.move_to_end(key)
        while len(self._windows) > MAX_KEYS:
            self._windows.popitem(last=False)

"""What a play sees: when what one terminal sent was at the sockets of those who must have it.

Times are from just before the sending socket to the moment when the receiving one was read, in this process,
which has as many greenlets as terminals on one core: what it is late counts against the hub.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

Told = Callable[[str, float], None]


@dataclass(slots=True)
class _Sent:
    what: str
    at: float
    left: dict[str, set[str]]
    """Group of receivers → who of it has not got it yet."""


@dataclass
class Watch:
    """Everything on its way. `told(name, ms)` hears of each time as well (Locust's statistics)."""

    told: Told = lambda _name, _ms: None
    times: dict[str, list[float]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    again: int = 0
    """Joins that failed and were tried again, as every terminal does."""
    sent: int = 0
    deliveries: int = 0
    cards_closed: int = 0
    """Documents of patients that the hub took from a terminal: right where the feed moves them, else not."""
    _under_way: dict[object, _Sent] = field(default_factory=dict)

    def send(self, what: str, mark: object, receivers: dict[str, Iterable[str]]) -> None:
        """A terminal sends now; `receivers`: the name of a time → terminals, its last one ends it."""
        left = {group: set(names) for group, names in receivers.items()}
        self.sent += 1
        self._under_way[mark] = _Sent(what, time.perf_counter(), {k: v for k, v in left.items() if v})

    def seen(self, mark: object, terminal: str) -> None:
        """What was sent is at a terminal's socket. Once more is none."""
        sent = self._under_way.get(mark)
        if sent is None:
            return
        for group, left in list(sent.left.items()):
            if terminal in left:
                left.remove(terminal)
                self.deliveries += 1
                if not left:
                    del sent.left[group]
                    self.took(f"{sent.what} → {group}", (time.perf_counter() - sent.at) * 1000)
        if not sent.left:
            del self._under_way[mark]

    def took(self, name: str, ms: float) -> None:
        """Note a time."""
        self.times.setdefault(name, []).append(ms)
        self.told(name, ms)

    def problem(self, text: str) -> None:
        """Something went as it must not."""
        self.problems.append(text)

    @property
    def under_way(self) -> int:
        """How much of what was sent has not come to all."""
        return len(self._under_way)

    def of(self, name: str) -> list[float]:
        """The times of that name in ms; none yet is empty."""
        return self.times.get(name, [])

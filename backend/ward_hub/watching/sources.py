"""Where the metrics are read from: the hub's parts as far as they are asked, each when it is asked.

`app.py` fills it in; tests fill it in by hand.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from ward_hub.watching.buckets import Buckets, seconds, sizes
from ward_hub.watching.process import ProcessUse, process_use
from ward_hub.watching.traffic import SocketCounts

Counts = Mapping[str, int]


class WatchedLog(Protocol):
    """The log as log/watched.py counts it."""

    taking: bool
    full: bool
    compactions: int

    @property
    def taken(self) -> Counts: ...
    @property
    def failures(self) -> Counts: ...
    @property
    def append_s(self) -> Buckets: ...
    @property
    def group_sizes(self) -> Buckets: ...


@dataclass(slots=True)
class QuietLog:
    """A log on which nothing has happened."""

    taking: bool = True
    full: bool = False
    compactions: int = 0
    taken: Counts = field(default_factory=dict)
    failures: Counts = field(default_factory=dict)
    append_s: Buckets = field(default_factory=seconds)
    group_sizes: Buckets = field(default_factory=sizes)


@dataclass(frozen=True, slots=True)
class FeedCounts:
    """The HL7 feed: senders connected, messages by `taken` and `refused`, stays not shown yet, and seconds
    since the last message, None before the first."""

    connected: int = 0
    messages: Counts = field(default_factory=dict)
    behind: int = 0
    last_s_ago: float | None = None


@dataclass(frozen=True, slots=True)
class PushCounts:
    """Push: PDAs that can be pushed to, phones on the hub's own service, what waits, tries by outcome."""

    subscribed: int = 0
    connected: int = 0
    waiting: int = 0
    outcomes: Counts = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StoreFeedCounts:
    """The feed of a log of several hubs: seconds since anything was heard on it, and how late the last record
    of another hub came; how often it broke, what it could not read, and what waits to be written."""

    heard_s_ago: float | None = None
    lag_s: float | None = None
    reconnects: int = 0
    skipped: int = 0
    waiting: int = 0


@dataclass(frozen=True, slots=True)
class LeaseCounts:
    """Leases this hub wants and those of them it holds."""

    held: int = 0
    wanted: int = 0


async def _no_calls() -> Counts:
    return {}


@dataclass(frozen=True, slots=True)
class Sources:
    """`started_at`: seconds since the epoch. `lag`: how late the loop's calls were; `lag_now`: the newest.
    `store_feed`: None for a log of one hub."""

    version: str = ""
    hub: str = ""
    installation: str = ""
    started_at: float = 0.0
    sockets: Callable[[], SocketCounts] = SocketCounts
    terminals: Callable[[], Counts] = dict
    documents: Callable[[], int] = int
    updates_refused: Callable[[], Counts] = dict
    facts_taken: Callable[[], int] = int
    facts_refused: Callable[[], Counts] = dict
    calls_open: Callable[[], Awaitable[Counts]] = _no_calls
    log: WatchedLog = field(default_factory=QuietLog)
    lag: Buckets = field(default_factory=seconds)
    lag_now: Callable[[], float] = float
    feed: Callable[[], FeedCounts] = FeedCounts
    push: Callable[[], PushCounts] = PushCounts
    leases: Callable[[], LeaseCounts] = LeaseCounts
    store_feed: Callable[[], StoreFeedCounts | None] = lambda: None
    process: Callable[[], ProcessUse] = process_use
    ready: Callable[[], Awaitable[bool]] | None = None

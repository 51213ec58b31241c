"""How the running hub is watched, put together: where its metrics are read, and when it is ready (OPS-06)."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

from ward_sync.directory import Directory

from ward_hub import __version__
from ward_hub.calls.service import CallService
from ward_hub.db.engine import Database
from ward_hub.directory.current import CurrentDirectory
from ward_hub.doc_rooms.host import Host
from ward_hub.edge.sockets import Sockets
from ward_hub.ingest.service import FeedService
from ward_hub.leases.port import Leases
from ward_hub.log.port import Log
from ward_hub.log.watched import WatchedLog
from ward_hub.push.desk import PushDesk
from ward_hub.watching.health import Check, Health, takes
from ward_hub.watching.loop_lag import LoopLag
from ward_hub.watching.open_calls import OpenCallCounts
from ward_hub.watching.sources import FeedCounts, LeaseCounts, PushCounts, Sources, StoreFeedCounts


@runtime_checkable
class FollowedLog(Protocol):
    """A log of several hubs (log/couch/log.py): its feed and what waits to be written."""

    @property
    def feed_heard_at(self) -> float | None: ...
    @property
    def feed_lag(self) -> float | None: ...
    @property
    def feed_reconnects(self) -> int: ...
    @property
    def feed_skipped(self) -> int: ...
    @property
    def waiting(self) -> int: ...


@dataclass(frozen=True, slots=True)
class WatchedParts:
    """The parts that are asked. `directory`: ward → its directory as the fold reads it; `clock` gives ms;
    `opened`: the log's adapter, for what only one of several hubs knows."""

    hub: str
    installation: str
    store: WatchedLog
    database: Database
    current: CurrentDirectory
    host: Host
    sockets: Sockets
    calls: CallService
    feed: FeedService
    desk: PushDesk
    leases: Leases
    directory: Callable[[str], Directory | None]
    clock: Callable[[], int]
    opened: Log | None = None
    lag: LoopLag = field(default_factory=LoopLag)


def health_of(parts: WatchedParts, draining: Callable[[], bool]) -> Health:
    """What must hold for terminals to be sent here. `draining`: the hub is about to end."""

    async def log_answers() -> bool:
        await parts.store.known(["0" * 32])
        return takes(parts.store)

    async def sql_answers() -> bool:
        async with parts.database.engine.connect() as connection:
            await connection.exec_driver_sql("SELECT 1")
        return True

    checks: dict[str, Check] = {
        "log": log_answers,
        "sql": sql_answers,
        "directory": lambda: parts.current.loaded,
        "draining": lambda: not draining(),
    }
    return Health(checks)


def sources_of(parts: WatchedParts, health: Health) -> Sources:
    """Where the metrics of this hub are read."""

    def terminals() -> Mapping[str, int]:
        known = (parts.current.terminal(terminal) for terminal in parts.host.terminals())
        return Counter("unknown" if one is None else one.kind.value for one in known)

    def feed() -> FeedCounts:
        last = parts.feed.last_at
        ago = None if last is None else max(0, parts.clock() - last) / 1000
        return FeedCounts(parts.feed.connected, parts.feed.messages, parts.feed.behind, ago)

    def push() -> PushCounts:
        info, desk = parts.desk.info, parts.desk
        return PushCounts(info.subscribed, info.connected, desk.notices.waiting(), desk.sender.outcomes)

    def leases() -> LeaseCounts:
        wanted = ["hospital", *(f"ward/{ward}" for ward in parts.current.model.wards)]
        return LeaseCounts(sum(map(parts.leases.holds, wanted)), len(wanted))

    def store_feed() -> StoreFeedCounts | None:
        feed = parts.opened
        if not isinstance(feed, FollowedLog):
            return None
        heard = feed.feed_heard_at
        ago = None if heard is None else max(0.0, time.monotonic() - heard)
        return StoreFeedCounts(ago, feed.feed_lag, feed.feed_reconnects, feed.feed_skipped, feed.waiting)

    return Sources(
        version=__version__,
        hub=parts.hub,
        installation=parts.installation,
        started_at=parts.clock() / 1000,
        sockets=parts.sockets.counts,
        terminals=terminals,
        documents=lambda: len(parts.host.loaded()),
        updates_refused=lambda: parts.host.refusals,
        facts_taken=lambda: parts.calls.taken,
        facts_refused=lambda: parts.calls.refusals,
        calls_open=OpenCallCounts(parts.host, parts.directory, parts.clock).count,
        log=parts.store,
        lag=parts.lag.lags,
        lag_now=lambda: parts.lag.last_s,
        feed=feed,
        push=push,
        leases=leases,
        store_feed=store_feed,
        ready=health.ready,
    )

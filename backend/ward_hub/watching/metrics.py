"""The hub's metrics in Prometheus' text format: one table of what there is, read when it is asked for.

The only module that imports prometheus-client; the hub imports it with the first request for /metrics.
Labels come from closed lists in the code, never from people, terminals or documents.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

from ward_hub.watching.buckets import Buckets
from ward_hub.watching.process import ProcessUse
from ward_hub.watching.sources import FeedCounts, LeaseCounts, PushCounts, Sources, StoreFeedCounts
from ward_hub.watching.traffic import SocketCounts

log = logging.getLogger(__name__)

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4


class Kind(StrEnum):
    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True)
class Reading:
    """Everything a scrape looks at, asked once."""

    sources: Sources
    sockets: SocketCounts
    feed: FeedCounts
    push: PushCounts
    leases: LeaseCounts
    store_feed: StoreFeedCounts | None
    process: ProcessUse
    calls_open: Mapping[str, int] | None
    ready: bool | None


Value = float | None | Mapping[str, float] | Mapping[str, int] | Buckets
"""None: not there now. A mapping: by label."""


@dataclass(frozen=True, slots=True)
class Definition:
    """One metric. `name` as it is scraped; `label`: the one label it has, or none."""

    name: str
    kind: Kind
    help: str
    read: Callable[[Reading], Value]
    label: str | None = None


def _counter(name: str, help: str, read: Callable[[Reading], Value], label: str | None = None) -> Definition:
    return Definition(f"wardline_{name}", Kind.COUNTER, help, read, label)


def _gauge(name: str, help: str, read: Callable[[Reading], Value], label: str | None = None) -> Definition:
    return Definition(f"wardline_{name}", Kind.GAUGE, help, read, label)


def _histogram(name: str, help: str, read: Callable[[Reading], Buckets]) -> Definition:
    return Definition(f"wardline_{name}", Kind.HISTOGRAM, help, read)


def _store(read: Callable[[StoreFeedCounts], float | None]) -> Callable[[Reading], Value]:
    """Reads the feed of a log of several hubs; nothing where there is one hub."""
    return lambda r: None if r.store_feed is None else read(r.store_feed)


INFO = "wardline_hub_info"
METRICS: tuple[Definition, ...] = (
    _gauge("hub_start_time_seconds", "When the hub started, since the epoch", lambda r: r.sources.started_at),
    _gauge("ready", "1 while /health/ready says yes", lambda r: None if r.ready is None else float(r.ready)),
    _gauge("event_loop_lag_seconds", "How late the loop's last look was", lambda r: r.sources.lag_now()),
    _histogram(
        "event_loop_lag_histogram_seconds", "Lateness of the loop, twice a second", lambda r: r.sources.lag
    ),
    _counter("process_cpu_seconds_total", "Processor time used", lambda r: r.process.cpu_s),
    _gauge("process_resident_bytes", "Memory of the process in RAM", lambda r: r.process.resident_bytes),
    _gauge("process_open_files", "File descriptors in use", lambda r: r.process.open_files),
    _gauge("sockets_open", "Open sockets", lambda r: {"sync": 0, "y": 0, **r.sockets.open}, "dialect"),
    _counter(
        "sockets_closed_total",
        "Sockets gone, by the close code the hub gave, `peer` where the other end went first",
        lambda r: r.sockets.closed,
        "code",
    ),
    _gauge("terminals_connected", "Terminals with a document open", lambda r: r.sources.terminals(), "kind"),
    _gauge("documents_loaded", "Documents in memory", lambda r: r.sources.documents()),
    _counter("frames_received_total", "Frames that came from terminals", lambda r: r.sockets.frames_in),
    _counter(
        "frames_sent_total", "Frames given to terminals' sockets: deliveries", lambda r: r.sockets.frames_out
    ),
    _counter("received_bytes_total", "Bytes of the frames that came", lambda r: r.sockets.bytes_in),
    _counter("sent_bytes_total", "Bytes the network took", lambda r: r.sockets.bytes_out),
    _gauge("waiting_bytes", "Bytes that wait in all sockets' queues", lambda r: r.sockets.waiting_bytes),
    _gauge("waiting_longest_bytes", "Bytes in the longest queue", lambda r: r.sockets.longest_bytes),
    _counter("records_taken_total", "Records the log took", lambda r: r.sources.log.taken, "kind"),
    _counter("updates_refused_total", "Updates refused", lambda r: r.sources.updates_refused(), "reason"),
    _counter("facts_taken_total", "Call facts taken from terminals", lambda r: r.sources.facts_taken()),
    _counter("facts_refused_total", "Call facts refused", lambda r: r.sources.facts_refused(), "reason"),
    _gauge("calls_open", "Open calls in the documents in memory", lambda r: r.calls_open, "state"),
    _histogram("append_seconds", "From append to durable", lambda r: r.sources.log.append_s),
    _histogram("append_records", "Records of one append", lambda r: r.sources.log.group_sizes),
    _counter("append_failures_total", "Appends that failed", lambda r: r.sources.log.failures, "reason"),
    _gauge("log_taking", "1 while the log takes appends", lambda r: float(r.sources.log.taking)),
    _gauge("log_full", "1 when the last append found the storage full", lambda r: float(r.sources.log.full)),
    _counter("compactions_total", "Documents compacted", lambda r: r.sources.log.compactions),
    _gauge(
        "store_feed_age_seconds",
        "Since anything was heard on the feed of a log of several hubs",
        _store(lambda feed: feed.heard_s_ago),
    ),
    _gauge(
        "store_feed_lag_seconds",
        "How late the last record of another hub came, by two hubs' clocks",
        _store(lambda feed: feed.lag_s),
    ),
    _counter(
        "store_feed_reconnects_total",
        "How often that feed broke and was taken up again",
        _store(lambda feed: feed.reconnects),
    ),
    _counter(
        "store_feed_skipped_total",
        "Documents of that feed that could not be read",
        _store(lambda feed: feed.skipped),
    ),
    _gauge(
        "store_waiting",
        "Documents that wait to be written to a log of several hubs",
        _store(lambda feed: feed.waiting),
    ),
    _gauge("leases_wanted", "Leases this hub competes for", lambda r: r.leases.wanted),
    _gauge("leases_held", "Leases of these it holds", lambda r: r.leases.held),
    _gauge("feed_senders", "HL7 senders connected", lambda r: r.feed.connected),
    _counter("feed_messages_total", "HL7 messages answered", lambda r: r.feed.messages, "outcome"),
    _gauge("feed_last_message_age_seconds", "Since the last HL7 message", lambda r: r.feed.last_s_ago),
    _gauge("feed_stays_behind", "Stays whose documents lag the record", lambda r: r.feed.behind),
    _gauge("push_subscriptions", "PDAs that can be pushed to", lambda r: r.push.subscribed),
    _gauge("push_lines", "Phones on the hub's own push service", lambda r: r.push.connected),
    _gauge("push_waiting", "Notices to be sent", lambda r: r.push.waiting),
    _counter("push_tries_total", "Tries to send a notice", lambda r: r.push.outcomes, "outcome"),
)


async def read(sources: Sources) -> Reading:
    """Ask every source once. What cannot be counted now is left out: the log may be away."""
    try:
        calls_open: Mapping[str, int] | None = await sources.calls_open()
    except Exception as error:
        log.info("open calls are not counted: %s", type(error).__name__)
        calls_open = None
    return Reading(
        sources,
        sources.sockets(),
        sources.feed(),
        sources.push(),
        sources.leases(),
        sources.store_feed(),
        sources.process(),
        calls_open,
        None if sources.ready is None else await sources.ready(),
    )


def render(reading: Reading) -> bytes:
    """Return the text of a scrape, UTF-8."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collector(reading))
    return generate_latest(registry)


class _Collector:
    """One reading as prometheus-client wants it."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading

    def collect(self) -> Iterator[Metric]:
        sources = self._reading.sources
        labels = ("version", "hub", "installation")
        info = GaugeMetricFamily(INFO, "Which hub this is", labels=labels)
        info.add_metric((sources.version, sources.hub, sources.installation), 1)
        yield info
        for definition in METRICS:
            yield _family(definition, definition.read(self._reading))

    def describe(self) -> Iterable[Metric]:
        return ()


def _family(definition: Definition, value: Value) -> Metric:
    labels = () if definition.label is None else (definition.label,)
    if isinstance(value, Buckets):
        histogram = HistogramMetricFamily(definition.name, definition.help)
        bounds = [*map(str, map(float, value.bounds)), "+Inf"]
        below, cumulated = 0, []
        for bound, count in zip(bounds, value.counts, strict=True):
            below += count
            cumulated.append((bound, float(below)))
        histogram.add_metric((), cumulated, value.sum)
        return histogram
    family: GaugeMetricFamily | CounterMetricFamily
    if definition.kind is Kind.COUNTER:
        family = CounterMetricFamily(definition.name, definition.help, labels=labels)
    else:
        family = GaugeMetricFamily(definition.name, definition.help, labels=labels)
    if isinstance(value, Mapping):
        for label, found in sorted(value.items()):
            family.add_metric((label,), found)
    elif value is not None:
        family.add_metric((), value)
    return family

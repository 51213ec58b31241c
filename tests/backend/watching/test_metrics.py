"""What a scrape says: every metric of the table, by closed labels, and the document that lists them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from ward_hub.watching.buckets import Buckets, seconds
from ward_hub.watching.metrics import INFO, METRICS, Kind, read, render
from ward_hub.watching.process import ProcessUse
from ward_hub.watching.sources import FeedCounts, LeaseCounts, PushCounts, QuietLog, Sources, StoreFeedCounts
from ward_hub.watching.traffic import SocketCounts, Traffic

DOCUMENT = Path(__file__).parents[3] / "docs" / "watching.md"
ROW = re.compile(r"^\| `(wardline_\w+)(?:\{(\w+)\})?` \| (\w+) \| ([^|]+) \|$", re.MULTILINE)


def busy() -> Sources:
    """A hub at which something of everything has happened."""
    log = QuietLog(taking=False, full=True, compactions=2, taken={"fact": 3}, failures={"full": 1})
    log.append_s.observe(0.003)
    log.group_sizes.observe(5)
    lag = seconds()
    lag.observe(0.2)

    async def calls() -> Mapping[str, int]:
        return {"placed": 4}

    async def ready() -> bool:
        return False

    return Sources(
        version="1.2",
        hub="0a1b2c3d",
        installation="i",
        started_at=1000.0,
        sockets=lambda: SocketCounts({"sync": 7}, 1, 2, 3, 4, 5, 6, {"4408": 1}),
        terminals=lambda: {"bedside": 8},
        documents=lambda: 9,
        updates_refused=lambda: {"too_large": 10},
        facts_taken=lambda: 11,
        facts_refused=lambda: {"bad_signature": 12},
        calls_open=calls,
        log=log,
        lag=lag,
        lag_now=lambda: 0.2,
        feed=lambda: FeedCounts(1, {"taken": 13}, 14, 15.0),
        push=lambda: PushCounts(16, 17, 18, {"sent": 19}),
        leases=lambda: LeaseCounts(20, 21),
        store_feed=lambda: StoreFeedCounts(22.0, 0.05, 26, 27, 28),
        process=lambda: ProcessUse(23.0, 24, 25),
        ready=ready,
    )


async def scrape(sources: Sources) -> dict[str, dict[tuple[str, ...], float]]:
    """Sample → label values → value."""
    found: dict[str, dict[tuple[str, ...], float]] = {}
    for family in text_string_to_metric_families(render(await read(sources)).decode()):
        for sample in family.samples:
            found.setdefault(sample.name, {})[tuple(sample.labels.values())] = sample.value
    return found


async def test_every_metric_is_there_and_says_what_its_source_said() -> None:
    found = await scrape(busy())
    for metric in METRICS:
        assert (metric.name if metric.kind is not Kind.HISTOGRAM else f"{metric.name}_count") in found
    assert found["wardline_sockets_open"] == {("sync",): 7, ("y",): 0}
    assert found["wardline_sockets_closed_total"] == {("4408",): 1}
    names = ("frames_received_total", "frames_sent_total", "received_bytes_total", "sent_bytes_total")
    assert [found[f"wardline_{name}"][()] for name in names] == [1, 2, 3, 4]
    assert [found[f"wardline_{name}"][()] for name in ("waiting_bytes", "waiting_longest_bytes")] == [5, 6]
    assert found["wardline_append_seconds_bucket"][("0.002",)] == 0
    assert found["wardline_append_seconds_bucket"][("0.004",)] == 1
    assert found["wardline_append_seconds_sum"] == {(): 0.003}
    assert found["wardline_log_taking"] == {(): 0}
    assert found["wardline_log_full"] == {(): 1}
    assert found["wardline_ready"] == {(): 0}
    store = ("feed_age_seconds", "feed_lag_seconds", "feed_reconnects_total", "feed_skipped_total", "waiting")
    assert [found[f"wardline_store_{name}"][()] for name in store] == [22, 0.05, 26, 27, 28]
    assert found["wardline_calls_open"] == {("placed",): 4}
    assert [sorted(labels) for labels in found[INFO]] == [["0a1b2c3d", "1.2", "i"]]


async def test_what_is_not_known_is_left_out() -> None:
    """A log that is away, and a hub alone on its log, must not cost the rest of the scrape."""

    async def away() -> Mapping[str, int]:
        raise ConnectionError("couchdb.example")

    found = await scrape(Sources(calls_open=away))
    assert "wardline_calls_open" not in found
    assert "wardline_store_feed_age_seconds" not in found
    assert "wardline_feed_last_message_age_seconds" not in found
    assert found["wardline_log_taking"] == {(): 1}


async def test_the_document_lists_what_there_is() -> None:
    listed = {
        name: (label or None, kind, text.strip())
        for name, label, kind, text in ROW.findall(DOCUMENT.read_text("utf-8"))
    }
    table = {metric.name: (metric.label, metric.kind.value, metric.help) for metric in METRICS}
    assert listed.pop(INFO)[:2] == (None, "gauge")
    assert listed == table


def test_buckets_hold_what_is_at_most_their_bound() -> None:
    buckets = Buckets((1, 2))
    for value in (0, 1, 1.5, 2, 3):
        buckets.observe(value)
    assert (buckets.counts, buckets.count, buckets.sum) == ([2, 2, 1], 5, 7.5)


class Queue:
    def __init__(self, sent: int, size: int, waiting: int, closed_with: int | None = None) -> None:
        self.sent, self.sent_bytes, self.waiting, self.closed_with = sent, size, waiting, closed_with


def test_what_a_socket_carried_stays_counted_when_it_has_gone() -> None:
    traffic = Traffic()
    first, second = Queue(3, 30, 5), Queue(4, 40, 9, 4408)
    before = traffic.counts([("sync", first), ("sync", second)])
    assert (before.frames_out, before.bytes_out, before.waiting_bytes, before.longest_bytes) == (7, 70, 14, 9)
    traffic.gone(second)
    after = traffic.counts([("sync", first)])
    assert (after.frames_out, after.bytes_out, after.closed) == (7, 70, {"4408": 1})
    traffic.gone(first)
    assert traffic.counts([]).closed == {"4408": 1, "peer": 1}


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_names_follow_prometheus_manners(metric: object) -> None:
    """Counters end in `_total`, units are base units, no label names somebody."""
    definition = next(one for one in METRICS if one is metric)
    assert (definition.kind is Kind.COUNTER) == definition.name.endswith("_total")
    assert not re.search(r"_(ms|kib|mib|minutes)(_|$)", definition.name)
    assert definition.label in {None, "dialect", "code", "kind", "reason", "state", "outcome"}

"""One frame of `ward-hub top`: scrapes in, lines out. It knows no terminal and no network."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from ward_hub.watching.scrape import Scrape, rate

BOLD, RED, PLAIN = "\x1b[1m", "\x1b[31m", "\x1b[0m"
NONE = "–"
_WIDTH_OF_NAME = 11
_LONGEST_BAR = 40


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of a line; `alarm`: something is wrong there."""

    text: str
    alarm: bool = False
    heading: bool = False


Line = list[Span]


def frame(
    now: Scrape,
    before: Scrape | None,
    base: Scrape | None,
    address: str,
    wall_s: float,
    size: tuple[int, int],
) -> list[Line]:
    """Return the lines of a frame, at most `size` (columns, rows).

    Rates are since `before`, quantiles since `base`. `wall_s`: seconds since the epoch.
    """
    columns, rows = size
    lines = [*_head(now, address, wall_s), [], *_work(now, before), [], *_health(now, before, base)]
    if rows >= len(lines) + 12:
        lines += [[], *_bars(now, base, columns)]
    return [clip(line, columns) for line in lines[:rows]]


def unreached(address: str, why: str, size: tuple[int, int]) -> list[Line]:
    """The frame while a hub does not answer."""
    lines = [[Span("ward-hub top", heading=True), Span(f"  {address}")], [], [Span(why, alarm=True)]]
    return [clip(line, size[0]) for line in lines[: size[1]]]


def paint(line: Line, colour: bool) -> str:
    """The line as text, with ANSI attributes if asked for."""
    return "".join(
        f"{RED if span.alarm else BOLD}{span.text}{PLAIN}"
        if colour and (span.alarm or span.heading)
        else span.text
        for span in line
    )


def clip(line: Line, columns: int) -> Line:
    """The line within so many columns; control characters of an answer must not move the cursor."""
    kept: Line = []
    for span in line:
        text = "".join(one if one.isprintable() else "?" for one in span.text)[: max(0, columns)]
        columns -= len(text)
        kept.append(Span(text, span.alarm, span.heading))
    return kept


def _head(now: Scrape, address: str, wall_s: float) -> list[Line]:
    info = now.info()
    started = now.value("hub_start_time_seconds")
    up = NONE if started is None else duration(max(0.0, wall_s - started))
    ready = now.value("ready") == 1.0
    return [
        [Span("ward-hub top", heading=True), Span(f"  {address}")],
        [
            Span(f"hub {info.get('hub', NONE)}  version {info.get('version', NONE)}  up {up}  "),
            Span("ready" if ready else "NOT READY", alarm=not ready),
        ],
    ]


def _work(now: Scrape, before: Scrape | None) -> list[Line]:
    terminals = now.by("terminals_connected", "kind")
    sockets = now.by("sockets_open", "dialect")
    calls = now.by("calls_open", "state")

    def per_s(name: str) -> str:
        return count(rate(now, before, name))

    kinds = _kind_rates(now, before)
    return [
        _row("terminals", f"{count(sum(terminals.values()))}  {_pairs(terminals)}"),
        _row("sockets", f"{count(sum(sockets.values()))}  {_pairs(sockets)}"),
        _row("documents", f"{count(now.value('documents_loaded'))} loaded"),
        _row("open calls", f"{count(sum(calls.values()))}  {_pairs(calls)}"),
        _row("updates/s", f"{kinds['update']} of terminals  {kinds['hub_update']} of the hub"),
        _row(
            "facts/s", f"{per_s('facts_taken_total')}  taken in all {count(now.value('facts_taken_total'))}"
        ),
        _row(
            "frames/s",
            f"{per_s('frames_received_total')} in  {per_s('frames_sent_total')} out (deliveries)  "
            f"{size_of(rate(now, before, 'received_bytes_total'))}/s in  "
            f"{size_of(rate(now, before, 'sent_bytes_total'))}/s out",
        ),
    ]


def _health(now: Scrape, before: Scrape | None, base: Scrape | None) -> list[Line]:
    cpu = rate(now, before, "process_cpu_seconds_total")
    lag = now.value("event_loop_lag_seconds")
    lag99 = now.quantile("event_loop_lag_histogram_seconds", 0.99, base)
    taking, full = now.value("log_taking") == 1.0, now.value("log_full") == 1.0
    failures = now.by("append_failures_total", "reason")
    waiting, longest = now.value("waiting_bytes"), now.value("waiting_longest_bytes")
    held, wanted = now.value("leases_held"), now.value("leases_wanted")
    feed, heard = now.by("feed_messages_total", "outcome"), now.value("feed_last_message_age_seconds")
    behind = now.value("feed_stays_behind") or 0
    tries = now.by("push_tries_total", "outcome")
    store, late = now.value("store_feed_age_seconds"), now.value("store_feed_lag_seconds")
    log = "full" if full else "taking" if taking else "NOT TAKING"
    return [
        _row(
            "load",
            f"CPU {NONE if cpu is None else f'{cpu * 100:.0f} %'}  "
            f"RSS {size_of(now.value('process_resident_bytes'))}  "
            f"files {count(now.value('process_open_files'))}  "
            f"loop lag {time_of(lag)} (p99 {bound_of(lag99)})",
            alarm=(lag99 or 0) > 0.125,
        ),
        _row(
            "append",
            f"p50 {bound_of(now.quantile('append_seconds', 0.5, base))}  "
            f"p99 {bound_of(now.quantile('append_seconds', 0.99, base))}  "
            f"{count(rate(now, before, 'append_seconds_count'))}/s  group {_group(now, base)}",
        ),
        _row("log", f"{log}  {_pairs(failures, 'failed: ')}", alarm=not taking or full),
        _row(
            "queues",
            f"{size_of(waiting)} wait, longest {size_of(longest)}",
            alarm=(longest or 0) > 2**20,
        ),
        _row("closed", _pairs(now.by("sockets_closed_total", "code")) or "none"),
        _row("refused", f"updates: {_pairs(now.by('updates_refused_total', 'reason')) or 'none'}"),
        _row("", f"facts: {_pairs(now.by('facts_refused_total', 'reason')) or 'none'}"),
        _row(
            "feed",
            f"senders {count(now.value('feed_senders'))}  {_pairs(feed) or 'no messages'}  "
            f"last {NONE if heard is None else duration(heard) + ' ago'}  behind {count(behind)}",
            alarm=behind > 0,
        ),
        _row(
            "hubs",
            f"leases {count(held)} of {count(wanted)}  store feed "
            f"{'one hub' if store is None else 'heard ' + time_of(store) + ' ago'}"
            f"{'' if late is None else '  lag ' + time_of(late)}",
            alarm=(store or 0) > 5,
        ),
        _row(
            "push",
            f"waiting {count(now.value('push_waiting'))}  PDAs {count(now.value('push_subscriptions'))}  "
            f"lines {count(now.value('push_lines'))}  {_pairs(tries)}",
        ),
    ]


def _bars(now: Scrape, base: Scrape | None, columns: int) -> list[Line]:
    """How long appends took, as bars, where there is room for them."""
    found = now.spread("append_seconds", base)
    most = max((value for _, value in found), default=0.0)
    if most <= 0:
        return []
    longest = max(1, min(_LONGEST_BAR, columns - 24))
    lines: list[Line] = [[Span("append took at most", heading=True)]]
    for bound, value in found:
        bar = "█" * math.ceil(value / most * longest) if value else ""
        lines.append([Span(f"{bound_of(bound):>10} {count(value):>8} {bar}")])
    return lines


def _row(name: str, text: str, alarm: bool = False) -> Line:
    return [Span(f"{name:<{_WIDTH_OF_NAME}}", heading=True), Span(text.rstrip(), alarm=alarm)]


def _pairs(values: Mapping[str, float], before: str = "") -> str:
    return before + "  ".join(f"{name} {count(value)}" for name, value in values.items()) if values else ""


def _kind_rates(now: Scrape, before: Scrape | None) -> dict[str, str]:
    """Records a second by kind."""
    kinds = ("update", "hub_update")
    if before is None or now.at <= before.at:
        return dict.fromkeys(kinds, NONE)
    found = {}
    for kind in kinds:
        old = before.value("records_taken_total", kind=kind) or 0
        grown = (now.value("records_taken_total", kind=kind) or 0) - old
        found[kind] = count(grown / (now.at - before.at)) if grown >= 0 else NONE
    return found


def _group(now: Scrape, base: Scrape | None) -> str:
    """Records of an append, on average since `base`."""
    names = ("append_records_sum", "append_records_count")
    records, appends = (now.total(name) - (base.total(name) if base else 0.0) for name in names)
    return f"{records / appends:.1f}" if appends > 0 else NONE


def count(value: float | None) -> str:
    """A number as people read it."""
    if value is None:
        return NONE
    return f"{value:,.0f}" if value >= 10 or value == int(value) else f"{value:.1f}"


def size_of(value: float | None) -> str:
    """Bytes as people read them."""
    if value is None:
        return NONE
    for unit in ("B", "KiB", "MiB"):
        if value < 1024:
            return f"{value:.0f} {unit}" if unit == "B" or value >= 100 else f"{value:.1f} {unit}"
        value /= 1024
    return f"{value:.1f} GiB"


def time_of(value: float | None) -> str:
    """Seconds as people read short times."""
    if value is None:
        return NONE
    return f"{value * 1000:.1f} ms" if value < 1 else f"{value:.1f} s"


def bound_of(value: float | None) -> str:
    """The bound of a bucket: what lies there took at most so long."""
    if value is None:
        return NONE
    if math.isinf(value):
        return "> 10 s"
    return f"≤ {value * 1000:g} ms" if value < 1 else f"≤ {value:g} s"


def duration(seconds: float) -> str:
    """Seconds as people read long times."""
    whole = int(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3_600:
        return f"{whole // 60} min {whole % 60} s"
    if whole < 86_400:
        return f"{whole // 3_600} h {whole % 3_600 // 60} min"
    return f"{whole // 86_400} d {whole % 86_400 // 3_600} h"

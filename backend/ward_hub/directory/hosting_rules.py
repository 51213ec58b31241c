"""Hosting that comes again every week (CALL-07), made into plain hostings of the days around now. Pure.

Rules speak of wall clock in the hospital's time zone, hostings of instants: whoever folds calls needs neither
calendar nor time zone. A rule's hosting of the 5th that ends on the 6th is the 5th's.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ward_hub.directory.model import Hosting
from ward_hub.documents.port import Json

BEHIND_MS = 24 * 3_600_000
AHEAD_MS = 8 * 24 * 3_600_000
"""How far hostings are made: a terminal that was away for a week still knows tonight's."""
DEFAULT_ZONE = "Asia/Shanghai"
_WITHOUT_DATABASE = timezone(timedelta(hours=8), DEFAULT_ZONE)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class HostingRule:
    """Every week on `weekdays` (1 Monday to 7 Sunday) from `from_time` until `until_time`, HH:MM.

    `until_time` not after `from_time`: it ends on the next day. `first` and `last`: dates on which a hosting
    may begin; `last` None: no end.
    """

    id: str
    from_group: str
    to: tuple[str, ...]
    weekdays: frozenset[int]
    from_time: time
    until_time: time
    first: date
    last: date | None


def zone_of(settings: Mapping[str, Json]) -> tzinfo:
    """The hospital's time zone, `settings["timezone"]`; in place of one that is not known, DEFAULT_ZONE."""
    name = settings.get("timezone", DEFAULT_ZONE)
    for wanted in (name, DEFAULT_ZONE):
        try:
            return ZoneInfo(str(wanted))
        except (ZoneInfoNotFoundError, ValueError, OSError):
            log.warning("time zone %r is not known here", wanted)
    return _WITHOUT_DATABASE


def expand(rules: Iterable[HostingRule], zone: tzinfo, now: int) -> Iterator[Hosting]:
    """The rules' hostings that touch [now - BEHIND_MS, now + AHEAD_MS), ids `{rule}.{YYYYMMDD}`.

    Where the clock jumps, a time that does not exist is the instant as far after the jump as it should have
    been after the hour before it; one that exists twice is its first.
    """
    since, until = now - BEHIND_MS, now + AHEAD_MS
    # A day more on both sides: yesterday's night is not over, and zones differ from UTC by up to 14 h.
    first_day = _day(since, zone) - timedelta(days=2)
    days = range((_day(until, zone) - first_day).days + 2)
    for rule in rules:
        for day in (first_day + timedelta(days=n) for n in days):
            if day.isoweekday() not in rule.weekdays or day < rule.first:
                continue
            if rule.last is not None and day > rule.last:
                continue
            over_midnight = rule.until_time <= rule.from_time
            end_day = day + timedelta(days=1) if over_midnight else day
            from_ms, until_ms = _instant(day, rule.from_time, zone), _instant(end_day, rule.until_time, zone)
            if from_ms < until_ms and until_ms > since and from_ms < until:
                yield Hosting(f"{rule.id}.{day:%Y%m%d}", rule.from_group, rule.to, from_ms, until_ms)


def _day(instant: int, zone: tzinfo) -> date:
    return datetime.fromtimestamp(instant / 1000, zone).date()


def _instant(day: date, at: time, zone: tzinfo) -> int:
    """ms since the epoch of a wall clock time. Through UTC: subtraction within one zone ignores its jumps."""
    local = datetime.combine(day, at, tzinfo=zone)
    return round(local.astimezone(UTC).timestamp() * 1000)

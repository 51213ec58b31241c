"""What is known of every device (DEV-01, DEV-03, DEV-06): its newest report, its address, when it was heard.

In memory for whoever asks, in SQL so that it is still there after a restart: a change at once, the rest of it
once a minute for all terminals together. Others hear of a report through `on_report`.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, insert, select

from ward_hub.access.port import Principal
from ward_hub.db.engine import Database
from ward_hub.fleet.report import BadReport, Report, parse_report, report_json, without_measured
from ward_hub.fleet.seen import Line, Lines, Seen, clock_is_off, seen
from ward_hub.fleet.tables import DeviceReportRow

STORE_EVERY_MS = 60_000
_CHUNK = 500
"""Rows a statement: SQLite takes 32,766 variables, older ones 999."""

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Known:
    """A terminal as the hub knows it. Times in ms."""

    first_heard_at: int
    last_heard_at: int
    address: str | None = None
    report: Report | None = None
    reported_at: int = 0
    """When the report came, 0 for one of an earlier process."""


class DeviceReports:
    """Keeps what terminals report. `handle` is the line's handler of `report`, `tick` belongs to a round."""

    def __init__(
        self,
        database: Database,
        lines: Lines,
        clock: Callable[[], int],
        elsewhere: Callable[[], Iterable[str]] = tuple,
    ) -> None:
        """`elsewhere`: terminals connected to other hubs of the installation; what they report is those
        hubs' to keep."""
        self._elsewhere = elsewhere
        self._database = database
        self._lines = lines
        self._clock = clock
        self._known: dict[str, Known] = {}
        self._connected: Mapping[str, Line] = {}
        self._changed: set[str] = set()
        self._heard: set[str] = set()
        self._stored_at = 0
        self.on_report: list[Callable[[str, Report], None]] = []

    async def load(self) -> None:
        """Read what was known before the hub started."""
        async with self._database.session() as session:
            rows = (await session.scalars(select(DeviceReportRow))).all()
        for row in rows:
            self._known[row.terminal] = Known(
                row.first_heard_at, row.last_heard_at, row.address, _stored_report(row)
            )

    async def handle(self, principal: Principal, message: Mapping[str, Any]) -> list[str]:
        """Take a `report` of the terminal whose device document it came at."""
        try:
            report = parse_report(message)
        except BadReport as bad:
            log.info("a report of %s refused: %s", principal.terminal, bad)
            return [json.dumps({"t": "error", "reason": "malformed", "field": str(bad)})]
        terminal, now = principal.terminal, self._clock()
        known = self._known.get(terminal)
        if known is None:
            known = self._known[terminal] = Known(now, now)
        before, known.report, known.last_heard_at = known.report, report, now
        known.reported_at = now
        if before is None or without_measured(before) != without_measured(report):
            self._changed.add(terminal)
        self._heard.add(terminal)
        if clock_is_off(report.offset_ms) and not (before and clock_is_off(before.offset_ms)):
            log.warning("the clock of %s is off by %d ms", terminal, report.offset_ms)
        for listener in self.on_report:
            listener(terminal, report)
        return []

    async def tick(self) -> frozenset[str]:
        """Look who is connected, store what is due; returns the terminals that have come since the last."""
        now = self._clock()
        before, self._connected = self._connected, self._lines.lines()
        for terminal, line in self._connected.items():
            known = self._known.get(terminal)
            if known is None:
                known = self._known[terminal] = Known(now, now)
                self._changed.add(terminal)
            known.last_heard_at = max(known.last_heard_at, now - line.silent_ms)
            if line.address is not None and line.address != known.address:
                known.address = line.address
                self._changed.add(terminal)
        self._heard.update(self._connected)
        # When it was last heard is told of one that has gone: that must be right after a restart.
        self._changed.update(before.keys() - self._connected.keys())
        await self._store_due(now)
        return frozenset(self._connected.keys() - before.keys())

    async def close(self) -> None:
        """Store all that was heard."""
        self._changed |= self._heard
        await self._store_due(self._clock())

    def of(self, terminal: str) -> Known | None:
        """What is known of a terminal; None: it was never here."""
        return self._known.get(terminal)

    def report(self, terminal: str) -> Report | None:
        known = self._known.get(terminal)
        return known.report if known else None

    def connected(self) -> Mapping[str, Line]:
        """Who is connected now, all at once; at other hubs too."""
        others = {terminal: Line(None, 0) for terminal in self._elsewhere()}
        return {**others, **self._lines.lines()} if others else self._lines.lines()

    def seen(self, terminal: str, line: Line | None) -> Seen:
        known = self._known.get(terminal)
        return seen(line, known is not None, known.report.rtt_ms if known and known.report else None)

    async def _store_due(self, now: int) -> None:
        if now - self._stored_at >= STORE_EVERY_MS:
            self._changed |= self._heard
            self._heard.clear()
            self._stored_at = now
        if not self._changed:
            return
        due, self._changed = self._changed, set()
        try:
            await self._store(due)
        except BaseException:
            self._changed |= due
            raise

    async def _store(self, terminals: Iterable[str]) -> None:
        rows = [_row(terminal, self._known[terminal]) for terminal in sorted(terminals)]
        async with self._database.session.begin() as session:
            for start in range(0, len(rows), _CHUNK):
                chunk = rows[start : start + _CHUNK]
                ids = [row["terminal"] for row in chunk]
                await session.execute(delete(DeviceReportRow).where(DeviceReportRow.terminal.in_(ids)))
                await session.execute(insert(DeviceReportRow), chunk)


def _row(terminal: str, known: Known) -> dict[str, Any]:
    return {
        "terminal": terminal,
        "report": None if known.report is None else report_json(known.report),
        "first_heard_at": known.first_heard_at,
        "last_heard_at": known.last_heard_at,
        "address": known.address,
    }


def _stored_report(row: DeviceReportRow) -> Report | None:
    """What an older hub stored may lack fields of today: then the terminal's next report fills them."""
    if row.report is None:
        return None
    try:
        return parse_report(row.report)
    except BadReport as bad:
        log.info("the stored report of %s is of another form: %s", row.terminal, bad)
        return None

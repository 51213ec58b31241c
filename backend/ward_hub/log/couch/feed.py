"""What other hubs store, from the database's continuous `_changes` feed.

A reader of its own, because aiocouch's waits for ever on a server that has gone silent, and ends on a long
line. Sequences are opaque; after a rewind or out of order everything is handed on again, which Yjs and facts
with ids bear. What `follow` hands out may therefore come twice, but nothing is left out in silence.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing, suppress
from typing import Any
from urllib.parse import quote

from aiohttp import ClientError, ClientResponse, ClientSession, ClientTimeout

from ward_hub.log.couch.client import Couch
from ward_hub.log.couch.documents import Json
from ward_hub.log.couch.names import META, parse_update_id
from ward_hub.log.port import LogDamaged, LogRefused, LogUnavailable, Record

log = logging.getLogger(__name__)

HEARTBEAT_S = 2.0
SILENCE_S = 5.0
"""Two heartbeats and a half: a frozen server raises nothing by itself (seen with `kill -STOP`)."""
LONGEST_LINE = 32 * 2**20
"""A document's body ends at 8 MB; what is longer was not written by a hub."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.1, 3.0
READ_BYTES = 2**20
_PLACE = rb'"seq":("[^"]*"|\d+)'
_NAME = rb'"id":"([^"\\]*)"'
_HEAD = re.compile(rb"\{" + _PLACE + b"," + _NAME)
"""How CouchDB begins a line."""
_HEAD_TAIL = re.compile(rb"\{" + _NAME + rb',"changes":\[.*,' + _PLACE + rb"\}\s*", re.DOTALL)
"""How PouchDB's server begins and ends one."""


class PlaceLost(Exception):
    """What came between cannot be read any more."""


class Feed:
    """The feed of one database for one start of a hub."""

    def __init__(
        self,
        couch: Couch,
        boot: str,
        records: Callable[[Json], Awaitable[tuple[Record, ...]]],
        *,
        monotonic: Callable[[], float],
        clock: Callable[[], int],
        random: Callable[[], float],
        window_s: float,
        heartbeat_s: float = HEARTBEAT_S,
        silence_s: float = SILENCE_S,
    ) -> None:
        """`records`: reads an update document. `clock`: ms since 1970. `random`: 0 to 1. `window_s`: how long
        covered updates stay in the database, so how long this hub may be away without loading again."""
        self._couch = couch
        self._boot = boot
        self._records = records
        self._monotonic = monotonic
        self._clock = clock
        self._random = random
        self._window_s = window_s
        self._heartbeat_s = heartbeat_s
        self._silence_s = silence_s
        self._since = "0"
        self.log_id: str | None = None
        """Which log is followed; one that is made in its place later has another."""
        self._closed = asyncio.Event()
        self._response: ClientResponse | None = None
        self.heard_at: float | None = None
        """When the database last said anything, a heartbeat too; by the monotonic clock."""
        self._heard_ms = 0
        self.lag_s: float | None = None
        """How long after its `at` the last record of another hub came, by two hubs' clocks."""
        self.reconnects = 0
        self.skipped = 0
        """Documents that could not be read and were left out."""

    async def begin(self, log_id: str) -> None:
        """Take the present end of the feed as the place to follow from."""
        self.log_id = log_id
        self._since = await self._now()
        self._hear()

    async def follow(self) -> AsyncGenerator[tuple[Record, ...] | None]:
        """Yield what other hubs have stored since `begin`; see the port."""
        failures = 0
        async with ClientSession(middlewares=self._couch.middlewares) as session:
            while not self._closed.is_set():
                try:
                    await self._check_place()
                    async with aclosing(self._lines(session)) as lines:
                        async for records in lines:
                            failures = 0
                            yield records
                except LogRefused:
                    if self._closed.is_set():
                        return
                    raise
                except PlaceLost as lost:
                    if failures == 0:
                        log.warning(
                            "feed of %s: %s; everything is loaded again", self._couch.address.shown, lost
                        )
                    if await self._begin_anew():
                        yield None
                        continue
                except (LogUnavailable, ClientError, OSError, TimeoutError, RuntimeError) as error:
                    if self._closed.is_set():
                        return
                    log.info("feed of %s interrupted: %s", self._couch.address.shown, type(error).__name__)
                pause_s = min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2 ** min(failures, 10))
                failures += 1
                self.reconnects += 1
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._closed.wait(), pause_s * (0.5 + self._random()))

    def close(self) -> None:
        """End `follow`, also one that waits."""
        self._closed.set()
        if self._response is not None:
            self._response.close()

    def _hear(self) -> None:
        self.heard_at = self._monotonic()
        self._heard_ms = self._clock()

    async def _now(self) -> str:
        answer = await self._couch.read("GET", "/_changes", params={"since": "now", "limit": 0})
        return str(answer.body["last_seq"])

    async def _check_place(self) -> None:
        """Raise PlaceLost when it is not the same log any more, or updates may have been removed unseen."""
        meta = await self._couch.get(META)
        if meta is None or meta.get("log") != self.log_id:
            raise PlaceLost("another log is there now")
        # by both clocks: the monotonic one stands still while a machine sleeps, the other may be set
        away_s = max(self._monotonic() - (self.heard_at or 0.0), (self._clock() - self._heard_ms) / 1000)
        if away_s > self._window_s:
            raise PlaceLost(f"nothing was heard for more than {self._window_s:.0f} s")

    async def _begin_anew(self) -> bool:
        """Take the place of now; False while there is no log to follow."""
        try:
            meta = await self._couch.get(META)
            if meta is None:
                return False
            await self.begin(str(meta["log"]))
        except LogRefused:
            raise
        except LogUnavailable:
            return False
        return True

    async def _lines(self, session: ClientSession) -> AsyncGenerator[tuple[Record, ...] | None]:
        address = self._couch.address
        url = f"{address.server}/{quote(address.database, safe='')}/_changes"
        params = {
            "feed": "continuous",
            "include_docs": "true",
            "heartbeat": str(int(self._heartbeat_s * 1000)),
            "since": self._since,
        }
        timeout = ClientTimeout(total=None, sock_connect=self._silence_s, sock_read=self._silence_s)
        async with session.get(
            url, params=params, timeout=timeout, read_bufsize=READ_BYTES, allow_redirects=False
        ) as response:
            self._response = response
            if response.status in (401, 403):
                raise self._couch.refuse(response.status, response.reason)
            if response.status == 404:
                raise PlaceLost("the database is gone")
            if response.status != 200:
                raise LogUnavailable(f"{address.shown}: the feed answered {response.status}")
            line = bytearray()
            overlong = False
            async for chunk in response.content.iter_any():
                self._hear()
                start = 0
                while (end := chunk.find(b"\n", start)) >= 0:
                    line += chunk[start:end]
                    start = end + 1
                    if overlong:
                        overlong = False
                        line.clear()
                        yield None
                    elif line.strip():
                        whole = bytes(line)
                        line.clear()
                        if (records := await self._read_line(whole)) is not None:
                            yield records
                    else:
                        line.clear()
                line += chunk[start:]
                if len(line) > LONGEST_LINE or overlong:
                    if not overlong:
                        log.error("feed of %s: a line over %d bytes left out", address.shown, LONGEST_LINE)
                        self.skipped += 1
                    overlong = True
                    line.clear()

    async def _read_line(self, line: bytes) -> tuple[Record, ...] | None:
        """Return the records of another hub's append, None for everything else that a line may be."""
        head = _HEAD.match(line)
        place, name = head.groups() if head else (None, None)
        if head is None and (match := _HEAD_TAIL.fullmatch(line)):
            name, place = match.groups()
        row: Json | None = None
        if place is None or name is None:
            row = json.loads(line)
            if not isinstance(row, dict) or "id" not in row:
                # {"last_seq": …} ends a feed: the database was deleted, or the server closes it
                if not isinstance(row, dict) or "last_seq" not in row:
                    raise LogUnavailable("the feed brought what is no line of a feed")
                return None
            place, name = json.dumps(row["seq"]).encode(), str(row["id"]).encode()
        update = parse_update_id(name.decode("utf-8", "replace"))
        records: tuple[Record, ...] | None = None
        if update is not None and update.boot != self._boot:
            records = await self._records_of(row or json.loads(line))
        self._since = _sequence(place)
        return records

    async def _records_of(self, row: Json) -> tuple[Record, ...] | None:
        body: Any = row.get("doc")
        if row.get("deleted") or not isinstance(body, dict) or body.get("_deleted"):
            return None
        try:
            records = await self._records(body)
        except LogDamaged as error:
            # one document's bad data must not end the feed of all others; loading it says so again
            log.error("feed of %s: left out: %s", self._couch.address.shown, error)
            self.skipped += 1
            return None
        if records:
            self.lag_s = (self._clock() - records[0].at) / 1000
        return records or None


def _sequence(place: bytes) -> str:
    """A sequence as `since` takes it: a string without its quotes, or a number."""
    return str(json.loads(place))

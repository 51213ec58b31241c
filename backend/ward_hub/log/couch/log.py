"""The log on CouchDB: several hubs append to one database and follow what the others append.

What one append stores of one document is one CouchDB document, so it is there as a whole or not at all. Facts
stand a second time by their key, written after it and before `append` returns. If a hub dies between the two,
its terminals send the fact again and it is stored again: facts have ids, so twice is once. Where none does,
compacting the document puts it there.
"""

from __future__ import annotations

import asyncio
import json
import random
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass

from aiohttp import ClientMiddlewareType

from ward_hub.log.check import check_records
from ward_hub.log.couch.client import REQUEST_S, Couch, parse_address
from ward_hub.log.couch.documents import (
    VERSION,
    Json,
    decode_fact,
    encode_fact,
    encode_update,
    encode_void,
    same,
    weigh,
)
from ward_hub.log.couch.feed import HEARTBEAT_S, SILENCE_S, Feed
from ward_hub.log.couch.group import CLOSING_S, GroupCommit
from ward_hub.log.couch.lease_store import CouchLeases
from ward_hub.log.couch.names import (
    META,
    UpdateId,
    boot_name,
    fact_id,
    is_fact_id,
    parse_update_id,
    partition_of,
)
from ward_hub.log.couch.snapshots import Snapshots
from ward_hub.log.port import (
    Cursor,
    Finding,
    LogDamaged,
    LogRefused,
    LogUnavailable,
    Record,
    RecordKind,
    Severity,
    StorageFull,
)

READ_PAGE = 500
FACTS = frozenset({RecordKind.FACT, RecordKind.REFUSED})
PAUSE_S = 0.2


@dataclass(frozen=True, slots=True)
class Times:
    """How long things may take, in seconds.

    `request_s`: one request. `write_s`: how long a write in doubt is tried again before its append fails.
    `window_s`: how long updates stay after a snapshot has covered them. `heartbeat_s`, `silence_s`: how often
    the feed says something, and after how long without it is dead.
    """

    request_s: float = REQUEST_S
    write_s: float = 15.0
    window_s: float = 24 * 3600.0
    heartbeat_s: float = HEARTBEAT_S
    silence_s: float = SILENCE_S


DEFAULT_TIMES = Times()


class CouchLog:
    """Log adapter on one CouchDB database, which several hubs may hold."""

    def __init__(
        self,
        couch: Couch,
        boot: str,
        times: Times,
        *,
        clock: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
        monotonic: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """`boot`: this start's name (names.py). `clock`: ms since 1970. `chance`: 0 to 1."""
        self._couch = couch
        self.boot = boot
        self._times = times
        self._monotonic = monotonic
        self._given_up: dict[str, set[UpdateId]] = {}
        """Writes whose end nobody knows, by document."""
        self._counters: dict[str, int] = {}
        self._under_way: set[asyncio.Task[None]] = set()
        self._closing = False
        self._group = GroupCommit(couch, monotonic)
        self._snapshots = Snapshots(couch, clock, int(times.window_s * 1000))
        self._feed = Feed(
            couch,
            boot,
            self._snapshots.records,
            monotonic=monotonic,
            clock=clock,
            random=chance,
            window_s=times.window_s,
            heartbeat_s=times.heartbeat_s,
            silence_s=times.silence_s,
        )
        self.leases = CouchLeases(couch, self._group, monotonic)
        """Leases on the same database."""

    @property
    def log_id(self) -> str | None:
        """Which log this is; one that is made in its place later has another."""
        return self._feed.log_id

    @property
    def feed_heard_at(self) -> float | None:
        """When the feed last brought anything, a heartbeat too; by the monotonic clock."""
        return self._feed.heard_at

    @property
    def feed_lag(self) -> float | None:
        """How many seconds after its `at` the last record of another hub came (two hubs' clocks)."""
        return self._feed.lag_s

    @property
    def feed_reconnects(self) -> int:
        """How often the feed has broken and was taken up again."""
        return self._feed.reconnects

    @property
    def feed_skipped(self) -> int:
        """How many documents the feed left out because they could not be read."""
        return self._feed.skipped

    @property
    def requests(self) -> int:
        """How many groups of writes were sent."""
        return self._group.requests

    @property
    def waiting(self) -> int:
        """How many documents wait to be written."""
        return self._group.waiting

    async def begin(self, log_id: str) -> None:
        """Take the present as the place from which `follow` goes on."""
        await self._feed.begin(log_id)

    async def append(self, records: Sequence[Record]) -> None:
        if not records:
            return
        self._check_open()
        by_document: dict[str, list[Record]] = {}
        for record in records:
            by_document.setdefault(record.document, []).append(record)
        until = self._monotonic() + self._times.write_s
        # counted before anything waits, so that a document's appends keep the order of the calls
        first = [(document, part, self._next(document)) for document, part in by_document.items()]
        task = asyncio.get_running_loop().create_task(self._append(first, until))
        self._under_way.add(task)
        task.add_done_callback(self._done)
        # an append whose caller goes away still writes its facts
        await asyncio.shield(task)

    async def load(self, document: str) -> list[bytes]:
        self._check_open()
        await self._close_given_up(document)
        return await self._snapshots.load(document)

    async def _close_given_up(self, document: str) -> None:
        """Before anything is read: a write that was given up must not land later, when something else stands
        under its Yjs clocks. Raises LogUnavailable."""
        for name in sorted(self._given_up.get(document, ()), key=str):
            void = encode_void(name, document)
            # Stored: it cannot come any more. A conflict: it is there, and is read.
            await self._group.put(void, weigh(void), self._monotonic() + self._times.write_s)
            self._given_up[document].discard(name)
        if not self._given_up.get(document, True):
            del self._given_up[document]

    async def known(self, keys: Sequence[str]) -> dict[str, Record]:
        self._check_open()
        wanted = list(dict.fromkeys(keys))
        by_id = {fact_id(kind, key): key for kind in (RecordKind.FACT, RecordKind.REFUSED) for key in wanted}
        found = await self._couch.look_up(list(by_id)) if by_id else {}
        known: dict[str, Record] = {}
        for name, key in by_id.items():
            if name in found:
                known.setdefault(key, decode_fact(found[name]))
        return known

    async def read(
        self, after: Cursor, kinds: frozenset[RecordKind] | None = None
    ) -> AsyncIterator[tuple[Cursor, Record]]:
        """See the port. Facts are read by their key: one that came twice appears where it came first."""
        self._check_open()
        wanted = frozenset(RecordKind) if kinds is None else kinds
        since, begun, done = _parse_cursor(after)
        while True:
            params = {"since": since, "limit": READ_PAGE}
            rows = (await self._couch.read("GET", "/_changes", params=params)).body["results"]
            names = [row["id"] for row in rows if not row.get("deleted") and _holds(row["id"], wanted)]
            bodies, asked = await self._couch.look_up(names), set(names)
            for row in rows:
                sequence = str(row["seq"])
                body = bodies.get(row["id"])
                if body is None and row["id"] in asked:
                    # `_all_docs` asks one copy of a shard, which may lag behind the feed; this asks a quorum.
                    body = await self._couch.get(row["id"])
                if body is not None:
                    records = await self._records(body, wanted)
                    for number, record in enumerate(records, start=1):
                        if row["id"] == begun and number <= done:
                            continue
                        last = number == len(records)
                        yield sequence if last else _cursor(since, row["id"], number), record
                since = sequence
            if len(rows) < READ_PAGE:
                return

    async def follow(self) -> AsyncIterator[tuple[Record, ...] | None]:
        """See the port; the place is that of opening the log, or what an earlier `follow` has reached."""
        async with aclosing(self._feed.follow()) as feed:
            async for records in feed:
                yield records

    async def compact(self, document: str) -> None:
        self._check_open()
        await self._snapshots.compact(document)

    async def tidy(self) -> int:
        """Remove updates that snapshots have covered for the retention window, in all documents; return how
        many. `compact` does it for its own document, so this is for those nobody writes to any more."""
        self._check_open()
        return sum([await self._snapshots.tidy(document) async for document in self._snapshots.documents()])

    async def check(self) -> AsyncIterator[Finding]:
        self._check_open()
        documents = [document async for document in self._snapshots.documents()]
        async for finding in check_records(self, documents):
            yield finding
        for document in documents:
            with suppress(LogDamaged):  # found above
                if missing := await self._snapshots.facts_without_key(document):
                    what = f"{missing} facts are not found by their key until the document is compacted"
                    yield Finding(Severity.NOTICE, "facts", what, document)

    async def close(self) -> None:
        if self._closing:
            return
        self._closing = True
        self._feed.close()
        self._group.hurry()
        if self._under_way:
            await asyncio.wait(self._under_way, timeout=CLOSING_S)
        await self._couch.close()  # which ends what a silent server has not answered
        await self._group.close()

    def _check_open(self) -> None:
        if self._closing:
            raise LogUnavailable("the log is closed")
        self._couch.check_open()

    def _done(self, task: asyncio.Task[None]) -> None:
        self._under_way.discard(task)
        if not task.cancelled():
            task.exception()  # looked at, for a caller who has gone away

    def _next(self, document: str) -> UpdateId:
        partition = partition_of(document)
        self._counters[partition] = self._counters.get(partition, 0) + 1
        return UpdateId(partition, self.boot, self._counters[partition])

    async def _append(self, parts: Sequence[tuple[str, list[Record], UpdateId]], until: float) -> None:
        await _all([self._store(document, part, name, until) for document, part, name in parts])
        facts: dict[str, Json] = {}
        for _, part, _ in parts:
            for record in part:
                if record.kind in FACTS and record.key is not None:
                    facts.setdefault(fact_id(record.kind, record.key), encode_fact(record))
        await _all([self._group.put(body, weigh(body), until) for body in facts.values()])

    async def _store(self, document: str, records: list[Record], name: UpdateId, until: float) -> None:
        try:
            while True:
                body = encode_update(name, document, records)
                if await self._group.put(body, weigh(body), until) is not None:
                    return
                # the id is taken: by an earlier try of this write, or by a void that closed a gap
                stored = await self._read_back(str(name), until)
                if stored is not None and same(body, stored):
                    return
                name = self._next(document)
        except LogUnavailable:
            self._given_up.setdefault(document, set()).add(name)
            raise

    async def _read_back(self, name: str, until: float) -> Json | None:
        while True:
            try:
                return (await self._couch.look_up([name])).get(name)
            except LogRefused:
                raise
            except LogUnavailable:
                if self._monotonic() >= until:
                    raise
                await asyncio.sleep(PAUSE_S)

    async def _records(self, body: Json, kinds: frozenset[RecordKind]) -> Sequence[Record]:
        if "record" in body:
            return (decode_fact(body),)
        records = await self._snapshots.records(body) if RecordKind.UPDATE in kinds else ()
        return [record for record in records if record.kind is RecordKind.UPDATE]


async def open_couch_log(
    url: str, hub: str, middlewares: Sequence[ClientMiddlewareType] = (), times: Times = DEFAULT_TIMES
) -> CouchLog:
    """Open the log at `http[s]://USER:PASSWORD@HOST:PORT/DATABASE`; the database is made if it is missing.

    `hub`: this hub's name among those on it. `middlewares`: of aiohttp, for every request.
    Raises ValueError for an address or name that is none, LogRefused, LogUnavailable.
    """
    address = parse_address(url)
    boot = boot_name(hub, time.time_ns() // 1_000_000, secrets.token_hex(4))
    couch = Couch(address, middlewares, times.request_s)
    log = CouchLog(couch, boot, times)
    try:
        await _make_database(couch)
        await log.begin(await _log_id(couch))
    except BaseException:
        await couch.close()
        raise
    return log


async def _make_database(couch: Couch) -> None:
    """Create the database, partitioned where the server can, unless it is there."""
    if (await couch.ask("GET", expected=(404,))).body is not None:
        return
    made = await couch.ask("PUT", params={"partitioned": "true"}, expected=(412,), privileged=True)
    if made.status in (401, 403):
        what = "there is no such database, and this user may not make one"
        raise LogRefused(f"{couch.address.shown}: {what} (status {made.status})")


async def _log_id(couch: Couch) -> str:
    """Return what tells this log from one that stands in its place later."""
    meta = await couch.get(META)
    if meta is None:
        await couch.put({"_id": META, "v": VERSION, "log": secrets.token_hex(8)})
        meta = await couch.get(META)  # another hub's, if that was first
    if meta is None or meta.get("v") != VERSION:
        raise LogUnavailable(f"{couch.address.shown}: holds no log of version {VERSION}")
    return str(meta["log"])


async def _all(work: Sequence[Awaitable[object]]) -> None:
    """Await everything, then raise the error that says most: what was stored of the rest is then unknown."""
    outcomes = await asyncio.gather(*work, return_exceptions=True)
    errors = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
    if not errors:
        return
    refused = next((error for error in errors if isinstance(error, LogRefused)), errors[0])
    if isinstance(refused, StorageFull) and len(errors) < len(outcomes):
        raise LogUnavailable(f"stored in part: {refused}") from refused
    raise refused


def _holds(name: str, kinds: frozenset[RecordKind]) -> bool:
    if RecordKind.UPDATE in kinds and parse_update_id(name) is not None:
        return True
    return is_fact_id(name, kinds & FACTS)


def _cursor(since: str, name: str, number: int) -> Cursor:
    return json.dumps([since, name, number])


def _parse_cursor(after: Cursor) -> tuple[str, str, int]:
    """A place is a sequence, or one with how many records of the document behind it were read."""
    if after.startswith("["):
        since, name, number = json.loads(after)
        return str(since), str(name), int(number)
    return after or "0", "", 0

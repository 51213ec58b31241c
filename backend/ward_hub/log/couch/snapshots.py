"""Loading a document, replacing its updates by a snapshot, and removing them once nobody needs them.

A snapshot says up to which counter of each start of a hub it `covers` the updates; it covers only what was
read back from the database, without a gap. Covered updates stay for a retention window: a hub that was away
for less finds in the feed what it has missed, and no load under way loses what it is about to read.
"""

from __future__ import annotations

import asyncio
import heapq
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ward_hub.log.couch.client import Couch
from ward_hub.log.couch.documents import (
    ATTACHMENT,
    VERSION,
    Json,
    attach,
    checksum,
    decode_update,
    encode_fact,
    encode_void,
    payloads_are_attached,
)
from ward_hub.log.couch.names import (
    UpdateId,
    fact_id,
    hub_of,
    parse_update_id,
    partition_of,
    snapshot_id,
    updates_above,
    updates_of,
    updates_up_to,
)
from ward_hub.log.port import LogDamaged, LogUnavailable, Record, RecordKind
from ward_hub.log.snapshot import merge

STATE = "state"
SNAPSHOT_S = 30.0
"""Writing or reading a snapshot of tens of MB may take this long."""
GAP_AGE_MS = 60_000
"""A gap in a start's counters this old is closed: its write has been given up, or comes under another id."""
MARKS_PER_WINDOW = 8
REMOVED_AT_ONCE = 100
"""`_purge` takes at most so many documents."""


@dataclass(frozen=True, slots=True)
class Stored:
    """One update document as it was read."""

    id: UpdateId
    at: int
    records: tuple[Record, ...]

    def updates(self) -> list[bytes]:
        return [record.payload for record in self.records if record.kind is RecordKind.UPDATE]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """`marks`: from when on (ms) the snapshots have covered at least what; oldest first."""

    payload: bytes
    covers: dict[str, int]
    marks: tuple[tuple[int, dict[str, int]], ...]
    revision: str

    def removable(self, before: int) -> dict[str, int]:
        """What has been covered since before that moment."""
        return next((covers for at, covers in reversed(self.marks) if at <= before), {})


class Snapshots:
    """Documents of one database, as a whole."""

    def __init__(self, couch: Couch, clock: Callable[[], int], window_ms: int) -> None:
        """`clock`: ms since 1970. `window_ms`: how long updates stay after a snapshot has covered them."""
        self._couch = couch
        self._clock = clock
        self._window_ms = window_ms
        self._purges = True

    async def load(self, document: str) -> list[bytes]:
        """Return the snapshot's state, if there is one, and all updates that it does not cover."""
        snapshot = await self._read(document)
        stored = await self._uncovered(document, snapshot.covers if snapshot else {})
        updates = [payload for each in stored for payload in each.updates()]
        return [snapshot.payload, *updates] if snapshot else updates

    async def compact(self, document: str) -> None:
        """Write a snapshot if there is anything to replace, then remove what may be removed."""
        snapshot = await self._read(document)
        covers = dict(snapshot.covers) if snapshot else {}
        stored = await self._uncovered(document, covers)
        taken = _without_gaps(stored, covers)
        updates = [payload for each in taken for payload in each.updates()]
        states = [snapshot.payload, *updates] if snapshot else updates
        if updates and len(states) > 1:
            try:
                payload = await asyncio.to_thread(merge, states)
            except ValueError as error:
                raise LogUnavailable(f"not compacted, an update cannot be read: {error}") from None
            await self._add_facts(taken)
            for each in taken:
                covers[each.id.boot] = max(covers.get(each.id.boot, 0), each.id.counter)
            await self._write(document, payload, await self._alive(document, covers), snapshot)
        await self._close_gaps(document, covers, stored)
        if snapshot:
            await self._remove(document, snapshot)

    async def tidy(self, document: str) -> int:
        """Remove a document's updates that have been covered for the window; return how many."""
        snapshot = await self._read(document)
        return await self._remove(document, snapshot) if snapshot else 0

    async def facts_without_key(self, document: str) -> int:
        """Return how many facts of a document are not found by their key: their hub died between the two
        writes. Compacting puts them there."""
        return len(await self._missing_facts(await self._uncovered(document, {})))

    async def documents(self) -> AsyncIterator[str]:
        """Yield the names of all documents; asks twice for each, so it is for work in the background."""
        for kind in "dh":
            first = f"{kind}."
            while True:
                rows = await self._couch.rows((first, f"{kind}/"), limit=1)
                if not rows:
                    break
                yield str(rows[0]["doc"]["doc"])
                first = rows[0]["id"].partition(":")[0] + ";"

    async def records(self, body: Json) -> tuple[Record, ...]:
        """Return the records of an update document, fetching what is attached. Raises LogDamaged."""
        attached = b""
        if payloads_are_attached(body):
            attached = await self._couch.attachment(body["_id"], ATTACHMENT)
        return decode_update(body, attached)

    async def _read(self, document: str) -> Snapshot | None:
        name = snapshot_id(partition_of(document))
        body = await self._couch.get(name, attachments="true")
        if body is None:
            return None
        try:
            covers, marks = body["covers"], tuple((int(at), dict(seen)) for at, seen in body["marks"])
            payload = b64decode(body["_attachments"][STATE]["data"], validate=True)
        except (KeyError, TypeError, ValueError, Base64Error):
            raise LogDamaged(f"{name}: cannot be read") from None
        if body.get("v") != VERSION or body.get("sum") != _sum(body["doc"], covers, payload):
            raise LogDamaged(f"{name}: the checksum or the version does not match")
        if body["doc"] != document:
            raise LogDamaged(f"{name}: stands for another document")
        return Snapshot(payload, covers, marks, str(body["_rev"]))

    async def _uncovered(self, document: str, covers: Mapping[str, int]) -> list[Stored]:
        """Return what stands above `covers`: each start's in its order, starts interleaved by their time,
        because Yjs is slow with updates that come long before what they build on."""
        ranges = updates_above(partition_of(document), covers)
        found = [each for part in await asyncio.gather(*map(self._range, ranges)) for each in part]
        starts: dict[str, list[Stored]] = {}
        for each in sorted(found, key=lambda each: each.id):
            if any(record.document != document for record in each.records):
                raise LogDamaged(f"{each.id}: stands for another document")
            starts.setdefault(each.id.boot, []).append(each)
        return list(heapq.merge(*starts.values(), key=lambda each: each.at))

    async def _range(self, keys: tuple[str, str]) -> list[Stored]:
        stored: list[Stored] = []
        async for row in self._couch.between(keys):
            name = parse_update_id(row["id"])
            if name is not None:
                records = await self.records(row["doc"])
                stored.append(Stored(name, records[0].at if records else 0, records))
        return stored

    async def _write(
        self, document: str, payload: bytes, covers: dict[str, int], before: Snapshot | None
    ) -> None:
        """Store a snapshot; another hub's that came first stands, and ours is dropped."""
        now = self._clock()
        marks = list(before.marks) if before else []
        while len(marks) > 1 and marks[1][0] <= now - self._window_ms:
            marks.pop(0)
        if not marks or now - marks[-1][0] >= self._window_ms / MARKS_PER_WINDOW:
            marks.append((now, covers))
        body: Json = {
            "_id": snapshot_id(partition_of(document)),
            "v": VERSION,
            "doc": document,
            "covers": covers,
            "marks": marks,
            "sum": _sum(document, covers, payload),
            "_attachments": attach(STATE, payload),
        }
        if before is not None:
            body["_rev"] = before.revision
        await self._couch.put(body, SNAPSHOT_S)

    async def _add_facts(self, stored: Sequence[Stored]) -> None:
        """Store what is missing of their facts by key, before nothing but that is left of them."""
        missing = await self._missing_facts(stored)
        rows = (await self._couch.bulk(list(missing.values()))).body if missing else ()
        if any("rev" not in row and row.get("error") != "conflict" for row in rows):
            raise LogUnavailable("not compacted: a fact was not stored by its key")

    async def _missing_facts(self, stored: Sequence[Stored]) -> dict[str, Json]:
        facts: dict[str, Json] = {}
        for each in stored:
            for record in each.records:
                if record.kind is not RecordKind.UPDATE and record.key is not None:
                    facts.setdefault(fact_id(record.kind, record.key), encode_fact(record))
        found = await self._couch.look_up(list(facts))
        return {name: body for name, body in facts.items() if name not in found}

    async def _alive(self, document: str, covers: dict[str, int]) -> dict[str, int]:
        """Return `covers` without starts that can write no more and have no document left.

        A start has ended when its hub has a later one; without this the vector grew with every restart.
        """
        partition = partition_of(document)
        last = {hub_of(boot): boot for boot in sorted(covers)}
        alive = dict(covers)
        for boot in covers.keys() - last.values():
            if not await self._couch.rows(updates_of(partition, boot), documents=False, limit=1):
                del alive[boot]
        return alive

    async def _close_gaps(self, document: str, covers: Mapping[str, int], stored: Sequence[Stored]) -> None:
        """Write void documents into old gaps, so that what stands behind them can be covered next time.

        A write that is still under way into such a gap finds the id taken, and its hub takes another.
        """
        voids: list[Json] = []
        expected = dict(covers)
        for each in stored:
            boot, counter = each.id.boot, each.id.counter
            first = expected.get(boot, 0) + 1
            expected[boot] = max(counter, first - 1)
            if counter > first and each.at <= self._clock() - GAP_AGE_MS:
                gap = range(first, min(counter, first + REMOVED_AT_ONCE))
                voids += [encode_void(UpdateId(each.id.partition, boot, number), document) for number in gap]
        # Pages are read from one copy of a shard, which may lag behind: a quorum is asked before anything is
        # called missing for good.
        missing = [void for void in voids if await self._couch.get(void["_id"]) is None]
        if missing:
            await self._couch.bulk(missing)

    async def _remove(self, document: str, snapshot: Snapshot) -> int:
        removed = 0
        partition = partition_of(document)
        for boot, counter in snapshot.removable(self._clock() - self._window_ms).items():
            rows: list[Json] = []
            async for row in self._couch.between(updates_up_to(partition, boot, counter), documents=False):
                rows.append(row)
            for start in range(0, len(rows), REMOVED_AT_ONCE):
                await self._remove_rows(rows[start : start + REMOVED_AT_ONCE])
            removed += len(rows)
        return removed

    async def _remove_rows(self, rows: Sequence[Json]) -> None:
        """Purge, which leaves nothing behind; delete where the server or this user's rights do not let us."""
        if self._purges:
            purged: dict[str, Any] = {row["id"]: [row["value"]["rev"]] for row in rows}
            answer = await self._couch.ask(
                "POST", "/_purge", body=purged, expected=(400, 404, 405, 501), privileged=True
            )
            self._purges = answer.body is not None
        if not self._purges:
            deleted = [{"_id": row["id"], "_rev": row["value"]["rev"], "_deleted": True} for row in rows]
            await self._couch.bulk(deleted)


def _without_gaps(stored: Sequence[Stored], covers: Mapping[str, int]) -> list[Stored]:
    """Return those that follow on from `covers`, start by start, up to the first gap."""
    reached = dict(covers)
    taken: list[Stored] = []
    for each in stored:
        if each.id.counter == reached.get(each.id.boot, 0) + 1:
            reached[each.id.boot] = each.id.counter
            taken.append(each)
    return taken


def _sum(document: str, covers: Mapping[str, int], payload: bytes) -> int:
    return checksum([document, sorted(covers.items())], payload)

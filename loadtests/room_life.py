"""A room that calls for years, in process and by a virtual clock: the hub's own call service, doc room,
retention, compaction and SQLite log; only sockets and SQL are left out.

Every day the hub and every terminal of the room start anew. Calls overlap, are talked about, attended,
taken back or left open for hours and a few for days, so what leaves the document leaves it in no order.
"""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from heapq import heappop, heappush
from pathlib import Path
from typing import Any

from pycrdt import Array, Doc
from ward_hub.access.port import Access, AccessRefused, Principal
from ward_hub.calls.call_types import load_call_types
from ward_hub.calls.entry import Entry
from ward_hub.calls.service import CallService
from ward_hub.calls.signatures import verify
from ward_hub.doc_rooms.host import Host
from ward_hub.doc_rooms.peer import Peer
from ward_hub.doc_rooms.rules import ward_rules
from ward_hub.documents import names
from ward_hub.fan_out.frames import WireFrame
from ward_hub.log.sqlite import SqliteLog
from ward_sync.directory import Directory, parse_directory
from ward_sync.facts import Act
from ward_sync.messages import SyncStep1
from ward_sync.update import EMPTY_STATE_VECTOR

from tests.helpers.signing import Signer, id_of

BEGIN_MS = 1_800_000_000_000
DAY_MS = 86_400_000
MINUTE_MS = 60_000
PRUNE_AFTER_MS = 11 * MINUTE_MS
"""A call leaves 10 min after its end; the hub looks every minute."""
LEFT_OPEN = 0.01
"""Share of calls that nobody ends for up to three days."""
WARD, ROOM = "thoracic", "r01"
DOCUMENT = names.calls(WARD, ROOM)
_CLIENT_ID = 7
_FOREVER = 2**53


@dataclass(frozen=True, slots=True)
class Sizes:
    """What a terminal gets that joins with nothing, and what lies on the disk; bytes."""

    update: int
    state_vector: int
    items: int
    log_file: int


class _Gate:
    def authenticate(self, token: str) -> Principal:
        raise AccessRefused("permission-denied")

    def access(self, principal: Principal, document: str) -> Access:
        return Access(read=True, facts=True)


class _NoArchive:
    """Nothing here comes later than its document remembers."""

    async def closing(self, calls: Sequence[str]) -> list[Entry]:
        return []

    async def naming(self, calls: Sequence[str]) -> list[Entry]:
        return []


class _Screen:
    """The socket of a terminal that reads everything."""

    def push(self, frame: WireFrame) -> None:
        return

    def close(self, code: int) -> None:
        return


class RoomLife:
    """One room of two beds, its door, a station and a PDA. `live(days)`, then `sizes()`."""

    def __init__(self, path: Path, seed: int = 0) -> None:
        self._path = path
        self._random = random.Random(seed)
        self._beds = [Signer("bed-b01", WARD, ROOM), Signer("bed-b02", WARD, ROOM)]
        self._door = Signer("door-r01", WARD, ROOM)
        self._station = Signer("station-main", WARD, ROOM)
        self._pda = Signer("pda-01", WARD, ROOM)
        self._directory = self._make_directory()
        self._day = 0
        self._order = 0
        self.now = BEGIN_MS
        self.facts = 0
        self.largest_update = 0
        """The largest document at any look for what may leave."""
        self._plan: list[_Planned] = []
        self._log: SqliteLog
        self._host: Host
        self._calls: CallService

    async def live(self, days: int, calls_a_day: int) -> None:
        """Let so many days pass, each from one start of the hub to the next."""
        for _ in range(days):
            begin = BEGIN_MS + self._day * DAY_MS
            self._day += 1
            self.now = begin
            self._start()
            for _ in range(calls_a_day):
                self._plan_call(begin + self._random.randrange(DAY_MS))
            await self._pass_until(begin + DAY_MS)
            await self._stop()

    async def sizes(self) -> Sizes:
        """As a terminal finds it that joins after the next start."""
        self._start()
        found = await self._measure()
        await self._stop()
        return found

    def _start(self) -> None:
        self._log = SqliteLog(self._path)
        gate = _Gate()
        self._calls = CallService(
            self._log,
            gate,
            lambda ward: self._directory if ward == WARD else None,
            verify,
            _NoArchive(),
            lambda _terminal, _from, _until: False,
            lambda: self.now,
        )
        self._host = Host(self._log, gate, ward_rules({}), self._calls, lambda: self.now, _CLIENT_ID)
        self._calls.attach(self._host)
        for signer in (*self._beds, self._door, self._station, self._pda):
            peer = self._host.attach(
                _Screen(), DOCUMENT, DOCUMENT, _principal(signer), Access(read=True, facts=True)
            )
            self._host.hear(peer, SyncStep1(EMPTY_STATE_VECTOR))

    async def _stop(self) -> None:
        """The hub ends as it does when it is told to."""
        await self._host.close()
        await self._log.close()

    async def _measure(self) -> Sizes:
        def look(doc: Doc[Any]) -> tuple[int, int, int]:
            return len(doc.get_update()), len(doc.get_state()), len(doc.get("facts", type=Array))

        update, state_vector, items = await self._host.read(DOCUMENT, look)
        return Sizes(update, state_vector, items, self._path.stat().st_size)

    async def _pass_until(self, end: int) -> None:
        """Carry the plan out in the order of its times; what an act names was placed before it."""
        while self._plan and self._plan[0].at < end:
            planned = heappop(self._plan)
            self.now = planned.at
            if planned.act is None:
                self.largest_update = max(self.largest_update, (await self._measure()).update)
                await self._calls.prune(DOCUMENT)
                self._host.sweep(self.now)
                continue
            payload = json.dumps({"t": "facts", "facts": [planned.wire()]})
            peer = Peer(
                _Screen(),
                DOCUMENT,
                DOCUMENT,
                _principal(planned.act.signer),
                Access(read=True, facts=True),
            )
            (answer,) = await self._calls.handle(peer, DOCUMENT, payload)
            if json.loads(answer)["t"] != "stored":
                raise RuntimeError(f"a fact was not taken: {answer}")
            self.facts += 1
            await asyncio.sleep(0)

    def _plan_call(self, at: int) -> None:
        pick = self._random.random()
        bathroom = pick < 0.15
        source = self._door if bathroom else self._random.choice(self._beds)
        call = _Act(source, Act.PLACED, bathroom=bathroom)
        self._add(at, call)
        self._add(at + 200, _Act(self._station, Act.RECEIVED, (call,)))
        takes = self._random.choice((self._station, self._pda))
        wait = self._random.choice((5_000, 20_000, 60_000, 25 * MINUTE_MS, 100 * MINUTE_MS))
        if self._random.random() < LEFT_OPEN:
            wait = self._random.randrange(3 * DAY_MS)
        if pick > 0.9:
            self._add(at + wait, _Act(source, Act.CANCELLED, (call,)))
        elif pick > 0.6:
            answered = _Act(takes, Act.ANSWERED, (call,))
            self._add(at + wait, answered)
            self._add(at + wait + 12_000, _Act(takes, Act.ENDED, (call,)))
        else:
            self._add(at + wait, _Act(takes, Act.ACKNOWLEDGED, (call,)))
            attended = _Act(self._door, Act.ATTENDED, (call,))
            self._add(at + wait + 90_000, attended)
            self._add(at + wait + 240_000, _Act(self._door, Act.CLEARED, (call,), attended))
        self._add(at + wait + 240_000 + PRUNE_AFTER_MS, None)

    def _add(self, at: int, act: _Act | None) -> None:
        self._order += 1
        heappush(self._plan, _Planned(at, self._order, act))

    def _make_directory(self) -> Directory:
        kinds = ("bedside", "bedside", "door", "station", "pda")
        beds = ("b01", "b02", None, None, None)
        signers = (*self._beds, self._door, self._station, self._pda)
        terminals: dict[str, Any] = {
            signer.terminal: {
                "kind": kind,
                "room": ROOM if kind in ("bedside", "door") else None,
                "bed": bed,
                "key": signer.public_key,
                "state": "active",
            }
            for signer, kind, bed in zip(signers, kinds, beds, strict=True)
        }
        roots: dict[str, Any] = {
            "ward": {"id": WARD, "all_tender": False},
            "rooms": {ROOM: {"beds": ["b01", "b02"]}},
            "beds": {bed: {"room": ROOM, "priority": "routine"} for bed in ("b01", "b02")},
            "terminals": terminals,
            "call_types": load_call_types(),
            "staff": {"n001": {"role": "nurse"}},
        }
        return parse_directory(roots)


class _Act:
    """An act that is signed when its time has come, since it names ids that come to be before it."""

    def __init__(
        self,
        signer: Signer,
        act: Act,
        calls: tuple[_Act, ...] = (),
        rests_on: _Act | None = None,
        *,
        bathroom: bool = False,
    ) -> None:
        self.signer, self._act, self._calls, self._rests_on = signer, act, calls, rests_on
        self.bathroom: bool = bathroom or any(call.bathroom for call in calls)
        self.id = ""

    def sign(self, at: int) -> str:
        if self._act is Act.PLACED:
            if self.bathroom:
                wire = self.signer.make(Act.PLACED, at, source=f"bathroom:{ROOM}", type="bathroom")
            else:
                wire = self.signer.place(at, self.signer.terminal.removeprefix("bed-"))
        else:
            wire = self.signer.make(self._act, at, tuple(call.id for call in self._calls), **self._more())
        self.id = id_of(wire)
        return wire

    def _more(self) -> dict[str, Any]:
        policy = "strict" if self.bathroom else "tender"
        if self._act is Act.CLEARED and self._rests_on is not None:
            return {"policy": policy, "way": "remote", "rests_on": (self._rests_on.id,)}
        if self._act is Act.ENDED:
            return {"policy": policy, "talk_ms": 9_000}
        return {}


@dataclass(frozen=True, slots=True, order=True)
class _Planned:
    at: int
    order: int
    act: _Act | None = field(compare=False)
    """None: the hub looks for what may leave."""

    def wire(self) -> str:
        if self.act is None:
            raise ValueError("nothing to send")
        return self.act.sign(self.at)


def _principal(signer: Signer) -> Principal:
    kind = signer.terminal.split("-")[0].replace("bed", "bedside")
    return Principal(signer.terminal, kind, WARD, ROOM, None, None, None, _FOREVER)

"""Brings the facts that this ward hub took to the hub above, from its own log, until that one has them.

The log is read on from a kept place, so that a restart or a cut of days loses nothing and repeats little.
What is refused above for good is logged and stays here: what any hub accepted is accepted. Rule UP4.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any

from ward_hub.calls.entry import read_record
from ward_hub.log.port import Cursor, Log, RecordKind

BATCH = 256
A_FRAME = 32
MAX_PENDING = 1_024
AGAIN_S = 5.0
"""What was not answered after this long is sent again."""
REFUSED_AGAIN_S = 60.0
_PASSING = frozenset({"unknown_terminal", "wrong_ward"})
"""Refusals that a directory which lags makes."""
MAX_REMEMBERED = 10_000

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Pending:
    """A fact on its way up; `send_at` by the loop's clock."""

    document: str
    item: list[Any]
    send_at: float = 0.0


class FactsUp:
    """One direction of the facts. `run` while there is a link; `wake` when something was taken."""

    def __init__(
        self,
        store: Log,
        place: Cursor,
        keep_place: Callable[[Cursor], Awaitable[None]],
        send: Callable[[str, str], bool],
        refused: Callable[[str], bool],
    ) -> None:
        """`send(document, payload)`: whether the document is open above; `refused(document)`: whether the
        hub above does not let this one have it."""
        self._store = store
        self._place = place
        self._keep_place = keep_place
        self._send = send
        self._refused = refused
        self._woken = asyncio.Event()
        self._read_to = place
        self._pending: dict[str, _Pending] = {}
        self._from_above: OrderedDict[str, None] = OrderedDict()
        self.brought = 0
        """Facts the hub above has named since the start."""

    def documents(self) -> set[str]:
        """Where facts wait to be brought up."""
        return {pending.document for pending in self._pending.values()}

    def wake(self) -> None:
        """Something was taken, or may be sent now that a document is open."""
        self._woken.set()

    def came_down(self, ids: Iterable[str]) -> None:
        """These are known above: they came from there."""
        for one in ids:
            self._from_above[one] = None
            self._pending.pop(one, None)
        while len(self._from_above) > MAX_REMEMBERED:
            self._from_above.popitem(last=False)
        self._woken.set()

    def answered(self, payload: str) -> None:
        """A stateless frame of the hub above at a calls document."""
        value = json.loads(payload)
        if value.get("t") == "stored":
            for one in value.get("heard", {}):
                if self._pending.pop(one, None) is not None:
                    self.brought += 1
        elif value.get("t") == "refused":
            for one in value.get("refused", ()):
                self._refused_above(one.get("id"), one.get("reason"))
        self._woken.set()

    def _refused_above(self, fact: Any, reason: object) -> None:
        """What is refused for good stands here only. A directory above that lags refuses for now: the fact
        is said again, and the kept place waits for it."""
        pending = self._pending.get(fact)
        if pending is None:
            return
        if reason in _PASSING:
            pending.send_at = asyncio.get_running_loop().time() + REFUSED_AGAIN_S
        else:
            del self._pending[fact]
        log.error("fact %s stands here and was refused above: %s", fact, reason)

    async def run(self) -> None:
        """Bring up what is not known above, for as long as the link lives (the caller cancels)."""
        self._pending.clear()
        self._read_to = self._place
        while True:
            self._woken.clear()
            more = await self._read()
            self._send_due()
            if not self._pending and self._place != self._read_to:
                self._place = self._read_to
                await self._keep_place(self._place)
            if not more:
                await self._wait(AGAIN_S if self._pending else None)

    async def _read(self) -> bool:
        """Add to what is pending from the log; returns whether there is more to read now."""
        count = 0
        if len(self._pending) >= MAX_PENDING:
            return False
        async for place, record in self._store.read(self._read_to, frozenset({RecordKind.FACT})):
            self._read_to, count = place, count + 1
            if record.key is not None and record.key not in self._from_above:
                self._pending[record.key] = _Pending(record.document, read_record(record).to_item())
            if count >= BATCH:
                return True
        return False

    def _send_due(self) -> None:
        """Send what was never sent, or not answered for long."""
        now = asyncio.get_running_loop().time()
        due: dict[str, list[_Pending]] = {}
        for one, fact in list(self._pending.items()):
            if now < fact.send_at:
                continue
            if self._refused(fact.document):
                # Rights change, tokens are renewed: it waits, and holds up no other.
                log.error("fact %s stands here; its document is refused above", one)
                fact.send_at = now + REFUSED_AGAIN_S
            else:
                due.setdefault(fact.document, []).append(fact)
        for document, facts in due.items():
            for start in range(0, len(facts), A_FRAME):
                group = facts[start : start + A_FRAME]
                if self._send(document, json.dumps({"t": "taken", "items": [fact.item for fact in group]})):
                    for fact in group:
                        fact.send_at = now + AGAIN_S

    async def _wait(self, seconds: float | None) -> None:
        try:
            await asyncio.wait_for(self._woken.wait(), seconds)
        except TimeoutError:
            return

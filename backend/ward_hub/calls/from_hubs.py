"""Facts that a ward hub has accepted and brings up: believed as to when, by whom and whether entitled.

What it brings must be well formed, of its wards, and signed by the terminal it names: a ward hub cannot make
facts. Entitlement is judged once, by whoever takes a fact (CF10), so here it is not judged again. Rule UP4.
"""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any

from ward_sync.directory import Directory
from ward_sync.facts import FactError, Reason

from ward_hub.access.hubs import WARD_HUB
from ward_hub.access.port import AccessRefused, Gate
from ward_hub.calls.entry import Entry, read_item
from ward_hub.calls.service import CallService, Refusal, Verify
from ward_hub.doc_rooms.peer import Peer
from ward_hub.documents import names
from ward_hub.log.port import LogUnavailable, StorageFull

MAX_ITEMS = 32
log = logging.getLogger(__name__)

EndedKeys = Callable[[str], Awaitable[Sequence[bytes]]]
"""Terminal → keys that were once its own: what it signed during a cut stays its word."""


class FactsFromHubs:
    """The stateless frames of calls documents: those of ward hubs here, all others go to the call service."""

    def __init__(
        self,
        calls: CallService,
        gate: Gate,
        directory: Callable[[str], Directory | None],
        verify: Verify,
        ended_keys: EndedKeys,
        clock: Callable[[], int],
    ) -> None:
        """`directory`: ward → its directory now; `clock` in ms."""
        self._calls = calls
        self._gate = gate
        self._directory = directory
        self._verify = verify
        self._ended_keys = ended_keys
        self._clock = clock

    async def handle(self, peer: Peer, document: str, payload: str) -> list[str]:
        """See `StatelessHandler`. A ward hub's frame is `{"t":"taken","items"}`, items as they stand in a
        calls document; the answers are those to `facts`."""
        if peer.principal.kind != WARD_HUB:
            return await self._calls.handle(peer, document, payload)
        name = names.parse_document(document)
        try:
            allowed = self._gate.access(peer.principal, document).facts
        except AccessRefused:
            allowed = False
        if not allowed or name is None:
            return ['{"t":"error","reason":"forbidden"}']
        try:
            items = _items(payload)
        except ValueError as error:
            log.warning("a frame of %s at %s: %s", peer.principal.terminal, document, error)
            return [json.dumps({"t": "error", "reason": "malformed", "message": str(error)})]
        return await self._take(peer, document, name, items)

    async def _take(self, peer: Peer, document: str, name: names.DocumentName, items: list[Any]) -> list[str]:
        taken: list[Entry] = []
        refused: list[Refusal] = []
        now = self._clock()
        for index, item in enumerate(items):
            try:
                entry = read_item(item)
            except FactError as error:
                refused.append(Refusal(index, None, error.reason, lasting=False))
                continue
            reason = await self._reason_against(entry, name)
            if reason is None:
                # Its clock may be ahead of this one.
                taken.append(replace(entry, heard_at=min(entry.heard_at, now)))
            else:
                refused.append(Refusal(index, entry.id, reason, lasting=False))
        answers = []
        if taken:
            try:
                heard = await self._calls.keep(document, taken)
            except (StorageFull, LogUnavailable) as error:
                log.error("facts for %s not stored: %s", document, type(error).__name__)
                ids = [entry.id for entry in taken]
                return [json.dumps({"t": "unstored", "ids": ids, "reason": "storage"})]
            answers.append(json.dumps({"t": "stored", "heard": heard}))
        if refused:
            self._calls.refusals.update(refusal.reason.value for refusal in refused)
            for refusal in refused:
                log.error(
                    "%s took fact %s, refused here: %s", peer.principal.terminal, refusal.id, refusal.reason
                )
            answers.append(json.dumps({"t": "refused", "refused": [one.to_json() for one in refused]}))
        return answers

    async def _reason_against(self, entry: Entry, name: names.DocumentName) -> Reason | None:
        body = entry.fact.body
        directory = self._directory(body.ward)
        if body.ward != name.ward or directory is None:
            return Reason.WRONG_WARD
        if body.room != name.room:
            return Reason.WRONG_ROOM
        terminal = directory.terminals.get(body.terminal)
        if terminal is not None and terminal.key is not None and self._signed(_point(terminal.key), entry):
            return None
        # One that was removed or moved meanwhile: a key that ended later changes nothing (CF10).
        for key in await self._ended_keys(body.terminal):
            if self._signed(key, entry):
                return None
        return Reason.UNKNOWN_TERMINAL if terminal is None else Reason.BAD_SIGNATURE

    def _signed(self, key: bytes, entry: Entry) -> bool:
        return self._verify(key, entry.fact.data, entry.fact.signature)


def _items(payload: str) -> list[Any]:
    """The items of a frame. Raises ValueError: what was expected."""
    try:
        value = json.loads(payload)
    except (ValueError, RecursionError):
        raise ValueError("expected a JSON object") from None
    items = value.get("items") if isinstance(value, dict) and value.get("t") == "taken" else None
    if not isinstance(items, list) or not 1 <= len(items) <= MAX_ITEMS:
        raise ValueError(f"expected t to be taken, with 1 to {MAX_ITEMS} items")
    if not all(_is_item(item) for item in items):
        raise ValueError("expected every item to be [wire, heard_at, missed] or one more")
    return items


def _is_item(item: Any) -> bool:
    return (
        isinstance(item, list)
        and len(item) in (3, 4)
        and isinstance(item[0], str)
        and type(item[1]) is int
        and item[1] >= 0
        and all(part in (0, 1) for part in item[2:])
    )


def _point(key: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(key + "=" * (-len(key) % 4))
    except ValueError:
        return b""

"""What each PDA has been told, or is to be: one notice a PDA and row, in SQL so that a restart neither loses
nor doubles one.

    due ──sent──▶ sent ──no longer wanted──▶ closing ──sent──▶ closed
     └─ not wanted before it left the hub ─────────────────────▶ closed

A notice that rings anew is due again. `failed`: the push service would not have it. Sent is not seen:
`seen_at` is set by the PDA's receipt only.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterable, Mapping, Set
from dataclasses import dataclass, replace
from enum import StrEnum

from sqlalchemy import delete, select

from ward_hub.db.engine import Database
from ward_hub.push.policy import Wanted
from ward_hub.push.tables import PushNotice

KEPT_MS = 24 * 3_600_000
"""A closed notice says for a day whether it was seen."""


class State(StrEnum):
    DUE = "due"
    SENT = "sent"
    CLOSING = "closing"
    CLOSED = "closed"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Notice:
    """One notice; see tables.py PushNotice. `payload` is the JSON that is encrypted."""

    terminal: str
    tag: str
    mark: str
    receipt: str
    state: State
    payload: str
    urgent: bool
    tried: bool
    due_at: int
    sent_at: int | None = None
    seen_at: int | None = None

    @property
    def waits(self) -> bool:
        """Whether something is to be sent."""
        return self.state in (State.DUE, State.CLOSING)


def changes(
    terminal: str,
    held: Mapping[str, Notice],
    wanted: Mapping[str, Wanted],
    on_screen: bool,
    new_id: Callable[[], str],
    now: int,
) -> list[Notice]:
    """Return the notices of the PDA that change: what must be said and what must be taken back. Pure.

    `on_screen`: its page is open and visible and closes what the phone shows by itself, so nothing is sent.
    """
    changed: list[Notice] = []
    for tag, want in wanted.items():
        have = held.get(tag)
        if have is None or have.state in (State.CLOSED, State.CLOSING) or have.mark != want.mark:
            receipt = new_id()
            payload = _payload({"id": receipt, **want.content})
            changed.append(
                Notice(terminal, tag, want.mark, receipt, State.DUE, payload, want.urgent, False, now)
            )
    for tag, have in held.items():
        if tag in wanted or have.state is State.CLOSED:
            continue
        if on_screen or (have.state is State.DUE and not have.tried):
            changed.append(replace(have, state=State.CLOSED, due_at=now))
        elif have.state is not State.CLOSING:
            receipt = new_id()
            payload = _payload({"id": receipt, "do": "close", "tag": tag})
            changed.append(
                replace(
                    have,
                    receipt=receipt,
                    state=State.CLOSING,
                    payload=payload,
                    tried=False,
                    due_at=now,
                    seen_at=None,
                )
            )
    return changed


class Notices:
    """All notices: in memory for the look of each second, in SQL for a restart and for other hubs."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._held: dict[str, dict[str, Notice]] = {}
        # What is read before a commit must still hold after it: look, sender and receipts take turns.
        self._turn = asyncio.Lock()

    async def load(self) -> None:
        """Read what is kept: at the start, and where several hubs write it, again and again."""
        async with self._turn:
            await self._load()

    async def _load(self) -> None:
        held: dict[str, dict[str, Notice]] = {}
        async with self._database.session() as session:
            for row in await session.scalars(select(PushNotice)):
                notice = Notice(
                    row.terminal,
                    row.tag,
                    row.mark,
                    row.receipt,
                    State(row.state),
                    row.payload,
                    row.urgent,
                    row.tried,
                    row.due_at,
                    row.sent_at,
                    row.seen_at,
                )
                held.setdefault(row.terminal, {})[row.tag] = notice
        self._held = held

    def of(self, terminal: str) -> Mapping[str, Notice]:
        """The PDA's notices by tag."""
        return self._held.get(terminal, {})

    def waiting(self) -> int:
        """How many are to be sent, to all PDAs together."""
        return sum(notice.waits for held in self._held.values() for notice in held.values())

    def terminals(self) -> list[str]:
        return list(self._held)

    def due(self, terminal: str) -> list[Notice]:
        """What is to be sent to the PDA: urgent before the rest, oldest first."""
        waiting = [notice for notice in self.of(terminal).values() if notice.waits]
        return sorted(waiting, key=lambda notice: (not notice.urgent, notice.due_at, notice.tag))

    async def settle(
        self,
        wanted: Mapping[str, Mapping[str, Wanted]],
        on_screen: Set[str],
        new_id: Callable[[], str],
        now: int,
    ) -> list[str]:
        """Make the notices of these PDAs what is wanted of them; returns the PDAs something waits for."""
        async with self._turn:
            await self._keep(
                change
                for terminal, notices in wanted.items()
                for change in changes(
                    terminal, self.of(terminal), notices, terminal in on_screen, new_id, now
                )
            )
        return [terminal for terminal in wanted if any(one.waits for one in self.of(terminal).values())]

    async def try_(self, notice: Notice) -> bool:
        """Note that the notice may leave the hub from now on; False when a newer one stands in its place."""
        async with self._turn:
            current = self._current(notice)
            if current is not None and not current.tried:
                await self._keep([replace(current, tried=True)])
            return current is not None

    async def sent(self, notice: Notice, now: int) -> None:
        """The push service has taken it. Nothing changes when a newer one stands in its place."""
        async with self._turn:
            current = self._current(notice)
            if current is not None:
                after = State.SENT if current.state is State.DUE else State.CLOSED
                await self._keep([replace(current, state=after, tried=True, sent_at=now)])

    async def failed(self, notice: Notice) -> None:
        """The push service will not have it."""
        async with self._turn:
            current = self._current(notice)
            if current is not None:
                after = State.FAILED if current.state is State.DUE else State.CLOSED
                await self._keep([replace(current, state=after, tried=True)])

    async def seen(self, receipt: str, now: int) -> bool:
        """The PDA says that this push arrived; returns whether it is one that went out."""
        async with self._turn:
            for notices in self._held.values():
                for notice in notices.values():
                    if notice.receipt == receipt and notice.tried:
                        if notice.seen_at is None:
                            await self._keep([replace(notice, seen_at=now)])
                        return True
        return False

    async def forget(self, terminal: str) -> None:
        """Forget all notices of a PDA: it has no subscription any more, or a new one."""
        async with self._turn:
            if terminal not in self._held:
                return
            async with self._database.session.begin() as session:
                await session.execute(delete(PushNotice).where(PushNotice.terminal == terminal))
            self._held.pop(terminal, None)

    async def forget_old(self, now: int) -> None:
        """Forget notices that have been closed for a day."""
        async with self._turn:
            old = [
                notice
                for notices in self._held.values()
                for notice in notices.values()
                if notice.state is State.CLOSED and now - notice.due_at >= KEPT_MS
            ]
            if not old:
                return
            async with self._database.session.begin() as session:
                for notice in old:
                    await session.execute(delete(PushNotice).where(PushNotice.receipt == notice.receipt))
            for notice in old:
                del self._held[notice.terminal][notice.tag]

    async def _keep(self, changed: Iterable[Notice]) -> None:
        """Store notices as they are now, in one transaction."""
        changed = list(changed)
        if not changed:
            return
        async with self._database.session.begin() as session:
            for notice in changed:
                await session.merge(_row(notice))
        for notice in changed:
            self._held.setdefault(notice.terminal, {})[notice.tag] = notice

    def _current(self, notice: Notice) -> Notice | None:
        """The notice as it stands now; None when a newer one took its place."""
        held = self.of(notice.terminal).get(notice.tag)
        same = held is not None and held.receipt == notice.receipt and held.state is notice.state
        return held if same else None


def _payload(content: Mapping[str, object]) -> str:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":"))


def _row(notice: Notice) -> PushNotice:
    return PushNotice(
        terminal=notice.terminal,
        tag=notice.tag,
        mark=notice.mark,
        receipt=notice.receipt,
        state=notice.state.value,
        payload=notice.payload,
        urgent=notice.urgent,
        tried=notice.tried,
        due_at=notice.due_at,
        sent_at=notice.sent_at,
        seen_at=notice.seen_at,
    )

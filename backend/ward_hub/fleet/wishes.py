"""What is wished of each terminal (DEV-02, DEV-07), kept in SQL and published in its device document.

A document is written when its terminal is connected and what it should hold is not what this process last
wrote: so a house of 1,500 terminals starts without writing 1,500 documents, and a terminal that was away
finds its wishes when it joins. A document that was never written reads as no wishes.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from ward_hub.db.engine import Database
from ward_hub.directory.current import CurrentDirectory
from ward_hub.directory.model import Terminal
from ward_hub.documents import names
from ward_hub.documents.port import Json, Publisher, Roots
from ward_hub.fleet.schedules import Schedule, load_schedules
from ward_hub.fleet.tables import DeviceWishRow
from ward_hub.log.port import LogUnavailable, StorageFull

DEFAULT_ZONE = "Asia/Shanghai"
PUBLISH_AT_ONCE = 100
"""Documents a round when many terminals come at once: each costs a room a turn, and calls go first."""
MAX_SCHEDULES = 64
_ZONE = re.compile(r"[A-Za-z]+(/[A-Za-z0-9_+-]+){0,2}")
_CHUNK = 500

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Wish:
    """DeviceWish; `release` as roll-outs set it, None: what the house has."""

    volume: int | None = None
    brightness: int | None = None
    screen: str | None = None
    release: str | None = None


NO_WISH = Wish()
Changes = Mapping[str, Mapping[str, Any]]
"""Terminal → field of Wish → value."""


class DeviceWishes:
    """Wishes of all terminals. `release_of` is what a terminal is to run, given its own wish or None."""

    def __init__(
        self,
        database: Database,
        current: CurrentDirectory,
        publisher: Publisher,
        connected: Callable[[], Collection[str]],
        release_of: Callable[[str | None], str | None],
    ) -> None:
        self._database = database
        self._current = current
        self._publisher = publisher
        self._connected = connected
        self._release_of = release_of
        self._wishes: dict[str, Wish] = {}
        self.schedules: tuple[Schedule, ...] = ()
        self._revision = -1
        self._published: dict[str, bytes] = {}
        self._due: dict[str, None] = {}
        self._again: dict[str, set[str]] = {}
        self._turn = asyncio.Lock()

    async def load(self) -> None:
        """Read wishes and schedules."""
        async with self._database.session() as session:
            rows = (await session.scalars(select(DeviceWishRow))).all()
            self.schedules = await load_schedules(session)
        self._wishes = {
            row.terminal: Wish(row.volume, row.brightness, row.screen, row.release) for row in rows
        }

    async def look_again(self) -> None:
        """Another hub may have written wishes: read them, and show those that changed."""
        before, schedules = self._wishes, self.schedules
        await self.load()
        if schedules != self.schedules:
            self.mark_all()
        self.mark(
            terminal
            for terminal in before.keys() | self._wishes.keys()
            if before.get(terminal) != self._wishes.get(terminal)
        )

    def of(self, terminal: str) -> Wish:
        return self._wishes.get(terminal, NO_WISH)

    def wanted_build(self, terminal: str) -> str | None:
        """The build this terminal is to run, None: whatever the hub serves."""
        return self._release_of(self.of(terminal).release)

    async def write(self, session: AsyncSession, changes: Changes) -> None:
        """Store changed wishes in the caller's transaction; `take` them once it is committed."""
        rows = []
        for terminal, fields in changes.items():
            wish = replace(self.of(terminal), **fields)
            rows.append(
                {
                    "terminal": terminal,
                    "volume": wish.volume,
                    "brightness": wish.brightness,
                    "screen": wish.screen,
                    "release": wish.release,
                }
            )
        for start in range(0, len(rows), _CHUNK):
            chunk = rows[start : start + _CHUNK]
            ids = [row["terminal"] for row in chunk]
            await session.execute(delete(DeviceWishRow).where(DeviceWishRow.terminal.in_(ids)))
            await session.execute(insert(DeviceWishRow), chunk)

    def take(self, changes: Changes, again: bool = False) -> None:
        """What was written holds from now on. `again`: one that stood already is said anew, for the device
        may have been set otherwise at its own keys or by a schedule."""
        for terminal, fields in changes.items():
            before = self.of(terminal)
            if again and (same := {name for name, value in fields.items() if getattr(before, name) == value}):
                self._again.setdefault(terminal, set()).update(same)
            self._wishes[terminal] = replace(before, **fields)
            self._due[terminal] = None

    def mark(self, terminals: Iterable[str]) -> None:
        """These have come, or what holds for them may have changed: look at the next `publish`."""
        self._due.update(dict.fromkeys(terminals))

    def mark_all(self) -> None:
        """What holds for everyone may have changed."""
        self.mark(self._connected())

    async def refresh(self) -> None:
        """Read the schedules again when the directory has another revision."""
        if self._current.model.revision == self._revision:
            return
        revision = self._current.model.revision
        async with self._database.session() as session:
            self.schedules = await load_schedules(session)
        self._revision = revision
        self.mark_all()

    async def publish(self, most: int = PUBLISH_AT_ONCE) -> None:
        """Write what is due of those that are connected; the rest of more than `most` at the next call.

        What cannot be stored now stays due.
        """
        if not self._due:
            return
        async with self._turn:
            connected = set(self._connected())
            batch: list[Terminal] = []
            for terminal_id in list(self._due):
                if len(batch) >= most:
                    break
                del self._due[terminal_id]
                terminal = self._current.terminal(terminal_id)
                if terminal is None or terminal_id not in connected:
                    self._again.pop(terminal_id, None)
                else:
                    batch.append(terminal)
            results = await asyncio.gather(*map(self._publish, batch), return_exceptions=True)
        failed: list[BaseException] = []
        for terminal, result in zip(batch, results, strict=True):
            if isinstance(result, StorageFull | LogUnavailable):
                self._due[terminal.id] = None
                failed.append(result)
            elif isinstance(result, BaseException):
                raise result
        if failed:
            log.warning("%d device documents not written, trying again: %s", len(failed), failed[0])

    def roots(self, terminal: Terminal) -> Roots:
        """What the terminal's device document should hold; empty roots when nothing is wished of it."""
        wish = self.of(terminal.id)
        release = self._release_of(wish.release)
        schedules = [one for one in self.schedules if one.concerns(terminal)][:MAX_SCHEDULES]
        wanted: dict[str, Json] = {
            "volume": wish.volume,
            "brightness": wish.brightness,
            "screen": wish.screen,
            "release": release,
        }
        if not schedules and all(value is None for value in wanted.values()):
            return {"wish": {}, "schedules": {}, "zone": {}}
        return {
            "wish": wanted,
            "schedules": {one.id: one.document_value() for one in schedules},
            "zone": {"name": self.zone()},
        }

    def zone(self) -> str:
        """The hospital's time zone, IANA; what cannot be one reads as the default."""
        name = self._current.model.hospital.settings.get("timezone")
        return name if isinstance(name, str) and _ZONE.fullmatch(name) else DEFAULT_ZONE

    async def _publish(self, terminal: Terminal) -> None:
        document = names.device(terminal.ward, terminal.id)
        roots = self.roots(terminal)
        digest = _digest(roots)
        again = self._again.get(terminal.id)
        if again and roots["wish"]:
            taken_back: dict[str, Json] = {**roots["wish"], **dict.fromkeys(again)}
            await self._publisher.publish(document, {"wish": taken_back})
        elif self._published.get(document) == digest:
            return
        await self._publisher.publish(document, roots)
        self._published[document] = digest
        self._again.pop(terminal.id, None)


def _digest(roots: Roots) -> bytes:
    text = json.dumps({name: dict(root) for name, root in roots.items()}, sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=16).digest()

"""Keeps rights and directory documents equal to the directory: the task between SQL, gate and documents.

Rights change first, documents after: a store that takes no writes must not keep a revoked terminal connected.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
from collections.abc import Callable, Mapping
from typing import Protocol

from ward_hub.db.engine import Database
from ward_hub.directory.current import CurrentDirectory
from ward_hub.directory.model import DirectoryModel, Priority, TerminalState
from ward_hub.directory.project import project_hospital, project_ward
from ward_hub.directory.store import load_directory, read_revision
from ward_hub.documents.port import Json, Publisher, Roots

REVOKED = 4403
"""Close code for a terminal whose key is no longer its own (sync/SPEC.md, close codes)."""
MOVED = 4205
"""Close code that makes a terminal connect and sign in anew: it hangs elsewhere now."""
POLL_S = 1.0
"""How often the revision is read: a revocation typed at the command line acts within about this time."""

RELOAD_MS = 6 * 3_600_000
"""The directory is read anew this often although nothing changed: weekly hosting is made for the days around
the reading (`hosting_rules.py`), and what is long past leaves."""

log = logging.getLogger(__name__)


class Connections(Protocol):
    """What the projector asks of the host of doc rooms."""

    async def drop_terminal(self, terminal: str, code: int) -> None:
        """Close every socket of the terminal with the close code."""
        ...

    async def recheck(self) -> None:
        """Ask the gate again for everything that is open."""
        ...


class DirectoryProjector:
    """Publishes the directory's documents at start and after every change, and cuts what lost its rights.

    Also the hub's `OccupancySink`. Failures are logged and tried again with the next poll; nothing here
    raises but what `poll` meets in SQL.
    """

    def __init__(
        self,
        database: Database,
        current: CurrentDirectory,
        publisher: Publisher,
        connections: Connections,
        call_types: Mapping[str, Json],
        clock: Callable[[], int],
        relay_key: str | None = None,
        hub_setting: Callable[[], Mapping[str, Json]] = lambda: {},
        holds: Callable[[str | None], bool] = lambda _ward: True,
    ) -> None:
        """`clock` gives ms; `relay_key`: public key of the hub's media relay, None without one; `holds`:
        whether this hub is the one of several that publishes the ward (None: the hospital) now.

        `hub_setting`: what the hub says of itself to every terminal, root `hub` of the hospital's settings.
        """
        self._database = database
        self._current = current
        self._publisher = publisher
        self._connections = connections
        self._call_types = call_types
        self._clock = clock
        self._relay_key = relay_key
        self._hub_setting = hub_setting
        self._holds = holds
        self._held: dict[str | None, bool] = {}
        self._hub_said: Mapping[str, Json] = {}
        self._turn = asyncio.Lock()
        self._publishing = asyncio.Lock()
        self._published: dict[str, bytes] = {}
        self._due: set[str] = set()
        self._hospital_due = False
        self._next_change_at: int | None = None
        self._read_at = 0

    async def load(self) -> None:
        """Read the directory without publishing: after it terminals are known and may join.

        Call before the port is opened; `poll` publishes what has changed since. Raises what SQL raises.
        """
        async with self._turn:
            await self._reload()

    async def poll(self) -> None:
        """One look: read the directory if its revision moved, publish what is not published yet."""
        await self._look()
        async with self._publishing:
            await self._publish()

    async def changed(self) -> None:
        """The directory was just written by this process: rights follow before this returns.

        Documents follow with the next poll: whoever enrols waits for their own key to count, not for every
        screen of the ward to be told.
        """
        try:
            await self._look()
        except Exception:
            log.exception("the directory could not be read; the next poll tries again")

    async def set_occupancy(self, ward: str, stays: Mapping[str, str | None]) -> None:
        """See `OccupancySink`."""
        if self._current.set_occupancy(ward, stays):
            self._due.add(ward)
            await self._recheck()
            async with self._publishing:
                await self._publish()

    async def set_bed_priorities(self, ward: str, priorities: Mapping[str, Priority]) -> None:
        """See `OccupancySink`."""
        if self._current.set_priorities(ward, priorities):
            self._due.add(ward)
            async with self._publishing:
                await self._publish()

    async def _look(self) -> None:
        async with self._turn:
            async with self._database.session() as session:
                revision = await read_revision(session)
            aged = abs(self._clock() - self._read_at) >= RELOAD_MS
            if not self._current.loaded or aged or revision != self._current.model.revision:
                await self._reload()

    async def _reload(self) -> None:
        before = self._current.model
        now = self._clock()
        async with self._database.session() as session:
            after = await load_directory(session, now)
        self._read_at = now
        self._current.replace_model(after)
        self._everything_is_due()
        for terminal, code in cut_terminals(before, after).items():
            log.info("terminal %s is cut with %d: its place in the directory changed", terminal, code)
            await self._drop(terminal, code)
        await self._recheck()

    async def _publish(self) -> None:
        now = self._clock()
        current = self._current
        if self._next_change_at is not None and now >= self._next_change_at:
            current.touch()
            self._everything_is_due()
            await self._recheck()
        self._next_change_at = current.model.next_change_at(now)
        if (hub := self._hub_setting()) != self._hub_said:
            self._hub_said, self._hospital_due = hub, True
        self._note_held()
        if self._hospital_due and self._held[None]:
            hospital = {
                name: {**roots, "hub": hub} for name, roots in project_hospital(current.model).items()
            }
            self._hospital_due = not await self._publish_all(hospital)
        for ward in sorted(ward for ward in self._due if self._held.get(ward, True)):
            self._due.discard(ward)
            if ward in current.model.wards and not await self._publish_all(
                project_ward(
                    current.model,
                    ward,
                    current.occupancy.get(ward, {}),
                    current.priorities.get(ward, {}),
                    self._call_types,
                    now,
                    self._relay_key,
                )
            ):
                self._due.add(ward)

    async def _publish_all(self, documents: Mapping[str, Roots]) -> bool:
        """Publish what differs from what was published last; returns whether all of it is.

        All at once: the log stores what is waiting in one commit, so 46 beds cost one flush of the disk.
        """
        changed = {
            name: digest
            for name, roots in documents.items()
            if self._published.get(name) != (digest := _digest(roots))
        }
        results = await asyncio.gather(
            *(self._publisher.publish(name, documents[name]) for name in changed), return_exceptions=True
        )
        failed = [result for result in results if isinstance(result, Exception)]
        if failed:  # a full disk refuses them all: one line tells it
            log.error("%d documents could not be published; trying again", len(failed), exc_info=failed[0])
        for (name, digest), result in zip(changed.items(), results, strict=True):
            if result is None:
                self._published[name] = digest
        return not failed

    def _note_held(self) -> None:
        """What another hub published meanwhile is compared with the documents once this one takes over."""
        held = {one: self._holds(one) for one in (None, *self._current.model.wards)}
        gained = [one for one, holds in held.items() if holds and self._held.get(one) is False]
        if gained:
            self._published.clear()
            self._due.update(ward for ward in gained if ward is not None)
            self._hospital_due = self._hospital_due or None in gained
        self._held = held

    def _everything_is_due(self) -> None:
        self._due.update(self._current.model.wards)
        self._hospital_due = True

    async def _drop(self, terminal: str, code: int) -> None:
        try:
            await self._connections.drop_terminal(terminal, code)
        except Exception:
            log.exception("terminal %s could not be cut", terminal)

    async def _recheck(self) -> None:
        try:
            await self._connections.recheck()
        except Exception:
            log.exception("open documents could not be asked again")


def cut_terminals(before: DirectoryModel, after: DirectoryModel) -> dict[str, int]:
    """Terminal → close code, for those whose open sockets no longer speak for them.

    REVOKED when the key is gone or another, MOVED when the terminal hangs elsewhere now.
    """
    cut: dict[str, int] = {}
    for ward in before.wards.values():
        for old in ward.terminals.values():
            if old.state is not TerminalState.ACTIVE:
                continue
            new = after.terminal(old.id)
            if new is None or new.state is not TerminalState.ACTIVE or new.public_key != old.public_key:
                cut[old.id] = REVOKED
            elif (new.ward, new.kind, new.room, new.bed) != (old.ward, old.kind, old.room, old.bed):
                cut[old.id] = MOVED
    return cut


def _digest(roots: Roots) -> bytes:
    """Tells whether a document changed without holding 1,500 beds' documents in memory."""
    text = json.dumps({name: dict(root) for name, root in roots.items()}, sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=16).digest()

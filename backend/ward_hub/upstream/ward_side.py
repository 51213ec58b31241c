"""A ward hub's side of the uplink, put together: known above, mirrored, linked, and linked again after a cut.

`open_uplink` comes before anything else of the hub, for installation, secrets and directory come from above;
`UplinkService` runs beside it. What is said here and why: docs/adr/0017, sync/SPEC.md UP1 to UP9.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import logging
import os
import random
import secrets
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol, TypeVar

from sqlalchemy import update

from ward_hub.access.hubs import UPSTREAM, OtherHub
from ward_hub.db.engine import Database
from ward_hub.directory.current import CurrentDirectory
from ward_hub.directory.hosting_rules import zone_of
from ward_hub.directory.model import Priority
from ward_hub.doc_rooms.host import Host
from ward_hub.identity.installation import load_installation
from ward_hub.identity.secret_file import load_key_file
from ward_hub.identity.tables import InstallationRow
from ward_hub.log.port import Cursor, Log, LogUnavailable, StorageFull
from ward_hub.settings import Settings
from ward_hub.upstream.account import (
    Standing,
    UpstreamAccount,
    UpstreamAway,
    UpstreamRefused,
    check_urls,
)
from ward_hub.upstream.documents import always_open
from ward_hub.upstream.facts_up import FactsUp
from ward_hub.upstream.link import Link, OtherGeneration, Receiver
from ward_hub.upstream.mirror import NoMirror, Uplink, keep_mirror, read_uplink
from ward_hub.upstream.signals import SignalsUp
from ward_hub.upstream.tables import UplinkRow

UPSTREAM_NAME = "hub:upstream"
AUTHORITY = "upstream-ca.pem"
"""In the data folder: the private authority of the hospital's hub, where it has one."""
MIRROR_S = 15.0
"""How often the mirror is asked for while there is a link (some 10 ms of the hub above each time); changed
directory and beds ask at once, so this is for passwords and PINs."""
BACK_OFF_S = (0.5, 5.0)
"""First and longest wait before linking again, each spread by half."""
HELD_S = 60.0
"""Before another look at a hub above that is not the one this ward hub belongs to."""

log = logging.getLogger(__name__)
T = TypeVar("T")


class KeptFacts(Protocol):
    """What is asked of the call service."""

    def keep_listed(self, document: str) -> Coroutine[Any, Any, list[str]]: ...


class Sink(Protocol):
    """Who is told what the mirror brought: the projector."""

    async def changed(self) -> None: ...

    async def set_occupancy(self, ward: str, stays: Mapping[str, str | None]) -> None: ...

    async def set_bed_priorities(self, ward: str, priorities: Mapping[str, Priority]) -> None: ...


@dataclass(slots=True)
class OpenUplink:
    """What `open_uplink` found: the account above, the installation, and what is held of its wards.

    Also the gate's `OtherHubs`: the hub above is a principal here."""

    account: UpstreamAccount
    standing: Standing
    state: Uplink

    @property
    def upstream(self) -> OtherHub:
        return OtherHub(UPSTREAM_NAME, UPSTREAM, self.state.wards)

    def find(self, name: str) -> OtherHub | None:
        return self.upstream if name == UPSTREAM_NAME else None


async def open_uplink(settings: Settings, database: Database) -> OpenUplink:
    """Make this hub known above and fetch the first mirror; later starts need nobody.

    Raises, at the first start only, UpstreamAway, UpstreamRefused (a spent code), NoMirror, and ValueError (a
    missing code, a data folder of another installation); always ValueError for an address, PermissionError.
    """
    urls = check_urls(settings.upstream)
    if settings.hubs or settings.store_address.startswith("couchdb:"):
        raise ValueError("--upstream: expected a hub with a log of its own, got --hubs or --store couchdb:")
    account = UpstreamAccount(urls, load_key_file(settings.data / "uplink.key"), settings.data / AUTHORITY)
    try:
        async with database.session() as session:
            state = await read_uplink(session)
        if state is None:
            state = await _enrol(account, settings, database)
        found = await load_installation(database)
        standing = Standing(found.id, found.generation)
        if not state.revision:
            mirror = await account.mirror(state.name, "")
            state = await take_mirror(mirror or {}, standing, settings.key_folder, database)
        # Else the ward is served at once from what is here: the link asks for what is new.
        return OpenUplink(account, standing, state)
    except BaseException:
        await account.close()
        raise


async def take_mirror(
    mirror: Mapping[str, Any], standing: Standing, key_folder: Path, database: Database
) -> Uplink:
    """Keep a mirror and its secrets. Raises OtherGeneration, NoMirror, OSError."""
    theirs = Standing(str(mirror.get("installation")), int(mirror.get("generation", 0)))
    if theirs != standing:
        raise OtherGeneration(theirs, standing)
    _keep_secret(key_folder / "pin.secret", base64.b64decode(str(mirror["pin_secret"])))
    return await keep_mirror(database, mirror)


async def _enrol(account: UpstreamAccount, settings: Settings, database: Database) -> Uplink:
    if not settings.upstream_code:
        raise ValueError("--upstream: the first start needs --upstream-code, from `ward-hub ward-hubs add`")
    told = await account.enrol(settings.upstream_code)
    standing = Standing(str(told["installation"]), int(told["generation"]))
    async with database.session.begin() as session:
        row = await session.get(InstallationRow, 1)
        if row is None:
            row = InstallationRow(id=1, installation=standing.installation, generation=standing.generation)
            session.add(row)
        elif Standing(row.installation, row.generation) != standing:
            raise ValueError(f"{settings.data} belongs to another installation: expected an empty folder")
        name, wards = str(told["hub"]), [str(ward) for ward in told["wards"]]
        session.add(UplinkRow(id=1, name=name, wards=wards, revision="", view={}, place=""))
    log.info("known above as %s, for %s", name, ", ".join(wards))
    return Uplink(name, frozenset(wards))


def _keep_secret(path: Path, secret: bytes) -> None:
    """Write a secret of the installation, for its owner alone, unless it is there."""
    if path.exists() and path.read_bytes() == secret:
        return
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(secret)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)


class UplinkService(Receiver):
    """Keeps the ward hub in step with the hub above. `start` when host and directory stand."""

    def __init__(
        self,
        *,
        uplink: OpenUplink,
        settings: Settings,
        database: Database,
        store: Log,
        host: Host,
        calls: KeptFacts,
        current: CurrentDirectory,
        departed: dict[str, str],
        sink: Sink,
        signals: SignalsUp,
        clock: Callable[[], int],
    ) -> None:
        """`departed`: the gate's, filled from the mirror; `clock` in ms."""
        self._uplink = uplink
        self._settings = settings
        self._database = database
        self._host = host
        self._calls = calls
        self._current = current
        self._departed = departed
        self._sink = sink
        self._signals = signals
        self._clock = clock
        self._link: Link | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._writing: set[asyncio.Task[Any]] = set()
        self._adopting: set[str] = set()
        self._adopt_due = asyncio.Event()
        self._mirror_due = asyncio.Event()
        self.facts = FactsUp(store, uplink.state.place, self._keep_place, self._send_facts, self._is_denied)
        self.connected = False

    def start(self) -> None:
        """Show who lies where, as last told, and begin linking."""
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(work()) for work in (self._link_for_ever, self._adopt_for_ever)]

    async def load(self) -> None:
        """Tell gate and projector who lies where by the mirror that is held; after the directory was read."""
        await self._show(self._uplink.state)

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*self._writing, return_exceptions=True)
        await self._uplink.account.close()

    async def _finished(self, work: Coroutine[Any, Any, T]) -> T:
        """Await work that is finished whoever is cancelled: a transaction cut off in its middle would keep
        everybody else from writing."""
        task = asyncio.get_running_loop().create_task(work)
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)
        return await asyncio.shield(task)

    def signal(self, document: str, payload: str) -> bool:
        """Send a signal up for a terminal that is not here; returns whether there is a link to send it by."""
        return self._link is not None and self._link.signal(document, payload)

    async def forward(self, path: str, body: bytes) -> tuple[int, bytes]:
        """Pass a terminal's request on to the hub above, and fetch what it changed. Raises UpstreamAway."""
        answer = await self._uplink.account.forward(path, body)
        with contextlib.suppress(UpstreamAway, UpstreamRefused, OtherGeneration):
            await self._fetch()
        return answer

    # What the link tells of

    def facts_answered(self, payload: str) -> None:
        self.facts.answered(payload)

    def facts_due(self) -> None:
        self.facts.wake()

    def adopt(self, document: str) -> None:
        self._adopting.add(document)
        self._adopt_due.set()

    def rows_changed(self) -> None:
        self._mirror_due.set()

    def signalled(self, document: str, payload: str) -> None:
        self._signals.came_down(document, payload)

    # Works

    async def _link_for_ever(self) -> None:
        wait_s = BACK_OFF_S[0]
        while True:
            uplink = self._uplink
            link = Link(
                uplink.account,
                uplink.state.name,
                uplink.standing,
                uplink.upstream,
                self._host,
                self._wanted,
                self,
                self._linked,
            )
            self._link = link
            beside = [asyncio.ensure_future(work()) for work in (self._bring_facts, self._mirror_for_ever)]
            try:
                await link.run()
            except UpstreamAway as away:
                log.warning("no link to the hub above at %s: %s", uplink.account.url, away)
                uplink.account.turn()
            except OtherGeneration as other:
                log.error("%s", other)
                wait_s = HELD_S
            except UpstreamRefused as refused:
                log.error("%s; this ward is served from what is here, and nothing is replicated", refused)
                wait_s = HELD_S
            except Exception:
                log.exception("the link to the hub above failed")
            finally:
                self._link = None
                for task in beside:
                    task.cancel()
                await asyncio.gather(*beside, return_exceptions=True)
            if self.connected:
                wait_s, self.connected = BACK_OFF_S[0], False
            await asyncio.sleep(wait_s * random.uniform(0.5, 1.5))  # noqa: S311  spreads, hides nothing
            wait_s = min(wait_s * 2, BACK_OFF_S[1])

    async def _linked(self) -> None:
        """The hub above is the right one."""
        log.info("linked with the hub above as %s", self._uplink.state.name)
        self.connected = True
        self._mirror_due.set()

    async def _bring_facts(self) -> None:
        while True:
            try:
                await self.facts.run()
            except LogUnavailable as error:
                log.error("facts are not brought up: %s", error)
            except Exception:
                log.exception("facts are not brought up; again in a second")
            await asyncio.sleep(1.0)

    async def _mirror_for_ever(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._mirror_due.wait(), MIRROR_S)
            self._mirror_due.clear()
            if self.connected:
                try:
                    await self._fetch()
                except (UpstreamAway, UpstreamRefused, OtherGeneration, NoMirror, OSError) as error:
                    log.warning("no mirror: %s", error)
                except Exception:
                    log.exception("the mirror could not be kept")

    async def _fetch(self) -> None:
        uplink = self._uplink
        mirror = await uplink.account.mirror(uplink.state.name, uplink.state.revision)
        if mirror is not None:
            await self._finished(self._keep(mirror))

    async def _keep(self, mirror: Mapping[str, Any]) -> None:
        uplink = self._uplink
        state = await take_mirror(mirror, uplink.standing, self._settings.key_folder, self._database)
        uplink.state = replace(state, place=uplink.state.place)
        await self._sink.changed()
        await self._show(uplink.state)

    async def _show(self, state: Uplink) -> None:
        view = state.view or {}
        self._departed.clear()
        self._departed.update(view.get("departed", {}))
        for ward, stays in view.get("occupancy", {}).items():
            await self._sink.set_occupancy(ward, stays)
        for ward, priorities in view.get("priorities", {}).items():
            await self._sink.set_bed_priorities(ward, priorities)

    async def _adopt_for_ever(self) -> None:
        while True:
            await self._adopt_due.wait()
            self._adopt_due.clear()
            while self._adopting:
                document = self._adopting.pop()
                try:
                    self.facts.came_down(await self._finished(self._calls.keep_listed(document)))
                except (StorageFull, LogUnavailable) as error:
                    log.error("facts of %s are not kept yet: %s", document, type(error).__name__)
                    self._adopting.add(document)
                    await asyncio.sleep(1.0)
                except Exception:
                    log.exception("facts of %s could not be kept", document)

    def _wanted(self) -> set[str]:
        current = self._current
        zone = zone_of(current.model.hospital.settings)
        opened = always_open(current.model.wards, current.occupancy, self._clock(), zone)
        # A room that is gone above may have facts that are not: they are sent, and refused if they must be.
        return opened | self.facts.documents()

    def _send_facts(self, document: str, payload: str) -> bool:
        return self._link is not None and self._link.send_facts(document, payload)

    def _is_denied(self, document: str) -> bool:
        return self._link is not None and self._link.is_denied(document)

    async def _keep_place(self, place: Cursor) -> None:
        self._uplink.state = replace(self._uplink.state, place=place)
        await self._finished(self._write_place(place))

    async def _write_place(self, place: Cursor) -> None:
        async with self._database.session.begin() as session:
            await session.execute(update(UplinkRow).values(place=place))

"""One hub among several: its leases, its links to the others, and the client id it writes under. A hub that
is alone on its log has no links and holds every lease.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import ssl
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from ward_hub.doc_rooms.host import Host
from ward_hub.documents.names import parse_document
from ward_hub.hubs.links import Links
from ward_hub.identity.installation import Installation
from ward_hub.leases.alone import Alone
from ward_hub.leases.port import Leases, LeaseStore
from ward_hub.log.port import Log
from ward_hub.settings import Settings
from ward_hub.tls.folder import CertificateFolder

HOSPITAL = "hospital"
SETTLE_S = 0.05
"""Several changes in SQL that other hubs point at within this are one reason to look."""

log = logging.getLogger(__name__)
Look = Callable[[], Awaitable[object]]


def ward_lease(ward: str) -> str:
    return f"ward/{ward}"


def client_id(installation: Installation, hub: str = "") -> int:
    """The hub's Yjs client id: one for life, so that state vectors do not grow; another after a restore,
    since the clocks that were lost may be out there. `hub`: its name where several write one log (MH3)."""
    words = f"{installation.id}:{installation.generation}" + (f":{hub}" if hub else "")
    return int.from_bytes(hashlib.sha256(words.encode()).digest()[:4], "big") or 1


@dataclass(slots=True)
class Together:
    """What joins a hub to the others. `links` None: it is alone."""

    client_id: int
    leases: Leases = field(default_factory=Alone)
    links: Links | None = None
    draining: bool = False
    _looks: list[Look] = field(default_factory=list)
    _looking: asyncio.Lock = field(default_factory=asyncio.Lock)
    _asked: int = 0

    @property
    def several(self) -> bool:
        return self.links is not None

    def holds_ward(self, ward: str) -> bool:
        """Whether what one hub only may do for the ward is this hub's."""
        return self.leases.holds(ward_lease(ward))

    def holds_hospital(self) -> bool:
        return self.leases.holds(HOSPITAL)

    def holds_document(self, document: str) -> bool:
        """Whether this hub tidies the document: who holds its ward, or the hospital where it has none."""
        name = parse_document(document)
        return self.holds_ward(name.ward) if name and name.ward else self.holds_hospital()

    def attach(self, host: Host) -> None:
        """Let the host know of the others; before it starts."""
        if self.links is not None:
            self.links.attach(host)
            host.elsewhere = self.links

    def on_change(self, look: Look) -> None:
        """What reads SQL again when another hub says that it has written something."""
        self._looks.append(look)

    def start(self) -> None:
        if self.links is not None:
            self.links.on_nudge("sql", self._look_all)
            self.links.start()

    async def tick(self, wards: Iterable[str]) -> None:
        """Once a second: renew leases."""
        if not self.draining:
            self.leases.want([HOSPITAL, *map(ward_lease, wards)])
            await self.leases.tick()

    async def look(self) -> None:
        """What others wrote, also where no link told of it."""
        if self.links is not None:
            await self._look_all()

    async def drain(self) -> None:
        """Give up what is held: this hub ends."""
        self.draining = True
        await self.leases.release()

    async def close(self) -> None:
        if self.links is not None:
            await self.links.close()

    def changed(self) -> None:
        """This hub wrote to SQL what the others keep in memory."""
        if self.links is not None:
            self.links.nudge("sql")

    def hospital_only(self, work: Look) -> Look:
        """The work as a round that only the hospital's holder does."""

        async def round_() -> object:
            return await work() if self.holds_hospital() else None

        return round_

    async def _look_all(self) -> None:
        self._asked += 1
        asked = self._asked
        await asyncio.sleep(SETTLE_S)
        async with self._looking:
            if asked != self._asked:
                return
            for look in self._looks:
                try:
                    await look()
                except Exception:
                    log.exception("what another hub wrote could not be read")


def join_hubs(
    settings: Settings, hub: str, installation: Installation, store: Log, secret: bytes
) -> Together:
    """Return how this hub stands to others. `store`: the log as opened; `secret`: that of the tokens."""
    leases: LeaseStore | None = getattr(store, "leases", None)
    if leases is None:
        # A ward hub writes to the hospital's documents too, under the same installation.
        return Together(client_id(installation, hub if settings.upstream else ""))
    from ward_hub.leases.held import HeldLeases

    links = Links(hub, installation.id, secret, settings.hubs.split(), _monotonic_ms, _trust(settings))
    return Together(client_id(installation, hub), HeldLeases(leases, hub, time.monotonic), links)


def _monotonic_ms() -> int:
    return time.monotonic_ns() // 1_000_000


def _trust(settings: Settings) -> ssl.SSLContext:
    """Whom links believe: the system's authorities, and the private one where the hub has its own."""
    context = ssl.create_default_context()
    for folder in {settings.data, settings.key_folder}:
        authority = CertificateFolder(folder).authority
        if authority.exists():
            context.load_verify_locations(authority)
    return context


class TellAfterWrites:
    """ASGI middleware: after a request that wrote over HTTP the other hubs are told to look."""

    def __init__(self, app: Any, changed: Callable[[], None]) -> None:
        self._app = app
        self._changed = changed

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self._app(scope, receive, send)
        if scope["type"] == "http" and scope["method"] not in ("GET", "HEAD", "OPTIONS"):
            self._changed()

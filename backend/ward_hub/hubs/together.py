"""One hub among several: its leases, its links to the others, and the client id it writes under. A hub that
is alone on its log has no links and holds every lease.
"""

from __future__ import annotations

import hashlib
import logging
import ssl
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ward_hub.doc_rooms.host import Host
from ward_hub.fleet.device_line import DeviceLine
from ward_hub.identity.installation import Installation
from ward_hub.leases.alone import Alone
from ward_hub.leases.nothing import Nothing
from ward_hub.leases.port import Leases, LeaseStore
from ward_hub.log.port import Log
from ward_hub.settings import Settings
from ward_hub.tls.folder import CertificateFolder

if TYPE_CHECKING:
    from ward_hub.hubs.links import Links

HOSPITAL = "hospital"
TICK_S = 1.0
LOOK_AGAIN_S = 5.0
"""How often SQL is read for what another hub wrote, for when no link told of it."""
TOLD_OF = ("/api/office", "/api/staff", "/api/enrol", "/api/push/subscription", "/api/wards")
"""Requests that write what other hubs keep in memory. Tokens and challenges, by the thousand, do not."""

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

    installation: Installation
    client_id: int
    leases: Leases = field(default_factory=Alone)
    links: Links | None = None
    draining: bool = False
    _looks: list[Look] = field(default_factory=list)
    _looking: bool = False
    _asked: bool = False
    _feed: Look | None = None

    @property
    def several(self) -> bool:
        return self.links is not None

    def holds(self, ward: str | None) -> bool:
        """Whether what one of several hubs only does for the ward (None: the hospital) is this hub's now."""
        return self.links is None or self.leases.holds(HOSPITAL if ward is None else ward_lease(ward))

    def attach(self, host: Host, line: DeviceLine) -> None:
        """Let host and device line know of the others; before they start."""
        if self.links is not None:
            self.links.attach(host)
            host.elsewhere = self.links
            line.forward = self.links.pass_on
            self.links.on_passed = line.take_from_elsewhere
            self.links.on_hub = lambda hub: host.hub_clients.add(client_id(self.installation, hub))

    def terminals(self) -> Iterable[str]:
        """The terminals connected to other hubs."""
        return () if self.links is None else self.links.terminals()

    def on_change(self, look: Look) -> None:
        """What reads SQL again when another hub says that it has written something."""
        self._looks.append(look)

    def on_feed(self, look: Look) -> None:
        """What is to be done when another hub has taken a message of the feed."""
        self._feed = look

    def start(self) -> None:
        if self.links is not None:
            self.links.on_nudge("sql", self._look_all)
            if self._feed is not None:
                self.links.on_nudge("feed", self._feed)
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

    def took(self) -> None:
        """This hub took a message of the feed."""
        if self.links is not None:
            self.links.nudge("feed")

    def hospital_only(self, work: Look) -> Look:
        """The work as a round that only the hospital's holder does."""

        async def round_() -> object:
            return await work() if self.holds(None) else None

        return round_

    async def _look_all(self) -> None:
        """One look at a time; whoever asks meanwhile gets another one, and all of them together one."""
        self._asked = True
        if self._looking:
            return
        self._looking = True
        try:
            while self._asked:
                self._asked = False
                for look in self._looks:
                    try:
                        await look()
                    except Exception:
                        log.exception("what another hub wrote could not be read")
        finally:
            self._looking = False


def join_hubs(
    settings: Settings, hub: str, installation: Installation, store: Log, secret: bytes
) -> Together:
    """Return how this hub stands to others. `store`: the log as opened; `secret`: that of the tokens."""
    leases: LeaseStore | None = getattr(store, "leases", None)
    if leases is None:
        # A ward hub carries no ward's rounds: those that must happen once are the hospital's hub's. It writes
        # to the hospital's documents too, under the same installation.
        if settings.upstream:
            return Together(installation, client_id(installation, hub), Nothing())
        return Together(installation, client_id(installation))
    # A hub that is alone need not carry a WebSocket client.
    from ward_hub.hubs.links import Links
    from ward_hub.leases.held import HeldLeases

    links = Links(hub, installation.id, secret, settings.hubs.split(), _monotonic_ms, _trust(settings))
    return Together(
        installation, client_id(installation, hub), HeldLeases(leases, hub, time.monotonic), links
    )


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
        wrote = scope["type"] == "http" and scope["method"] not in ("GET", "HEAD", "OPTIONS")
        if wrote and scope["path"].startswith(TOLD_OF):
            self._changed()

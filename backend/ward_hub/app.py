"""The composition: which parts a hub is made of, and in which order they start and end.

Only this module knows which adapters are used. `serve` and `demo` differ in settings only.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import secrets
import time
from collections.abc import AsyncIterator

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from ward_hub import __version__
from ward_hub.access.gate import WardGate
from ward_hub.access.presence import check_presence
from ward_hub.calls.call_types import load_call_types
from ward_hub.calls.directories import WardDirectories
from ward_hub.calls.journal import LOOK_S, Journal
from ward_hub.calls.service import CallService
from ward_hub.calls.sightings import Sightings
from ward_hub.calls.signatures import verify
from ward_hub.db.engine import Database, open_database
from ward_hub.directory.current import CurrentDirectory
from ward_hub.directory.projector import POLL_S, DirectoryProjector
from ward_hub.doc_rooms.by_kind import ByKind
from ward_hub.doc_rooms.host import Host
from ward_hub.doc_rooms.rules import ward_rules
from ward_hub.documents import handover, memos, names, notes
from ward_hub.edge.calls_api import calls_routes
from ward_hub.edge.identity_api import IdentityServices, identity_routes
from ward_hub.edge.pages import app_folder, page_routes
from ward_hub.edge.recordings_api import recordings_routes
from ward_hub.edge.sockets import EdgeLimits, HubIdentity, Sockets
from ward_hub.edge.sync_socket import sync_route
from ward_hub.identity.challenge import Challenges
from ward_hub.identity.installation import Installation, load_installation
from ward_hub.identity.passwords import Passwords
from ward_hub.identity.sessions import StaffSessions
from ward_hub.identity.staff import StaffAccounts
from ward_hub.identity.tokens import Tokens, load_secret
from ward_hub.ingest.mapping import load_mapping
from ward_hub.ingest.places import DirectoryPlaces
from ward_hub.ingest.service import FeedService
from ward_hub.log.open import open_log
from ward_hub.log.port import Log, LogUnavailable, StorageFull
from ward_hub.log.watched import WatchedLog
from ward_hub.rounds import Rounds
from ward_hub.settings import Settings
from ward_hub.talk.broadcasts import TICK_S, Broadcasts
from ward_hub.talk.ice import IceServers
from ward_hub.talk.media import HubMedia
from ward_hub.talk.recordings import Recordings
from ward_hub.talk.relay_key import load_relay_key
from ward_hub.talk.signal_relay import SignalRelay

PRUNE_S = 60.0
OBSERVE_S = 1.0
RECHECK_S = 60.0
"""A person's session ends by the clock; what it opened is closed at the next look."""
FORGET_S = 3600.0

log = logging.getLogger(__name__)


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def client_id(installation: Installation) -> int:
    """The hub's Yjs client id: one for life, so that state vectors do not grow; another after a restore,
    since the clocks that were lost may be out there."""
    digest = hashlib.sha256(f"{installation.id}:{installation.generation}".encode()).digest()
    return int.from_bytes(digest[:4], "big") or 1


async def build(settings: Settings) -> Starlette:
    """Open what a hub needs and put it together.

    Raises AppMissing, LogUnavailable, ValueError (an address of a store) and OSError (the data folder).
    """
    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    pages = page_routes(app_folder(settings.app), settings.control)
    ice = IceServers(settings.stun, settings.turn, settings.turn_secret)
    database = open_database(settings.sql_url)
    await database.upgrade()
    store = WatchedLog(open_log(settings.store_address, settings.data))
    installation = await load_installation(database)

    current = CurrentDirectory()
    call_types = load_call_types()
    relay_key = load_relay_key(settings.data)
    directories = WardDirectories(current, call_types, now_ms, relay_key.public)
    sessions = StaffSessions(database)
    await sessions.load(now_ms())
    tokens = Tokens(load_secret(settings.data), installation.id)
    departed: dict[str, str] = {}
    gate = WardGate(tokens, sessions, current, now_ms, departed)
    journal = Journal(database, store, directories.of, now_ms)
    sightings = Sightings()
    calls = CallService(store, gate, directories.of, verify, journal, sightings.seen_between, now_ms)
    kinds = ward_rules(
        {
            names.DocumentKind.MEMOS: memos.checker(current.staff_name),
            names.DocumentKind.HANDOVER: lambda _before, after, _who: handover.validate(after),
            names.DocumentKind.NOTES: lambda _before, after, _who: notes.validate(after),
        }
    )
    signals = SignalRelay(gate, directories.of, verify, now_ms)
    stateless = ByKind({names.DocumentKind.PRESENCE: signals}, calls)
    host = Host(store, gate, kinds, stateless, now_ms, client_id(installation), check_presence)
    calls.attach(host)
    broadcasts = Broadcasts(
        directories.of,
        relay_key.sign,
        signals.post,
        signals.tell,
        HubMedia().open,
        now_ms,
        secrets.token_hex(8),
    )
    signals.attach(host, broadcasts)
    recordings = Recordings(database, settings.data, now_ms)
    projector = DirectoryProjector(database, current, host, host, call_types, now_ms, relay_key.public)
    places = DirectoryPlaces(lambda: current.model)
    feed = FeedService(database, places, host, projector, load_mapping(), now_ms, departed)
    limits = EdgeLimits(silence_ms=int(settings.silence_s * 1000))
    identity = HubIdentity(installation.id, installation.generation, __version__)
    sockets = Sockets(host, gate, identity, limits, lambda: store.taking)
    accounts = StaffAccounts(database, Passwords(), sessions)

    @contextlib.asynccontextmanager
    async def life(_app: Starlette) -> AsyncIterator[None]:
        host.start()
        sockets.start()
        # The directory before anyone can ask, the beds before the first call is sorted by them.
        await projector.load()
        for ward, (stays, priorities) in (await feed.beds()).items():
            current.set_occupancy(ward, stays)
            current.set_priorities(ward, priorities)
        if settings.mllp_port >= 0:
            port = await feed.start(settings.host, settings.mllp_port)
            log.info("HL7 v2 over MLLP on port %d", port)
        rounds = Rounds()
        rounds.every(POLL_S, projector.poll)
        rounds.every(LOOK_S, journal.catch_up)
        rounds.every(OBSERVE_S, lambda: _observe(sightings, host))
        rounds.every(PRUNE_S, lambda: _prune(calls, host))
        rounds.every(RECHECK_S, host.recheck)
        rounds.every(FORGET_S, feed.forget_old)
        rounds.every(TICK_S, broadcasts.tick)
        try:
            yield
        finally:
            await rounds.stop()
            if settings.mllp_port >= 0:
                await feed.stop()
            # While there are sockets to say goodbye on.
            await broadcasts.close()
            await sockets.close()
            await host.close()
            await _close(store, database)

    routes = [
        Route("/health/live", _live),
        sync_route(sockets),
        *identity_routes(
            IdentityServices(
                database,
                current,
                gate,
                tokens,
                Challenges(),
                accounts,
                installation,
                projector.changed,
                host.recheck,
                now_ms,
                ice.of,
            )
        ),
        *calls_routes(gate, journal, now_ms),
        *recordings_routes(gate, recordings, directories.of, now_ms),
        *pages,
    ]
    return Starlette(routes=routes, lifespan=life)


async def _live(_request: Request) -> JSONResponse:
    return JSONResponse({"ok": True, "version": __version__})


async def _observe(sightings: Sightings, host: Host) -> None:
    sightings.observe(host.terminals(), now_ms())


async def _prune(calls: CallService, host: Host) -> None:
    kinds = (names.DocumentKind.ROOM_CALLS, names.DocumentKind.WARD_CALLS)
    for document in sorted(host.loaded()):
        name = names.parse_document(document)
        if name is not None and name.kind in kinds:
            try:
                await calls.prune(document)
            except (StorageFull, LogUnavailable) as error:
                log.warning("%s keeps its old facts: %s", document, type(error).__name__)


async def _close(store: Log, database: Database) -> None:
    await store.close()
    await database.close()

"""The composition: which parts a hub is made of, and in which order they start and end.

Only this module knows which adapters are used. `serve` and `demo` differ in settings only.
"""

from __future__ import annotations

import contextlib
import logging
import secrets
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Route
from ward_sync.close_codes import CloseCode

from ward_hub import __version__
from ward_hub.access.gate import WardGate
from ward_hub.access.port import Principal
from ward_hub.access.presence import check_presence
from ward_hub.accounts.office_sessions import OfficeSessions
from ward_hub.accounts.pins import Pins, load_pin_secret
from ward_hub.audit.book import AuditBook
from ward_hub.back_office import OfficeParts, office_routes
from ward_hub.call_points.announcer import Announcer
from ward_hub.call_points.calling import Calling
from ward_hub.call_points.custody import load_custody
from ward_hub.call_points.from_feed import FeedAlarms
from ward_hub.call_points.service import CallPoints
from ward_hub.calls.call_types import load_call_types
from ward_hub.calls.directories import WardDirectories
from ward_hub.calls.from_hubs import FactsFromHubs
from ward_hub.calls.journal import LOOK_S as JOURNAL_S
from ward_hub.calls.journal import Journal
from ward_hub.calls.service import CallService
from ward_hub.calls.sightings import Sightings
from ward_hub.calls.signatures import verify
from ward_hub.db.engine import Database, open_database
from ward_hub.directory.current import CurrentDirectory
from ward_hub.directory.hosting_rules import zone_of
from ward_hub.directory.projector import POLL_S, DirectoryProjector
from ward_hub.doc_rooms.by_kind import ByKind
from ward_hub.doc_rooms.host import Host
from ward_hub.doc_rooms.rules import ward_rules
from ward_hub.documents import handover, memos, names, notes
from ward_hub.documents.memo_months import CARRY_S, MemoMonths
from ward_hub.documents.port import Json
from ward_hub.documents.taken import Check, telling
from ward_hub.edge.call_points_api import call_points_routes
from ward_hub.edge.calls_api import calls_routes
from ward_hub.edge.health_api import health_routes
from ward_hub.edge.identity_api import IdentityServices, identity_routes
from ward_hub.edge.metrics_api import metrics_routes
from ward_hub.edge.not_found import answer_http_exception
from ward_hub.edge.openapi_api import openapi_routes
from ward_hub.edge.other_origins import other_origins, spoken_to
from ward_hub.edge.pages import app_folder, page_routes
from ward_hub.edge.push_api import push_routes
from ward_hub.edge.push_service import push_service_routes
from ward_hub.edge.recordings_api import recordings_routes
from ward_hub.edge.server import Crowd
from ward_hub.edge.sockets import EdgeLimits, HubIdentity, Sockets
from ward_hub.edge.sync_socket import sync_route
from ward_hub.edge.traced_requests import TracedRequests
from ward_hub.edge.ward_hubs_api import WardHubServices, ward_hub_routes
from ward_hub.fleet.device_line import DeviceLine
from ward_hub.fleet.meter import DeviceMeter
from ward_hub.fleet.service import ROUND_S as FLEET_S
from ward_hub.fleet.service import Fleet
from ward_hub.hubs.together import LOOK_AGAIN_S, TellAfterWrites, Together, join_hubs
from ward_hub.hubs.together import TICK_S as LEASES_S
from ward_hub.identity.challenge import Challenges
from ward_hub.identity.hub import load_hub_identity
from ward_hub.identity.installation import load_installation
from ward_hub.identity.passwords import Passwords
from ward_hub.identity.sessions import KEEP_S, StaffSessions
from ward_hub.identity.staff import StaffAccounts
from ward_hub.identity.tokens import Tokens, load_secret
from ward_hub.ingest.mappings import load_mapping_now
from ward_hub.ingest.places import DirectoryPlaces
from ward_hub.ingest.repair import Repairs
from ward_hub.ingest.service import FeedService
from ward_hub.log.open import open_log
from ward_hub.log.port import Log, LogUnavailable, StorageFull
from ward_hub.log.watched import WatchedLog
from ward_hub.office.port import Permission
from ward_hub.push.desk import LOOK_S, PROBE_S, PushDesk
from ward_hub.rounds import Rounds
from ward_hub.settings import Settings
from ward_hub.talk.broadcasts import TICK_S, Broadcasts
from ward_hub.talk.ice import IceServers
from ward_hub.talk.media import HubMedia
from ward_hub.talk.recordings import Recordings
from ward_hub.talk.relay_key import load_relay_key
from ward_hub.talk.signal_relay import SignalRelay
from ward_hub.tls.check import CertificateInfo
from ward_hub.tls.expiry import hub_setting
from ward_hub.upstream.hubs import LOOK_S as WARD_HUBS_S
from ward_hub.upstream.hubs import WardHubs, ended_keys
from ward_hub.upstream.mirror import MirrorDesk
from ward_hub.upstream.replicas import Replicas
from ward_hub.upstream.signals import SignalsDown, SignalsUp
from ward_hub.watched_hub import WatchedParts, health_of, sources_of
from ward_hub.watching.traces import open_tracing

if TYPE_CHECKING:
    from ward_hub.upstream.ward_side import UplinkService

DRAIN_S = 1.0
"""Terminals of a hub that goes are closed spread over this: a thousand at once would all knock at once."""
PRUNE_S = 60.0
OBSERVE_S = 1.0
RECHECK_S = 60.0
"""A person's session ends by the clock; what it opened is closed at the next look."""
FORGET_S = 3600.0
POINTS_S = 1.0
TIDY_S = 6 * 3600.0
CROWD_S = 3.0
SESSIONS_KEPT_MS = 30 * 86_400_000
"""Ended sessions of the back office are looked up for a month; the audit trail keeps the lines longer."""

log = logging.getLogger(__name__)


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def edge_limits(settings: Settings) -> EdgeLimits:
    """What a terminal's socket may do, as the settings have it."""
    return EdgeLimits(
        max_frame_bytes=settings.max_frame_bytes,
        sign_in_ms=int(settings.sign_in_s * 1000),
        silence_ms=int(settings.silence_s * 1000),
        max_waiting_bytes=settings.max_waiting_bytes,
        max_sockets=settings.max_sockets,
        max_sockets_per_address=settings.max_sockets_per_address,
        max_frames_per_s=settings.max_frames_per_s,
    )


async def build(
    settings: Settings, certificate: Callable[[], CertificateInfo | None] = lambda: None
) -> Starlette:
    """Open what a hub needs and put it together. `certificate`: what the hub shows, None without TLS.

    Raises AppMissing, LogUnavailable, ValueError (an address of a store) and OSError (the data folder).
    """
    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder = app_folder(settings.app)
    ice = IceServers(settings.stun, settings.turn, settings.turn_secret)
    database = open_database(settings.sql_url)
    await database.upgrade()
    hub = load_hub_identity(settings.data)
    tracing = open_tracing(settings.otlp, __version__, hub.name)
    opened = await open_log(settings.store_address, settings.data, hub.name)
    store = WatchedLog(tracing.log(opened))
    uplink = None
    if settings.upstream:
        # The connections to the hub above cost memory that no other hub needs.
        from ward_hub.upstream.ward_side import open_uplink

        uplink = await open_uplink(settings, database)
    installation = await load_installation(database)
    ward_hubs = WardHubs(database)

    current = CurrentDirectory()
    call_types = load_call_types()
    relay_key = load_relay_key(settings.key_folder)
    directories = WardDirectories(current, call_types, now_ms, relay_key.public)
    audit = AuditBook(database, now_ms)
    sessions = StaffSessions(database)
    await sessions.load(now_ms())
    secret = load_secret(settings.key_folder)
    tokens = Tokens(secret, installation.id)
    together = join_hubs(settings, hub.name, installation, opened, secret)
    departed: dict[str, str] = {}
    gate = WardGate(tokens, sessions, current, now_ms, departed, uplink or ward_hubs)
    journal = Journal(database, store, directories.of, now_ms)
    sightings = Sightings()
    calls = CallService(
        store, gate, directories.of, verify, journal, sightings.seen_between, now_ms, sessions
    )
    checks: dict[names.DocumentKind, Check] = {
        names.DocumentKind.MEMOS: memos.checker(
            current.staff_name,
            lambda terminal: session.staff if (session := sessions.at(terminal, now_ms())) else None,
        ),
        names.DocumentKind.HANDOVER: lambda _before, after, _who: handover.validate(after),
        names.DocumentKind.NOTES: lambda _before, after, _who: notes.validate(after),
    }

    def written(who: Principal) -> None:
        sessions.extend(who.terminal, now_ms())

    kinds = ward_rules({kind: telling(check, written) for kind, check in checks.items()})
    signals = SignalRelay(gate, directories.of, verify, now_ms, hub_above=uplink is not None)
    line = DeviceLine(gate)
    meter = DeviceMeter(line, now_ms)
    stateless = ByKind(
        {names.DocumentKind.PRESENCE: signals, names.DocumentKind.DEVICE: meter},
        tracing.facts(
            FactsFromHubs(
                calls, gate, directories.of, verify, lambda terminal: ended_keys(database, terminal), now_ms
            )
        ),
    )
    host = Host(store, gate, kinds, stateless, now_ms, together.client_id, check_presence)
    together.attach(host, line)
    # What the hospital's hub writes are replicas at a ward hub.
    filled = Replicas(host) if uplink else host
    calls.attach(host)
    line.attach(host)
    broadcasts = Broadcasts(
        directories.of,
        relay_key.sign,
        signals.post,
        signals.tell,
        HubMedia().open,
        now_ms,
        secrets.token_hex(8),
    )
    link: UplinkService | None = None
    signals_up = SignalsUp(host, lambda document, text: link is not None and link.signal(document, text))
    if uplink is None:
        signals.attach(SignalsDown(host, ward_hubs), broadcasts)
    else:
        signals.attach(signals_up)
    recordings = Recordings(database, settings.data, now_ms)
    projector = DirectoryProjector(
        database,
        current,
        filled,
        host,
        call_types,
        now_ms,
        relay_key.public,
        lambda: {**hub_setting(certificate(), datetime.now(UTC)), **_addresses(settings)},
        together.holds,
    )
    places = DirectoryPlaces(lambda: current.model)
    identity = HubIdentity(installation.id, installation.generation, __version__)
    sockets = Sockets(host, gate, identity, edge_limits(settings), lambda: store.taking)
    crowd = Crowd()
    accounts = StaffAccounts(database, Passwords(), sessions)
    pin_secret = load_pin_secret(settings.key_folder)
    pins = Pins(database, sessions, pin_secret)
    office_sessions = OfficeSessions(database)
    desk = PushDesk(
        database=database,
        store=store,
        documents=filled,
        current=current,
        directory=directories.of,
        call_types=call_types,
        line=line,
        settings=settings,
        clock=now_ms,
        carrier=tracing.carrier,
        holds=together.holds if together.several else None,
    )
    fleet = Fleet(
        database=database,
        data=settings.data,
        app_folder=folder,
        current=current,
        documents=filled,
        lines=sockets,
        line=line,
        meter=meter,
        audit=audit,
        directory_changed=projector.changed,
        viewers=lambda: office_sessions.holding(Permission.FLEET_VIEW, now_ms()),
        clock=now_ms,
        reachable=desk.reachable,
        elsewhere=together.terminals,
    )
    points = CallPoints(
        database,
        current.terminal,
        Calling(calls, host, directories.of, now_ms, lambda: secrets.token_hex(8)),
        Announcer(host, gate, secrets.randbits, now_ms),
        load_custody(settings.key_folder),
        audit,
        projector.changed,
        now_ms,
    )
    alarms = FeedAlarms(points, lambda: current.terminals)
    mapping = await load_mapping_now(database)
    publisher = tracing.publisher(filled)
    feed = FeedService(
        database,
        places,
        publisher,
        projector,
        mapping,
        now_ms,
        departed,
        alarms,
        tracing.message,
        together.holds if together.several else None,
        together.took,
    )
    memo_months = MemoMonths(host, lambda: current.model.wards, together.leases.holds, now_ms)
    watched = WatchedParts(
        hub=hub.name,
        installation=installation.id,
        store=store,
        database=database,
        current=current,
        host=host,
        sockets=sockets,
        calls=calls,
        feed=feed,
        desk=desk,
        leases=together.leases,
        directory=directories.of,
        clock=now_ms,
        opened=opened,
    )
    if uplink is not None:
        from ward_hub.upstream.ward_side import UplinkService

        link = UplinkService(
            uplink=uplink,
            settings=settings,
            database=database,
            store=store,
            host=host,
            calls=calls,
            current=current,
            departed=departed,
            sink=projector,
            signals=signals_up,
            clock=now_ms,
        )
    health = health_of(watched, draining=lambda: together.draining or host.blind)

    async def look_at_sessions() -> None:
        await sessions.load(now_ms())

    # Before those of the directory: a token names a session.
    for look in (look_at_sessions, projector.poll, fleet.wishes.look_again, points.look_again):
        together.on_change(look)
    together.on_feed(feed.look_at_beds)

    async def drain() -> None:
        """Of several hubs this one goes: its terminals move to the others (MH9)."""
        if together.several:
            together.draining = True
            await sockets.drain(DRAIN_S)
            await together.drain()

    feeding = uplink is None and settings.mllp_port >= 0

    @contextlib.asynccontextmanager
    async def life(_app: Starlette) -> AsyncIterator[None]:
        host.start()
        together.start()
        sockets.start()
        watched.lag.start()
        # The directory before anyone can ask, the beds before the first call is sorted by them.
        await projector.load()
        for ward, (stays, priorities) in (await feed.beds()).items():
            current.set_occupancy(ward, stays)
            current.set_priorities(ward, priorities)
        await ward_hubs.look()
        if link is not None:
            await link.load()
            link.start()
        await fleet.load()
        await points.load()
        await desk.load()
        if feeding:
            port = await feed.start(settings.host, settings.mllp_port)
            log.info("HL7 v2 over MLLP on port %d", port)
        rounds = Rounds()
        rounds.every(WARD_HUBS_S, lambda: _look_at_ward_hubs(ward_hubs, host))
        rounds.every(POLL_S, projector.poll)
        rounds.every(LEASES_S, lambda: together.tick(current.model.wards))
        rounds.every(LOOK_AGAIN_S, together.look)
        rounds.every(JOURNAL_S, together.hospital_only(journal.catch_up))
        rounds.every(OBSERVE_S, lambda: _observe(sightings, host))
        rounds.every(PRUNE_S, lambda: _prune(calls, host, together))
        rounds.every(CARRY_S, memo_months.carry)
        rounds.every(CROWD_S, lambda: _crowd(crowd, sockets))
        rounds.every(RECHECK_S, host.recheck)
        rounds.every(FORGET_S, together.hospital_only(feed.forget_old))
        rounds.every(TICK_S, broadcasts.tick)
        for work in () if uplink else fleet.works:
            rounds.every(FLEET_S, work)
        rounds.every(POINTS_S, points.tick)
        if uplink is None:
            rounds.every(LOOK_S, desk.look)
            rounds.every(PROBE_S, desk.probe)
        rounds.every(FORGET_S, together.hospital_only(desk.forget_old))
        rounds.every(FORGET_S, together.hospital_only(audit.forget_old))
        rounds.every(KEEP_S, sessions.keep)
        if (tidy := getattr(opened, "tidy", None)) is not None:
            # The log of several hubs keeps what snapshots cover for a while; nobody else removes it.
            rounds.every(TIDY_S, together.hospital_only(tidy))
        rounds.every(FORGET_S, lambda: office_sessions.forget_old(now_ms() - SESSIONS_KEPT_MS))
        try:
            yield
        finally:
            await rounds.stop()
            await together.drain()
            watched.lag.stop()
            if feeding:
                await feed.stop()
            if link is not None:
                await link.close()
            # While there are sockets to say goodbye on.
            await broadcasts.close()
            await fleet.close()
            points.close()
            await desk.close()
            await sockets.close()
            await host.close()
            await together.close()
            await _close(store, database)
            await tracing.close()

    routes = [
        *health_routes(health),
        *metrics_routes(sources_of(watched, health), settings.metrics_token),
        sync_route(sockets),
        *_routes_of_links(together),
        *_routes_above(link),
        *ward_hub_routes(
            WardHubServices(
                database,
                ward_hubs,
                gate,
                tokens,
                installation,
                MirrorDesk(database, current, departed, installation, pin_secret),
                audit,
                Challenges(secret if together.several else None),
                now_ms,
            )
        ),
        *identity_routes(
            IdentityServices(
                database,
                current,
                gate,
                tokens,
                Challenges(secret if together.several else None),
                accounts,
                installation,
                projector.changed,
                host.recheck,
                now_ms,
                ice.of,
                audit,
                pins,
                sessions,
            )
        ),
        *openapi_routes(),
        *calls_routes(gate, journal, now_ms, lambda: zone_of(current.model.hospital.settings)),
        *recordings_routes(gate, recordings, directories.of, now_ms, audit),
        *call_points_routes(points, now_ms),
        *push_routes(desk, gate, current, now_ms),
        *push_service_routes(desk.service, settings.public_url),
        *office_routes(
            OfficeParts(
                settings=settings,
                database=database,
                current=current,
                host=host,
                gate=gate,
                directories=directories,
                call_types=call_types,
                journal=journal,
                accounts=accounts,
                pins=pins,
                sessions=office_sessions,
                staff_sessions=sessions,
                audit=audit,
                fleet=fleet,
                points=points,
                feed=feed,
                repairs=Repairs(database, feed, audit, now_ms),
                push=lambda: asdict(desk.info),
                certificate=certificate,
                started_at=now_ms(),
                directory_changed=projector.poll,
                clock=now_ms,
            )
        ),
        *page_routes(folder, " ".join((settings.control, *spoken_to(settings.hubs.split()))).strip(), fleet),
    ]
    if uplink is not None:
        # Its database is a mirror: what is changed is changed at the hospital's hub.
        routes = [route for route in routes if not getattr(route, "path", "").startswith("/api/office/")]
    middleware = [] if tracing.tracer is None else [Middleware(TracedRequests, tracer=tracing.tracer)]
    middleware += other_origins(settings.hubs.split())
    if together.several:
        middleware.append(Middleware(TellAfterWrites, changed=together.changed))
    app = Starlette(
        routes=routes,
        middleware=middleware,
        lifespan=life,
        exception_handlers={HTTPException: answer_http_exception},
    )
    app.state.drain = drain
    return app


def _routes_of_links(together: Together) -> list[BaseRoute]:
    if together.links is None:
        return []
    from ward_hub.edge.hubs_socket import hubs_route

    return [hubs_route(together.links)]


def _routes_above(link: UplinkService | None) -> list[Route]:
    if link is None:
        return []
    from ward_hub.edge.upstream_api import upstream_routes

    return upstream_routes(link, now_ms)


def _addresses(settings: Settings) -> dict[str, Json]:
    """Where terminals find the hubs when their own is away, as root `hub` of the hospital's settings."""
    return {"addresses": list(settings.hubs.split())} if settings.hubs else {}


async def _look_at_ward_hubs(ward_hubs: WardHubs, host: Host) -> None:
    """Whose key was taken away at the command line loses its socket."""
    for name in await ward_hubs.look():
        await host.drop_terminal(name, CloseCode.FORBIDDEN)


async def _crowd(crowd: Crowd, sockets: Sockets) -> None:
    crowd.look(len(sockets))


async def _observe(sightings: Sightings, host: Host) -> None:
    sightings.observe(host.terminals(), now_ms())


async def _prune(calls: CallService, host: Host, together: Together) -> None:
    kinds = (names.DocumentKind.ROOM_CALLS, names.DocumentKind.WARD_CALLS)
    for document in sorted(host.loaded()):
        name = names.parse_document(document)
        if name is not None and name.kind in kinds and together.holds(name.ward):
            try:
                await calls.prune(document)
            except (StorageFull, LogUnavailable) as error:
                log.warning("%s keeps its old facts: %s", document, type(error).__name__)


async def _close(store: Log, database: Database) -> None:
    await store.close()
    await database.close()

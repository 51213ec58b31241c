"""The back office put together: who may come in, what can be changed and watched, and its routes.

A composition like `app.py`, which makes the parts it is given and mounts what comes out.
"""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.routing import Route

from ward_hub.access.port import Gate
from ward_hub.accounts import credentials, permissions
from ward_hub.accounts.office_sessions import OfficeSessions
from ward_hub.accounts.oidc import OidcProvider, http_client
from ward_hub.accounts.pins import Pins
from ward_hub.audit.book import AuditBook
from ward_hub.call_points.service import CallPoints
from ward_hub.calls.directories import WardDirectories
from ward_hub.calls.journal import Journal
from ward_hub.db.engine import Database
from ward_hub.directory.current import CurrentDirectory
from ward_hub.directory.hosting_rules import zone_of
from ward_hub.doc_rooms.host import Host
from ward_hub.documents.port import Json
from ward_hub.edge.office_accounts import OfficeAccounts, office_accounts_routes
from ward_hub.edge.office_audit import OfficeAudit, office_audit_routes
from ward_hub.edge.office_call_points import office_call_points_routes
from ward_hub.edge.office_config import OfficeConfig, office_config_routes
from ward_hub.edge.office_feed import office_feed_routes
from ward_hub.edge.office_fleet import office_fleet_routes
from ward_hub.edge.office_hosting import OfficeHosting, office_hosting_routes
from ward_hub.edge.office_journal import OfficeJournal, office_journal_routes
from ward_hub.edge.office_live import office_live_routes
from ward_hub.edge.office_oidc import OfficeOidc, office_oidc_routes
from ward_hub.edge.office_releases import office_release_routes
from ward_hub.edge.office_session import OfficeGate, OfficeSignIn, office_session_routes
from ward_hub.edge.office_system import SystemParts, office_system_routes
from ward_hub.fleet import schedules
from ward_hub.fleet.service import Fleet
from ward_hub.identity.sessions import StaffSessions
from ward_hub.identity.staff import StaffAccounts
from ward_hub.ingest.repair import Repairs
from ward_hub.ingest.service import FeedService
from ward_hub.office.changes import Changes, ChangesParts
from ward_hub.office.entities.all import all_adapters
from ward_hub.office.importing import Importing
from ward_hub.office.open_calls import CallsInDocuments
from ward_hub.settings import Settings
from ward_hub.tls.check import CertificateInfo
from ward_hub.tls.from_settings import load_address

ID_BYTES = 8


@dataclass(frozen=True, slots=True)
class OfficeParts:
    """What the back office stands on. `directory_changed` has the directory published; `clock` gives ms."""

    settings: Settings
    database: Database
    current: CurrentDirectory
    host: Host
    gate: Gate
    directories: WardDirectories
    call_types: Mapping[str, Json]
    journal: Journal
    accounts: StaffAccounts
    pins: Pins
    sessions: OfficeSessions
    staff_sessions: StaffSessions
    audit: AuditBook
    fleet: Fleet
    points: CallPoints
    feed: FeedService
    repairs: Repairs
    push: Callable[[], Mapping[str, Json]]
    certificate: Callable[[], CertificateInfo | None]
    started_at: int
    directory_changed: Callable[[], Awaitable[None]]
    clock: Callable[[], int]


def office_routes(parts: OfficeParts) -> list[Route]:
    """The routes of the back office, ready to be mounted at the root.

    Raises ValueError for a single sign-on that is set wrongly.
    """
    database, current, audit, clock = parts.database, parts.current, parts.audit, parts.clock
    gate = OfficeGate(parts.sessions, clock)
    provider = _provider(parts.settings, clock)
    changes = _changes(parts)

    async def signed_out(staff: str) -> None:
        await parts.staff_sessions.end_of(staff, clock())
        await parts.host.recheck()

    sign_in = OfficeSignIn(
        database,
        gate,
        parts.sessions,
        parts.accounts,
        current,
        audit,
        clock,
        provider.name if provider else None,
    )
    config = OfficeConfig(
        database=database,
        door=gate,
        changes=changes,
        importing=Importing(database, changes),
        shipped_call_types=_without_ids(parts.call_types),
        occupied=_occupied(current),
        flags=lambda session: _flags(session, clock()),
        permissions=permissions.describe,
        clock=clock,
    )

    system = SystemParts(
        parts.started_at,
        parts.certificate,
        lambda now: _signed_in(parts, now),
        lambda: _feed(parts.feed),
        parts.push,
    )

    def zone() -> Any:
        return zone_of(current.model.hospital.settings)

    return [
        *office_session_routes(sign_in),
        *(
            []
            if provider is None
            else office_oidc_routes(OfficeOidc(provider, database, gate, parts.sessions, audit, clock))
        ),
        *office_accounts_routes(
            OfficeAccounts(
                database,
                gate,
                parts.accounts,
                parts.pins,
                audit,
                clock,
                signed_out,
            )
        ),
        *office_config_routes(config),
        *office_hosting_routes(OfficeHosting(database, gate, parts.gate, current, changes, _new_id, clock)),
        *office_journal_routes(OfficeJournal(gate, database, parts.journal, audit, zone, clock)),
        *office_audit_routes(OfficeAudit(gate, database, audit, zone, clock)),
        *office_fleet_routes(gate, parts.fleet, audit, parts.settings.public_url, clock),
        *office_release_routes(gate, parts.fleet, audit, clock),
        *office_live_routes(gate, parts.fleet.live, current, clock),
        *office_call_points_routes(gate, parts.points, lambda: current.model, clock),
        *office_feed_routes(gate, parts.repairs, parts.feed, database, audit, clock),
        *office_system_routes(gate, system, clock),
    ]


def _changes(parts: OfficeParts) -> Changes:
    def rooms(ward: str) -> list[str]:
        known = parts.current.model.wards.get(ward)
        return [] if known is None else list(known.rooms)

    async def people_changed(people: frozenset[str]) -> None:
        await parts.sessions.end_of(people, "changed", parts.clock())
        await parts.host.recheck()

    return Changes(
        ChangesParts(
            database=parts.database,
            adapters=all_adapters(_without_ids(parts.call_types), permissions, schedules),
            shipped_call_types=frozenset(parts.call_types),
            audit=parts.audit,
            calls=CallsInDocuments(parts.host, rooms, parts.directories.of, parts.clock),
            occupied=_occupied(parts.current),
            directory_changed=parts.directory_changed,
            people_changed=people_changed,
            clock=parts.clock,
        )
    )


def _occupied(current: CurrentDirectory) -> Callable[[str], Collection[str]]:
    return lambda ward: [bed for bed, stay in current.occupancy.get(ward, {}).items() if stay is not None]


def _without_ids(call_types: Mapping[str, Json]) -> dict[str, dict[str, Json]]:
    found: dict[str, dict[str, Json]] = {}
    for name, value in call_types.items():
        if isinstance(value, Mapping):
            found[name] = {key: one for key, one in value.items() if key != "id"}
    return found


async def _signed_in(parts: OfficeParts, now: int) -> int:
    return parts.staff_sessions.count(now) + await parts.sessions.count(now)


async def _feed(feed: FeedService) -> dict[str, Json]:
    told = await feed.summary()
    return {"connected": told.connected, "last_message_at": told.last_message_at, "refused": told.refused}


async def _flags(session: AsyncSession, now: int) -> dict[str, dict[str, Any]]:
    return {staff: asdict(one) for staff, one in (await credentials.flags(session, now)).items()}


def _provider(settings: Settings, clock: Callable[[], int]) -> OidcProvider | None:
    if not settings.oidc_issuer:
        return None
    return OidcProvider(
        settings.oidc_issuer,
        settings.oidc_client,
        settings.oidc_secret,
        settings.oidc_claim,
        settings.public_url or load_address(settings.data) or "",
        http_client(),
        clock,
    )


def _new_id() -> str:
    return secrets.token_hex(ID_BYTES)

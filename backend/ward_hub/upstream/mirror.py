"""The mirror: what the hospital's hub gives a ward hub beside documents and facts, and how that is kept.

It holds secrets (password hashes, the PIN secret): sent only to an enrolled ward hub, never logged. A ward
hub has its own token secret, so that what is stolen with it opens nothing at the hospital's hub.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from ward_hub.db.engine import Database
from ward_hub.directory.current import CurrentDirectory
from ward_hub.documents.port import Json
from ward_hub.identity.installation import Installation
from ward_hub.upstream.mirrored import read_tables, write_tables
from ward_hub.upstream.tables import UplinkRow

MAX_BYTES = 64 * 2**20
"""A ward of a hundred terminals and forty people is some 100 KiB."""


class NoMirror(ValueError):
    """What came is no mirror that this version can read."""


@dataclass(frozen=True, slots=True)
class Uplink:
    """What a ward hub knows of the hub above it; `revision` empty before the first mirror."""

    name: str
    wards: frozenset[str]
    revision: str = ""
    view: Mapping[str, Any] | None = None
    place: str = ""


class MirrorDesk:
    """At the hospital's hub: makes mirrors. `departed`: stay → ward it left, read live."""

    def __init__(
        self,
        database: Database,
        current: CurrentDirectory,
        departed: Mapping[str, str],
        installation: Installation,
        pin_secret: bytes,
    ) -> None:
        self._database = database
        self._current = current
        self._departed = departed
        self._installation = installation
        self._pin_secret = pin_secret

    async def make(self, wards: frozenset[str]) -> dict[str, Json]:
        """Return the mirror of the wards; `revision` is another whenever anything in it is."""
        async with self._database.session() as session:
            tables = await read_tables(session, sorted(wards))
        current = self._current
        content: dict[str, Any] = {
            "wards": sorted(wards),
            "tables": tables,
            "view": {
                "occupancy": {ward: dict(current.occupancy.get(ward, {})) for ward in sorted(wards)},
                "priorities": {ward: dict(current.priorities.get(ward, {})) for ward in sorted(wards)},
                "departed": {stay: ward for stay, ward in self._departed.items() if ward in wards},
            },
            "pin_secret": base64.b64encode(self._pin_secret).decode("ascii"),
        }
        digest = hashlib.blake2b(json.dumps(content, sort_keys=True).encode(), digest_size=16)
        return {
            "installation": self._installation.id,
            "generation": self._installation.generation,
            "revision": digest.hexdigest(),
            **content,
        }


async def read_uplink(session: AsyncSession) -> Uplink | None:
    """Return what this ward hub knows of the hub above it; None before it has enrolled."""
    row = await session.get(UplinkRow, 1)
    return None if row is None else Uplink(row.name, frozenset(row.wards), row.revision, row.view, row.place)


async def keep_mirror(database: Database, mirror: Mapping[str, Any]) -> Uplink:
    """Take a mirror over in one transaction. Raises NoMirror: nothing has changed then."""
    try:
        async with database.session.begin() as session:
            await write_tables(session, mirror["tables"])
            row = await session.get_one(UplinkRow, 1)
            row.wards, row.revision, row.view = mirror["wards"], mirror["revision"], mirror["view"]
            return Uplink(row.name, frozenset(row.wards), row.revision, row.view, row.place)
    except (KeyError, TypeError, ValueError) as error:
        raise NoMirror(f"expected a mirror of this version: {error!r}") from error

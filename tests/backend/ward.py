"""The standard ward in a fresh database, with quick password hashes; for the tests of the hub's parts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from ward_hub.db.engine import Database, open_database, sqlite_url
from ward_hub.directory.fixture import build_standard_ward
from ward_hub.directory.model import DirectoryModel, Terminal
from ward_hub.directory.store import load_directory
from ward_hub.identity.enrolment import enrol, make_code
from ward_hub.identity.passwords import Passwords

NOW = 1_800_000_000_000
PASSWORD = "Ward-2026"


def quick_passwords() -> Passwords:
    return Passwords(time_cost=1, memory_kib=8)


_built: list[bytes] = []
"""The file of the standard ward, built by the first test that wants it and copied for the others."""


@asynccontextmanager
async def standard_ward(folder: Path) -> AsyncIterator[Database]:
    """A database with the standard ward, closed afterwards."""
    path = folder / "ward.sqlite"
    if not _built:
        building = open_database(sqlite_url(path))
        await building.upgrade()
        await build_standard_ward(building, now=NOW, password=PASSWORD, passwords=quick_passwords())
        await building.close()
        _built.append(path.read_bytes())
    path.write_bytes(_built[0])
    database = open_database(sqlite_url(path))
    try:
        yield database
    finally:
        await database.close()


async def read_model(database: Database, now: int = NOW) -> DirectoryModel:
    async with database.session() as session:
        return await load_directory(session, now)


class Device:
    """A device with a key, as a browser has one."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.point = self._key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    def sign(self, message: bytes) -> bytes:
        """Raw r‖s, as WebCrypto signs."""
        r, s = decode_dss_signature(self._key.sign(message, ec.ECDSA(SHA256())))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")


async def enrolled(database: Database, terminal: str, device: Device, now: int = NOW) -> Terminal:
    """Enrol the device at the terminal's slot."""
    async with database.session.begin() as session:
        code = await make_code(session, terminal, now)
    return await enrol(database, code, device.point, now)

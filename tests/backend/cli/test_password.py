"""`ward-hub password`: a person's password from standard input."""

from __future__ import annotations

import asyncio
import io
import shutil
import time
from pathlib import Path

import pytest
from ward_hub.cli.main import main
from ward_hub.db.engine import open_database, sqlite_url
from ward_hub.directory.model import Terminal, TerminalKind
from ward_hub.identity.passwords import Passwords
from ward_hub.identity.sessions import StaffSessions
from ward_hub.identity.staff import StaffAccounts

STATION = Terminal("station-main", "thoracic", TerminalKind.STATION, "station-main-10", "主机", "Main")


async def _sign_in(data: Path, password: str) -> str:
    database = open_database(sqlite_url(data / "ward.sqlite"))
    try:
        accounts = StaffAccounts(database, Passwords(), StaffSessions(database))
        signed_in = await accounts.sign_in(STATION, "n001", password, time.time_ns() // 1_000_000)
        return signed_in.staff.id
    finally:
        await database.close()


@pytest.mark.parametrize(
    ("staff", "password", "status"),
    [("n001", "Nacht-wache1", 0), ("n001", "weak", 1), ("nobody", "Nacht-wache1", 1)],
)
def test_a_strong_password_is_set_for_somebody(
    standard_ward: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    staff: str,
    password: str,
    status: int,
) -> None:
    data = tmp_path / "data"
    shutil.copytree(standard_ward, data)
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{password}\n"))
    assert main(["password", staff, "--data", str(data)]) == status
    if status == 0:
        assert asyncio.run(_sign_in(data, password)) == "n001"

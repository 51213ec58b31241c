"""`ward-hub enrol`: a one-time address that makes the device which opens it the named terminal."""

from __future__ import annotations

import argparse

from sqlalchemy.ext.asyncio import AsyncSession

from ward_hub.audit.port import AuditAction
from ward_hub.cli.audited import leave_line
from ward_hub.cli.directory_store import add_place_arguments, in_directory, now_ms
from ward_hub.directory.tables import TerminalRow
from ward_hub.identity.enrolment import make_code
from ward_hub.settings import SettingError, Settings
from ward_hub.tls.from_settings import load_address

DEFAULT_BASE = "http://127.0.0.1:8080"
"""Where a hub listens that is told nothing; it has not run here yet."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("terminal", metavar="TERMINAL", help="terminal id, such as bed-b01")
    parser.add_argument(
        "--base",
        help="address the terminal reaches the hub at (default: the running hub's own)",
    )
    parser.add_argument("--hours", type=int, default=24, help="how long the address is good (default 24)")
    add_place_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Print the address; returns the exit status. Addresses made before for this terminal end."""

    base = (args.base or hub_base(args)).rstrip("/")

    async def make(session: AsyncSession) -> str:
        now = now_ms()
        code = await make_code(session, args.terminal, now, args.hours * 3_600_000)
        row = await session.get_one(TerminalRow, args.terminal)
        await leave_line(
            session, AuditAction.ENROL_CODE, "enrol", now, subject=row.id, terminal=row.id, ward=row.ward
        )
        return f"{base}/t/{row.kind}/{row.id}/#enrol={code}"

    address = in_directory(args, make)
    if address is None:
        return 1
    print(address)
    return 0


def hub_base(args: argparse.Namespace) -> str:
    """The public address where one is set, else what the hub left in the data folder."""
    try:
        settings = Settings.read(data=args.data)
    except SettingError:
        return DEFAULT_BASE  # in_directory says what is wrong
    return settings.public_url or load_address(settings.data) or DEFAULT_BASE

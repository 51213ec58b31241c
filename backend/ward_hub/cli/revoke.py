"""`ward-hub revoke`: take a terminal's key away. A running hub cuts it within about a second."""

from __future__ import annotations

import argparse

from sqlalchemy.ext.asyncio import AsyncSession

from ward_hub.audit.port import AuditAction
from ward_hub.cli.audited import leave_line
from ward_hub.cli.directory_store import add_place_arguments, in_directory, now_ms
from ward_hub.directory.store import revoke_terminal
from ward_hub.directory.tables import TerminalRow
from ward_hub.identity.enrolment import end_codes


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("terminal", metavar="TERMINAL", help="terminal id, such as bed-b01")
    add_place_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Revoke the terminal; returns the exit status."""

    async def revoke(session: AsyncSession) -> bool:
        now = now_ms()
        had_key = await revoke_terminal(session, args.terminal, now)
        await end_codes(session, args.terminal, now)
        row = await session.get_one(TerminalRow, args.terminal)
        await leave_line(
            session, AuditAction.REVOKE, "revoke", now, subject=row.id, terminal=row.id, ward=row.ward
        )
        return had_key

    had_key = in_directory(args, revoke)
    if had_key is None:
        return 1
    print(f"{args.terminal} is revoked" if had_key else f"{args.terminal} is revoked; it had no key")
    return 0

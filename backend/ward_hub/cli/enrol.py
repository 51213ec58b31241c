"""`ward-hub enrol`: a one-time address that makes the device which opens it the named terminal."""

from __future__ import annotations

import argparse

from sqlalchemy.ext.asyncio import AsyncSession

from ward_hub.cli.directory_store import add_place_arguments, in_directory, now_ms
from ward_hub.directory.tables import TerminalRow
from ward_hub.identity.enrolment import make_code


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("terminal", metavar="TERMINAL", help="terminal id, such as bed-b01")
    parser.add_argument(
        "--base",
        default="http://127.0.0.1:8080",
        help="address the terminal reaches the hub at (default %(default)s)",
    )
    parser.add_argument("--hours", type=int, default=24, help="how long the address is good (default 24)")
    add_place_arguments(parser)


def run(args: argparse.Namespace) -> int:
    """Print the address; returns the exit status. Addresses made before for this terminal end."""

    async def make(session: AsyncSession) -> str:
        code = await make_code(session, args.terminal, now_ms(), args.hours * 3_600_000)
        row = await session.get_one(TerminalRow, args.terminal)
        return f"{args.base.rstrip('/')}/t/{row.kind}/{row.id}/#enrol={code}"

    address = in_directory(args, make)
    if address is None:
        return 1
    print(address)
    return 0

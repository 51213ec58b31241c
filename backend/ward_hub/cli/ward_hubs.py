"""`ward-hub ward-hubs`: which ward hubs the hospital's hub knows. See docs/ward-hub.md."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from ward_hub.audit.port import AuditAction
from ward_hub.cli.audited import leave_line
from ward_hub.cli.directory_store import add_place_arguments, in_directory, now_ms
from ward_hub.cli.enrol import hub_base
from ward_hub.upstream import hubs
from ward_hub.upstream.tables import WardHubRow


def add_arguments(parser: argparse.ArgumentParser) -> None:
    doing = parser.add_subparsers(dest="doing", required=True, metavar="ACTION")
    add = doing.add_parser("add", help="make a one-time code for a ward hub's first start")
    add.add_argument("name", metavar="NAME", help="its name, such as thoracic-box")
    add.add_argument("--wards", nargs="+", required=True, metavar="WARD", help="the wards it carries")
    revoke = doing.add_parser("revoke", help="take a ward hub's key away, for good")
    revoke.add_argument("name", metavar="NAME")
    for sub in (add, revoke, doing.add_parser("list", help="list ward hubs")):
        add_place_arguments(sub)


def run(args: argparse.Namespace) -> int:
    if args.doing == "add":
        return _add(args)
    return _revoke(args) if args.doing == "revoke" else _list(args)


def _add(args: argparse.Namespace) -> int:
    async def make(session: AsyncSession) -> str:
        now = now_ms()
        code = await hubs.add(session, args.name, args.wards, now)
        await leave_line(session, AuditAction.ENROL_CODE, "ward-hubs", now, subject=hubs.name_of(args.name))
        return code

    code = in_directory(args, make)
    if code is None:
        return 1
    print(code)
    above = hub_base(args).rstrip("/")
    print(f"on the ward: ward-hub serve --upstream {above} --upstream-code CODE", file=sys.stderr)
    return 0


def _revoke(args: argparse.Namespace) -> int:
    async def end(session: AsyncSession) -> bool:
        now = now_ms()
        row = await hubs.revoke(session, args.name, now)
        if row is None:
            return False
        await leave_line(session, AuditAction.REVOKE, "ward-hubs", now, subject=hubs.name_of(row.id))
        return True

    found = in_directory(args, end)
    if found is False:
        print(f"ward-hub ward-hubs: no ward hub {args.name}", file=sys.stderr)
    return 0 if found else 1


def _list(args: argparse.Namespace) -> int:
    async def read(session: AsyncSession) -> list[WardHubRow]:
        return list(await session.scalars(select(WardHubRow).order_by(WardHubRow.id)))

    rows = in_directory(args, read)
    if rows is None:
        return 1
    for row in rows:
        print(f"{row.id}\t{' '.join(row.wards)}\t{_state(row)}")
    return 0


def _state(row: WardHubRow) -> str:
    for word, at in (("revoked", row.revoked_at), ("enrolled", row.enrolled_at)):
        if at is not None:
            return f"{word} {datetime.fromtimestamp(at / 1000, UTC):%Y-%m-%d %H:%M}Z"
    return "waits for its first start"

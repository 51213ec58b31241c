"""`ward-hub audit`: the audit trail (A23), read and checked beside the running hub."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Sequence
from datetime import datetime, tzinfo
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from ward_hub.audit.book import AuditBook, verify
from ward_hub.audit.chain import AuditSearch
from ward_hub.audit.export import AUDIT_COLUMNS, audit_rows, line_json
from ward_hub.audit.port import AuditAction
from ward_hub.audit.tables import AuditRow
from ward_hub.db.engine import Database, open_database
from ward_hub.directory.hosting_rules import zone_of
from ward_hub.directory.tables import HospitalRow
from ward_hub.office.export import heads, to_csv
from ward_hub.settings import Settings

DAY_MS = 86_400_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, help="the hub's data folder")
    parser.add_argument("--sql", help="SQL address, if it is not in the data folder")
    parser.add_argument("--verify", action="store_true", help="check that no line was changed or taken out")
    parser.add_argument("--days", type=int, default=30, help="how many days back (default %(default)s)")
    parser.add_argument("--staff", help="only what this staff id did")
    parser.add_argument("--action", choices=[action.value for action in AuditAction])
    parser.add_argument("--ward", help="only this ward id")
    parser.add_argument("--text", help="only lines with this in subject, address or detail")
    parser.add_argument("--limit", type=int, default=1000, help="the newest so many (default %(default)s)")
    parser.add_argument("--format", choices=("table", "csv", "json"), default="table")


def run(args: argparse.Namespace) -> int:
    """Print lines, or check the chain: 0 when it holds, 3 when it does not; 2 without a ward."""
    settings = Settings.read(data=args.data, sql=args.sql)
    if not settings.sql and not (settings.data / "ward.sqlite").is_file():
        print(f"ward-hub audit: no ward in {settings.data}; name the hub's --data", file=sys.stderr)
        return 2
    return asyncio.run(_run(settings.sql_url, args))


async def _run(url: str, args: argparse.Namespace) -> int:
    database = open_database(url)
    try:
        return await (_verify(database) if args.verify else _print(database, args))
    except SQLAlchemyError as error:
        print(f"ward-hub audit: the trail cannot be read: {type(error).__name__}", file=sys.stderr)
        return 1
    finally:
        await database.close()


async def _verify(database: Database) -> int:
    async with database.session() as session:
        broken = await verify(session)
    if broken is not None:
        print(f"the audit trail is broken at line {broken}", file=sys.stderr)
        return 3
    print("the audit trail holds")
    return 0


async def _print(database: Database, args: argparse.Namespace) -> int:
    now = time.time_ns() // 1_000_000
    wanted = AuditSearch(
        from_ms=now - args.days * DAY_MS,
        staff=args.staff,
        action=args.action,
        ward=args.ward,
        text=args.text,
    )
    rows, more = await AuditBook(database, lambda: now).search(wanted, max(args.limit, 1))
    async with database.session() as session:
        hospital = await session.get(HospitalRow, 1)
    zone = zone_of(hospital.settings if hospital else {})
    match args.format:
        case "json":
            print(
                json.dumps({"lines": [line_json(row, {}) for row in rows], "more": more}, ensure_ascii=False)
            )
        case "csv":
            sys.stdout.write(to_csv(heads(AUDIT_COLUMNS, "en"), audit_rows(rows, {}), zone).decode())
        case _:
            _print_table(rows, zone)
    return 0


def _print_table(rows: Sequence[AuditRow], zone: tzinfo) -> None:
    for row in rows:
        at = datetime.fromtimestamp(row.at / 1000, zone)
        who = row.staff or row.terminal or "-"
        print(
            f"{row.seq:>8}  {at:%Y-%m-%d %H:%M:%S}  {row.action:<18} {row.result:<8} {who:<12}"
            f" {row.subject or '-':<16} {row.address or '-':<15} {row.detail}"
        )

"""`ward-hub calls`: the call journal (CALL-06), read beside the running hub."""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from datetime import datetime
from pathlib import Path

DAY_MS = 24 * 60 * 60 * 1000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, help="the hub's data folder")
    parser.add_argument("--sql", help="SQLAlchemy URL of the journal, when it is not in the data folder")
    parser.add_argument("--ward", help="ward id; left out: every ward")
    parser.add_argument("--days", type=int, default=30, help="how many days back (default 30)")
    parser.add_argument("--bed", help="only this bed id")
    parser.add_argument("--type", help="only this call type id")
    parser.add_argument("--format", choices=("table", "json", "csv"), default="table")


def run(args: argparse.Namespace) -> int:
    return asyncio.run(_print(args))


async def _print(args: argparse.Namespace) -> int:
    from sqlalchemy.exc import SQLAlchemyError

    from ward_hub.calls.export import to_csv, to_json, to_table
    from ward_hub.calls.journal import select_calls
    from ward_hub.db.engine import open_database
    from ward_hub.settings import Settings

    settings = Settings.read(data=args.data, sql=args.sql)
    if not settings.sql and not (settings.data / "ward.sqlite").is_file():
        print(f"ward-hub calls: no journal in {settings.data}; name the hub's --data", file=sys.stderr)
        return 2
    database = open_database(settings.sql_url)
    now = time.time_ns() // 1_000_000
    try:
        async with database.session() as session:
            wanted = select_calls(args.ward, now - args.days * DAY_MS, now + DAY_MS, args.bed, args.type)
            lines = (await session.scalars(wanted)).all()
    except SQLAlchemyError as error:
        print(f"ward-hub calls: the journal cannot be read: {type(error).__name__}", file=sys.stderr)
        return 1
    finally:
        await database.close()
    zone = datetime.now().astimezone().tzinfo
    match args.format:
        case "json":
            print(to_json(lines))
        case "csv":
            sys.stdout.write(to_csv(lines, zone) if zone else to_csv(lines))
        case _:
            print(to_table(lines, zone) if zone else to_table(lines))
    return 0

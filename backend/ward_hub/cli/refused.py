"""`ward-hub refused`: what the feed could not take, and who has no bed, for a person to look at."""

from __future__ import annotations

import argparse
import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, help="the hub's data folder")
    parser.add_argument("--sql", help="SQL address, if it is not in the data folder")
    parser.add_argument("--limit", type=int, default=100, help="the newest so many (default %(default)s)")


def run(args: argparse.Namespace) -> int:
    from ward_hub.settings import Settings

    settings = Settings.read(data=args.data, sql=args.sql)
    if not settings.sql and not (settings.data / "ward.sqlite").is_file():
        print(f"ward-hub refused: no ward in {settings.data}; name the hub's --data", file=sys.stderr)
        return 2
    return asyncio.run(_print(settings.sql_url, args.limit))


async def _print(url: str, limit: int) -> int:
    from ward_hub.db.engine import open_database
    from ward_hub.ingest.left_over import rejected, without_bed

    database = open_database(url)
    try:
        for one in await rejected(database, limit):
            at = datetime.fromtimestamp(one.received_at / 1000, UTC).astimezone()
            where = f"{one.sender} {one.control_id} {one.kind} visit {one.visit or '-'}"
            print(
                f"{at:%Y-%m-%d %H:%M:%S}  {one.answer} {one.code or ''}  {where}  x{one.times}  {one.reason}"
            )
        for ward, stay in await without_bed(database):
            print(f"without bed: ward {ward}, stay {stay}")
    finally:
        await database.close()
    return 0

"""`ward-hub replay journal`: empties the call journal and fills it anew from the log, while no hub runs.

Nothing is sent and nothing rings: pushes are decided from the calls that are open, and what was sent is kept
apart from the log. Links of recordings to calls stay.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from ward_hub.log.port import Log
    from ward_hub.settings import Settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", choices=("journal",), help="what is made anew")
    parser.add_argument("--data", type=Path, help="the hub's data folder")
    parser.add_argument(
        "--store", help="the log's address, as `serve` takes it (default: in the data folder)"
    )
    parser.add_argument(
        "--drop-unknown", action="store_true", help="go on though the journal has facts that the log has not"
    )
    parser.add_argument("--sql", help="SQLAlchemy URL of the journal, when it is not in the data folder")


def run(args: argparse.Namespace) -> int:
    """0: done; 1: interrupted by what SQL or the log said, and it goes on with the next start or replay; 2:
    not begun."""
    from ward_hub.settings import Settings

    settings = Settings.read(data=args.data, store=args.store, sql=args.sql)
    if not settings.sql and not (settings.data / "ward.sqlite").is_file():
        print(f"ward-hub replay: no journal in {settings.data}; name the hub's --data", file=sys.stderr)
        return 2
    return asyncio.run(_replay(settings, args.drop_unknown))


async def _replay(settings: Settings, drop_unknown: bool) -> int:
    from sqlalchemy.exc import SQLAlchemyError

    from ward_hub.calls.call_types import load_call_types
    from ward_hub.calls.directories import WardDirectories
    from ward_hub.calls.journal import Journal
    from ward_hub.calls.replay import FactsMissing, replay_journal
    from ward_hub.db.engine import open_database
    from ward_hub.directory.current import CurrentDirectory
    from ward_hub.directory.store import load_directory
    from ward_hub.log.at_rest import open_at_rest
    from ward_hub.log.port import LogUnavailable

    database = open_database(settings.sql_url)
    begun = False
    try:
        async with open_at_rest(settings.store_address, settings.data) as log:
            await database.upgrade()
            async with database.session() as session:
                current = CurrentDirectory(await load_directory(session, _now_ms()))
            directories = WardDirectories(current, load_call_types(), _now_ms)
            # The journal only reads.
            journal = Journal(database, cast("Log", log), directories.of, _now_ms)
            begun = True
            replayed = await replay_journal(journal, database, log, drop_unknown)
    except FactsMissing as missing:
        print(f"ward-hub replay: {missing}; nothing was changed. See --drop-unknown", file=sys.stderr)
        return 2
    except (SQLAlchemyError, LogUnavailable, ValueError) as error:
        said = type(error).__name__ if isinstance(error, SQLAlchemyError) else str(error)
        print(f"ward-hub replay: {said}", file=sys.stderr)
        return 1 if begun else 2
    finally:
        await database.close()
    print(
        f"{replayed.facts} facts, {replayed.calls} calls; {replayed.changed} lines differ from before,"
        f" {replayed.gone} are gone"
    )
    return 0


def _now_ms() -> int:
    return time.time_ns() // 1_000_000

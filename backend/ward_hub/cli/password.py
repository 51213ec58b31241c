"""`ward-hub password`: set a person's password, read from standard input. It also ends a lock-out."""

from __future__ import annotations

import argparse
import asyncio
import getpass
import sys
from pathlib import Path

from ward_hub.cli.directory_store import now_ms


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("staff", metavar="STAFF", help="staff id, such as n001")
    parser.add_argument("--data", type=Path, help="the hub's data folder")
    parser.add_argument("--sql", help="SQL address, if it is not in the data folder")


def run(args: argparse.Namespace) -> int:
    """Set the password; returns 1 when it is too weak or there is no such person, 2 without a ward."""
    from ward_hub.settings import Settings

    settings = Settings.read(data=args.data, sql=args.sql)
    if not settings.sql and not (settings.data / "ward.sqlite").is_file():
        print(f"ward-hub password: no ward in {settings.data}; name the hub's --data", file=sys.stderr)
        return 2
    asking = sys.stdin.isatty()
    password = getpass.getpass("new password: ") if asking else sys.stdin.readline().rstrip("\n")
    return asyncio.run(_set(settings.sql_url, args.staff, password))


async def _set(url: str, staff: str, password: str) -> int:
    from ward_hub.db.engine import open_database
    from ward_hub.identity.passwords import Passwords
    from ward_hub.identity.sessions import StaffSessions
    from ward_hub.identity.staff import StaffAccounts, WeakPassword

    database = open_database(url)
    try:
        accounts = StaffAccounts(database, Passwords(), StaffSessions(database))
        await accounts.set_password(staff, password, now_ms())
    except WeakPassword as error:
        print(f"ward-hub password: {error}", file=sys.stderr)
        return 1
    except LookupError:
        print(f"ward-hub password: nobody has the staff id {staff}", file=sys.stderr)
        return 1
    finally:
        await database.close()
    print(f"the password of {staff} is set")
    return 0

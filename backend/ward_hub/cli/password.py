"""`ward-hub password`: set a person's password, read from standard input. It also ends a lock-out."""

from __future__ import annotations

import argparse
import asyncio
import getpass
import sys
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncSession

from ward_hub.audit.port import AuditAction
from ward_hub.cli.audited import leave_line
from ward_hub.cli.directory_store import now_ms


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("staff", metavar="STAFF", help="staff id, such as n001")
    parser.add_argument("--data", type=Path, help="the hub's data folder")
    parser.add_argument("--sql", help="SQL address, if it is not in the data folder")


def run(args: argparse.Namespace) -> int:
    """Set the password; returns 1 when it breaks the rules or there is no such person, 2 without a ward."""
    from ward_hub.settings import Settings

    settings = Settings.read(data=args.data, sql=args.sql)
    if not settings.sql and not (settings.data / "ward.sqlite").is_file():
        print(f"ward-hub password: no ward in {settings.data}; name the hub's --data", file=sys.stderr)
        return 2
    return asyncio.run(_set(settings.sql_url, args.staff, read_password()))


def read_password() -> str:
    """A password typed unseen, or the first line of what is piped in."""
    if sys.stdin.isatty():
        return getpass.getpass("new password: ")
    return sys.stdin.readline().rstrip("\n")


async def _set(url: str, staff: str, password: str) -> int:
    from ward_hub.db.engine import open_database
    from ward_hub.identity.passwords import Passwords
    from ward_hub.identity.sessions import StaffSessions
    from ward_hub.identity.staff import PasswordUsed, StaffAccounts, WeakPassword

    now = now_ms()

    async def told(session: AsyncSession) -> None:
        await leave_line(session, AuditAction.PASSWORD, "password", now, subject=staff)

    database = open_database(url)
    try:
        await database.upgrade()
        accounts = StaffAccounts(database, Passwords(), StaffSessions(database))
        await accounts.set_password(staff, password, now, also=told)
    except (WeakPassword, PasswordUsed) as error:
        print(f"ward-hub password: {error}", file=sys.stderr)
        return 1
    except LookupError:
        print(f"ward-hub password: nobody has the staff id {staff}", file=sys.stderr)
        return 1
    finally:
        await database.close()
    print(f"the password of {staff} is set")
    return 0

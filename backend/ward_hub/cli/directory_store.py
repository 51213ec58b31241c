"""What `enrol` and `revoke` share: which database is meant, and one transaction on it."""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from sqlalchemy import make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession

from ward_hub.db.engine import open_database
from ward_hub.directory.store import UnknownTerminal
from ward_hub.settings import SettingError, Settings

T = TypeVar("T")


def add_place_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, default=None, help="the hub's data folder")
    parser.add_argument("--sql", default=None, help="SQL address, if it is not in the data folder")


def now_ms() -> int:
    return time.time_ns() // 1_000_000


def in_directory(args: argparse.Namespace, work: Callable[[AsyncSession], Awaitable[T]]) -> T | None:
    """Do the work in one transaction; None after telling on stderr why it could not be done.

    The hub may be running: it notices the new revision within a second.
    """
    try:
        url = Settings.read(data=args.data, sql=args.sql).sql_url
        _must_exist(url)
        return asyncio.run(_in_transaction(url, work))
    except UnknownTerminal as error:
        problem = f"no terminal {error} in this directory"
    except (FileNotFoundError, SettingError, ValueError) as error:
        problem = str(error)
    except SQLAlchemyError as error:
        problem = f"the database could not be used: {error}"
    print(f"ward-hub: {problem}", file=sys.stderr)
    return None


async def _in_transaction(url: str, work: Callable[[AsyncSession], Awaitable[T]]) -> T:
    database = open_database(url)
    try:
        await database.upgrade()
        async with database.session.begin() as session:
            return await work(session)
    finally:
        await database.close()


def _must_exist(url: str) -> None:
    """A mistyped folder must not leave an empty ward behind."""
    if url.startswith("sqlite:") and not url.startswith("sqlite://"):
        path: str | None = url.removeprefix("sqlite:")
    else:
        parsed = make_url(url)
        path = parsed.database if parsed.get_backend_name() == "sqlite" else None
    if path is not None and not Path(path).is_file():
        raise FileNotFoundError(f"there is no ward at {path}: start the hub once, or say --data or --sql")

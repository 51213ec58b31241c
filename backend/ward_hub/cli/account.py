"""`ward-hub account`: people who sign in. The way to the first administrators of an empty installation."""

from __future__ import annotations

import argparse
import re
import sys

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from ward_hub.accounts.credentials import flags
from ward_hub.accounts.password_rules import is_good, read_rules
from ward_hub.accounts.permissions import ADMINISTRATORS
from ward_hub.audit.port import AuditAction
from ward_hub.cli.audited import leave_line
from ward_hub.cli.directory_store import add_place_arguments, in_directory, now_ms
from ward_hub.cli.password import read_password
from ward_hub.directory.model import Role
from ward_hub.directory.store import bump_revision
from ward_hub.directory.tables import StaffRow, WardRow
from ward_hub.documents.names import ID
from ward_hub.identity.passwords import Passwords
from ward_hub.identity.staff import WeakPassword, store_password

MAX_NUMBER_CHARS, MAX_NAME_CHARS = 32, 100


def add_arguments(parser: argparse.ArgumentParser) -> None:
    doing = parser.add_subparsers(dest="doing", required=True, metavar="ACTION")
    add = doing.add_parser("add", help="add a person; the password is read from standard input")
    add.add_argument("--role", required=True, choices=[role.value for role in Role])
    add.add_argument("--number", required=True, help="what they sign in with, such as a001")
    add.add_argument("--name", required=True)
    add.add_argument("--ward", help="ward id; the three administrators have none")
    add_place_arguments(add)
    add_place_arguments(doing.add_parser("list", help="list people and their ways to sign in"))


def run(args: argparse.Namespace) -> int:
    """Add a person or list them; returns the exit status, 2 for arguments that do not fit."""
    return _add(args) if args.doing == "add" else _list(args)


def _add(args: argparse.Namespace) -> int:
    role = Role(args.role)
    if (args.ward is None) is not (role in ADMINISTRATORS):
        expected = "no --ward" if args.ward is not None else "a --ward"
        return _fail(f"expected {expected} for the role {role.value}")
    staff: str = args.number.lower()
    if not re.fullmatch(ID, staff) or len(args.number) > MAX_NUMBER_CHARS:
        return _fail(f"expected a number of letters, digits, '.', '_', '-', got {args.number!r}")
    if not 0 < len(args.name.strip()) <= MAX_NAME_CHARS:
        return _fail(f"expected a name of 1 to {MAX_NAME_CHARS} characters")
    password = read_password()

    async def add(session: AsyncSession) -> str:
        rules = await read_rules(session)
        if not is_good(password, rules):
            raise WeakPassword(rules.min_chars)
        if args.ward is not None and await session.get(WardRow, args.ward) is None:
            raise ValueError(f"there is no ward {args.ward}")
        taken = select(StaffRow.id).where((StaffRow.number == args.number) | (StaffRow.id == staff))
        if await session.scalar(taken.limit(1)) is not None:
            raise ValueError(f"the number {args.number} is taken")
        last = await session.scalar(select(func.max(StaffRow.position)))
        session.add(
            StaffRow(
                id=staff,
                ward=args.ward,
                number=args.number,
                name=args.name.strip(),
                role=role.value,
                title=None,
                active=True,
                position=(last if last is not None else -1) + 1,
            )
        )
        await session.flush()
        now = now_ms()
        await store_password(session, staff, await Passwords().hash(password), now)
        await bump_revision(session)
        await leave_line(session, AuditAction.CHANGE, "account add", now, subject=staff, ward=args.ward)
        return staff

    added = in_directory(args, add)
    if added is None:
        return 1
    print(f"{added} is {role.value}" + (f" of {args.ward}" if args.ward else ""))
    return 0


def _list(args: argparse.Namespace) -> int:
    async def read(session: AsyncSession) -> list[list[str]]:
        held = await flags(session, now_ms())
        people = await session.scalars(
            select(StaffRow).order_by(StaffRow.ward, StaffRow.position, StaffRow.id)
        )
        return [
            [
                person.id,
                person.number,
                person.role,
                person.ward or "-",
                "active" if person.active else "left",
                " ".join(
                    word
                    for word, there in (
                        ("password", held[person.id].has_password),
                        ("pin", held[person.id].has_pin),
                        ("badge", held[person.id].has_badge),
                        ("locked", held[person.id].locked_until is not None),
                    )
                    if there
                ),
                person.name,
            ]
            for person in people
        ]

    rows = in_directory(args, read)
    if rows is None:
        return 1
    rows.insert(0, ["id", "number", "role", "ward", "state", "ways", "name"])
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    return 0


def _fail(message: str) -> int:
    print(f"ward-hub account: {message}", file=sys.stderr)
    return 2

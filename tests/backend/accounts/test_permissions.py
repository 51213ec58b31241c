"""Roles and what they may do (USR-02): as shipped, as edited, and what no edit can mix."""

from __future__ import annotations

from collections.abc import AsyncIterator
from itertools import combinations
from pathlib import Path

import pytest
from sqlalchemy import text
from ward_hub.accounts import permissions
from ward_hub.accounts.permissions import ADMINISTRATORS, FIXED, SHIPPED, RolePermissions, kept_apart
from ward_hub.db.engine import Database
from ward_hub.directory.model import Role
from ward_hub.directory.store import read_revision
from ward_hub.documents.port import Json
from ward_hub.office.port import EditsRefused, Permission

from tests.backend.ward import standard_ward


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    async with standard_ward(tmp_path) as opened:
        yield opened


async def write(database: Database, role: str, *given: str) -> None:
    listed: list[Json] = list(given)
    async with database.session.begin() as session:
        await permissions.write(session, None, role, {"permissions": listed})


async def held(database: Database, role: str) -> list[str]:
    async with database.session() as session:
        value = await permissions.read(session, None, role)
    assert value is not None
    listed = value["permissions"]
    assert isinstance(listed, list)
    return [str(one) for one in listed]


def test_the_administrators_share_no_power() -> None:
    assert set(SHIPPED) == set(Role)
    readings = {Permission.WARD_READ, Permission.JOURNAL_READ, Permission.JOURNAL_EXPORT}
    for one, other in combinations(ADMINISTRATORS, 2):
        assert SHIPPED[one] & SHIPPED[other] <= readings
    for role, shipped in SHIPPED.items():
        assert kept_apart(role, shipped) == shipped
        everything = kept_apart(role, frozenset(Permission))
        if role in (Role.SECURITY_ADMIN, Role.AUDIT_ADMIN):
            assert everything <= readings | FIXED
        else:
            assert everything == frozenset(Permission) - FIXED
    assert not SHIPPED[Role.NURSE] | SHIPPED[Role.DOCTOR]


async def test_a_role_is_edited_and_put_back(database: Database) -> None:
    assert await held(database, "engineer") == [one for one in Permission if one in SHIPPED[Role.ENGINEER]]
    await write(database, "engineer", "feed.read", "ward.read")
    assert await held(database, "engineer") == ["feed.read", "ward.read"]
    await write(database, "engineer", *(one for one in Permission if one in SHIPPED[Role.ENGINEER]))
    async with database.session() as session:
        assert (await session.execute(text("SELECT * FROM role_permissions"))).all() == []
    await write(database, "doctor", "journal.read")
    async with database.session() as session:
        described = await permissions.describe(session)
        assert await permissions.read(session, None, "nobody") is None
    roles = described["roles"]
    assert isinstance(roles, dict)
    assert roles["doctor"] == {"permissions": ["journal.read"], "shipped": []}
    assert described["fixed"] == ["staff.write", "permissions.write", "audit.read", "audit.export"]
    async with database.session.begin() as session:
        await permissions.write(session, None, "doctor", None)
    assert await held(database, "doctor") == []


@pytest.mark.parametrize(
    ("role", "given"),
    [
        ("system_admin", ["ward.write", "staff.write"]),
        ("system_admin", ["audit.read"]),
        ("security_admin", ["staff.write", "permissions.write", "ward.write"]),
        ("security_admin", ["staff.write", "permissions.write", "audit.export"]),
        ("security_admin", ["staff.write"]),  # nobody could give it back
        ("audit_admin", ["audit.read", "audit.export", "permissions.write"]),
        ("audit_admin", ["audit.read", "audit.export", "hosting.write"]),
        ("audit_admin", []),
        ("engineer", ["permissions.write"]),
        ("nurse", ["audit.read"]),
        ("nurse", ["ward.read", "ward.read"]),
        ("nurse", ["ward.all"]),
        ("matron", ["ward.read"]),
    ],
)
async def test_powers_that_stay_apart_cannot_be_given(
    database: Database, role: str, given: list[str]
) -> None:
    with pytest.raises(EditsRefused) as refused:
        await write(database, role, *given)
    assert refused.value.code == "invalid"
    assert refused.value.problems[0].message_zh


@pytest.mark.parametrize(
    "value", [{}, {"permissions": "x"}, {"permissions": [1]}, {"permissions": [], "x": 1}]
)
async def test_a_value_of_another_shape_is_refused(database: Database, value: dict[str, Json]) -> None:
    async with database.session.begin() as session:
        with pytest.raises(EditsRefused):
            await permissions.write(session, None, "nurse", value)


async def test_what_stands_in_the_table_is_kept_apart_too(database: Database) -> None:
    async with database.session.begin() as session:
        await session.execute(
            text(
                "INSERT INTO role_permissions VALUES"
                " ('engineer', '[\"audit.read\", \"ward.read\", \"gone.by\"]'), ('audit_admin', '[]')"
            )
        )
    assert await held(database, "engineer") == ["ward.read"]
    assert await held(database, "audit_admin") == ["audit.read", "audit.export"]


async def test_the_cache_follows_the_directorys_revision(database: Database) -> None:
    roles = RolePermissions()

    async def now() -> frozenset[Permission]:
        async with database.session() as session:
            return await roles.of(session, Role.DOCTOR, await read_revision(session))

    assert await now() == frozenset()
    await write(database, "doctor", "ward.read")
    assert await now() == {Permission.WARD_READ}
